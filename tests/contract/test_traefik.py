"""Traefik's client against the real one, and against odd answers."""

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.domain.routing import Backend, Condition, EntryPoint, Protocol, Router, RouterTls, Routing
from services.errors import (
    ApiBehindPage,
    ApiError,
    ApiNotUnderstood,
    ApiRedirects,
    ApiRefused,
    ApiRefusedLogin,
    ApiTimeout,
    ApiTooOld,
    ApiUnreachable,
)
from services.traefik import Traefik, open_traefik
from services.traefik_rows import certificate_of
from tests.contract.recorded import answer, answering, recorded
from tests.lab.monitoring import free_port
from tests.lab.obtainable import obtainable
from tests.lab.traefik import TraefikServer

pytestmark = pytest.mark.lab

DEAD = "http://127.0.0.1:1"


def routes(alive: str) -> dict[str, Any]:
    """What works, and what does not. alive: the URL of a server that answers."""
    check = {"path": "/ping", "interval": "100ms"}
    secure = {"entryPoints": ["websecure"]}
    return {
        "http": {
            "routers": {
                "n8n": secure
                | {
                    "rule": "Host(`n8n.example.org`) || Host(`flows.example.org`)",
                    "service": "n8n",
                    "middlewares": ["login"],
                    "tls": {"certResolver": "nobody"},
                },
                "plain": {"rule": "Host(`plain.example.org`)", "service": "shared", "entryPoints": ["web"]},
                "lost": secure | {"rule": "Host(`lost.example.org`)", "service": "nowhere"},
                "odd": {
                    "rule": "Host(`odd.example.org`)",
                    "service": "n8n",
                    "entryPoints": ["websecure", "none"],
                },
            },
            "services": {
                "n8n": {"loadBalancer": {"servers": [{"url": DEAD}, {"url": alive}], "healthCheck": check}},
                "shared": {"weighted": {"services": [{"name": "n8n", "weight": 1}]}},
            },
            "middlewares": {
                "login": {"basicAuth": {"users": ["team:$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/"]}},
                "https": {"redirectScheme": {"scheme": "https"}},
                "both": {"chain": {"middlewares": ["login", "https"]}},
            },
        },
        "tcp": {
            "routers": {"db": secure | {"rule": "HostSNI(`db.example.org`)", "service": "db", "tls": {}}},
            "services": {"db": {"loadBalancer": {"servers": [{"address": "127.0.0.1:1"}]}}},
        },
        "udp": {
            "routers": {"names": {"service": "names", "entryPoints": ["dns"]}},
            "services": {"names": {"loadBalancer": {"servers": [{"address": "127.0.0.1:53"}]}}},
        },
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TraefikServer]:
    server = TraefikServer(tmp_path_factory.mktemp("traefik"), {})
    server.route(routes(server.url))
    with obtainable():
        server.start()
    yield server
    server.kill()


async def read(traefik: Traefik, settled: Callable[[Routing], bool]) -> Routing:
    """When it has taken up its configuration."""
    async with asyncio.timeout(15):
        while not settled(routing := await traefik.routing()):
            await asyncio.sleep(0.05)
    return routing


def router(routing: Routing, name: str) -> Router:
    return next(each for each in routing.routers if each.name == name)


async def test_what_is_routed_where(server: TraefikServer) -> None:
    async with open_traefik(server.url) as traefik:
        routing = await read(traefik, lambda each: _backends(each) == {DEAD: False, server.url: True})
    assert routing.version.startswith("3.")
    n8n = router(routing, "n8n@file")
    assert n8n.domains == ("n8n.example.org", "flows.example.org")
    assert (n8n.service, n8n.middlewares, n8n.entry_points) == ("n8n@file", ("login@file",), ("websecure",))
    assert n8n.tls is not None
    assert router(routing, "plain@file").tls is None
    service = routing.service_of(n8n)
    assert service is not None
    assert service.servers == (Backend(DEAD, up=False), Backend(server.url, up=True))
    shared = routing.service_of(router(routing, "plain@file"))
    assert shared is not None
    assert (shared.kind, shared.children) == ("weighted", ("n8n@file",))
    (login,) = (each for each in routing.middlewares if each.name == "login@file")
    assert login.asks_for_login
    (https,) = (each for each in routing.middlewares if each.name == "https@file")
    assert (https.scheme, https.asks_for_login) == ("https", False)
    (both,) = (each for each in routing.middlewares if each.name == "both@file")
    assert (both.kind, both.members) == ("chain", ("login@file", "https@file"))


