"""The standard over a real engine: each rule broken by one container, network or volume, and by that alone."""

import hashlib
import io
import json
import tarfile
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.domain.standards import About, HostAudit, Norms
from services.standards.rules import ROWS
from services.standards.standards import look_at
from tests.lab.dockerd import IMAGE
from tests.lab.server import Server
from tests.lab.transport import over_ssh

pytestmark = pytest.mark.lab

GOOD = "lab/app:1.2"
Flags = dict[str, Sequence[str]]

STANDARD: Flags = {
    "--restart": ("unless-stopped",),
    "--log-driver": ("json-file",),
    "--log-opt": ("max-size=10m", "max-file=3", "compress=true"),
    "--network": ("traefik-network",),
    "--health-cmd": ("true",),
    "--memory": ("64m",),
    "--user": ("1000",),
    "--expose": ("80",),
    "--volume": ("kept:/data", "/etc/hostname:/etc/named:ro"),
}
ROUTED = (
    "traefik.enable=true",
    "traefik.http.routers.x.rule=Host(`x.example.org`)",
    "traefik.http.routers.x.tls.certresolver=letsencrypt",
    "traefik.http.services.x.loadbalancer.server.port=80",
)
COMPOSED = "com.docker.compose."

# Of each rule about containers: the image, and what is otherwise than in STANDARD.
CASES: dict[str, tuple[str, Flags]] = {
    "restart_policy": (GOOD, {"--restart": ("no",)}),
    "healthcheck": (GOOD, {"--health-cmd": ()}),
    "memory_limit": (GOOD, {"--memory": ()}),
    "image_pinned": ("lab/app:latest", {}),
    "image_age": ("lab/old:1.0", {}),
    "container_name": (GOOD, {}),
    "log_driver": (GOOD, {"--log-driver": ("none",), "--log-opt": ()}),
    "log_size": (GOOD, {"--log-opt": ("max-size=1g", "max-file=3", "compress=true")}),
    "log_files": (GOOD, {"--log-opt": ("max-size=10m", "max-file=30", "compress=true")}),
    "log_compressed": (GOOD, {"--log-opt": ("max-size=10m", "max-file=3")}),
    "named_volumes": (GOOD, {"--volume": ("/srv:/data",)}),
    "anonymous_volume": (GOOD, {"--volume": ("/data",)}),
    "own_network": (GOOD, {"--network": ()}),
    "store_internal": ("redis:7.4", {}),
    "store_published": (
        "postgres:16.4",
        {"--network": ("database-network",), "--publish": ("127.0.0.1:15432:5432",)},
    ),
    "host_network": (GOOD, {"--network": ("host",)}),
    "plain_secrets": (GOOD, {"--env": ("DB_PASSWORD=Zx81-qwerty!", "LOG_LEVEL=info")}),
    "privileged": (GOOD, {"--privileged": ("true",)}),
    "engine_socket": (GOOD, {"--volume": ("/var/run/docker.sock:/var/run/docker.sock:ro",)}),
    "capabilities": (GOOD, {"--cap-add": ("NET_ADMIN",)}),
    "root_user": (GOOD, {"--user": ("root",)}),
    "traefik_enable": (GOOD, {"--label": ROUTED[1:]}),
    "traefik_rule": (GOOD, {"--label": (ROUTED[0], *ROUTED[3:])}),
    "traefik_tls": (GOOD, {"--label": (*ROUTED[:2], *ROUTED[3:])}),
    "traefik_port": (GOOD, {"--label": ROUTED[:3]}),
    "traefik_network": (GOOD, {"--label": ROUTED, "--network": ("database-network",)}),
    "compose_left_over": (GOOD, {"--label": (f"{COMPOSED}project=once", f"{COMPOSED}oneoff=True")}),
    "compose_orphan": (
        GOOD,
        {"--label": (f"{COMPOSED}project=shop", f"{COMPOSED}service=till", f"{COMPOSED}config-hash=1")},
    ),
    "compose_drift": (
        GOOD,
        {"--label": (f"{COMPOSED}project=twins", f"{COMPOSED}service=x", f"{COMPOSED}config-hash=1")},
    ),
}
# Those of the rules would look made up, with their underscores.
NAMES = {rule: rule.replace("_", "-") for rule in CASES} | {"container_name": "quirky_hopper"}
OTHERS: dict[str, tuple[str, Flags]] = {
    "good": (GOOD, {"--label": ROUTED}),
    "proxy": ("traefik:v3.4", {}),
    "counter": (
        GOOD,
        {"--label": (f"{COMPOSED}project=shop", f"{COMPOSED}service=counter", f"{COMPOSED}config-hash=1")},
    ),
    "twin": (
        GOOD,
        {"--label": (f"{COMPOSED}project=twins", f"{COMPOSED}service=x", f"{COMPOSED}config-hash=2")},
    ),
}


