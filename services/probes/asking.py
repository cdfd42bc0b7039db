"""One HTTP request of a probe over a `Dial`: a bounded body, and redirects followed on the same host alone.

Its deadline is the caller's.
"""

import base64
import re
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

import httpcore
from anyio import BrokenResourceError, ClosedResourceError, EndOfStream
from anyio.abc import ByteStream
from anyio.streams.tls import TLSStream

from services.domain.probes import ProbeFault
from services.outside.dial import Dial
from services.probes.handshakes import Unwell

MOST_BYTES = 64 << 10
_MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
# In the path of where one is sent to: whoever has to log in has not reached what is asked for.
_LOGIN = re.compile(r"(^|[/_.-])(log-?in|sign-?in|auth|oauth2?|sso|authorize)([/_.?-]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reply:
    """`body`: its first MOST_BYTES."""

    status: int
    body: bytes


async def fetch(dial: Dial, trust: ssl.SSLContext, url: str, expected: Iterable[int] = ()) -> Reply:
    """The answer to GET. expected: statuses that are taken as they are, a redirect among them too.

    A name and a password in the URL go out as Basic auth, to that host and over no less than its scheme. Raises
    Unwell, ssl.SSLError, and what the dial does.
    """
    asked = urlsplit(url)
    async with httpcore.AsyncConnectionPool(ssl_context=trust, network_backend=_Dialled(dial)) as pool:
        for _ in range(_MOST_REDIRECTS + 1):
            status, where, body = await _get(pool, asked, _login(urlsplit(url), asked))
            if status not in _REDIRECTS or status in expected:
                return Reply(status, body)
            to = urlsplit(urljoin(asked.geturl(), where))
            if not where or to.hostname != asked.hostname or _LOGIN.search(to.path):
                break
            asked = to
    raise Unwell(ProbeFault.REDIRECT, shown(to.geturl()) if where else "")


def shown(url: str) -> str:
    """Without a login, a query and a fragment, which may be secrets."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


async def _get(
    pool: httpcore.AsyncConnectionPool, url: SplitResult, login: Mapping[str, str]
) -> tuple[int, str, bytes]:
    """Status, Location and the beginning of the body."""
    port = f":{url.port}" if url.port else ""
    name = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname or ""
    target = f"{url.scheme}://{name}{port}{url.path or '/'}" + (f"?{url.query}" if url.query else "")
    headers = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "vakhta", "host": name + port}
    try:
        async with pool.stream("GET", target, headers=[*headers.items(), *login.items()]) as response:
            body = bytearray()
            async for data in response.aiter_stream():
                body += data
                if len(body) >= MOST_BYTES:
                    break
            where = {name.lower(): value for name, value in response.headers}.get(b"location", b"")
            return response.status, where.decode("latin-1"), bytes(body[:MOST_BYTES])
    except (httpcore.ProtocolError, httpcore.UnsupportedProtocol, httpcore.NetworkError) as exc:
        raise Unwell(ProbeFault.PROTOCOL) from exc


def _login(first: SplitResult, now: SplitResult) -> dict[str, str]:
    """The Authorization header, or none."""
    same = now.port == first.port or (first.scheme == "http" and now.scheme == "https")
    if first.username is None or not same or (first.scheme == "https" and now.scheme == "http"):
        return {}
    pair = f"{unquote(first.username)}:{unquote(first.password or '')}"
    return {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


class _Dialled(httpcore.AsyncNetworkBackend):
    """httpcore's connections, as a `Dial` opens them."""

    def __init__(self, dial: Dial) -> None:
        self._dial = dial

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (httpcore's own; the caller has one for the whole)
        local_address: str | None = None,
        socket_options: object = None,
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._dial(host, port))


class _Stream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        try:
            return await self._stream.receive(max_bytes)
        except EndOfStream:
            return b""
        except (BrokenResourceError, ClosedResourceError) as exc:
            raise httpcore.ReadError(str(exc)) from exc

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        try:
            await self._stream.send(buffer)
        except (BrokenResourceError, ClosedResourceError) as exc:
            raise httpcore.WriteError(str(exc)) from exc

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        try:
            secure = await TLSStream.wrap(
                self._stream, ssl_context=ssl_context, hostname=server_hostname, standard_compatible=False
            )
        except (BrokenResourceError, ClosedResourceError, EndOfStream) as exc:
            raise Unwell(ProbeFault.TLS) from exc
        return _Stream(secure)

    def get_extra_info(self, info: str) -> Any:
        return None
