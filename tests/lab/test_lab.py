"""The lab itself holds: what the other tests stand on is as real, and as tight, as they believe."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncssh
import pytest

from tests.lab import debris
from tests.lab.servers import TEAM_SERVER1, Lab, LabUnavailable, Server

pytestmark = pytest.mark.lab


@contextlib.asynccontextmanager
async def connected(server: Server, *, admin: bool = False) -> AsyncIterator[asyncssh.SSHClientConnection]:
    async with asyncio.timeout(20):
        async with asyncssh.connect(
            server.address,
            server.ssh_port,
            username="root" if admin else server.ssh_user,
            client_keys=[str(server.admin_identity_file if admin else server.identity_file)],
            known_hosts=str(server.known_hosts),
            config=None,
        ) as connection:
            yield connection


async def ping(connection: asyncssh.SSHClientConnection, socket: str) -> bytes:
    reader, writer = await connection.open_unix_connection(socket)
    writer.write(b"GET /_ping HTTP/1.0\r\n\r\n")
    answer: bytes = await reader.read()
    writer.close()
    return answer


async def settled(figure: Callable[[], int]) -> int:
    """The figure, when it has not moved for half a second."""
    last, since = figure(), 0
    while since < 10:
        await asyncio.sleep(0.05)
        since = since + 1 if figure() == last else 0
        last = figure()
    return last


def test_up_in_time(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\nthe lab was up in {lab.took:.1f} s\n")
    assert lab.took < 10


def test_team_is_there(lab: Lab) -> None:
    for server in lab.servers.values():
        server.reset()
        names = server.docker("ps", "--format={{.Names}}").split()
        assert sorted(names) == sorted(service.name for service in server.team)


async def test_restricted_key_opens_its_docker_socket(lab: Lab) -> None:
    server = lab.servers["server2"]
    async with connected(server) as connection:
        assert b"200 OK" in await ping(connection, server.docker_socket)


async def _other_socket(connection: asyncssh.SSHClientConnection, lab: Lab) -> bool:
    return b"200 OK" in await ping(connection, lab.servers["server1"].docker_socket)


async def _tcp(connection: asyncssh.SSHClientConnection, lab: Lab) -> bool:
    reader, writer = await connection.open_connection("127.0.0.1", 22)
    greeting = await reader.read(4)
    writer.close()
    return bool(greeting == b"SSH-")


async def _remote_tcp(connection: asyncssh.SSHClientConnection, lab: Lab) -> bool:
    listener = await connection.forward_remote_port("127.0.0.1", 0, "127.0.0.1", 9)
    listener.close()
    return True


async def _remote_tcp_at_the_permitted_port(connection: asyncssh.SSHClientConnection, lab: Lab) -> bool:
    listener = await connection.forward_remote_port("localhost", 1, "127.0.0.1", 9)
    listener.close()
    return True


async def _remote_unix(connection: asyncssh.SSHClientConnection, lab: Lab) -> bool:
    listener = await connection.forward_remote_path("/tmp/vakhta-attack.sock", "/nowhere")
    listener.close()
    Path("/tmp/vakhta-attack.sock").unlink(missing_ok=True)
    return True


async def _command(connection: asyncssh.SSHClientConnection, lab: Lab) -> bool:
    return "uid=" in str((await connection.run("id")).stdout)


async def _shell(connection: asyncssh.SSHClientConnection, lab: Lab) -> bool:
    return "uid=" in str((await connection.run(input="id\n")).stdout)


async def _terminal(connection: asyncssh.SSHClientConnection, lab: Lab) -> bool:
    return "uid=" in str((await connection.run("id", term_type="vt100")).stdout)


async def _sftp(connection: asyncssh.SSHClientConnection, lab: Lab) -> bool:
    async with connection.start_sftp_client() as sftp:
        return await sftp.exists("/etc/passwd")


Attack = Callable[[asyncssh.SSHClientConnection, Lab], Awaitable[bool]]
ATTACKS: list[Attack] = [
    _other_socket,
    _tcp,
    _remote_tcp,
    _remote_tcp_at_the_permitted_port,
    _remote_unix,
    _command,
    _shell,
    _terminal,
    _sftp,
]


async def _succeeds(attack: Attack, connection: asyncssh.SSHClientConnection, lab: Lab) -> bool:
    try:
        return await attack(connection, lab)
    except (asyncssh.Error, asyncssh.ChannelListenError, OSError):
        return False


@pytest.mark.parametrize("attack", ATTACKS)
async def test_restricted_key_opens_nothing_else(lab: Lab, attack: Attack) -> None:
    server = lab.servers["server2"]
    async with connected(server) as connection:
        assert not await _succeeds(attack, connection, lab)
    async with connected(server, admin=True) as connection:
        assert await _succeeds(attack, connection, lab), (
            "with the admin's key the attack works, or it proves nothing"
        )


async def test_changed_host_key_is_noticed_by_the_pin(lab: Lab) -> None:
    server = lab.servers["server1"]
    server.change_host_key()
    try:
        with pytest.raises(asyncssh.HostKeyNotVerifiable):
            async with connected(server):
                pass
    finally:
        server.restore_host_key()
    async with connected(server) as connection:
        assert b"200 OK" in await ping(connection, server.docker_socket)


async def test_pulled_cable_is_silent(lab: Lab) -> None:
    server = lab.servers["server1"]
    server.pull_cable()
    try:
        with pytest.raises(TimeoutError):  # neither refused nor "no route to host", which comes after 3 s
            async with asyncio.timeout(4):
                await asyncio.open_connection(server.address, server.ssh_port)
    finally:
        server.plug_cable()
    async with connected(server) as connection:
        assert b"200 OK" in await ping(connection, server.docker_socket)


async def test_paused_docker_takes_connections_and_is_mute(lab: Lab) -> None:
    server = lab.servers["server1"]
    async with connected(server) as connection:
        server.pause_docker()
        try:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await ping(connection, server.docker_socket)
        finally:
            server.resume_docker()
        assert b"200 OK" in await ping(connection, server.docker_socket)


async def test_descriptors_count_open_channels(lab: Lab) -> None:
    server = lab.servers["server2"]
    async with connected(server) as connection:
        before = await settled(server.sshd_descriptors)
        writers = [(await connection.open_unix_connection(server.docker_socket))[1] for _ in range(7)]
        assert await settled(server.sshd_descriptors) == before + 7
        for writer in writers:
            writer.close()
            await writer.wait_closed()
        assert await settled(server.sshd_descriptors) == before
    assert await settled(lambda: len(server.sshd_pids())) == 0


@pytest.mark.parametrize("tty", [False, True])
def test_logger_logs_exactly_these_bytes(lab: Lab, tty: bool) -> None:
    server = lab.servers["server2"]
    content = "<b>&amp; 🔥\x1b[31mred\x1b[0m\n".encode() * 3000 + b"x" * 50_000 + b"\n"
    server.run_logger("speaker", content, tty=tty)
    logged = server.docker("logs", "speaker").encode()
    assert logged == (content.replace(b"\n", b"\r\n") if tty else content)
    server.docker("rm", "--force", "speaker")


def test_reset_mends_everything(lab: Lab) -> None:
    server = lab.servers["server2"]
    server.docker("kill", "dozzle")
    server.docker("pause", "portainer")
    server.docker("rm", "--force", "postgres")
    server.run_container("stranger")
    server.set_health("directus", good=False)
    server.wait_health("directus", "unhealthy")
    server.stop_sshd()
    server.reset()
    server.wait_health("directus", "healthy")
    states = dict(
        line.split() for line in server.docker("ps", "--all", "--format={{.Names}} {{.State}}").splitlines()
    )
    assert states == {service.name: "running" for service in server.team}
    assert server.sshd.answers()


_KILLED = """
import sys, time
from pathlib import Path
from tests.lab.servers import TEAM_SERVER1, Lab
with Lab.build(Path(sys.argv[1]), {"alone": TEAM_SERVER1[:1]}) as lab:
    lab.servers["alone"].docker("pause", "traefik")
    print("up", flush=True)
    time.sleep(600)
