"""The `Store` on one SQLite file: write-ahead log, every commit synced to the disk before the call returns."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import TypeVar

from services.errors import StoreTooNew, StoreUnavailable
from services.ports import Append, Clock, Delete, Due, Entry, Put, Schedule, Unschedule, Write
from services.store.stamps import EPOCH, moment, stamp

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
# Pairs that one write sweeps at most; a rest is for the next write.
SWEPT_AT_ONCE = 1000

_LAST_SEQ = 2**63 - 1

T = TypeVar("T")


class SqliteStore:
    """Each call is one function in one thread, which owns the connection: calls take turns, whole or not at all.

    Cancelling a call that waits takes it back; one that has begun is finished in its thread, unheard.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        """Nothing is touched before `open`."""
        self._path = path
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite")
        self._connection: sqlite3.Connection | None = None
        self._closing: Future[None] | None = None
        self._swept = EPOCH

    async def open(self) -> None:
        """Raises StoreUnavailable and StoreTooNew; then, and when cancelled, `close` is still to be called."""
        await self._run(self._open, where=f"{self._path}: ")

    async def get(self, key: str) -> bytes | None:
        return (await self.get_many((key,))).get(key)

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        now = stamp(self._clock.now())
        return await self._run(lambda: self._found(keys, now))

    async def write(self, *writes: Write, expect: Mapping[str, bytes | None] | None = None) -> bool:
        now = self._clock.now()
        return await self._run(lambda: self._write(writes, expect or {}, now))

    async def scan(self, prefix: str) -> Mapping[str, bytes]:
        now = stamp(self._clock.now())
        sql = (
            "SELECT key, value FROM pairs WHERE key >= ? AND key < CAST(? AS TEXT)"
            " AND (expires IS NULL OR expires > ?) ORDER BY key"
        )
        # No UTF-8 text holds the byte 0xFF, so this end lies behind every key that begins with the prefix.
        rows = await self._run(lambda: self._rows(sql, prefix, prefix.encode() + b"\xff", now))
        return dict(rows)

    async def read_log(self, log: str, *, limit: int, before: int | None = None) -> Sequence[Entry]:
        sql = "SELECT seq, at, value FROM entries WHERE log = ? AND seq < ? ORDER BY seq DESC LIMIT ?"
        end = _LAST_SEQ if before is None else before
        rows = await self._run(lambda: self._rows(sql, log, end, limit))
        return [Entry(seq, moment(at), value) for seq, at, value in rows]

    async def trim_log(self, log: str, *, older_than: datetime) -> int:
        sql = "DELETE FROM entries WHERE log = ? AND at < ?"
        # A statement alone is a transaction.
        return await self._run(lambda: self._db.execute(sql, (log, stamp(older_than))).rowcount)

    async def due(self, queue: str, *, now: datetime, limit: int) -> Sequence[Due]:
        sql = "SELECT key, value, due FROM queued WHERE queue = ? AND due <= ? ORDER BY due, key LIMIT ?"
        rows = await self._run(lambda: self._rows(sql, queue, stamp(now), limit))
        return [Due(key, value, moment(due)) for key, value, due in rows]

    async def backlog(self, queue: str) -> int:
        ((count,),) = await self._run(
            lambda: self._rows("SELECT COUNT(*) FROM queued WHERE queue = ?", queue)
        )
        return int(count)

    async def close(self) -> None:
        """Idempotent. What was asked for before is done first."""
        if self._closing is None:
            self._closing = self._thread.submit(self._close)
            self._thread.shutdown(wait=False)
        with _told():
            await asyncio.shield(asyncio.wrap_future(self._closing))

    async def _run(self, call: Callable[[], T], *, where: str = "") -> T:
        """`call` in the thread; a closed store refuses."""
        if self._closing is not None:
            raise StoreUnavailable("the store is closed")
        with _told(where):
            return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    # What follows runs in the thread.

    @property
    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            raise sqlite3.ProgrammingError("the store is not open")
        return self._connection

    def _open(self) -> None:
        self._connection = sqlite3.connect(self._path, timeout=LOCK_PATIENCE, isolation_level=None)
        self._rows("PRAGMA journal_mode = WAL")
        self._rows("PRAGMA synchronous = FULL")
        _migrate(self._connection)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _write(self, writes: Sequence[Write], expect: Mapping[str, bytes | None], now: datetime) -> bool:
        with _transaction(self._db):
            for key, value in expect.items():
                if self._get(key, stamp(now)) != value:
                    return False
            for write in writes:
                self._db.execute(*_statement(write))
            self._sweep(now)
        return True

    def _found(self, keys: Sequence[str], now: int) -> dict[str, bytes]:
        self._db.execute("BEGIN")  # all as they are at one moment
        try:
            found = {key: self._get(key, now) for key in keys}
        finally:
            self._db.rollback()
        return {key: value for key, value in found.items() if value is not None}

    def _get(self, key: str, now: int) -> bytes | None:
        sql = "SELECT value FROM pairs WHERE key = ? AND (expires IS NULL OR expires > ?)"
        rows = self._rows(sql, key, now)
        return rows[0][0] if rows else None

    def _rows(self, sql: str, *values: str | bytes | int) -> list[tuple]:  # type: ignore[type-arg] # by the query
        return self._db.execute(sql, values).fetchall()

    def _sweep(self, now: datetime) -> None:
        """Expired pairs go with a write that happens anyway, once in a while and not too many."""
        if abs(now - self._swept) >= SWEEP_EVERY:
            sql = "DELETE FROM pairs WHERE key IN (SELECT key FROM pairs WHERE expires <= ? LIMIT ?)"
            if self._db.execute(sql, (stamp(now), SWEPT_AT_ONCE)).rowcount < SWEPT_AT_ONCE:
                self._swept = now


