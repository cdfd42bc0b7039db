"""Probes against the real things, as far as Debian has them; and against a web server with manners of its own."""

import asyncio
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from anyio.abc import ByteStream

from services.domain.probes import ProbeFault, ProbeKind, ProbeResult, ProbeSpec
from services.errors import ForwardRefused, HostError, HostSilent, Silence
from services.outside.dial import Gateway, direct
from services.probes.probing import Prober
from tests.clock import HandClock
from tests.lab.monitoring import AlertmanagerServer, PrometheusServer, free_port
from tests.lab.netdata import NetdataServer
from tests.lab.obtainable import obtainable
from tests.lab.postgres import Postgres
from tests.lab.redis import Redis
from tests.lab.traefik import TraefikServer

TRUST = ssl.create_default_context()


def spec(kind: ProbeKind, address: str, timeout: float = 5) -> ProbeSpec:
    return ProbeSpec("probed", kind, address, timeout=timedelta(seconds=timeout))


async def probe(
    asked: ProbeSpec, *, gateway: Gateway | None = None, trust: ssl.SSLContext = TRUST
) -> ProbeResult:
    return await Prober({"server2": gateway} if gateway else {}, trust, HandClock()).probe(asked)


async def fault(
    asked: ProbeSpec, *, gateway: Gateway | None = None, trust: ssl.SSLContext = TRUST
) -> tuple[str, str]:
    result = await probe(asked, gateway=gateway, trust=trust)
    return result.fault or "", result.detail


# Real ones


@pytest.mark.parametrize(
    ("kind", "server"),
    [
        (ProbeKind.PROMETHEUS, PrometheusServer),
        (ProbeKind.ALERTMANAGER, AlertmanagerServer),
        (ProbeKind.NETDATA, NetdataServer),
        (ProbeKind.TRAEFIK, lambda home: TraefikServer(home, {})),
    ],
)
async def test_http_kinds(
    kind: ProbeKind, server: Callable[[Path], PrometheusServer], tmp_path: Path
) -> None:
    with obtainable(), server(tmp_path / "home") as running:
        asked = spec(kind, running.url)
        result = await probe(asked)
        assert (result.ok, result.detail) == (True, "")
        assert 0 < result.latency < asked.timeout.total_seconds()
        assert (await fault(replace(asked, kind=ProbeKind.GRAFANA)))[0] in ("status", "body")
        running.kill()
        assert await fault(asked) == ("refused", "")


def redis_spec(redis: Redis) -> ProbeSpec:
    return spec(ProbeKind.REDIS, f"127.0.0.1:{redis.port}")


async def test_redis(tmp_path: Path) -> None:
    with obtainable(), Redis(tmp_path) as redis:
        assert (await probe(redis_spec(redis))).ok
        redis("config", "set", "requirepass", "secret")
        assert (await probe(redis_spec(redis))).ok, "whoever asks for a password lives"
        redis.pause()
        assert await fault(replace(redis_spec(redis), timeout=timedelta(seconds=0.3))) == ("timeout", "0.3")
        redis.resume()
        assert (await probe(redis_spec(redis))).ok


async def test_a_redis_that_still_reads_its_data_is_not_ready(tmp_path: Path) -> None:
    with obtainable(), Redis(tmp_path) as redis:
        redis("eval", "for i = 1, 2000 do redis.call('set', i, string.rep('x', 100)) end", "0")
        redis.stop()
        redis.start("--key-load-delay", "500", "--loading-process-events-interval-bytes", "1024", wait=False)
        found = set()
        deadline = time.monotonic() + 30
        while not (result := await probe(redis_spec(redis))).ok and time.monotonic() < deadline:
            found.add((result.fault, result.detail))
        assert result.ok
        assert (ProbeFault.NOT_READY, "LOADING Redis is loading the dataset in memory") in found


async def test_postgres() -> None:
    with obtainable(), Postgres() as postgres:
        asked = spec(ProbeKind.POSTGRES, f"127.0.0.1:{postgres.port}")
        assert (await probe(asked)).ok, "it asks for a password"
        postgres.permit("host all all 127.0.0.1/32 reject\n")
        assert (await probe(asked)).ok, "28000: whoever turns us away is at work"
        postgres.permit("host all all 127.0.0.1/32 trust\n")
        assert (await probe(asked)).ok, "28000: there is no such role"
        postgres.stop()
        assert await fault(asked) == ("refused", "")
        (postgres.data / "standby.signal").touch()
        postgres.start("-c", "hot_standby=off", until="entering standby mode")
        found, detail = await fault(asked)
        assert found == "not_ready"
        assert detail.startswith("57P03 the database system is "), "not accepting connections, or starting up"


