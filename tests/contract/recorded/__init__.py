"""Answers of versions, proxies and accidents that no server here gives, and a server that gives them.

Written by hand: the JSON after the OpenAPI document of Alertmanager 0.28 and the HTTP API's page of
Prometheus 3, that of Netdata after the OpenAPI document and the source of 2.5, the rest after what proxies and login
pages are known to say.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Standin:
    """`requests`: each head and what came of the body with it."""

    url: str
    requests: list[bytes] = field(default_factory=list)


def recorded(name: str) -> bytes:
    return Path(__file__).with_name(name).read_bytes()


def answer(body: bytes = b"", *head: str, status: str = "200 OK", type: str = "application/json") -> bytes:
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", f"Content-Type: {type}", *head)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@asynccontextmanager
async def answering(says: bytes, *, hang: bool = False) -> AsyncIterator[Standin]:
    """A server that says these bytes to whatever it is asked, then closes or hangs."""
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            standin.requests.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(says)
            await writer.drain()
            if hang:
                await over.wait()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    standin = Standin(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    async with server:
        try:
            yield standin
        finally:
            over.set()