async def open_sqlite(path: Path, clock: Clock) -> SqliteStore:
    """Open or create, and migrate. Raises StoreUnavailable with the engine's words, and StoreTooNew."""
    store = SqliteStore(path, clock)
    try:
        await store.open()
    except BaseException:
        await store.close()
        raise
    return store


def _migrate(db: sqlite3.Connection) -> None:
    """To the newest schema, in one transaction that makes a second bot doing the same wait."""
    with _transaction(db):
        (found,) = db.execute("PRAGMA user_version").fetchone()
        if found > len(MIGRATIONS):
            raise StoreTooNew(found, len(MIGRATIONS))
        for statement in chain.from_iterable(MIGRATIONS[found:]):
            db.execute(statement)
        # Always, for a file that can only be read is found out by writing alone: BEGIN IMMEDIATE lets it pass.
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Committed at the end, rolled back on any error."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        db.rollback()
        raise


@contextmanager
def _told(where: str = "") -> Iterator[None]:
    """The engine's errors as the project's own; text that is no text (half a surrogate pair) is a ValueError."""
    try:
        yield
    except (sqlite3.Error, ValueError) as error:
        raise StoreUnavailable(f"{where}{error}") from error


def _statement(write: Write) -> tuple[str, tuple[str | bytes | int | None, ...]]:
    match write:
        case Put(key, value, expires):
            until = None if expires is None else stamp(expires)
            return "INSERT OR REPLACE INTO pairs (key, value, expires) VALUES (?, ?, ?)", (key, value, until)
        case Delete(key):
            return "DELETE FROM pairs WHERE key = ?", (key,)
        case Append(log, value, at):
            return "INSERT INTO entries (log, value, at) VALUES (?, ?, ?)", (log, value, stamp(at))
        case Schedule(queue, key, value, due):
            return (
                "INSERT OR REPLACE INTO queued (queue, key, value, due) VALUES (?, ?, ?, ?)",
                (queue, key, value, stamp(due)),
            )
        case Unschedule(queue, key):
            return "DELETE FROM queued WHERE queue = ? AND key = ?", (queue, key)
