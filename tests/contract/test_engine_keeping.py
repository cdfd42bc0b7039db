"""What an engine keeps and what removing it does, and all that an audit looks at, on both engines alike."""

import json
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from playground.engine.spec import Policy
from services.domain.stock import Kind, clearable
from services.errors import EngineRefused
from services.fleet.engine import DockerEngine
from services.standards import inspected
from services.standards.facts import Mount, MountKind, PublishedPort, Scene
from tests.contract.engine_asking import raw
from tests.contract.engine_stages import Stage, Wanted

LOGS = (("max-size", "10m"), ("max-file", "3"), ("compress", "true"))
DRIVERS = {"none": "null", "host": "host", "bridge": "bridge", "inner": "bridge"}
IMAGE_FIELDS = {
    *("Containers", "Created", "Id", "Labels", "ParentId", "RepoDigests", "RepoTags", "SharedSize", "Size"),
    "VirtualSize",
}
NETWORK_FIELDS = {
    *("Name", "Id", "Created", "Scope", "Driver", "EnableIPv6", "IPAM", "Internal", "Attachable", "Ingress"),
    *("ConfigFrom", "ConfigOnly", "Containers", "Options", "Labels"),
}


async def scene(engine: DockerEngine) -> Scene:
    found = await engine.inventory(deadline=10)
    return inspected.scene(
        engine.host, datetime.now(UTC), info=found.info, containers=found.containers,
        networks=found.networks, volumes=found.volumes, images=found.images, projects={},
    )  # fmt: skip


async def test_all_that_an_audit_looks_at(stage: Stage) -> None:
    await stage.network("inner")
    image = await stage.image("lab/app:1.0")
    wanted = Wanted(
        image="lab/app:1.0",
        restart=Policy("unless-stopped"),
        probe=60,
        memory=64 << 20,
        labels=(("color", "red"),),
        exposes=(81,),
        publishes=((18081, 80),),
        volumes=(("data", "/data"),),
        binds=(("/etc/hosts", "/x", False), ("/var/run", "/y", True)),
        network="inner",
        log_options=LOGS,
        env=("API_TOKEN=Zx81-qwerty-77", "MODE=plain"),
        user="1000",
        privileged=True,
        capabilities=("CAP_NET_ADMIN",),
    )
    await stage.idle("toy", wanted)
    found = await scene(stage.engine)
    (toy,) = (each for each in found.subjects if each.name == "toy")
    assert (toy.image, toy.restart, toy.user, toy.memory) == (
        "lab/app:1.0",
        "unless-stopped",
        "1000",
        64 << 20,
    )
    assert (toy.log_driver, toy.log_options) == ("json-file", dict(LOGS))
    assert set(toy.mounts) == {
        Mount(MountKind.VOLUME, "data", "/data"),
        Mount(MountKind.BIND, "/etc/hosts", "/x", writable=False),
        Mount(MountKind.BIND, "/var/run", "/y"),
    }
    assert (toy.networks, toy.network_mode, toy.ports) == (("inner",), "", (PublishedPort("80", "18081"),))
    assert (toy.exposed, toy.labels, toy.secrets) == (("80", "81"), {"color": "red"}, ("API_TOKEN",))
    assert (toy.healthcheck, toy.privileged, toy.capabilities) == (True, True, ("CAP_NET_ADMIN",))
    assert toy.made and abs((toy.made - found.now).total_seconds()) < 60
    assert found.networks["inner"].internal
    assert not found.networks["bridge"].internal
    assert {each.name: each.used for each in found.volumes} == {"data": 1}
    assert found.engine and found.engine.dangling == 0
    assert (found.engine.log_driver, found.engine.live_restore) == ("json-file", False)
    assert image in [each["Id"] for each in (await stage.engine.inventory(deadline=10)).images]


async def test_a_container_of_no_network_of_its_own(stage: Stage) -> None:
    await stage.idle("toy", Wanted(network="host", log_driver="none"))
    (toy,) = (each for each in (await scene(stage.engine)).subjects if each.name == "toy")
    assert (toy.network_mode, toy.networks, toy.log_driver) == ("host", ("host",), "none")
    (row,) = (each for each in await stage.engine.containers(deadline=5) if each.name == "toy")
    assert row.addresses == ()


