"""How PostgreSQL and Redis greet a stranger who has no login: as far as that, and no further."""

import asyncio
import struct
from collections.abc import Awaitable, Callable

Speaks = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_SSL_REQUEST, _VERSION_3 = 80877103, 196608
_LONGEST = 10_000  # as PostgreSQL has it: MAX_STARTUP_PACKET_LENGTH
_SASL = 10


async def postgres(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """No TLS; whoever says who they are is asked for a password by SCRAM-SHA-256."""
    while (code := await _startup(reader)) == _SSL_REQUEST:
        writer.write(b"N")
        await writer.drain()
    if code != _VERSION_3:
        return
    mechanisms = b"SCRAM-SHA-256\0\0"
    writer.write(b"R" + struct.pack("!ii", 8 + len(mechanisms), _SASL) + mechanisms)
    await writer.drain()
    await reader.read(1)


async def _startup(reader: asyncio.StreamReader) -> int:
    """The code of a packet of the beginning; 0 for what is none."""
    length, code = struct.unpack("!ii", await reader.readexactly(8))
    if not 8 <= length <= _LONGEST:
        return 0
    await reader.readexactly(length - 8)
    return int(code)


async def redis(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Inline commands only; with a password that nobody is told."""
    while word := (await reader.readuntil(b"\r\n")).strip().upper():
        writer.write(b"+OK\r\n" if word == b"QUIT" else b"-NOAUTH Authentication required.\r\n")
        await writer.drain()
        if word == b"QUIT":
            return
