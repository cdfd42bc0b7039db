"""What is particular to the store on SQLite: its file, its schema's version, and its troubles in the engine's words."""

import asyncio
import os
import sqlite3
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from services.errors import StoreTooNew, StoreUnavailable
from services.ports import Append, Put
from services.store import open_store, sqlite
from services.store.sqlite import MIGRATIONS, SqliteStore, open_sqlite
from tests.clock import HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
async def store(path: Path, clock: HandClock) -> AsyncIterator[SqliteStore]:
    store = await open_sqlite(path, clock)
    yield store
    await store.close()


async def rows(store: SqliteStore, sql: str) -> list[tuple[object, ...]]:
    """What the engine itself answers, on the store's own connection."""
    return await store._run(lambda: store._rows(sql))


async def _open_and_close(url: str) -> None:
    async with open_store(url, HandClock()):
        pass


@pytest.mark.parametrize(
    "url", ["postgres://:hunter2@localhost/0", "sqlite://relative.db", "/var/lib/store.db", ""]
)
async def test_a_url_that_is_not_understood_says_what_is(url: str) -> None:
    with pytest.raises(StoreUnavailable, match="sqlite:///absolute/path") as told:
        await _open_and_close(url)
    assert "hunter2" not in told.value.detail


async def test_a_newer_schema_is_refused_and_left_alone(path: Path) -> None:
    await _open_and_close(f"sqlite://{path}")
    with closing(sqlite3.connect(path)) as file:
        file.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 3}")
    with pytest.raises(StoreTooNew) as told:
        await _open_and_close(f"sqlite://{path}")
    assert (told.value.found, told.value.known) == (len(MIGRATIONS) + 3, len(MIGRATIONS))


async def test_an_older_schema_is_lifted_and_keeps_its_data(
    path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_store(f"sqlite://{path}", clock) as store:
        await store.write(Put("a", b"1"))
    later = ("CREATE TABLE more (x)", "UPDATE pairs SET value = x'32'")
    monkeypatch.setattr(sqlite, "MIGRATIONS", (*MIGRATIONS, later))
    for _ in range(2):
        async with open_store(f"sqlite://{path}", clock) as store:
            assert await store.get("a") == b"2"
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)


