"""The `Store` on Redis, for a bot that can move to another machine: each call is one script there, whole or not at all.

Durable when the server is (`appendonly yes`, `appendfsync always`, `maxmemory-policy noeviction`). Expiry is
judged by our clock, never by the server's.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from services.errors import StoreTooNew, StoreUnavailable
from services.ports import Append, Clock, Delete, Due, Entry, Put, Schedule, Unschedule, Write
from services.store.link import Answer, Link
from services.store.scripts import DUE, OPEN, PREFIX, READ_LOG, SCAN, SCHEMA, TRIM_LOG, WRITE
from services.store.stamps import moment, stamp

# Expired pairs that one write sweeps at most; a rest is for the next write.
SWEPT_AT_ONCE = 100
# Entries that one script trims, so that nobody waits long behind it.
_TRIMMED_AT_ONCE = 5000

# What keeps every acknowledged write past a crash, and never drops a key for want of memory.
DURABLE = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}

log = logging.getLogger(__name__)


class RedisStore:
    """A call whose answer was lost, or that was cancelled, may have taken effect: it is never sent again by itself.

    After a server that was away comes back, the next call finds it.
    """

    def __init__(self, link: Link, clock: Clock) -> None:
        self._link = link
        self._clock = clock

    async def get(self, key: str) -> bytes | None:
        return (await self.get_many((key,))).get(key)

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        if not keys:
            return {}
        now = stamp(self._clock.now())
        kept = _rows(await self._link.ask("HMGET", PREFIX + "pairs", *map(_bytes, keys)))
        return dict(_live(zip(keys, kept, strict=True), now))

    async def write(self, *writes: Write, expect: Mapping[str, bytes | None] | None = None) -> bool:
        arguments: list[bytes | int] = [stamp(self._clock.now()), SWEPT_AT_ONCE, len(expect or {})]
        for key, value in (expect or {}).items():
            arguments += (_bytes(key), b"" if value is None else b"=" + value)
        for write in writes:
            arguments += _arguments(write)
        return await self._link.ask("EVAL", WRITE, 0, *arguments) == 1

    async def scan(self, prefix: str) -> Mapping[str, bytes]:
        now = stamp(self._clock.now())
        # No UTF-8 text holds the byte 0xFF, so this end lies behind every key that begins with the prefix.
        first, end = b"[" + _bytes(prefix), b"(" + _bytes(prefix) + b"\xff"
        found = _named(await self._link.ask("EVAL", SCAN, 0, first, end))
        return dict(_live(((key.decode(), value) for key, value in found), now))

    async def read_log(self, log: str, *, limit: int, before: int | None = None) -> Sequence[Entry]:
        below = "+inf" if before is None else f"({before}"
        found = _named(await self._link.ask("EVAL", READ_LOG, 0, _bytes(log), below, limit))
        return [Entry(int(seq), moment(at), value) for seq, (at, value) in _stamped(found)]

    async def trim_log(self, log: str, *, older_than: datetime) -> int:
        below, dropped = f"({stamp(older_than)}", 0
        while True:
            now_dropped = await self._link.ask("EVAL", TRIM_LOG, 0, _bytes(log), below, _TRIMMED_AT_ONCE)
            assert isinstance(now_dropped, int)
            dropped += now_dropped
            if now_dropped < _TRIMMED_AT_ONCE:
                return dropped

    async def due(self, queue: str, *, now: datetime, limit: int) -> Sequence[Due]:
        found = _named(await self._link.ask("EVAL", DUE, 0, _bytes(queue), stamp(now), limit))
        return [Due(key.decode(), value, moment(due)) for key, (due, value) in _stamped(found)]

    async def backlog(self, queue: str) -> int:
        count = await self._link.ask("ZCARD", _bytes(f"{PREFIX}queue:{queue}"))
        assert isinstance(count, int)
        return count

    async def close(self) -> None:
        """Idempotent. What was asked for before is done first."""
        await self._link.close()


async def open_redis(url: str, clock: Clock) -> RedisStore:
    """Connect, and migrate. Raises StoreUnavailable with the server's words, and StoreTooNew."""
    link = Link(url)
    try:
        found = await link.ask("EVAL", OPEN, 0, SCHEMA)
        assert isinstance(found, int)
        if found > SCHEMA:
            raise StoreTooNew(found, SCHEMA)
        await _warn(link)
    except BaseException:
        await link.close()
        raise
    return RedisStore(link, clock)


async def _warn(link: Link) -> None:
    """Of a server that may lose what it has acknowledged. Where it does not show its settings, nothing is said."""
    try:
        rows = [_rows(await link.ask("CONFIG", "GET", name)) for name in DURABLE]
    except StoreUnavailable as error:
        log.info("whether the store is durable is not known: %s", error.detail)
        return
    found = {name: (row[1] or b"").decode() for name, row in zip(DURABLE, rows, strict=True) if len(row) > 1}
    mends = [f"{name} {wanted}" for name, wanted in DURABLE.items() if found.get(name, wanted) != wanted]
    if mends:
        log.warning(
            "%s may lose what it has acknowledged; set in its redis.conf: %s", link.where, ", ".join(mends)
        )


def _arguments(write: Write) -> tuple[bytes | int, ...]:
    """As the script WRITE takes them."""
    match write:
        case Put(key, value, expires):
            until = b"" if expires is None else b"%d" % stamp(expires)
            return b"put", _bytes(key), until, b"%b:%b" % (until, value)
        case Delete(key):
            return b"delete", _bytes(key)
        case Append(log, value, at):
            return b"append", _bytes(log), stamp(at), b"%d:%b" % (stamp(at), value)
        case Schedule(queue, key, value, due):
            return b"schedule", _bytes(queue), _bytes(key), stamp(due), b"%d:%b" % (stamp(due), value)
        case Unschedule(queue, key):
            return b"unschedule", _bytes(queue), _bytes(key)


def _bytes(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:  # half a surrogate pair
        raise StoreUnavailable(f"no text: {error}") from error


def _rows(answer: Answer) -> Sequence[bytes | None]:
    assert isinstance(answer, list)
    return answer


def _named(answer: Answer) -> Iterator[tuple[bytes, bytes | None]]:
    """Names and values in turn → pairs."""
    rows = _rows(answer)
    return ((name or b"", value) for name, value in zip(rows[::2], rows[1::2], strict=True))


def _live(kept: Iterable[tuple[str, bytes | None]], now: int) -> Iterator[tuple[str, bytes]]:
    for key, row in kept:
        if row is not None:
            expires, _, value = row.partition(b":")
            if not expires or int(expires) > now:
                yield key, value


def _stamped(
    found: Iterable[tuple[bytes, bytes | None]],
) -> Iterator[tuple[bytes, tuple[int, bytes]]]:
    for name, row in found:
        at, _, value = (row or b"").partition(b":")
        yield name, (int(at), value)
