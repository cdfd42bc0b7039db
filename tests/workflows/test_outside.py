"""From the outside in: a name, its certificate, Traefik and the container behind, on two real servers with one each.

One Traefik's API listens on its server alone, and is reached through the restricted key; both want a password. The
certificates are of an authority of our own.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import watches
from playground.telegram import Message, Person
from services.outside import certificates
from services.routes import routes, watch
from tests.bots import OPS, Setup, running
from tests.conftest import Cast, labels
from tests.lab.authority import Authority
from tests.lab.names import answer_names
from tests.lab.servers import Lab, Server
from tests.lab.traefik import TraefikServer

pytestmark = [pytest.mark.lab, pytest.mark.long]

LOGIN = ("vakhta", "a-password-of-traefik")
# Domains of containers that the test adds, with the days that their certificates are good for; None: there is none.
WIKI, DOCS, BARE = "wiki.tapbot.kz", "docs.tapbot.kz", "bare.tapbot.kz"
PLACES = {WIKI: "server2", DOCS: "server1", BARE: "server2"}
DAYS: Mapping[str, float | None] = {WIKI: 63.5, DOCS: 5.5, BARE: None}
_JOINER = "\u2060"  # in what Telegram would make a link of


@dataclass(frozen=True)
class Stage:
    lab: Lab
    cast: Cast
    setup: Setup

    async def ask(self, text: str, person: Person | None = None) -> Message:
        """In private, where no alerts come."""
        person = person or self.cast.aigerim
        await person.says(text)
        reply = await self.cast.telegram.next_message(person, 20)
        await self.cast.telegram.until(lambda: not reply.text.startswith("⏳"), 20)
        return reply

    async def until_probed(self, symbol: str) -> None:
        """The one probe says so."""
        async with asyncio.timeout(40):
            while not first(await self.ask("/uptime")).startswith(symbol):
                await asyncio.sleep(0.5)

    async def told(self, *words: str) -> Message:
        """The alert with these in its first line."""

        def found() -> list[Message]:
            return [each for each in self.cast.ops.sent if all(word in first(each) for word in words)]

        await self.cast.telegram.until(lambda: bool(found()), 30, what=f"an alert about {words}")
        (alert,) = found()
        return alert


def first(message: Message) -> str:
    return seen(message)[0]


def seen(message: Message) -> list[str]:
    return message.text.replace(_JOINER, "").splitlines()


def labelled(domain: str) -> dict[str, str]:
    name = domain.partition(".")[0]
    return {
        "traefik.enable": "true",
        f"traefik.http.routers.{name}.rule": f"Host(`{domain}`)",
        f"traefik.http.routers.{name}.entrypoints": "websecure",
        f"traefik.http.routers.{name}.tls": "true",
        f"traefik.http.services.{name}.loadbalancer.server.port": "80",
    }


def traefik_of(server: Server, home: Path, authority: Authority, *, published: bool) -> TraefikServer:
    files = [
        authority.files(domain, days=days)
        for domain, days in DAYS.items()
        if days is not None and PLACES[domain] == server.name
    ]
    pairs = [{"certFile": str(each.certificate), "keyFile": str(each.key)} for each in files]
    return TraefikServer(
        home, {"tls": {"certificates": pairs}}, inside=server.network, docker_socket=server.docker_socket,
        login=LOGIN, outside=server.address, published=published,
    )  # fmt: skip


@pytest.fixture
async def stage(
    lab: Lab, cast: Cast, setup: Callable[..., Setup], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stage]:
    """The whole bot, in a hurry where it looks by itself, and with time where people ask: the machine may be busy."""
    monkeypatch.setattr(watches, "WHILE_WRONG", timedelta(seconds=0.5))
    monkeypatch.setattr(certificates, "AGAIN_AFTER", 0.1)
    monkeypatch.setattr(watch, "EVERY", 0.3)
    monkeypatch.setattr(watch, "SETTLING", timedelta(seconds=10))
    monkeypatch.setattr(routes, "DEADLINE", 10.0)
    monkeypatch.setattr(routes, "SHORT_DEADLINE", 10.0)
    answer_names(monkeypatch, {domain: [lab.servers[host].address] for domain, host in PLACES.items()})
    authority, hosts = Authority(tmp_path), {}
    bare = setup(*lab.servers.values())
    async with AsyncExitStack() as stack:
        for name, server in lab.servers.items():
            for domain in (each for each, host in PLACES.items() if host == name):
                serve = "mkdir /www; echo well > /www/index.html; exec httpd -f -p 80 -h /www"
                server.run_container(domain.partition(".")[0], "sh", "-c", serve, labels=labelled(domain))
            server.docker("rm", "--force", "traefik")  # which only publishes the ports
            through = name == "server1"
            traefik = traefik_of(server, tmp_path / name, authority, published=not through)
            await asyncio.to_thread(traefik.start)
            stack.callback(traefik.kill)
            server.permit(f"127.0.0.1:{traefik.port}", f"{server.address}:443")
            login = dict(zip(("username", "password"), LOGIN, strict=True))
            hosts[name] = {
                **bare.hosts[name],
                "traefik": {"url": traefik.url, "via_ssh": through, **login},
            }
        more: dict[str, Any] = {
            "alerts": {"chats": [{"id": OPS}]},
            "trusted_ca": str(authority.file),
            "routes": [
                {"domain": domain, "host": host, "service": domain.partition(".")[0], "port": 80}
                for domain, host in PLACES.items()
            ],
            "probes": [
                {
                    "name": "wiki", "url": f"https://{WIKI}", "body": "well",
                    "host": "server2", "container": "wiki", "interval": "8s", "timeout": "2s",
                }
            ],
        }  # fmt: skip
        async with running(replace(bare, hosts=hosts, more=more)):
            yield Stage(lab, cast, bare)


async def test_is_it_up_for_the_people_outside(stage: Stage) -> None:
    soon = await stage.told(DOCS, "the certificate expires on ")
    assert "critical" in seen(soon)[1]
    stopgap = await stage.told(BARE, "Traefik's default certificate")
    assert "critical" in seen(stopgap)[1]

    reply = await stage.ask(f"/routes {WIKI}")
    assert first(reply) == f"🟢 {WIKI} on server2: fine"
    assert seen(reply)[1] == "→ wiki:80 · 1 of 1 server up"
    assert {"Logs", "Restart", f"{WIKI} ↗"} <= set(labels(reply))
    reply = await stage.ask("/routes server1")
    assert f"{DOCS} → docs:80" in "\n".join(seen(reply))
    assert f"🟢 {WIKI} · fine" in seen(await stage.ask("/status wiki"))

    reply = await stage.ask("/certs")
    told = "\n".join(seen(reply))
    assert f"🔴 {DOCS} · server1: the certificate expires in 5 d" in told
    assert f"🔴 {BARE} · server2: Traefik's default certificate" in told
    assert f"{WIKI}: expires in 63 d" in told

    reply = await stage.ask(f"/check {WIKI}")
    assert first(reply) == f"🟢 {WIKI}: HTTP 200 OK"
    assert any(line.startswith("TLS: 1.3, 63 d left, Lab Root Intermediate") for line in seen(reply))
    assert any(line.startswith("🟢 server2: HTTP 200 OK") for line in seen(reply)), "from there, too"
    assert any(line.startswith("⚠️ server1: the SSH key does not permit") for line in seen(reply))

    await stage.until_probed("🟢")

    before = len(stage.cast.ops.sent)
    stage.lab.servers["server2"].docker("stop", "wiki")
    down = await stage.told("wiki is down on server2")
    reply = await stage.ask(f"/routes {WIKI}")
    assert first(reply) == f"🔴 {WIKI} on server2: no live server"
    await stage.until_probed("🔴")
    stage.lab.servers["server2"].docker("start", "wiki")
    await stage.cast.telegram.until(lambda: down.text.startswith("✅"), 30)
    await stage.until_probed("🟢")
    assert len(stage.cast.ops.sent) == before + 1, "of route, probe and container together it is one incident"
