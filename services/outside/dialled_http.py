"""httpx over connections that a `Dial` opens: HTTP through a host, kept alive as usual."""

import select
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import httpcore
import httpx
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSAttribute, TLSStream

from services.fleet.forwarded import ForwardedAttribute
from services.outside.dial import Dial

# What each becomes; whatever else a stream raises passes through untouched, a HostError above all.
_LOST = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream)
_KINDS: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (httpcore.TimeoutException, httpx.TimeoutException),
    (httpcore.ConnectError, httpx.ConnectError),
    (httpcore.ReadError, httpx.ReadError),
    (httpcore.WriteError, httpx.WriteError),
    (httpcore.ProtocolError, httpx.RemoteProtocolError),
    (httpcore.UnsupportedProtocol, httpx.UnsupportedProtocol),
    (httpcore.NetworkError, httpx.NetworkError),
)


class DialTransport(httpx.AsyncBaseTransport):
    """Raises httpx's TransportError, and whatever HostError the dial raises. context: of TLS,
    by default one that believes the usual authorities."""

    def __init__(self, dial: Dial, limits: httpx.Limits, context: ssl.SSLContext | None = None) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Backend(dial),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        asked = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _translated():
            answer = await self._pool.handle_async_request(asked)
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _translated():
            async for part in self._answer.aiter_stream():
                yield part

    async def aclose(self) -> None:
        with _translated():
            await self._answer.aclose()


class _Backend(httpcore.AsyncNetworkBackend):
    def __init__(self, dial: Dial) -> None:
        self._dial = dial

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        with _told(httpcore.ConnectTimeout, httpcore.ConnectError), anyio.fail_after(timeout):
            return _Stream(await self._dial(host, port))


class _Stream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        with _told(httpcore.ReadTimeout, httpcore.ReadError), anyio.fail_after(timeout):
            try:
                return await self._stream.receive(max_bytes)
            except anyio.EndOfStream:
                return b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        if buffer:
            with _told(httpcore.WriteTimeout, httpcore.WriteError), anyio.fail_after(timeout):
                await self._stream.send(buffer)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        try:
            with _told(httpcore.ConnectTimeout, httpcore.ConnectError), anyio.fail_after(timeout):
                return _Stream(
                    await TLSStream.wrap(
                        self._stream,
                        hostname=server_hostname,
                        ssl_context=ssl_context,
                        standard_compatible=False,  # servers hang up without a word
                        server_side=False,
                    )
                )
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        match info:
            case "ssl_object":
                return self._stream.extra(TLSAttribute.ssl_object, None)
            case "is_readable":  # while nothing is asked: the other end has hung up
                return self._has_ended()
        return None

    def _has_ended(self) -> bool:
        if raw := self._stream.extra(SocketAttribute.raw_socket, None):
            poll = select.poll()
            poll.register(raw, select.POLLIN)
            return bool(poll.poll(0))
        return self._stream.extra(ForwardedAttribute.ended, False)


@contextmanager
def _told(late: type[Exception], lost: type[Exception]) -> Iterator[None]:
    """Errors of anyio and of the network as httpcore's own."""
    try:
        yield
    except TimeoutError as exc:
        raise late(str(exc)) from exc
    except (*_LOST, OSError) as exc:  # ssl.SSLError too
        raise lost(str(exc) or "the connection was lost") from exc


@contextmanager
def _translated() -> Iterator[None]:
    """httpcore's errors as httpx's."""
    try:
        yield
    except tuple(kind for kind, _ in _KINDS) as exc:
        known = next(ours for kind, ours in _KINDS if isinstance(exc, kind))
        raise known(str(exc)) from exc