def create(server: Server, name: str, image: str, changes: Flags) -> None:
    flags = [f"{flag}={value}" for flag, values in (STANDARD | changes).items() for value in values]
    server.docker("create", f"--name={name}", *flags, image, "true")


def old_image(path: Path) -> Path:
    """For `docker load`: nothing in it, and made in 2020."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w"):
        pass
    digest = hashlib.sha256(layer.getvalue()).hexdigest()
    config = {"architecture": "amd64", "os": "linux", "created": "2020-01-01T00:00:00Z", "config": {}}
    config |= {"rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]}}
    manifest = [{"Config": "config.json", "RepoTags": ["lab/old:1.0"], "Layers": ["layer.tar"]}]
    with tarfile.open(path, "w") as tar:
        for name, data in (
            ("config.json", json.dumps(config).encode()),
            ("manifest.json", json.dumps(manifest).encode()),
            ("layer.tar", layer.getvalue()),
        ):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return path


@pytest.fixture
async def broken(server: Server, tmp_path: Path) -> AsyncIterator[HostAudit]:
    """What the auditor says of a server that has one of each."""
    images = (GOOD, "lab/app:latest", "redis:7.4", "postgres:16.4", "traefik:v3.4")
    for image in images:
        server.docker("tag", IMAGE, image)
    server.docker("load", "--input", str(old_image(tmp_path / "old.tar")))
    networks = {"traefik-network": [], "database-network": ["--internal"], "forgotten": []}
    for network, flags in networks.items():
        server.docker("network", "create", *flags, network)
    left_over = server.docker("volume", "create").strip()
    try:
        with ThreadPoolExecutor(4) as pool:
            rows = [(NAMES.get(name, name), *case) for name, case in (CASES | OTHERS).items()]
            list(pool.map(lambda row: create(server, *row), rows))
        projects = {server.name: {"shop": frozenset(("counter",))}}
        async with over_ssh(server) as engine:
            yield await look_at(engine, Norms(projects=projects), datetime.now(UTC))
    finally:
        names = server.docker("ps", "--all", "--quiet", "--filter=status=created").split()
        server.docker("rm", "--force", "--volumes", *names)
        server.docker("network", "rm", *networks)
        server.docker("volume", "rm", left_over, "kept")
        server.docker("rmi", *images, "lab/old:1.0")


async def test_each_rule_is_broken_by_one_and_by_that_alone(broken: HostAudit) -> None:
    found = {(one.about, one.name): [breach.rule for breach in one.breaches] for one in broken.subjects}
    containers = {name: rules for (about, name), rules in found.items() if about is About.CONTAINER}
    wanted = {NAMES[rule]: [rule] for rule in CASES}
    assert {name: containers[name] for name in wanted} == wanted
    assert containers["good"] == []
    assert next(one.score for one in broken.subjects if one.name == "good") == 100
    networks = {name: rules for (about, name), rules in found.items() if about is About.NETWORK}
    assert networks["forgotten"] == ["unused_network"]
    assert networks["traefik-network"] == networks["bridge"] == []
    volumes = [(name, rules) for (about, name), rules in found.items() if about is About.VOLUME]
    assert sorted(rules for name, rules in volumes if len(name) == 64)[-1] == ["dangling_volume"]
    assert dict(volumes)["kept"] == []
    assert {"live_restore", "engine_supported"} <= set(found[About.ENGINE, ""])
    assert "Zx81" not in repr(broken)


def test_every_rule_about_containers_is_broken_here() -> None:
    assert set(CASES) == {row.id for row in ROWS if row.about is About.CONTAINER}
