"""PostgreSQL and Redis asked whether they live, in their own protocols and without a login.

PostgreSQL: documentation, "Message Flow" and "Message Formats", version 3.0; that is how pg_isready does it, too.
Redis: documentation, "Redis serialization protocol specification"; PING as an inline command.
All raise Unwell, and what the stream does.
"""

import ssl
import struct
from collections.abc import Awaitable, Callable

from anyio.abc import ByteStream
from anyio.streams.tls import TLSStream

from services.domain.probes import ProbeFault, ProbeKind
from services.probes.faults import Unwell

_MOST_BYTES = 8192
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
_START = b"user\0vakhta\0database\0postgres\0application_name\0vakhta\0\0"
_STARTUP = struct.pack("!ii", 8 + len(_START), 196608) + _START  # 196608: version 3.0
_WHO_ARE_YOU = "28"  # the class of errors about who asks: whoever says that is at work
_NOT_YET = ("57P03", "57P01", "57P02", "53300")  # starting or ending; no connection is left


async def connects(_stream: ByteStream) -> None:
    """That it listens is all that is asked."""


async def ask_redis(stream: ByteStream) -> None:
    await stream.send(b"PING\r\n")
    line = await _until(stream, b"\r\n")
    if line.startswith((b"+PONG", b"-NOAUTH", b"-NOPERM")):
        return
    words = line.decode(errors="replace").strip()
    if line.startswith((b"-LOADING", b"-BUSY", b"-MASTERDOWN")):
        raise Unwell(ProbeFault.NOT_READY, words[1:])
    raise Unwell(ProbeFault.PROTOCOL, words)


async def ask_postgres(stream: ByteStream) -> None:
    await stream.send(_SSL_REQUEST)
    offered = await _exactly(stream, 1)
    if offered == b"S":
        stream = await TLSStream.wrap(
            stream, ssl_context=_unchecked(), server_side=False, standard_compatible=False
        )
    elif offered != b"N":
        raise Unwell(ProbeFault.PROTOCOL, offered.decode(errors="replace"))
    await stream.send(_STARTUP)
    kind = await _exactly(stream, 1)
    (length,) = struct.unpack("!i", await _exactly(stream, 4))
    if kind not in (b"R", b"E", b"v") or not 4 <= length <= _MOST_BYTES:
        raise Unwell(ProbeFault.PROTOCOL, kind.decode(errors="replace"))
    if kind != b"E":  # it asks for a password, or would not even
        return
    code, words = _error(await _exactly(stream, length - 4))
    if code.startswith(_WHO_ARE_YOU):
        return
    raise Unwell(ProbeFault.NOT_READY if code in _NOT_YET else ProbeFault.PROTOCOL, f"{code} {words}".strip())


HANDSHAKES: dict[ProbeKind, Callable[[ByteStream], Awaitable[None]]] = {
    ProbeKind.TCP: connects,
    ProbeKind.POSTGRES: ask_postgres,
    ProbeKind.REDIS: ask_redis,
}


def _unchecked() -> ssl.SSLContext:
    """Certificates of databases are mostly their own, and nothing secret is told here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _error(body: bytes) -> tuple[str, str]:
    """SQLSTATE and message of an ErrorResponse: fields of a letter and a text each."""
    fields = {each[:1]: each[1:].decode(errors="replace") for each in body.split(b"\0") if each}
    return fields.get(b"C", ""), fields.get(b"M", "")


async def _exactly(stream: ByteStream, count: int) -> bytes:
    found = b""
    while len(found) < count:
        found += await stream.receive(count - len(found))
    return found


async def _until(stream: ByteStream, end: bytes) -> bytes:
    found = b""
    while end not in found:
        found += await stream.receive(_MOST_BYTES)
        if len(found) > _MOST_BYTES:
            raise Unwell(ProbeFault.PROTOCOL, found[:100].decode(errors="replace"))
    return found.partition(end)[0]
