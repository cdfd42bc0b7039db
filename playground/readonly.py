"""This machine's own Docker engine behind a socket through which it can be looked at and not changed."""

import re
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web

# A GET can do more than look (attach/ws writes to a container), so what may pass is listed.
_PART = r"[a-zA-Z0-9_][a-zA-Z0-9_.:@-]*"
_LOOKS = re.compile(
    r"(/v[0-9.]+)?/(_ping|version|info|events|containers/json|containers/[a-zA-Z0-9_.-]+/(json|logs|stats)"
    rf"|networks|volumes|images/json|images/{_PART}(/{_PART})*/json|system/df)"
)
_PASSED_ON = ("Content-Type", "Api-Version", "Docker-Experimental", "Ostype", "Server")
_PIECE = 1 << 16


class ReadOnly:
    """An asynchronous context: `socket` answers looks as `engine` does, and anything else with 403."""

    def __init__(self, engine: Path, socket: Path) -> None:
        self.socket = socket
        self._engine = engine
        self._session: aiohttp.ClientSession | None = None
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2)

    async def __aenter__(self) -> Self:
        """Raises OSError when the engine does not answer."""
        connector = aiohttp.UnixConnector(str(self._engine), limit=0)
        self._session = aiohttp.ClientSession(
            connector=connector, auto_decompress=False, timeout=aiohttp.ClientTimeout(total=None)
        )
        try:
            async with self._session.get(
                "http://docker/_ping", timeout=aiohttp.ClientTimeout(total=5)
            ) as answer:
                await answer.read()
            await self._runner.setup()
            await web.UnixSite(self._runner, self.socket).start()
        except TimeoutError as error:
            await self._session.close()
            raise OSError("it does not answer within 5 s") from error
        except BaseException:
            await self._session.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._session
        await self._runner.cleanup()
        await self._session.close()
        self.socket.unlink(missing_ok=True)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        assert self._session
        if request.method not in ("GET", "HEAD") or not _LOOKS.fullmatch(request.path):
            refusal = {"message": "this engine is real and may only be looked at: nothing was done"}
            return web.json_response(refusal, status=403)
        url = f"http://docker{request.raw_path}"
        async with self._session.request(request.method, url) as answer:
            headers = {name: answer.headers[name] for name in _PASSED_ON if name in answer.headers}
            response = web.StreamResponse(status=answer.status, headers=headers)
            if answer.content_length is not None:
                response.content_length = answer.content_length
            with suppress(aiohttp.ClientConnectionResetError):  # who asked has gone
                await response.prepare(request)
                async for piece in answer.content.iter_chunked(_PIECE):
                    await response.write(piece)
                await response.write_eof()
            return response