async def test_what_is_kept(stage: Stage) -> None:
    nameless, named = await stage.image(), await stage.image("lab/one:1.0", "lab/two:2.0")
    await stage.idle("toy", Wanted(volumes=(("data", "/data"),)))
    await stage.volume("spare", **{"vakhta.protected": "true"})
    made_up = await stage.volume("")
    down = await stage.created("down", nameless)

    def protects(name: str, labels: Mapping[str, str]) -> bool:
        return "vakhta.protected" in labels

    stock = await stage.engine.stock(protects, deadline=10)
    images = {each.id: each for each in stock.images}
    assert (images[nameless].tags, images[nameless].used) == ((), 1)
    assert (set(images[named].tags), images[named].used) == ({"lab/one:1.0", "lab/two:2.0"}, 0)
    assert 0 < images[named].size <= stock.layers
    volumes = {each.name: (each.used, each.anonymous, each.protected) for each in stock.volumes}
    assert volumes == {"data": (1, False, False), "spare": (0, False, True), made_up: (0, True, False)}
    assert [(each.id, each.name, each.image) for each in stock.idle if each.name == "down"] == [
        (down, "down", nameless)
    ]
    assert stock.running == stock.containers - len(stock.idle)
    assert stock.cache == ()
    found = {item.kind: item for item in clearable(stock, tuple(Kind)) if item.kind is not Kind.UNUSED}
    assert found[Kind.VOLUMES].id == made_up


async def test_the_pages_have_the_fields_that_dockerd_gives_them(stage: Stage) -> None:
    await stage.image("lab/one:1.0")
    await stage.idle("toy", Wanted(volumes=(("data", "/data"),)))
    await stage.network("inner")

    async def page(path: str) -> Any:
        return json.loads((await raw(stage.engine, f"GET {path}"))[2])

    measured = await page("/system/df")
    for rows, unknown in ((await page("/images/json"), True), (measured["Images"], False)):
        (image,) = (each for each in rows if each["RepoTags"] == ["lab/one:1.0"])
        assert image.keys() == IMAGE_FIELDS
        assert (image["Containers"] < 0, image["SharedSize"] < 0) == (unknown, unknown)
    assert measured.keys() == {"LayersSize", "Images", "Containers", "Volumes", "BuildCache", "BuilderSize"}
    (toy,) = (each for each in measured["Containers"] if each["Names"] == ["/toy"])
    assert "SizeRootFs" in toy and "SizeRw" not in toy, "it has written nothing"
    volumes = await page("/volumes")
    (volume,) = volumes["Volumes"]
    assert volumes["Warnings"] is None
    assert volume.keys() | {"UsageData"} == measured["Volumes"][0].keys()
    assert (volume["Name"], volume["Labels"], volume["Driver"]) == ("data", None, "local")
    networks = {each["Name"]: each for each in await page("/networks")}
    assert {name: each["Driver"] for name, each in networks.items()} == DRIVERS
    assert networks["inner"].keys() == NETWORK_FIELDS
    assert networks["inner"]["Containers"] == {}


async def test_what_is_removed_and_what_is_not(stage: Stage) -> None:
    """As the bot does it: by a name or an id, without force."""
    engine = stage.engine
    nameless, held = await stage.image(), await stage.image()
    named = await stage.image("lab/one:1.0", "lab/two:2.0")
    running = await stage.idle("toy", Wanted(volumes=(("data", "/data"),)))
    await stage.idle("holder", Wanted(image="lab/one:1.0"))
    down = await stage.created("down", held)
    await stage.volume("spare")

    async def refused(kind: Kind, identity: str) -> str:
        with pytest.raises(EngineRefused) as refusal:
            await engine.remove(kind, identity, deadline=10)
        return re.sub("[0-9a-f]{64}", "ID", re.sub(r"\b[0-9a-f]{12}\b", "SHORT", refusal.value.message))

    assert await refused(Kind.VOLUMES, "data") == "remove data: volume is in use - [ID]"
    assert await refused(Kind.CONTAINERS, running) == (
        "You cannot remove a running container ID. Stop the container before attempting removal or force remove"
    )
    await raw(engine, "POST /containers/toy/pause")
    assert await refused(Kind.CONTAINERS, running) == (
        "You cannot remove a paused container ID. Unpause and then stop the container before attempting removal or "
        "force remove"
    )
    conflict = "conflict: unable to delete SHORT "
    assert await refused(Kind.IMAGES, named) == (
        conflict + "(cannot be forced) - image is being used by running container SHORT"
    )
    assert await refused(Kind.IMAGES, held) == (
        conflict + "(must be forced) - image is being used by stopped container SHORT"
    )
    await engine.remove(Kind.UNUSED, "lab/two:2.0", deadline=10)
    assert await refused(Kind.UNUSED, "lab/one:1.0") == (
        'conflict: unable to remove repository reference "lab/one:1.0" (must force) - container SHORT is using its '
        "referenced image SHORT"
    )
    for kind, identity in (
        (Kind.IMAGES, nameless), (Kind.CONTAINERS, down), (Kind.IMAGES, held), (Kind.VOLUMES, "spare"),
        (Kind.CACHE, "nothing"),
    ):  # fmt: skip
        await engine.remove(kind, identity, deadline=10)
    stock = await engine.stock(lambda name, labels: False, deadline=10)
    assert {nameless, held}.isdisjoint(each.id for each in stock.images)
    assert [each.tags for each in stock.images if each.id == named] == [("lab/one:1.0",)]
    assert [each.name for each in stock.volumes] == ["data"]
    assert "down" not in [each.name for each in stock.idle]


