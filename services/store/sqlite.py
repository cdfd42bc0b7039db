"""The `Store` on one SQLite file: write-ahead log, every commit synced to the disk before the call returns."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

import aiosqlite

from services.errors import StoreTooNew, StoreUnavailable
from services.ports import Append, Clock, Delete, Due, Entry, Put, Schedule, Unschedule, Write

# Each entry lifts the schema by one version (`PRAGMA user_version`). Only ever append.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE pairs (
            key TEXT PRIMARY KEY, value BLOB NOT NULL, expires INTEGER  -- µs since 1970, NULL: never
        ) WITHOUT ROWID""",
        "CREATE INDEX pairs_by_expiry ON pairs (expires) WHERE expires IS NOT NULL",
        """CREATE TABLE entries (
            seq INTEGER PRIMARY KEY AUTOINCREMENT, log TEXT NOT NULL, at INTEGER NOT NULL, value BLOB NOT NULL
        )""",
        "CREATE INDEX entries_by_log ON entries (log, seq)",
        "CREATE INDEX entries_by_age ON entries (log, at)",
        """CREATE TABLE queued (
            queue TEXT, key TEXT, value BLOB NOT NULL, due INTEGER NOT NULL, PRIMARY KEY (queue, key)
        ) WITHOUT ROWID""",
        "CREATE INDEX queued_by_due ON queued (queue, due, key)",
    ),
)

# How long another process may hold the file before "database is locked".
LOCK_PATIENCE = 2.0
SWEEP_EVERY = timedelta(minutes=1)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SEQ = 2**63 - 1


