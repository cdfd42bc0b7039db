"""What the bot serves over HTTP: whether it is alive, and whether it is fit to serve."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from bot.readiness import Readiness
from bot.values import Listen

SHUTDOWN_TIMEOUT = 5.0


class CannotListen(Exception):
    """The address is taken, not ours, or needs rights that we lack; the text says which and what to do."""


@asynccontextmanager
async def serve(listen: Listen, readiness: Readiness) -> AsyncIterator[None]:
    """`/healthz`: 200 while the event loop turns. `/readyz`: 200 or 503 with the reasons, one a line."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def readyz(_request: web.Request) -> web.Response:
        if readiness.ready:
            return web.Response(text="ready\n")
        return web.Response(status=503, text="\n".join(readiness.reasons) + "\n")

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_TIMEOUT)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, listen.host, listen.port).start()
        except OSError as error:
            raise CannotListen(
                f"http.listen: {listen.host}:{listen.port} cannot be used ({error.strerror}); choose another port"
            ) from error
        yield
    finally:
        await runner.cleanup()
