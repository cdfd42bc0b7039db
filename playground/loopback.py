"""What listens on a simulated server's own loopback: its Traefik's API, and its services' ports.

Behind each port is a Unix socket of this machine, so that nothing of it can be reached but through the server's SSH.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from playground.engine.container import Container
from playground.engine.host import Host
from playground.handshakes import Speaks, postgres, redis
from playground.traefik.server import api
from playground.traefik.state import Row

ADDRESS = "127.0.0.1"
TRAEFIK = 8080
Place = tuple[str, int]  # host and port
# By container: its port, and what it answers at which path.
_PAGES = {
    "n8n": (5678, "/healthz", '{"status":"ok"}', "application/json"),
    "directus": (8055, "/server/health", '{"status":"ok"}', "application/health+json"),
    "pgadmin": (5050, "/misc/ping", "PING", "text/html"),
    "dozzle": (8888, "/healthcheck", "", "text/plain"),
    "portainer": (9000, "/api/system/status", '{"Version":"2.21.4","InstanceID":"0"}', "application/json"),
}
_HANDSHAKES = {"postgres": (5432, postgres), "redis": (6379, redis)}


@dataclass(frozen=True, slots=True)
class Listener:
    """socket: where it is on this machine. alive: whether anything listens there now."""

    socket: Path
    alive: Callable[[], bool]


class Loopbacks:
    """An asynchronous context. directory: where the sockets are made; its path must be short."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def open(
        self, host: Host, certificates: Callable[[], list[Row]] | None = None
    ) -> dict[Place, Listener]:
        """Of its Traefik, and of those of its containers that have a port. It must have a Traefik that was recorded.

        certificates: that it holds, as it tells of them.
        """
        found = {
            (ADDRESS, TRAEFIK): await self._serve(
                host, host.find("traefik"), TRAEFIK, api(host, certificates)
            )
        }
        for container in host:
            if container.name in _PAGES:
                port, *page = _PAGES[container.name]
                found[ADDRESS, port] = await self._serve(host, container, port, _site(*page))
            if container.name in _HANDSHAKES:
                port, speaks = _HANDSHAKES[container.name]
                found[ADDRESS, port] = await self._speak(host, container, port, speaks)
        return found

    async def _serve(self, host: Host, container: Container, port: int, app: web.Application) -> Listener:
        app.middlewares.insert(0, _while_alive(container))
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.2)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        listener = self._listener(host, container, port)
        await web.UnixSite(runner, listener.socket).start()
        return listener

    async def _speak(self, host: Host, container: Container, port: int, speaks: Speaks) -> Listener:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await speaks(reader, writer)
            except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
                pass
            finally:
                writer.close()

        listener = self._listener(host, container, port)
        server = await asyncio.start_unix_server(answer, listener.socket)
        self._stack.callback(server.close)
        return listener

    def _listener(self, host: Host, container: Container, port: int) -> Listener:
        return Listener(self._directory / f"{host.name}-{port}.sock", lambda: container.alive)


def _site(path: str, body: str, kind: str) -> web.Application:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=body, content_type=kind)

    app = web.Application()
    app.router.add_get(path, answer)
    return app


def _while_alive(container: Container) -> Callable[..., Awaitable[web.StreamResponse]]:
    """A process that has died answers nothing over a connection that it had."""

    @web.middleware
    async def look(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if not container.alive and request.transport:
            request.transport.abort()
        return await handler(request)

    return look