async def test_an_image_with_names_in_two_places_goes_by_each_of_them(stage: Stage) -> None:
    image = await stage.image("lab/one:1.0", "lab/two:2.0")
    status, _, body = await raw(stage.engine, f"DELETE /images/{image}?noprune=1")
    assert (status, json.loads(body)["message"].partition(" (")[2]) == (
        409,
        "must be forced) - image is referenced in multiple repositories",
    )
    rows = []
    for name in ("lab/one:1.0", "lab/two:2.0"):
        status, _, body = await raw(stage.engine, f"DELETE /images/{name}?noprune=1")
        rows += json.loads(body)
    assert rows == [{"Untagged": "lab/one:1.0"}, {"Untagged": "lab/two:2.0"}, {"Deleted": image}]


async def test_an_image_is_removed_only_while_it_is_what_it_was(stage: Stage) -> None:
    engine = stage.engine
    long = f"lab/{'n' * 90}:{'1.2-' * 20}"
    image, other = await stage.image(long), await stage.image("lab/one:1.0")
    (found,) = (
        each for each in (await engine.stock(lambda *_: False, deadline=10)).images if each.id == image
    )
    assert found.tags == (long,)
    for name, meant in ((long, other), (image, image)):
        with pytest.raises(EngineRefused, match=r"is another image now|has got a name"):
            await engine.remove(Kind.IMAGES, name, image=meant, deadline=10)
    await engine.remove(Kind.UNUSED, long, image=image, deadline=10)
    left = [each.id for each in (await engine.stock(lambda *_: False, deadline=10)).images]
    assert (image in left, other in left) == (False, True)


async def test_errors_of_removing_are_worded_as_dockerd_words_them(stage: Stage) -> None:
    for request, words in {
        "/images/nobody": "No such image: nobody:latest",
        "/images/nobody:1": "No such image: nobody:1",
        f"/images/sha256:{'0' * 64}": f"No such image: sha256:{'0' * 64}",
        "/volumes/nobody": "get nobody: no such volume",
        "/containers/nobody": "No such container: nobody",
    }.items():
        status, _, body = await raw(stage.engine, f"DELETE {request}")
        assert (request, status, json.loads(body)["message"]) == (request, 404, words)
    status, _, body = await raw(stage.engine, "POST /build/prune?all=1")
    assert (status, json.loads(body)) == (200, {"CachesDeleted": None, "SpaceReclaimed": 0})


async def test_what_is_told_of_it(stage: Stage) -> None:
    image = await stage.image("lab/one:1.0")
    await stage.volume("spare")
    began = time.time()
    await stage.engine.remove(Kind.UNUSED, "lab/one:1.0", deadline=10)
    await stage.engine.remove(Kind.VOLUMES, "spare", deadline=10)
    await stage.engine.remove(Kind.CACHE, "nothing", deadline=10)
    _, _, body = await raw(stage.engine, f"GET /events?since={began:.6f}&until={time.time():.6f}")
    events = [json.loads(line) for line in body.splitlines()]
    assert [(each["Type"], each["Action"], each["Actor"]) for each in events] == [
        ("image", "untag", {"ID": image, "Attributes": {"name": image}}),
        ("image", "delete", {"ID": image, "Attributes": {"name": image}}),
        ("volume", "destroy", {"ID": "spare", "Attributes": {"driver": "local"}}),
        ("builder", "prune", {"ID": "", "Attributes": {"reclaimed": "0"}}),
    ]
    assert [each.get("id") for each in events] == [image, image, None, None]
