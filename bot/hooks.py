"""Where Alertmanager tells its alerts: `POST /hooks/alertmanager`, answered with 200 when they are stored.

Nobody without the token learns more than 401, whatever the path and method, nor has a byte of the body taken.
All that may go well later is answered with 503: Alertmanager tries again after 5xx and gives up after 4xx.
"""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import ClientError, HttpVersion11, web
from aiohttp.web_protocol import RequestHandler

from services.errors import VakhtaError

LARGEST = 32 << 20  # bytes of one body
IN_FLIGHT = 64 << 20  # bytes of all bodies that are being read or stored
BODY_PATIENCE = 60.0  # seconds for a whole body
STORE_PATIENCE = 10.0
RETRY_AFTER = 5  # seconds
# Between two notifications a sender may keep its connection: longer than proxies and Alertmanager's group_interval.
IDLE = 330.0
# So long what is left of a refused body is read and dropped: hanging up at once would also drop the answer.
LINGER = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hook:
    """`token`: without one nobody gets in. `accept`: durable when it returns, else it raises."""

    token: str = field(repr=False)
    accept: Callable[[bytes], Awaitable[None]]


class Spared:
    """Connections that are not to be closed for their age alone, each until a moment of the loop's clock."""

    def __init__(self) -> None:
        self._until: dict[RequestHandler, float] = {}

    def spare(self, request: web.Request, seconds: float) -> None:
        self._until[request.protocol] = asyncio.get_running_loop().time() + seconds

    def among(self, connections: list[RequestHandler]) -> set[RequestHandler]:
        """Those of all open `connections`; the rest is forgotten."""
        now = asyncio.get_running_loop().time()
        still = set(connections)
        self._until = {each: until for each, until in self._until.items() if each in still and until > now}
        return set(self._until)


class _Busy(Exception):
    """To be tried again. The text is for the log."""


class _TooLarge(Exception):
    pass


class Door:
    """Serves one hook; None is one that nobody may use."""

    def __init__(self, hook: Hook | None, spared: Spared) -> None:
        self._hook = hook
        self._spared = spared
        self._in_flight = 0

    def routes(self) -> list[web.AbstractRouteDef]:
        # All below /hooks, so that without the token nothing tells which ones there are.
        return [web.route("*", "/hooks{rest:(/.*)?}", self._serve, expect_handler=self._expect)]

    async def _expect(self, request: web.Request) -> web.StreamResponse | None:
        """`Expect: 100-continue`: the sender waits with the body until it is wanted."""
        refusal = self._refusal(request)
        wanted = request.headers.get("Expect", "").lower() == "100-continue"
        if refusal is None and wanted and request.version >= HttpVersion11:
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0  # of the answer, not of this
        return refusal

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        self._spared.spare(request, BODY_PATIENCE + STORE_PATIENCE + LINGER)
        try:
            return await self._take(request)
        finally:
            self._spared.spare(request, IDLE)

    def _refusal(self, request: web.Request) -> web.Response | None:
        """What can be said before the body is read; None: nothing is wrong so far."""
        if not self._may_pass(request):
            self._spared.spare(request, LINGER)
            return _closing(401, "unauthorized", {"WWW-Authenticate": "Bearer"})
        if request.path != "/hooks/alertmanager":
            return _closing(404, "no such hook")
        if request.method != "POST":
            return _closing(405, "POST only", {"Allow": "POST"})
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            return _closing(415, "send the body as it is, not compressed")
        if (request.content_length or 0) > LARGEST:
            return _too_large()
        return None

    def _may_pass(self, request: web.Request) -> bool:
        given = request.headers.getall("Authorization", [])
        scheme, _, token = (given[0] if len(given) == 1 else "").partition(" ")
        right = self._hook.token if self._hook else ""
        same = hmac.compare_digest(_octets(token.strip()), _octets(right))
        return same and bool(right) and scheme.lower() == "bearer"

    async def _take(self, request: web.Request) -> web.Response:
        assert self._hook is not None
        try:
            with self._room() as grow:
                body = await _read(request, grow)
                if not body:
                    return web.Response(status=400, text="the body is empty\n")
                async with asyncio.timeout(STORE_PATIENCE):
                    await self._hook.accept(body)
        except _TooLarge:
            return _too_large()
        except (ClientError, ConnectionError, web.RequestPayloadError):
            return _closing(400, "the body did not arrive whole")
        except (_Busy, VakhtaError, TimeoutError) as error:
            log.warning("alerts not taken, Alertmanager is to try again: %s", error or type(error).__name__)
            return _closing(503, "not stored, try again", {"Retry-After": str(RETRY_AFTER)})
        return web.Response(text="stored\n")

    @contextmanager
    def _room(self) -> Iterator[Callable[[int], None]]:
        """Bytes of all bodies together; what is yielded takes the number that one has grown to."""
        held = 0

        def grow(size: int) -> None:
            nonlocal held
            if size <= held:
                return
            if self._in_flight + size - held > IN_FLIGHT:
                raise _Busy("too many bytes at the same time")
            self._in_flight += size - held
            held = size

        try:
            yield grow
        finally:
            self._in_flight -= held


async def _read(request: web.Request, grow: Callable[[int], None]) -> bytes:
    """The whole body. Raises _TooLarge, _Busy, TimeoutError, and aiohttp's errors for one that breaks off."""
    grow(request.content_length or 0)
    chunks: list[bytes] = []
    size = 0
    async with asyncio.timeout(BODY_PATIENCE):
        async for chunk in request.content.iter_any():
            size += len(chunk)
            if size > LARGEST:
                raise _TooLarge
            grow(size)
            chunks.append(chunk)
    return b"".join(chunks)


def _octets(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _too_large() -> web.Response:
    return _closing(413, f"more than {LARGEST} bytes")


def _closing(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    """An answer after which the connection is closed: its body may not have been read."""
    response = web.Response(status=status, text=text + "\n", headers=headers)
    response.force_close()
    return response