"""


def test_a_killed_run_is_swept_by_the_next(lab: Lab, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _KILLED, str(tmp_path / "killed")]
    (tmp_path / "killed").mkdir()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "up\n"
        os.kill(process.pid, signal.SIGKILL)
    dead = debris.lab_id(tmp_path / "killed")
    assert _traces(dead)
    with Lab.build(tmp_path, {"next": TEAM_SERVER1[:1]}):
        assert not _traces(dead)
    assert not _traces(debris.lab_id(tmp_path))
    assert lab.servers["server1"].docker("ps", "--quiet"), "a living lab beside it is left alone"


def _traces(lab: str) -> list[str]:
    processes = subprocess.run(
        ["ps", "-eo", "args"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    found = [line for line in processes if f"{debris.RUN}/{lab}/" in line]
    found += [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if lab in line]
    places = (
        debris.RUN,
        Path("/run/netns"),
        Path("/sys/fs/cgroup"),
        Path("/sys/fs/cgroup/freezer"),
        Path("/sys/class/net"),
    )
    return found + [str(entry) for place in places if place.exists() for entry in place.glob(f"*{lab}*")]


def test_without_rights_the_lab_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr("shutil.which", lambda command, path: None if command == "dockerd" else command)
    with (
        pytest.raises(LabUnavailable, match=r"root's rights, dockerd \(Debian package docker.io\)$"),
        Lab.build(tmp_path),
    ):
        pass
