"""Answers that come at once, and answers that go on: what aiohttp is told to send."""

from collections.abc import AsyncIterator
from contextlib import suppress

import msgspec
from aiohttp import web

JSON = "application/json"


def json_answer(value: object, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(value) + b"\n", content_type=JSON, status=status)


HEADERS = web.RequestKey("headers", dict[str, str])


async def stream(request: web.Request, buffers: AsyncIterator[bytes], kind: str) -> web.StreamResponse:
    """The head goes out at once. To a client of HTTP/1.0 without chunks: the body ends with the connection."""
    always = request[HEADERS]
    response = web.StreamResponse(headers={**always, "Content-Type": kind})
    await response.prepare(request)
    with suppress(ConnectionResetError):  # whoever has heard enough hangs up
        async for data in buffers:
            await response.write(data)
        await response.write_eof()
    return response