class SqliteStore:
    """Calls take turns on one connection, so none sees another's half-made transaction."""

    def __init__(self, db: aiosqlite.Connection, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._turn = asyncio.Lock()
        self._swept = _EPOCH

    async def get(self, key: str) -> bytes | None:
        async with self._turn:
            return await self._get(key)

    async def write(self, *writes: Write, expect: Mapping[str, bytes | None] | None = None) -> bool:
        async with self._changing():
            for key, value in (expect or {}).items():
                if await self._get(key) != value:
                    return False
            for write in writes:
                await self._db.execute(*_statement(write))
            await self._sweep()
        return True

    async def scan(self, prefix: str) -> Mapping[str, bytes]:
        # No UTF-8 text holds the byte 0xFF, so this end lies behind every key that begins with the prefix.
        end = prefix.encode() + b"\xff"
        sql = (
            "SELECT key, value FROM pairs WHERE key >= ? AND key < CAST(? AS TEXT)"
            " AND (expires IS NULL OR expires > ?) ORDER BY key"
        )
        async with self._turn:
            rows = await self._rows(sql, prefix, end, _stamp(self._clock.now()))
        return {row[0]: row[1] for row in rows}

    async def read_log(self, log: str, *, limit: int, before: int | None = None) -> Sequence[Entry]:
        sql = "SELECT seq, at, value FROM entries WHERE log = ? AND seq < ? ORDER BY seq DESC LIMIT ?"
        async with self._turn:
            rows = await self._rows(sql, log, _LAST_SEQ if before is None else before, limit)
        return [Entry(seq, _moment(at), value) for seq, at, value in rows]

    async def trim_log(self, log: str, *, older_than: datetime) -> int:
        sql = "DELETE FROM entries WHERE log = ? AND at < ?"
        async with self._changing():
            cursor = await self._db.execute(sql, (log, _stamp(older_than)))
            return cursor.rowcount

    async def due(self, queue: str, *, now: datetime, limit: int) -> Sequence[Due]:
        sql = "SELECT key, value, due FROM queued WHERE queue = ? AND due <= ? ORDER BY due, key LIMIT ?"
        async with self._turn:
            rows = await self._rows(sql, queue, _stamp(now), limit)
        return [Due(key, value, _moment(due)) for key, value, due in rows]

    async def close(self) -> None:
        """Idempotent. What was asked for before is done first."""
        with _told():
            await self._db.close()

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[None]:
        async with self._turn:
            with _told():
                async with _transaction(self._db):
                    yield

    async def _get(self, key: str) -> bytes | None:
        sql = "SELECT value FROM pairs WHERE key = ? AND (expires IS NULL OR expires > ?)"
        rows = await self._rows(sql, key, _stamp(self._clock.now()))
        return rows[0][0] if rows else None

    async def _rows(self, sql: str, *values: str | bytes | int) -> list[sqlite3.Row]:
        with _told():
            return list(await self._db.execute_fetchall(sql, values))

    async def _sweep(self) -> None:
        """Expired pairs go with a write that happens anyway, once in a while."""
        now = self._clock.now()
        if abs(now - self._swept) >= SWEEP_EVERY:
            await self._db.execute("DELETE FROM pairs WHERE expires <= ?", (_stamp(now),))
            self._swept = now


async def open_sqlite(path: Path, clock: Clock) -> SqliteStore:
    """Open or create, and migrate. Raises StoreUnavailable with the engine's words, and StoreTooNew."""
    with _told(f"{path}: "):
        # Found out first: a connection that cannot be made leaves its thread behind for a moment.
        await asyncio.to_thread(_try, path)
        db = await aiosqlite.connect(path, timeout=LOCK_PATIENCE, isolation_level=None)
        try:
            await db.execute_fetchall("PRAGMA journal_mode = WAL")
            await db.execute_fetchall("PRAGMA synchronous = FULL")
            await _migrate(db)
        except BaseException:
            await db.close()
            raise
    return SqliteStore(db, clock)


def _try(path: Path) -> None:
    sqlite3.connect(path, timeout=LOCK_PATIENCE).close()


async def _migrate(db: aiosqlite.Connection) -> None:
    """To the newest schema, in one transaction that makes a second bot doing the same wait."""
    async with _transaction(db):
        ((found,),) = await db.execute_fetchall("PRAGMA user_version")
        if found > len(MIGRATIONS):
            raise StoreTooNew(found, len(MIGRATIONS))
        for statement in chain.from_iterable(MIGRATIONS[found:]):
            await db.execute(statement)
        # Always, for a file that can only be read is found out by writing alone: BEGIN IMMEDIATE lets it pass.
        await db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


@asynccontextmanager
async def _transaction(db: aiosqlite.Connection) -> AsyncIterator[None]:
    """Committed at the end, rolled back on any error or cancellation.

    The connection works strictly in the order it was asked, so the roll-back comes before any
    later call, even when the wait for it is cancelled too.
    """
    try:
        await db.execute("BEGIN IMMEDIATE")
        yield
        await db.execute("COMMIT")
    except BaseException:
        await db.rollback()
        raise


@contextmanager
def _told(where: str = "") -> Iterator[None]:
    """The engine's errors as the project's own. A closed connection gives a ValueError."""
    try:
        yield
    except (sqlite3.Error, ValueError) as error:
        raise StoreUnavailable(f"{where}{error}") from error


def _statement(write: Write) -> tuple[str, tuple[str | bytes | int | None, ...]]:
    match write:
        case Put(key, value, expires):
            until = None if expires is None else _stamp(expires)
            return "INSERT OR REPLACE INTO pairs (key, value, expires) VALUES (?, ?, ?)", (key, value, until)
        case Delete(key):
            return "DELETE FROM pairs WHERE key = ?", (key,)
        case Append(log, value, at):
            return "INSERT INTO entries (log, value, at) VALUES (?, ?, ?)", (log, value, _stamp(at))
        case Schedule(queue, key, value, due):
            return (
                "INSERT OR REPLACE INTO queued (queue, key, value, due) VALUES (?, ?, ?, ?)",
                (queue, key, value, _stamp(due)),
            )
        case Unschedule(queue, key):
            return "DELETE FROM queued WHERE queue = ? AND key = ?", (queue, key)


def _stamp(moment: datetime) -> int:
    """Microseconds since 1970; a naive moment is a TypeError."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _moment(stamp: int) -> datetime:
    return _EPOCH + timedelta(microseconds=stamp)
