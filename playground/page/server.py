"""The page's server: its files, the files of messages, what people do, and what happens."""

import asyncio
import errno
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self
from urllib.parse import quote

from aiohttp import web

from playground.page.about import About
from playground.page.acts import Acts
from playground.page.door import door, sign
from playground.page.live import Live
from playground.telegram.telegram import Telegram

ADDRESS = "127.0.0.1"
STATIC = Path(__file__).with_name("static")
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_PICTURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)
_BODY_BYTES = 1 << 16


class CannotServe(Exception):
    """The text is one sentence: what is wrong, and what to do."""


class Page:
    """An asynchronous context: the page on loopback. `port` 0 takes a free one. Raises CannotServe."""

    def __init__(self, telegram: Telegram, about: About, *, port: int = 8090) -> None:
        self._telegram, self._port = telegram, port
        self._live = Live(telegram.world, about)
        self._stack = AsyncExitStack()
        self._app = web.Application(middlewares=[door], client_max_size=_BODY_BYTES)
        self._app.on_response_prepare.append(sign)
        self._app.add_routes(
            [
                web.get("/", self._index),
                web.get("/static/{name}", self._asset),
                web.get("/files/{id}", self._file),
                web.get("/api/live", self._live.serve),
                *Acts(telegram.world).routes(),
            ]
        )

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self._port}"

    async def __aenter__(self) -> Self:
        runner = web.AppRunner(self._app, access_log=None, handler_cancellation=True, shutdown_timeout=0.5)
        async with AsyncExitStack() as stack:
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            stack.callback(self._live.close)
            try:
                await web.TCPSite(runner, ADDRESS, self._port).start()
                self._port = runner.addresses[0][1]
                await _reach(self._port)
            except OverflowError as error:
                raise CannotServe(
                    f"{self._port} is no port: choose one from 0 to 65535 with --port"
                ) from error
            except OSError as error:
                raise CannotServe(_sentence(error, self._port)) from error
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def _index(self, request: web.Request) -> web.StreamResponse:
        return _static("index.html")

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        return _static(request.match_info["name"])

    async def _file(self, request: web.Request) -> web.StreamResponse:
        """A picture to be shown, or anything as a download: nothing that a bot sends runs here."""
        file = self._telegram.world.files.get(request.match_info["id"])
        if file is None:
            raise web.HTTPNotFound
        kind = next((kind for magic, kind in _PICTURES if file.content.startswith(magic)), None)
        if kind and "download" not in request.query:
            return web.Response(body=file.content, content_type=kind)
        disposition = f"attachment; filename*=UTF-8''{quote(file.filename, safe='')}"
        return web.Response(
            body=file.content,
            content_type="application/octet-stream",
            headers={"Content-Disposition": disposition},
        )


async def _reach(port: int) -> None:
    """Without a loopback one can listen there, but nobody comes. Raises OSError."""
    async with asyncio.timeout(5):
        _, writer = await asyncio.open_connection(ADDRESS, port)
    writer.close()


def _static(name: str) -> web.StreamResponse:
    path = STATIC / name
    if path.suffix not in _KINDS or path.parent != STATIC or not path.is_file():
        raise web.HTTPNotFound
    return web.Response(body=path.read_bytes(), content_type=_KINDS[path.suffix], charset="utf-8")


def _sentence(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use: stop what listens there, or choose another with --port"
    if error.errno in (errno.EADDRNOTAVAIL, errno.ENETUNREACH):
        return f"this machine has no loopback ({ADDRESS}): bring it up with ip link set lo up"
    return f"{ADDRESS}:{port} cannot be listened on ({error.strerror}): choose another with --port"
