"""One HTTP request of a probe over a `Dial`: a bounded body, and redirects followed on the same host alone.

Its deadline is the caller's.
"""

import base64
import re
import ssl
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

import httpx
from anyio import BrokenResourceError, ClosedResourceError, EndOfStream, aclose_forcefully
from anyio.abc import ByteStream
from anyio.streams.tls import TLSStream

from services.domain.probes import ProbeFault
from services.outside.dial import Dial
from services.outside.dialled_http import DialTransport
from services.probes.faults import Unwell, of_the_network, of_tls

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
    """The answer to GET. trust: whose certificates are believed. expected: statuses taken as they are, even redirects.

    A name and a password in the URL go out as Basic auth, to that host and over no less than its scheme. Raises
    Unwell, and HostError where the dial does.
    """
    asked = urlsplit(url)
    for _ in range(_MOST_REDIRECTS + 1):
        status, where, body = await _get(_way(dial, trust, asked), asked, _login(urlsplit(url), asked))
        if status not in _REDIRECTS or status in expected:
            return Reply(status, body)
        to = _onward(asked, where)
        if to is None or _name(to) != _name(asked) or _LOGIN.search(to.path):
            break
        asked = to
    raise Unwell(ProbeFault.REDIRECT, shown(to.geturl()) if to else "")


def shown(url: str) -> str:
    """Without a login, a query and a fragment, which may be secrets."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _onward(asked: SplitResult, where: str) -> SplitResult | None:
    """None where that leads nowhere on the web: a server may write anything."""
    try:
        to = urlsplit(urljoin(asked.geturl(), where))
        _ = _name(to), to.port
    except ValueError:
        return None
    return to if where and to.scheme in ("http", "https") and to.port != 0 else None


def _name(url: SplitResult) -> str:
    """In ASCII, as resolvers and servers know it. Raises UnicodeError for what can be no name."""
    return (url.hostname or "").encode("idna").decode()


def _way(dial: Dial, trust: ssl.SSLContext, url: SplitResult) -> Dial:
    """To where the URL leads, TLS included: httpcore would drop why a connection has failed."""

    async def connect(host: str, port: int) -> ByteStream:
        try:
            stream = await dial(host, url.port or (443 if url.scheme == "https" else 80))
        except (OSError, UnicodeError) as exc:
            raise of_the_network(exc) from exc
        return await _secured(stream, host, trust) if url.scheme == "https" else stream

    return connect


async def _secured(stream: ByteStream, host: str, trust: ssl.SSLContext) -> ByteStream:
    async with AsyncExitStack() as unless:
        unless.push_async_callback(aclose_forcefully, stream)
        try:
            secure = await TLSStream.wrap(stream, hostname=host, ssl_context=trust, standard_compatible=False)
        except ssl.SSLError as exc:
            raise of_tls(exc) from exc
        except (BrokenResourceError, ClosedResourceError, EndOfStream) as exc:
            raise Unwell(ProbeFault.TLS) from exc
        unless.pop_all()
    return secure


async def _get(way: Dial, url: SplitResult, login: Mapping[str, str]) -> tuple[int, str, bytes]:
    """Status, Location and the beginning of the body."""
    port = f":{url.port}" if url.port else ""
    name = f"[{_name(url)}]" if ":" in _name(url) else _name(url)
    target = f"http://{name}{url.path or '/'}" + (f"?{url.query}" if url.query else "")
    headers = {"host": name + port, "accept": "*/*", "accept-encoding": "identity", "user-agent": "vakhta"}
    try:
        async with (
            httpx.AsyncClient(
                transport=DialTransport(way, httpx.Limits()), timeout=httpx.Timeout(None), trust_env=False
            ) as client,
            client.stream("GET", target, headers={**headers, **login}, follow_redirects=False) as response,
        ):
            body = bytearray()
            async for data in response.aiter_raw():
                body += data
                if len(body) >= MOST_BYTES:
                    break
            return response.status_code, response.headers.get("location", ""), bytes(body[:MOST_BYTES])
    except (httpx.TransportError, httpx.InvalidURL, httpx.StreamError) as exc:
        raise Unwell(ProbeFault.PROTOCOL) from exc


def _login(first: SplitResult, now: SplitResult) -> dict[str, str]:
    """The Authorization header, or none."""
    same = now.port == first.port or (first.scheme == "http" and now.scheme == "https")
    if first.username is None or not same or (first.scheme == "https" and now.scheme == "http"):
        return {}
    pair = f"{unquote(first.username)}:{unquote(first.password or '')}"
    return {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