async def test_postgres_over_tls(certificate: Path) -> None:
    with obtainable(), Postgres() as postgres:
        postgres.stop()
        for name in ("cert.pem", "key.pem"):
            postgres.adopt(certificate / name)
        files = ["-c", "ssl_cert_file=cert.pem", "-c", "ssl_key_file=key.pem"]
        postgres.start("-c", "ssl=on", *files)
        postgres.permit("hostssl all all 127.0.0.1/32 scram-sha-256\nhostnossl all all 127.0.0.1/32 reject\n")
        assert (await probe(spec(ProbeKind.POSTGRES, f"127.0.0.1:{postgres.port}"))).ok


async def test_what_is_no_database() -> None:
    async with serving(hello) as url:
        address = url.removeprefix("http://")
        assert await fault(spec(ProbeKind.REDIS, address)) == ("protocol", "HTTP/1.0 400 Bad Request")
        assert (await fault(spec(ProbeKind.POSTGRES, address)))[0] == "protocol"
        assert (await probe(spec(ProbeKind.TCP, address))).ok
    with obtainable(), Postgres() as postgres:
        assert (await fault(spec(ProbeKind.REDIS, f"127.0.0.1:{postgres.port}")))[0] == "protocol"
        assert (await fault(spec(ProbeKind.HTTP, f"http://127.0.0.1:{postgres.port}")))[0] == "protocol"


