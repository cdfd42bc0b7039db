"""HTTP over connections that somebody else opens: kept alive, secured, and with its failures told apart."""

import asyncio
import contextlib
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import httpcore
import pytest
from anyio.abc import ByteStream

from services.errors import (
    ApiNotUnderstood,
    ApiTimeout,
    ApiUnreachable,
    ForwardRefused,
    HostSilent,
    Silence,
    VakhtaError,
)
from services.http import open_api
from services.outside.dial import direct
from services.outside.dialled_http import _KINDS
from tests.contract.recorded import answer, answering
from tests.lab.monitoring import free_port


class Counted:
    """`direct`, counted; wherever it is asked to, it goes to `port` on this machine."""

    def __init__(self, port: int | None = None) -> None:
        self.port = port
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> ByteStream:
        self.asked.append((host, port))
        return await direct("127.0.0.1", self.port or port)


@contextlib.asynccontextmanager
async def patient(context: ssl.SSLContext | None = None, most: int = 1000) -> AsyncIterator[int]:
    """A server that answers `most` requests on each connection, then hangs up; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            for _ in range(most):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(answer(b"{}"))
                await writer.drain()
        writer.transport.abort() if context else writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.sleep(0.05)  # asyncio's own server does not wait for connections that are just ending


async def test_the_second_request_opens_no_second_connection() -> None:
    dial = Counted()
    async with patient() as port, open_api("x", f"http://127.0.0.1:{port}/base", dial=dial) as api:
        for _ in range(3):
            assert (await api.ask("GET", "api", deadline=5)).body == b"{}"
        assert dial.asked == [("127.0.0.1", port)]
        await asyncio.gather(*(api.ask("GET", "api", deadline=5) for _ in range(20)))
        assert len(dial.asked) <= 8


async def test_a_server_that_hangs_up_in_between_is_dialled_anew() -> None:
    dial = Counted()
    async with patient(most=1) as port, open_api("x", f"http://127.0.0.1:{port}", dial=dial) as api:
        for _ in range(3):
            await api.ask("GET", "api", deadline=5)
            await asyncio.sleep(0.05)
    assert len(dial.asked) == 3


def certified(home: Path) -> ssl.SSLContext:
    """For a server named inside.example.org; whoever is to believe it finds certificate.pem."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "5",
         "-subj", "/CN=inside.example.org", "-addext", "subjectAltName=DNS:inside.example.org",
         "-keyout", str(home / "key.pem"), "-out", str(home / "certificate.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(home / "certificate.pem", home / "key.pem")
    return context


async def test_tls_with_an_authority_of_ones_own(tmp_path: Path) -> None:
    async with patient(certified(tmp_path)) as port:
        dial = Counted(port)
        trust = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
        async with open_api("x", "https://inside.example.org", dial=dial, context=trust) as api:
            for _ in range(2):
                assert (await api.ask("GET", "api", deadline=5)).body == b"{}"
        assert dial.asked == [("inside.example.org", 443)]
        async with open_api("x", "https://outside.example.org", dial=dial, context=trust) as api:
            with pytest.raises(ApiUnreachable, match=r"outside\.example\.org"):
                await api.ask("GET", "api", deadline=5)
        async with open_api("x", "https://inside.example.org", dial=dial) as api:
            with pytest.raises(ApiUnreachable, match="self-signed"):
                await api.ask("GET", "api", deadline=5)


@pytest.mark.parametrize(
    "error",
    [
        ForwardRefused("server2", "127.0.0.1:8080", forbidden=True),
        HostSilent("server2", Silence.TIMEOUT),
    ],
)
async def test_what_is_about_the_host_comes_through(error: VakhtaError) -> None:
    async def dial(host: str, port: int) -> ByteStream:
        raise error

    async with open_api("x", "http://127.0.0.1:1", dial=dial) as api:
        with pytest.raises(type(error)) as raised:
            await api.ask("GET", "api", deadline=5)
    assert raised.value is error


class Broken(ByteStream):
    """Says a few bytes and breaks."""

    def __init__(self, *says: bytes) -> None:
        self.says = list(says)
        self.closed = False

    async def receive(self, max_bytes: int = 65536) -> bytes:
        if not self.says:
            raise anyio.BrokenResourceError
        return self.says.pop(0)

    async def send(self, item: bytes) -> None:
        await asyncio.sleep(0)

    async def send_eof(self) -> None: ...

    async def aclose(self) -> None:
        self.closed = True


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("says", [(), (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", b"half")])
async def test_a_connection_that_breaks(scheme: str, says: tuple[bytes, ...]) -> None:
    stream = Broken(*says)

    async def dial(host: str, port: int) -> ByteStream:
        return stream

    async with open_api("x", f"{scheme}://127.0.0.1:1", dial=dial) as api:
        with pytest.raises(ApiUnreachable):
            await api.ask("GET", "api", deadline=5)
    assert stream.closed


async def test_nobody_there() -> None:
    async with open_api("x", f"http://127.0.0.1:{free_port()}", dial=direct) as api:
        with pytest.raises(ApiUnreachable):
            await api.ask("GET", "api", deadline=5)


async def test_one_that_hangs() -> None:
    async with answering(b"", hang=True) as standin, open_api("x", standin.url, dial=direct) as api:
        with pytest.raises(ApiTimeout):
            await api.ask("GET", "api", deadline=0.1)


async def test_an_answer_that_is_no_http() -> None:
    says = b"SSH-2.0-OpenSSH_9.2\r\n"
    async with answering(says) as standin, open_api("x", standin.url, dial=direct) as api:
        with pytest.raises(ApiUnreachable):
            await api.ask("GET", "api", deadline=5)


async def test_a_page_instead_of_an_answer() -> None:
    says = answer(b"<html>", type="text/html")
    async with answering(says) as standin, open_api("x", standin.url, dial=direct) as api:
        with pytest.raises(ApiNotUnderstood):
            await api.ask("GET", "api", deadline=5)


def test_every_error_of_httpcore_has_its_counterpart() -> None:
    kinds = [
        each
        for name in httpcore.__all__
        if isinstance(each := getattr(httpcore, name), type) and issubclass(each, Exception)
    ]
    assert len(kinds) > 10
    known = tuple(kind for kind, _ in _KINDS)
    # Of proxies, and a pool's own: never seen outside.
    assert {each.__name__ for each in kinds if not issubclass(each, known)} == {
        "ProxyError",
        "ConnectionNotAvailable",
    }
