"""What listens on a simulated server's loopback is reached through its SSH, and only while its container lives."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest

from playground.engine.api.server import Sockets
from playground.engine.host import Host
from playground.engine.story import Story
from playground.engine.team import open_team
from playground.engine.world import World
from playground.loopback import TRAEFIK, Loopbacks
from playground.ssh import ADDRESS, SshServer
from tests.unit.simulated_login import log_in

DEADLINE = 5.0
_STARTUP = b"\0\0\0\x08\x04\xd2\x16\x2f"  # PostgreSQL's SSLRequest


@dataclass
class Scene:
    ssh: SshServer
    hosts: dict[str, Host]

    async def login(self, user: str) -> asyncssh.SSHClientConnection:
        return await log_in(self.ssh, user)


@pytest.fixture
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    directory = tmp_path_factory.mktemp("s")
    async with World() as world, Sockets(directory) as sockets, Loopbacks(directory) as loopbacks:
        hosts = open_team(world)
        users = {host.name: await sockets.open(host) for host in hosts}
        opens = {host.name: await loopbacks.open(host) for host in hosts}
        async with SshServer(directory, users, opens=opens) as ssh:
            yield Scene(ssh, {host.name: host for host in hosts})


async def said(connection: asyncssh.SSHClientConnection, port: int, words: bytes, end: bytes) -> bytes:
    reader, writer = await connection.open_connection(ADDRESS, port, encoding=None)
    writer.write(words)
    async with asyncio.timeout(DEADLINE):
        answer: bytes = await reader.readuntil(end)
    writer.close()
    return answer


async def page(connection: asyncssh.SSHClientConnection, port: int, path: str) -> bytes:
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    reader, writer = await connection.open_connection(ADDRESS, port, encoding=None)
    writer.write(request)
    async with asyncio.timeout(DEADLINE):
        answer: bytes = await reader.read()
    return answer


async def refusal(connection: asyncssh.SSHClientConnection, host: str, port: int) -> int:
    with pytest.raises(asyncssh.ChannelOpenError) as refused:
        await connection.open_connection(host, port)
    return refused.value.code


async def test_each_host_has_a_traefik_of_its_own(scene: Scene) -> None:
    for name, domain in (("server1", b"n8n.tapbot.kz"), ("server2", b"dir.tapbot.kz")):
        async with await scene.login(name) as connection:
            routers = await page(connection, TRAEFIK, "/api/http/routers")
            assert routers.startswith(b"HTTP/1.1 200 OK")
            assert domain in routers


async def test_what_is_not_permitted_is_told_from_where_nothing_listens(scene: Scene) -> None:
    server2 = scene.hosts["server2"]
    async with await scene.login("server2") as connection:
        for host, port in ((ADDRESS, 22), (ADDRESS, 5678), ("localhost", TRAEFIK), ("10.0.0.1", TRAEFIK)):
            assert await refusal(connection, host, port) == asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED
        Story(server2).kill("traefik", stays_down=True)
        assert await refusal(connection, ADDRESS, TRAEFIK) == asyncssh.OPEN_CONNECT_FAILED
        await server2.life(server2.find("traefik")).start()
        assert (await page(connection, TRAEFIK, "/ping")).endswith(b"OK")


async def test_who_has_died_answers_nothing_over_an_old_connection(scene: Scene) -> None:
    async with await scene.login("server2") as connection:
        reader, writer = await connection.open_connection(ADDRESS, TRAEFIK, encoding=None)
        writer.write(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(DEADLINE):
            await reader.readuntil(b"\r\n\r\nOK")
            Story(scene.hosts["server2"]).kill("traefik", stays_down=True)
            writer.write(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
            assert await reader.read() == b""


@pytest.mark.parametrize(
    ("host", "port", "path", "says"),
    [
        ("server1", 5678, "/healthz", b'{"status":"ok"}'),
        ("server2", 8055, "/server/health", b'{"status":"ok"}'),
        ("server2", 5050, "/misc/ping", b"PING"),
        ("server2", 8888, "/healthcheck", b"\r\n\r\n"),
        ("server2", 9000, "/api/system/status", b'"InstanceID":"0"}'),
    ],
)
async def test_services_say_that_they_are_well(
    scene: Scene, host: str, port: int, path: str, says: bytes
) -> None:
    async with await scene.login(host) as connection:
        assert (await page(connection, port, path)).endswith(says)
        assert b" 404 " in await page(connection, port, "/else")


async def test_databases_greet(scene: Scene) -> None:
    async with await scene.login("server2") as connection:
        assert await said(connection, 5432, _STARTUP, b"N") == b"N"
        body = b"user\0x\0\0"
        startup = (8 + len(body)).to_bytes(4, "big") + b"\0\x03\0\0" + body
        assert (await said(connection, 5432, _STARTUP + startup, b"\0\0")).startswith(b"NR")
        Story(scene.hosts["server2"]).kill("postgres", stays_down=True)
        assert await refusal(connection, ADDRESS, 5432) == asyncssh.OPEN_CONNECT_FAILED
    async with await scene.login("server1") as connection:
        assert (await said(connection, 6379, b"PING\r\n", b"\r\n")).startswith(b"-NOAUTH")
        assert await said(connection, 6379, b"QUIT\r\n", b"\r\n") == b"+OK\r\n"


async def test_nothing_is_left_in_the_end(tmp_path: Path) -> None:
    async with World() as world, Loopbacks(tmp_path) as loopbacks:
        listeners = await loopbacks.open(open_team(world)[0])
        socket = listeners[ADDRESS, TRAEFIK].socket
    with pytest.raises(OSError, match=r"refused|No such file"):
        await asyncio.open_unix_connection(socket)
