"""The SSH server of the simulation gives what the restricted key gives on a real one, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from playground.engine.api.server import Sockets
from playground.engine.spec import Spec
from playground.engine.world import World
from playground.ssh import ADDRESS, DOCKER_SOCKET, SshServer
from services.errors import HostSilent, Silence
from services.fleet.engine import DockerEngine
from services.fleet.hosts import HostAddress, open_engine
from services.fleet.turns import Turns
from tests.unit.simulated_login import log_in


@dataclass
class Scene:
    """Two hosts behind one server, each with a container named after it."""

    ssh: SshServer
    sockets: dict[str, Path]

    def address(self, user: str, **changes: str) -> HostAddress:
        settings: dict[str, Any] = self.ssh.settings(user) | changes
        return HostAddress(name=user, **settings)

    async def login(self, user: str = "server1") -> asyncssh.SSHClientConnection:
        return await log_in(self.ssh, user)


@pytest.fixture
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    directory = tmp_path_factory.mktemp("s")
    async with World() as world, Sockets(directory) as sockets:
        paths = {}
        for name in ("server1", "server2"):
            host = world.host(name)
            await host.run(Spec(name=f"of-{name}", image="toy:1"))
            paths[name] = await sockets.open(host)
        async with SshServer(directory, paths) as ssh:
            yield Scene(ssh, paths)


async def silence_of(engine: DockerEngine) -> Silence:
    with pytest.raises(HostSilent) as silent:
        await engine.containers(deadline=5)
    return silent.value.reason


async def test_each_user_reaches_his_own_host(scene: Scene) -> None:
    for name in scene.sockets:
        async with open_engine(scene.address(name)) as engine:
            assert [row.name for row in await engine.containers(deadline=5)] == [f"of-{name}"]


async def test_who_waits_for_a_turn_to_log_in_says_so_at_once(scene: Scene) -> None:
    turns = Turns(1, longest=60)
    async with turns.turn(), open_engine(scene.address("server1"), turns) as engine:
        async with asyncio.timeout(15):
            while await silence_of(engine) is not Silence.QUEUED:
                await asyncio.sleep(0)
    async with AsyncExitStack() as stack:
        async with turns.turn():
            engine = await stack.enter_async_context(open_engine(scene.address("server2"), turns))
            assert await silence_of(engine) is Silence.QUEUED
        while engine._link.silence and engine._link.silence.reason is Silence.QUEUED:
            await asyncio.sleep(0)
        assert [row.name for row in await engine.containers(deadline=5)] == ["of-server2"]


async def test_a_stranger_and_a_wrong_key_are_refused(scene: Scene, tmp_path: Path) -> None:
    async with open_engine(scene.address("nobody")) as engine:
        assert await silence_of(engine) is Silence.LOGIN
    other = tmp_path / "other"
    other.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key())
    async with open_engine(scene.address("server1", identity_file=str(other))) as engine:
        assert await silence_of(engine) is Silence.LOGIN


async def test_another_socket_is_refused(scene: Scene) -> None:
    for path in (str(scene.sockets["server2"]), str(scene.sockets["server1"]), "/run/other.sock"):
        async with open_engine(scene.address("server1", docker_socket=path)) as engine:
            assert await silence_of(engine) is Silence.FORWARD


async def test_whatever_is_run_fails(scene: Scene) -> None:
    async with await scene.login() as connection:
        assert (await connection.run("cat /etc/passwd")).exit_status == 1
        assert (await connection.run("cat /etc/passwd")).stdout == ""
        shell = await connection.create_process()
        assert (await shell.wait()).exit_status == 1


async def test_nothing_else_is_open(scene: Scene) -> None:
    async with await scene.login() as connection:
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_connection("127.0.0.1", scene.ssh.port)
        with pytest.raises(asyncssh.ChannelListenError):
            await connection.start_server(lambda *_: None, "127.0.0.1", 0)
        with pytest.raises(asyncssh.ChannelListenError):
            await connection.forward_remote_path("/tmp/remote.sock", "/tmp/local.sock")
        with pytest.raises(asyncssh.Error):
            await connection.start_sftp_client()


async def test_its_files(scene: Scene) -> None:
    assert scene.ssh.identity_file.stat().st_mode & 0o777 == 0o600
    assert scene.ssh.known_hosts.read_text().startswith(f"[{ADDRESS}]:{scene.ssh.port} ssh-ed25519 ")
    assert scene.address("server1").docker_socket == DOCKER_SOCKET == "/var/run/docker.sock"


async def test_a_server_that_was_set_up_anew_is_not_believed(scene: Scene, tmp_path: Path) -> None:
    async with SshServer(tmp_path, scene.sockets) as other:
        pins = tmp_path / "old_pins"
        pins.write_text(scene.ssh.known_hosts.read_text().replace(str(scene.ssh.port), str(other.port)))
        address = Scene(other, scene.sockets).address("server1", known_hosts=str(pins))
        async with open_engine(address) as engine:
            assert await silence_of(engine) is Silence.HOST_KEY


async def test_a_connection_that_breaks_is_made_anew(scene: Scene) -> None:
    async with (
        open_engine(scene.address("server1")) as engine,
        open_engine(scene.address("server2")) as other,
    ):
        await engine.containers(deadline=5)
        await other.containers(deadline=5)
        contact = other._link.contact
        scene.ssh.hang_up("server1")
        assert await silence_of(engine) is Silence.UNREACHABLE
        async with asyncio.timeout(10):
            while engine._link.silence is not None:
                await asyncio.sleep(0.05)
        assert await engine.containers(deadline=5)
        assert other._link.contact == contact, "the other host's connection lives on"


async def test_nobody_is_left_connected_in_the_end(scene: Scene, tmp_path: Path) -> None:
    async with SshServer(tmp_path, scene.sockets) as ssh:
        connection = await Scene(ssh, scene.sockets).login()
    async with asyncio.timeout(5):
        await connection.wait_closed()
