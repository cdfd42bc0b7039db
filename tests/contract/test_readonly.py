"""An engine that may only be looked at: the simulated one and a real dockerd, each behind `ReadOnly`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from playground.engine.api.server import Sockets
from playground.engine.team import open_team
from playground.engine.world import World
from playground.readonly import ReadOnly
from services.domain.logs import LogQuery
from services.errors import EngineRefused
from services.fleet.engine import DockerEngine
from services.fleet.hosts import HostAddress, open_engine
from services.logs.stream.source import LogSource
from tests.contract.engine_asking import raw
from tests.lab.servers import Lab


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.lab)])
async def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[DockerEngine]:
    directory = tmp_path_factory.mktemp("r")
    if request.param == "real":
        lab: Lab = request.getfixturevalue("lab")
        async with looked_at(Path(lab.servers["server2"].docker_socket), directory) as found:
            yield found
        return
    async with World() as world, Sockets(directory) as sockets:
        _, server2 = open_team(world)
        async with looked_at(await sockets.open(server2), directory) as found:
            yield found


@asynccontextmanager
async def looked_at(socket: Path, directory: Path) -> AsyncIterator[DockerEngine]:
    async with (
        ReadOnly(socket, directory / "door.sock") as door,
        open_engine(HostAddress("local", f"unix://{door.socket}")) as engine,
    ):
        yield engine


async def test_everything_that_the_bot_reads_can_be_read(engine: DockerEngine) -> None:
    (directus,) = (each for each in await engine.containers(deadline=5) if each.name == "directus")
    details = await engine.inspect(directus.id)
    source = LogSource.of(engine, directus.name, details)
    blocks = [block async for block in source.read(LogQuery(tail=5), deadline=5)]
    assert blocks
    usage = await engine.usage(directus.id)
    assert usage
    assert await engine.sample(directus.id)
    assert (await engine.machine(deadline=5)).cores
    inventory = await engine.inventory(deadline=5)
    assert len(inventory.containers) == len(await engine.containers(deadline=5))
    assert inventory.networks and inventory.images
    named = next(name for image in inventory.images for name in image["RepoTags"] or () if "/" in name)
    assert (await raw(engine, f"GET /images/{named}/json"))[0] == 200
    assert (await engine.stock(lambda name, labels: False, deadline=5)).images


@pytest.mark.parametrize(
    "request_",
    [
        "POST /containers/directus/restart",
        "POST /v1.41/containers/directus/stop",
        "POST /containers/directus/kill",
        "POST /containers/create",
        "POST /containers/directus/exec",
        "DELETE /containers/directus",
        "DELETE /images/postgres:16",
        "DELETE /volumes/postgres_data",
        "POST /build/prune",
        "POST /volumes/prune",
        "PUT /containers/directus/archive",
        "GET /containers/directus/attach/ws",
        "GET /containers/directus/export",
        "GET /containers/directus/archive?path=/etc/shadow",
        "GET /secrets",
        "GET /images/get?names=postgres:16",
        "GET /images/x/../../secrets/json",
        "GET /images/..%2f..%2fsecrets/json",
        "GET /v1.41/containers/..%2f..%2fsecrets/json",
    ],
)
async def test_nothing_can_be_done(engine: DockerEngine, request_: str) -> None:
    status, _, body = await raw(engine, request_)
    assert status == 403
    assert b"nothing was done" in body


async def test_the_bot_is_refused_in_words(engine: DockerEngine) -> None:
    (directus,) = (each for each in await engine.containers(deadline=5) if each.name == "directus")
    with pytest.raises(EngineRefused, match="may only be looked at"):
        await engine.restart(directus.id, stop_timeout=1, deadline=5)
    assert (await engine.inspect(directus.id)).state.value == "running"


async def test_an_engine_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        async with ReadOnly(tmp_path / "none.sock", tmp_path / "door.sock"):
            pass
