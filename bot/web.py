"""What the bot serves over HTTP: the hook, whether it is alive and fit to serve; and elsewhere `/metrics`."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bot.gauges import Gauges
from bot.hooks import LINGER, Door, Hook, Spared
from bot.readiness import Readiness
from bot.values import Listen

SHUTDOWN_TIMEOUT = 5.0

# Nobody may use up the process's descriptors: so many connections at a time, and each is closed when it is
# between one and two times so many seconds old. A probe needs milliseconds. Who has shown the hook's token is spared.
CONNECTIONS = 64
LIFETIME = 5.0
# A scrape may take longer than that: Prometheus itself gives up after 10 s unless it is told otherwise.
LONGEST_SCRAPE = 60.0


class CannotListen(Exception):
    """The address is taken, not ours, or needs rights that we lack; the text says which and what to do."""


@asynccontextmanager
async def serve(listen: Listen, readiness: Readiness, hook: Hook | None = None) -> AsyncIterator[None]:
    """`/healthz`: 200 while the event loop turns. `/readyz`: 200 or 503 with the reasons, one a line.

    `/hooks/alertmanager`: see `bot/hooks.py`; without a `hook` nobody may use it. Raises CannotListen.
    """

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def readyz(_request: web.Request) -> web.Response:
        if readiness.ready:
            return web.Response(text="ready\n")
        return web.Response(status=503, text="\n".join(readiness.reasons) + "\n")

    spared = Spared()
    routes = [web.get("/healthz", healthz), web.get("/readyz", readyz), *Door(hook, spared).routes()]
    async with _serving("http.listen", listen, routes, spared):
        yield


@asynccontextmanager
async def serve_metrics(listen: Listen, gauges: Gauges) -> AsyncIterator[None]:
    """`/metrics`, in whichever of its formats is asked for. Raises CannotListen."""

    spared = Spared()

    async def metrics(request: web.Request) -> web.Response:
        spared.spare(request, LONGEST_SCRAPE)
        headers = request.headers
        page = await gauges.page(headers.get("Accept", ""), headers.get("Accept-Encoding", ""))
        answer = {"Content-Type": page.content_type, "Vary": "Accept, Accept-Encoding"}
        if page.gzipped:
            answer["Content-Encoding"] = "gzip"
        return web.Response(body=page.body, headers=answer)

    async with _serving("http.metrics_listen", listen, [web.get("/metrics", metrics)], spared):
        yield


@asynccontextmanager
async def _serving(
    key: str, listen: Listen, routes: Iterable[web.AbstractRouteDef], spared: Spared
) -> AsyncIterator[None]:
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_TIMEOUT)
    await runner.setup()
    try:
        async with _accepting(key, listen, runner, spared):
            yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _accepting(key: str, listen: Listen, runner: web.AppRunner, spared: Spared) -> AsyncIterator[None]:
    server = runner.server
    assert server is not None
    loop = asyncio.get_running_loop()
    closing: asyncio.TimerHandle

    def connection() -> asyncio.BaseProtocol:
        return _Connection(server, loop) if len(server.connections) < CONNECTIONS else _Refusal()

    def close(old: Iterable[web.RequestHandler]) -> None:
        nonlocal closing
        connections = server.connections
        for each in set(old) & set(connections) - spared.among(connections):
            each.force_close()
        closing = loop.call_later(LIFETIME, close, connections)

    try:
        listener = await loop.create_server(connection, listen.host, listen.port)
    except OSError as error:
        raise CannotListen(
            f"{key}: {listen.host}:{listen.port} cannot be used ({error.strerror}); choose another port"
        ) from error
    closing = loop.call_later(LIFETIME, close, ())
    try:
        yield
    finally:
        closing.cancel()
        listener.close()


class _Connection(web.RequestHandler):
    def __init__(self, server: web.Server, loop: asyncio.AbstractEventLoop) -> None:
        # Compressed bodies are refused, so they need not be opened.
        super().__init__(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type] # what web.AppRunner passes too
            lingering_time=LINGER,
            auto_decompress=False,
        )

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What is no HTTP is neither logged nor quoted, as aiohttp would: a broken header may hold the token."""
        if isinstance(exc, HttpProcessingError):
            answer = web.Response(status=400, text="this is no HTTP that can be understood\n")
            answer.force_close()
            return answer
        return super().handle_error(request, status, exc, message)


class _Refusal(asyncio.Protocol):
    """Hangs up at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()