def _backends(routing: Routing) -> dict[str, bool | None]:
    return {
        each.address: each.up
        for service in routing.services
        if service.name == "n8n@file"
        for each in service.servers
    }


async def test_tcp_and_udp(server: TraefikServer) -> None:
    async with open_traefik(server.url) as traefik:
        routing = await read(traefik, lambda each: len(each.routers) > 8)
    db = router(routing, "db@file")
    assert (db.protocol, db.domains, db.tls) == (Protocol.TCP, ("db.example.org",), RouterTls())
    names = router(routing, "names@file")
    assert (names.protocol, names.rule, names.entry_points) == (Protocol.UDP, "", ("dns",))
    service = routing.service_of(names)
    assert service is not None
    assert service.servers == (Backend("127.0.0.1:53", up=None),), "of UDP nothing is known"


async def test_what_traefik_itself_reports(server: TraefikServer) -> None:
    async with open_traefik(server.url) as traefik:
        routing = await read(traefik, lambda each: len(each.routers) > 8)
    lost = router(routing, "lost@file")
    assert lost.condition is Condition.DISABLED
    assert lost.errors == ('the service "nowhere@file" does not exist',)
    assert routing.service_of(lost) is None
    odd = router(routing, "odd@file")
    assert odd.condition is Condition.WARNING
    assert odd.errors == ('entryPoint "none" doesn\'t exist',)
    own = router(routing, "api@internal")
    assert (own.provider, own.service) == ("internal", "api@internal")


async def test_entry_points(server: TraefikServer) -> None:
    async with open_traefik(server.url) as traefik:
        routing = await traefik.routing()
    points = {each.name: each for each in routing.entry_points}
    assert points["web"] == EntryPoint(
        "web", f"127.0.0.1:{server.web}", Protocol.TCP, server.web, "websecure", "https"
    )
    assert points["dns"] == EntryPoint("dns", f"127.0.0.1:{server.dns}", Protocol.UDP, server.dns)
    assert not points["websecure"].redirects_to