# A web server of our own

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def hello(_request: web.Request) -> web.Response:
    return web.Response(text="hello")


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    port = runner.addresses[0][1]
    try:
        yield f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with cert.pem and key.pem, for localhost, signed by itself."""
    home = tmp_path_factory.mktemp("tls")
    names = "-addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:TRUE"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost {names}"
    subprocess.run(
        [*command.split(), "-keyout", home / "key.pem", "-out", home / "cert.pem"],
        check=True,
        capture_output=True,
    )
    yield home


async def test_tls_is_verified(certificate: Path) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    trusting = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
    async with serving(hello, server) as url:
        assert (await probe(spec(ProbeKind.HTTP, url), trust=trusting)).ok
        assert await fault(spec(ProbeKind.HTTP, url)) == ("tls", "self-signed certificate")
        other = url.replace("localhost", "127.0.0.1")
        found, detail = await fault(spec(ProbeKind.HTTP, other), trust=trusting)
        assert (found, "127.0.0.1" in detail) == ("tls", True), detail
        plain = url.replace("https", "http")
        assert (await fault(spec(ProbeKind.HTTP, plain)))[0] in ("protocol", "status")
    async with serving(hello) as url:
        found, _ = await fault(spec(ProbeKind.HTTP, url.replace("http", "https")))
        assert found == "tls"


async def test_redirects_lead_no_further_than_the_host_and_to_no_login() -> None:
    async def answer(request: web.Request) -> web.Response:
        if (to := request.query.get("to")) or (
            to := {"/old": "/new", "/round": "/round"}.get(request.path, "")
        ):
            return web.Response(status=302, headers={"Location": to})
        return web.Response(text=request.path)

    async with serving(answer) as url:

        async def found(path: str, **more: object) -> tuple[str, str]:
            return await fault(replace(spec(ProbeKind.HTTP, url + path), **more))  # type: ignore[arg-type]

        assert await found("/old", body="/new") == ("", "")
        assert await found("/round") == ("redirect", f"{url}/round")
        elsewhere = "https://id.example.org/start?client=secret"
        assert await found(f"/?to={elsewhere}") == ("redirect", "https://id.example.org/start")
        assert await found("/?to=/login") == ("redirect", f"{url}/login")
        assert await found("/?to=/oauth2/start") == ("redirect", f"{url}/oauth2/start")
        assert await found("/?to=/login", statuses=frozenset({302})) == ("", "")
        assert await found("/?to=/blog/authors", body="/blog/authors") == ("", "")


@pytest.mark.parametrize(
    "location",
    [
        "http://[x",
        "//[",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:-1/",
        "http://127.0.0.1:0/",
        "ftp://127.0.0.1/",
        f"//{'a' * 70}.example.org/",
    ],
)
async def test_a_redirect_that_leads_nowhere_is_one_too_many(location: str) -> None:
    head = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: "

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + location.encode() + b"\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert await fault(spec(ProbeKind.HTTP, f"http://127.0.0.1:{port}")) == ("redirect", "")


async def test_a_name_in_letters_of_any_alphabet_is_asked_for_as_servers_know_it() -> None:
    hosts = []

    async def answer(request: web.Request) -> web.Response:
        hosts.append(request.headers["Host"])
        where = {"/": "http://xn--e1afmkfd.xn--p1ai/there"}.get(request.path, "")
        return web.Response(status=302 if where else 200, headers={"Location": where} if where else {})

    async with serving(answer) as url:
        way = Way(leading_to=int(url.rpartition(":")[2]))
        asked = replace(spec(ProbeKind.HTTP, "http://пример.рф"), via="server2")
        assert await fault(asked, gateway=way) == ("", "")
    assert hosts == ["xn--e1afmkfd.xn--p1ai"] * 2, "the redirect leads to the same host"


async def test_a_login_goes_to_its_host_alone_and_into_no_detail() -> None:
    seen = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization", ""))
        if request.path == "/away":
            return web.Response(
                status=307, headers={"Location": f"http://127.0.0.1:{other.rpartition(':')[2]}/"}
            )
        return web.Response(status=403)

    async with serving(answer) as other, serving(answer) as url:
        login = url.replace("//", "//bot:s%40cret@")
        assert await fault(spec(ProbeKind.HTTP, login)) == ("status", "403")
        assert await fault(spec(ProbeKind.HTTP, f"{login}/away")) == ("status", "403")
        assert seen == ["Basic Ym90OnNAY3JldA==", "Basic Ym90OnNAY3JldA==", ""]


async def test_a_body_without_an_end_is_read_in_part() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"here it is")
        try:
            while True:
                await response.write(b"x" * 65536)
        except ConnectionError:
            return response

    async with serving(answer) as url:
        assert (await probe(replace(spec(ProbeKind.HTTP, url), body="here it is"))).ok
        assert await fault(replace(spec(ProbeKind.HTTP, url), body="nowhere")) == ("body", "")


async def test_an_answer_that_does_not_come_is_waited_for_no_longer_than_the_timeout() -> None:
    async def answer(_request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    async with serving(answer) as url:
        result = await probe(spec(ProbeKind.HTTP, url, timeout=0.3))
        assert (result.fault, result.detail) == (ProbeFault.TIMEOUT, "0.3")
        assert 0.3 <= result.latency < 10


async def test_nobody_is_there() -> None:
    assert await fault(spec(ProbeKind.HTTP, f"http://127.0.0.1:{free_port()}")) == ("refused", "")
    assert await fault(spec(ProbeKind.TCP, f"localhost:{free_port()}")) == ("refused", ""), "two addresses"
    assert await fault(spec(ProbeKind.HTTP, "http://nowhere.invalid")) == ("unresolved", "")
    assert await fault(spec(ProbeKind.TCP, f"{'a' * 70}.example.org:80")) == ("unresolved", "")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (HostSilent("server2", Silence.UNREACHABLE), ("host_silent", "server2")),
        (ForwardRefused("server2", "127.0.0.1:80", forbidden=True), ("forward_forbidden", "127.0.0.1:80")),
        (ForwardRefused("server2", "127.0.0.1:80", forbidden=False), ("refused", "")),
    ],
)
@pytest.mark.parametrize("kind", [ProbeKind.HTTP, ProbeKind.TCP])
async def test_through_a_host(error: HostError, told: tuple[str, str], kind: ProbeKind) -> None:
    address = "127.0.0.1:80" if kind is ProbeKind.TCP else "http://127.0.0.1"
    asked = replace(spec(kind, address), via="server2")
    assert await fault(asked, gateway=Way(dialling=error)) == told


async def test_a_host_that_is_silent_meanwhile_is_told_from_a_service_that_is() -> None:
    asked = replace(spec(ProbeKind.REDIS, "127.0.0.1:1", timeout=0.1), via="server2")
    assert await fault(asked, gateway=Way()) == ("timeout", "0.1")
    lost = HostSilent("server2", Silence.TIMEOUT)
    assert await fault(asked, gateway=Way(doubting=lost)) == ("host_silent", "server2")


class Way:
    """A host whose connections fail like this, lead to a port of ours, or bring nothing."""

    def __init__(
        self,
        dialling: HostError | None = None,
        doubting: HostError | None = None,
        leading_to: int | None = None,
    ) -> None:
        self._dialling, self._doubting, self._port = dialling, doubting, leading_to

    async def dial(self, host: str, port: int, *, deadline: float) -> ByteStream:
        if self._dialling:
            raise self._dialling
        if self._port:
            return await direct("127.0.0.1", self._port)
        await asyncio.sleep(deadline)
        raise AssertionError("the probe has a deadline of its own")

    async def doubt(self, *, deadline: float) -> None:
        if self._doubting:
            raise self._doubting
