"""The image: built for real, then run as it should be run, against a real server and the stand-in for Telegram."""

import asyncio
import json
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml

from tests.bots import TOKEN, USERS
from tests.conftest import Cast
from tests.lab.base import rootfs, wheels
from tests.lab.network import PATH
from tests.lab.servers import Lab, Server

pytestmark = [pytest.mark.lab, pytest.mark.long(busy=True)]

ROOT = Path(__file__).parents[2]
IMAGE = "vakhta:lab"
UID = 10001
# As compose.yaml has it.
HARDENED = (
    "--read-only",
    "--tmpfs=/tmp:size=16m,mode=1777",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
)
PROXY_PORT = 1080


@pytest.fixture(scope="module")
def server(_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A lab server whose engine has the image."""
    server = _lab.servers["server2"]
    context = tmp_path_factory.mktemp("context")
    for name in ("Dockerfile", ".dockerignore", "requirements.lock"):
        shutil.copy(ROOT / name, context)
    for package in ("bot", "handlers", "services"):
        shutil.copytree(ROOT / package, context / package)
    shutil.copytree(wheels(), context / "wheels")
    server.docker("import", str(rootfs()), "base:lab")
    arguments = (
        "--build-arg=BASE=base:lab",
        "--build-arg=PIP_NO_INDEX=1",
        "--network=none",
        f"--tag={IMAGE}",
    )
    environment = {"PATH": PATH, "HOME": str(context), "DOCKER_BUILDKIT": "0"}
    built = subprocess.run(
        ["docker", f"--host=unix://{server.docker_socket}", "build", *arguments, str(context)],
        check=False, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300,
    )  # fmt: skip
    assert built.returncode == 0, built.stdout
    return server


@pytest.fixture
def proxied(server: Server, cast: Cast) -> Iterator[dict[str, str]]:
    """The settings' `telegram`: the stand-in listens on loopback here, so a proxy on the server's wire leads to it."""
    address = str(server.network.gateway)
    proxy = subprocess.Popen(
        ["microsocks", "-i", address, "-p", str(PROXY_PORT)], env={"PATH": PATH}, stderr=subprocess.DEVNULL
    )
    try:
        yield {"api_url": cast.telegram.url, "proxy": f"socks5://{address}:{PROXY_PORT}"}
    finally:
        proxy.terminate()
        proxy.wait(10)


@pytest.fixture
def options(server: Server, proxied: dict[str, str], tmp_path: Path) -> list[str]:
    """What `docker run` is told: the hardening, the settings and the secrets, all readable by the image's user only."""
    ssh = {
        "address": f"ssh://{server.ssh_user}@{server.address}:{server.ssh_port}",
        "identity_file": "/run/secrets/ssh_key",
        "known_hosts": "/etc/vakhta/known_hosts",
        "docker_socket": server.docker_socket,
    }
    config = {
        "telegram": proxied,
        "language": "en",
        "users": list(USERS),
        "hosts": {"far": ssh, "here": {"address": "unix:///var/run/docker.sock"}},
    }
    files = {
        "/etc/vakhta/config.yaml": yaml.safe_dump(config).encode(),
        "/etc/vakhta/known_hosts": server.known_hosts.read_bytes(),
        "/run/secrets/ssh_key": server.identity_file.read_bytes(),
        "/run/secrets/vakhta_telegram__token": TOKEN.encode(),
    }
    mounts = []
    for number, (target, content) in enumerate(files.items()):
        source = tmp_path / f"mounted-{number}"
        source.write_bytes(content)
        source.chmod(0o400)
        os.chown(source, UID, UID)
        mounts.append(f"--volume={source}:{target}:ro")
    group = Path(server.docker_socket).stat().st_gid
    socket = (f"--volume={server.docker_socket}:/var/run/docker.sock", f"--group-add={group}")
    return ["--network=host", "--env=VAKHTA_CONFIG=/etc/vakhta/config.yaml", *HARDENED, *mounts, *socket]


def test_what_is_in_the_image(server: Server) -> None:
    (image,) = json.loads(server.docker("image", "inspect", IMAGE))
    config = image["Config"]
    assert config["User"] == f"{UID}:{UID}"
    assert list(config["Volumes"]) == ["/var/lib/vakhta"]
    assert config["Labels"] == {"vakhta.self": "true"}
    assert config["Healthcheck"]["Test"] == ["CMD", "python", "-m", "bot", "health"]
    # No tool that builds or installs, no settings, nobody but root may change the code.
    found = server.docker(
        "run", "--rm", "--entrypoint=sh", IMAGE, "-c",
        "ls /opt/vakhta/bin | grep -E 'pip|gcc|cc$'; ls -A /app; find /app /opt/vakhta -writable -not -type l",
    )  # fmt: skip
    assert found.split() == ["bot", "handlers", "services"]


async def test_check_within_the_container(server: Server, options: list[str]) -> None:
    told = await asyncio.to_thread(server.docker, "run", "--rm", *options, IMAGE, "check")
    lines = told.splitlines()
    assert lines[1] == "ok  store: sqlite:///var/lib/vakhta/vakhta.db, written and read"
    assert lines[0].startswith("ok  telegram: @vakhta_bot at http://127.0.0.1")
    count = len(server.docker("ps", "--quiet").split()) + 1
    assert lines[2].startswith("ok  far: Docker ")
    assert lines[2].endswith(f" over SSH, {count} containers")
    assert lines[3].endswith(f" on this machine, {count} containers")


async def test_the_bot_answers_from_within_the_container(
    server: Server, options: list[str], cast: Cast
) -> None:
    async with started(server, options) as name:
        await cast.aigerim.says("/status")
        answer = await cast.telegram.next_message(cast.aigerim, timeout=30)
        assert "directus" in answer.text
        await asyncio.to_thread(server.wait_health, name, "healthy")
        began = time.monotonic()
        await asyncio.to_thread(server.docker, "stop", "--time=25", name)
        assert time.monotonic() - began < 20
        state = json.loads(server.docker("inspect", "--format={{json .State}}", name))
        assert (state["ExitCode"], state["OOMKilled"]) == (0, False)


@asynccontextmanager
async def started(server: Server, options: list[str]) -> AsyncIterator[str]:
    """The bot's container, by its name."""
    name = "vakhta-image"
    run = ("run", "--detach", f"--name={name}", "--health-interval=1s", *options, IMAGE)
    await asyncio.to_thread(server.docker, *run)
    try:
        yield name
    finally:
        await asyncio.to_thread(server.docker, "rm", "--force", "--volumes", name)


_DRAW = """
import asyncio, sys
from datetime import UTC, datetime, timedelta
from services.domain.metrics import Curve, Unit
from services.pictures.drawing import Drawing
from services.pictures.pictures import open_pictures

END = datetime(2026, 11, 26, tzinfo=UTC)
CURVE = Curve("server1", tuple((END - timedelta(minutes=n), 50.0) for n in range(60)))

async def main():
    async with open_pictures() as pictures:
        drawing = Drawing("Процессор", (CURVE,), Unit.PERCENT, END - timedelta(hours=1), END, 60, "Asia/Almaty")
        print((await pictures.draw(drawing))[:4])
        print(*(path.read_text() for path in pictures._directory.glob("said")))

asyncio.run(main())
"""


def test_pictures_are_drawn_within_the_container(server: Server) -> None:
    """By a user that has no home to write to, and without a word of complaint."""
    told = server.docker("run", "--rm", *HARDENED, "--entrypoint=python", IMAGE, "-W", "error", "-c", _DRAW)
    assert told.split() == ["b'\\x89PNG'"]