async def test_certificates(server: TraefikServer, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = (
        "-subj",
        "/CN=n8n.example.org",
        "-addext",
        "subjectAltName=DNS:n8n.example.org,DNS:*.example.net",
    )
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "5",
         *subject, "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    tls = {"certificates": [{"certFile": str(certificate), "keyFile": str(key)}]}
    server.route(routes(server.url) | {"tls": tls})
    async with open_traefik(server.url) as traefik:
        routing = await read(traefik, lambda each: bool(each.certificates))
    assert routing.certificates is not None
    (only,) = routing.certificates
    assert set(only.names) == {"n8n.example.org", "*.example.net"}
    assert timedelta(days=4) < only.not_after - datetime.now(UTC) < timedelta(days=5)
    assert only.issuer == "n8n.example.org"


async def test_pages_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.traefik._PER_PAGE", 7)
    many = {
        f"r{number:03}": {
            "rule": f"Host(`r{number}.example.org`)",
            "service": "one",
            "entryPoints": ["websecure"],
        }
        for number in range(40)
    }
    one = {"loadBalancer": {"servers": [{"url": DEAD}]}}
    with _started(TraefikServer(tmp_path, {"http": {"routers": many, "services": {"one": one}}})) as server:
        async with open_traefik(server.url) as traefik:
            routing = await read(traefik, lambda each: len(each.routers) >= 40)
    assert {each.name for each in routing.routers} >= {f"{name}@file" for name in many}
    assert len({each.name for each in routing.routers}) == len(routing.routers)


def _started(server: TraefikServer) -> TraefikServer:
    with obtainable():
        server.start()
    return server


async def test_a_password_is_asked_for(tmp_path: Path) -> None:
    with _started(TraefikServer(tmp_path, {}, login=("team", "test"))) as server:
        async with open_traefik(server.url, "team", "test") as traefik:
            async with asyncio.timeout(10):
                while not await _answers(traefik):
                    await asyncio.sleep(0.05)
            assert router(await traefik.routing(), "api@file").middlewares == ("api-login@file",)
        for login in (("team", "wrong"), ("", "")):
            async with open_traefik(server.url, *login) as traefik:
                with pytest.raises(ApiRefusedLogin):
                    await traefik.routing()


async def _answers(traefik: Traefik) -> bool:
    try:
        await traefik.version()
    except ApiError:
        return False
    return True


async def test_an_api_that_is_switched_off(tmp_path: Path) -> None:
    server = TraefikServer(tmp_path, {})
    server.configure({key: each for key, each in server._static().items() if key != "api"})
    with _started(server):
        async with open_traefik(server.url) as traefik:
            with pytest.raises(ApiRefused) as refusal:
                await traefik.routing()
    assert refusal.value.status == 404


async def test_nobody_there() -> None:
    async with open_traefik(f"http://127.0.0.1:{free_port()}") as traefik:
        with pytest.raises(ApiUnreachable):
            await traefik.version()


@asynccontextmanager
async def saying(says: bytes, *, hang: bool = False) -> AsyncIterator[Traefik]:
    async with answering(says, hang=hang) as standin, open_traefik(standin.url) as traefik:
        yield traefik


async def test_a_login_page_before_it(tmp_path: Path) -> None:
    """Another Traefik sends everybody there."""
    login = {"redirectRegex": {"regex": ".*", "replacement": "https://login.example.org/?from=${0}"}}
    router = {
        "rule": "PathPrefix(`/`)",
        "service": "api@internal",
        "middlewares": ["login"],
        "entryPoints": ["traefik"],
    }
    dynamic = {"http": {"routers": {"api": router}, "middlewares": {"login": login}}}
    with _started(TraefikServer(tmp_path, dynamic, {"api": {}})) as server:
        async with open_traefik(server.url) as traefik, asyncio.timeout(10):
            while True:
                with pytest.raises(ApiError) as raised:
                    await traefik.routing()
                if not isinstance(raised.value, ApiRefused):  # it has not read its file yet
                    break
                await asyncio.sleep(0.05)
    assert isinstance(raised.value, ApiRedirects)
    assert raised.value.where == "https://login.example.org/"


@pytest.mark.parametrize(
    ("says", "kind", "detail"),
    [
        (
            answer(b'{"Version":"2.11.3","Codename":"mimolette"}'),
            ApiTooOld,
            "Traefik 2.11.3, where 3.0 or newer is needed",
        ),
        (answer(b"not JSON"), ApiNotUnderstood, "malformed"),
        (answer(b'{"version":"3"}'), ApiNotUnderstood, "Version"),
        (answer(recorded("login.html"), type="text/html"), ApiBehindPage, "HTML"),
        (
            answer(b"", "Location: https://login.example.org/?next=x", status="302 Found"),
            ApiRedirects,
            "https://login.example.org/",
        ),
    ],
    ids=["old", "no JSON", "another API", "login page", "redirect"],
)
async def test_what_is_no_traefik_of_ours(says: bytes, kind: type[ApiError], detail: str) -> None:
    async with saying(says) as traefik:
        with pytest.raises(ApiError, match=detail) as raised:
            await traefik.routing()
    assert type(raised.value) is kind


async def test_the_deadline_is_for_the_whole() -> None:
    """The version comes at once, and nothing after it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while request := await reader.readuntil(b"\r\n\r\n"):
                if b"/api/version" in request:
                    await asyncio.sleep(1)
                    writer.write(answer(b'{"Version":"3.7.15"}'))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, open_traefik(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as traefik:
        began = asyncio.get_running_loop().time()
        with pytest.raises(ApiTimeout) as late:
            await traefik.routing(deadline=1.5)
        assert asyncio.get_running_loop().time() - began < 2.4, "and not 1.5 s once more"
    assert late.value.seconds == 1.5
    await asyncio.sleep(0.05)


@pytest.mark.parametrize(("zone", "fits"), [("Z", True), ("", False)])
def test_a_moment_says_in_which_zone(zone: str, *, fits: bool) -> None:
    row = msgspec.Raw(
        f'{{"notAfter":"2026-12-01T00:00:00{zone}","notBefore":"2026-11-01T00:00:00Z"}}'.encode()
    )
    with contextlib.nullcontext() if fits else pytest.raises(msgspec.ValidationError):
        assert certificate_of(row).not_after.tzinfo


async def test_one_that_hangs() -> None:
    async with saying(b"", hang=True) as traefik:
        with pytest.raises(ApiTimeout):
            await traefik.version(deadline=0.2)
