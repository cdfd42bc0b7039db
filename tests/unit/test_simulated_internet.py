"""The simulated internet: domains, certificates and answers, without a packet on the network."""

import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from anyio.abc import ByteStream
from anyio.streams.tls import TLSAttribute, TLSStream

from playground.engine.host import Host
from playground.engine.story import Story
from playground.engine.team import open_team
from playground.engine.world import World
from playground.internet import ADDRESSES, SECURE, WEB, Internet


@dataclass
class Scene:
    internet: Internet
    server1: Host
    server2: Host

    async def asked(self, domain: str, *, secure: bool = True) -> bytes:
        """The answer to GET /. Raises ssl.SSLError."""
        stream: ByteStream = await self.internet.dial(domain, SECURE if secure else WEB)
        async with stream:
            if secure:
                trust = ssl.create_default_context(cafile=str(self.internet.authority_file))
                stream = await TLSStream.wrap(
                    stream, hostname=domain, ssl_context=trust, standard_compatible=False
                )
            await stream.send(f"GET / HTTP/1.1\r\nHost: {domain}\r\nConnection: close\r\n\r\n".encode())
            return b"".join([data async for data in stream])


@pytest.fixture
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with World() as world, Internet(tmp_path_factory.mktemp("i")) as internet:
        server1, server2 = open_team(world)
        for host in (server1, server2):
            await internet.open(host)
        yield Scene(internet, server1, server2)


async def test_domains_lead_to_their_hosts(scene: Scene) -> None:
    assert await scene.internet.lookup("dir.tapbot.kz") == [ADDRESSES["server2"]]
    assert await scene.internet.lookup("n8n.tapbot.kz") == [ADDRESSES["server1"]]
    for name in ("example.org", "redis1.tapbot.kz", "localhost", "127.0.0.1"):
        with pytest.raises(socket.gaierror) as unknown:
            await scene.internet.lookup(name)
        told = socket.EAI_NONAME if name == "redis1.tapbot.kz" else socket.EAI_AGAIN
        assert unknown.value.errno == told, "of the others nobody can tell"
        with pytest.raises(OSError, match="alone"):
            await scene.internet.dial(name, SECURE)


async def test_what_is_behind_a_domain_answers_while_it_runs(scene: Scene) -> None:
    assert (await scene.asked("dir.tapbot.kz")).startswith(b"HTTP/1.1 200 ")
    assert (await scene.asked("logs2.tapbot.kz")).startswith(b"HTTP/1.1 401 ")
    Story(scene.server2).kill("directus", stays_down=True)
    assert (await scene.asked("dir.tapbot.kz")).startswith(b"HTTP/1.1 404 ")
    Story(scene.server2).kill("traefik", stays_down=True)
    for port in (SECURE, WEB):
        with pytest.raises(ConnectionRefusedError):
            await scene.internet.dial("dir.tapbot.kz", port)
    assert (await scene.asked("n8n.tapbot.kz")).startswith(b"HTTP/1.1 200 ")


async def test_plain_http_is_sent_to_https(scene: Scene) -> None:
    answer = await scene.asked("dir.tapbot.kz", secure=False)
    assert answer.startswith(b"HTTP/1.1 308 ")
    assert b"Location: https://dir.tapbot.kz/\r\n" in answer


async def test_what_traefik_tells_is_what_it_shows(scene: Scene) -> None:
    told = {each["commonName"]: each for each in scene.internet.certificates("server2")}
    stream = await scene.internet.dial("pg.tapbot.kz", SECURE)
    trust = ssl.create_default_context(cafile=str(scene.internet.authority_file))
    async with await TLSStream.wrap(stream, hostname="pg.tapbot.kz", ssl_context=trust) as secure:
        shown = secure.extra(TLSAttribute.ssl_object).getpeercert()
    assert shown is not None
    assert int(str(shown["serialNumber"]), 16) == int(told["pg.tapbot.kz"]["serialNumber"])


async def test_flaws(scene: Scene) -> None:
    left = {
        each["commonName"]: datetime.fromisoformat(each["notAfter"]) - datetime.now(UTC)
        for host in ADDRESSES
        for each in scene.internet.certificates(host)
    }
    assert left["pg.tapbot.kz"].days == 5
    assert left["dir.tapbot.kz"].days == 73
    assert "traefik1.tapbot.kz" not in left
    with pytest.raises(ssl.SSLCertVerificationError, match="self-signed"):
        await scene.asked("traefik1.tapbot.kz")