async def test_a_migration_that_fails_leaves_the_older_schema(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _open_and_close(f"sqlite://{path}")
    monkeypatch.setattr(sqlite, "MIGRATIONS", (*MIGRATIONS, ("CREATE TABLE more (x)", "NONSENSE")))
    with pytest.raises(StoreUnavailable, match="NONSENSE"):
        await _open_and_close(f"sqlite://{path}")
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert not file.execute("SELECT name FROM sqlite_schema WHERE name = 'more'").fetchall()


async def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "store.db"
    with pytest.raises(StoreUnavailable, match="unable to open database file") as told:
        await _open_and_close(f"sqlite://{path}")
    assert str(path) in told.value.detail


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """Root may write anywhere: for the test it is not root."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    yield
    os.seteuid(before)


async def test_a_file_that_can_only_be_read(as_nobody: None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "store.db")
        await _open_and_close(f"sqlite://{path}")
        path.chmod(0o400)
        with pytest.raises(StoreUnavailable, match="readonly"):
            await _open_and_close(f"sqlite://{path}")


async def test_a_folder_that_can_only_be_read(as_nobody: None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o500)
        with pytest.raises(StoreUnavailable, match="unable to open database file"):
            await _open_and_close(f"sqlite://{folder}/store.db")
        Path(folder).chmod(0o700)


async def test_a_file_that_is_something_else(path: Path) -> None:
    path.write_bytes(b"not a database at all, " * 100)
    with pytest.raises(StoreUnavailable, match="file is not a database"):
        await _open_and_close(f"sqlite://{path}")


async def test_a_file_whose_pages_are_broken(path: Path, clock: HandClock) -> None:
    async with open_store(f"sqlite://{path}", clock) as store:
        await store.write(*(Put(f"{turn}", b"x" * 1000) for turn in range(100)))
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    async with open_store(f"sqlite://{path}", clock) as store:
        with pytest.raises(StoreUnavailable, match="malformed"):
            await store.scan("")


async def test_a_full_disk_refuses_the_write_and_keeps_what_was(store: SqliteStore, clock: HandClock) -> None:
    await store.write(Put("a", b"1"))
    await rows(store, "PRAGMA max_page_count = 12")  # the same error as a full disk gives
    with pytest.raises(StoreUnavailable, match="full"):
        await store.write(Put("a", b"2"), Append("log", b"x" * 100_000, clock.now()))
    assert await store.get("a") == b"1"
    assert await store.write(Put("a", b"3"))


async def test_a_lock_held_too_long_is_told_and_gets_over(
    path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "LOCK_PATIENCE", 0.05)
    async with open_store(f"sqlite://{path}", clock) as store:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailable, match="locked"):
                await store.write(Put("a", b"1"))
            assert await store.get("a") is None
            other.execute("ROLLBACK")
        assert await store.write(Put("a", b"1"))


async def test_a_closed_store_says_so(path: Path, clock: HandClock) -> None:
    store = await open_sqlite(path, clock)
    await store.close()
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.get("a")
    with pytest.raises(StoreUnavailable):
        await store.write(Put("a", b"1"))


async def test_commits_reach_the_disk(store: SqliteStore) -> None:
    assert await rows(store, "PRAGMA journal_mode") == [("wal",)]
    assert await rows(store, "PRAGMA synchronous") == [(2,)]


async def test_expired_pairs_leave_the_file(store: SqliteStore, clock: HandClock) -> None:
    expires = clock.now() + timedelta(seconds=1)
    await store.write(*(Put(f"old/{turn}", b"x", expires) for turn in range(10)), Put("kept", b"x"))
    clock.pass_by(minutes=2)
    await store.write(Put("new", b"x", clock.now() + timedelta(hours=1)))
    assert await rows(store, "SELECT key FROM pairs ORDER BY key") == [("kept",), ("new",)]


async def test_a_sweep_is_never_long_and_ends_with_the_last(
    store: SqliteStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "SWEPT_AT_ONCE", 10)
    expires = clock.now() + timedelta(seconds=1)
    await store.write(*(Put(f"old/{turn}", b"x", expires) for turn in range(25)))
    clock.pass_by(minutes=2)
    for left in (15, 5, 0):
        await store.write(Put("new", b"x"))
        assert await rows(store, "SELECT COUNT(*) FROM pairs WHERE key != 'new'") == [(left,)]


async def test_a_write_given_up_while_it_waits_for_its_turn_never_happens(store: SqliteStore) -> None:
    """One that has begun is finished before the next call, which so sees all of it."""
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        entered.set()
        leave.wait(20)

    holding = asyncio.ensure_future(store._run(hold))
    await asyncio.to_thread(entered.wait, 20)
    waiting = asyncio.ensure_future(store.write(Put("a", b"1")))
    await asyncio.sleep(0)
    for given_up in (waiting, holding):
        given_up.cancel()
    await asyncio.wait([waiting, holding])
    leave.set()
    assert await store.get("a") is None
    assert await store.write(Put("a", b"2"))


async def test_a_store_that_was_given_up_while_opening_leaves_nothing_open(
    path: Path, clock: HandClock
) -> None:
    for turn in range(20):
        opening = asyncio.ensure_future(open_sqlite(path, clock))
        await asyncio.sleep(turn / 5000)
        opening.cancel()
        await asyncio.wait([opening])
        if not opening.cancelled():
            await opening.result().close()
    assert [file for file in psutil.Process().open_files() if file.path.startswith(str(path))] == []
    # A thread's last act is to tell that the store is closed: it ends a moment after.
    for thread in threading.enumerate():
        if thread.name.startswith("sqlite"):
            await asyncio.to_thread(thread.join, 5)
            assert not thread.is_alive()
