"""What every `Store` promises, whichever engine keeps it. A new engine is one more entry in `ENGINES`."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from services.ports import Append, Delete, Due, Put, Schedule, Store, Unschedule
from services.store import open_store
from tests.clock import HandClock

# By engine: a folder of the test's own → the URL of a store that is still empty.
ENGINES: dict[str, Callable[[Path], str]] = {"sqlite": lambda folder: f"sqlite://{folder}/store.db"}

LONG_AGO = timedelta(days=100)


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return ENGINES[request.param](tmp_path)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def store(url: str, clock: HandClock) -> AsyncIterator[Store]:
    async with open_store(url, clock) as store:
        yield store


async def test_what_was_put_is_read_until_deleted(store: Store) -> None:
    assert await store.get("a") is None
    assert await store.write(Put("a", b"\x00\xff"), Put("b", b""))
    assert (await store.get("a"), await store.get("b")) == (b"\x00\xff", b"")
    await store.write(Put("a", b"new"), Delete("b"), Delete("never there"))
    assert (await store.get("a"), await store.get("b")) == (b"new", None)


async def test_writes_of_a_batch_follow_one_another(store: Store) -> None:
    await store.write(Put("a", b"1"), Delete("a"), Put("b", b"1"), Put("b", b"2"))
    assert (await store.get("a"), await store.get("b")) == (None, b"2")


async def test_expired_reads_as_absent_everywhere(store: Store, clock: HandClock) -> None:
    await store.write(Put("a", b"1", clock.now() + timedelta(seconds=120)), Put("b", b"2"))
    clock.pass_by(seconds=119.999999)
    assert await store.get("a") == b"1"
    clock.pass_by(seconds=0.000001)
    assert await store.get("a") is None
    assert await store.scan("") == {"b": b"2"}
    assert not await store.write(Put("c", b""), expect={"a": b"1"})
    assert await store.write(Put("a", b"3"), expect={"a": None})
    clock.pass_by(days=1000)
    assert await store.get("a") == b"3"


async def test_a_batch_whose_expectation_fails_changes_nothing(store: Store, clock: HandClock) -> None:
    await store.write(Put("a", b"1"), Schedule("q", "k", b"v", clock.now()))
    changed = await store.write(
        Put("a", b"2"),
        Delete("a"),
        Append("log", b"line", clock.now()),
        Unschedule("q", "k"),
        expect={"a": b"1", "b": b"not there"},
    )
    assert not changed
    assert await store.get("a") == b"1"
    assert await store.read_log("log", limit=9) == []
    assert len(await store.due("q", now=clock.now(), limit=9)) == 1


async def test_of_many_compare_and_sets_one_wins(url: str, clock: HandClock) -> None:
    """Two connections stand for two processes on the same store."""
    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(open_store(url, clock)) for _ in range(2)]
        await stores[0].write(Put("token", b"plan"))
        won = await asyncio.gather(
            *(
                stores[turn % 2].write(
                    Delete("token"), Append("acts", b"%d" % turn, clock.now()), expect={"token": b"plan"}
                )
                for turn in range(20)
            )
        )
        acts = await stores[1].read_log("acts", limit=99)
    assert sum(won) == 1
    assert [int(act.value) for act in acts] == [won.index(True)]


async def test_readers_never_see_half_a_batch(store: Store, clock: HandClock) -> None:
    async def write() -> None:
        for turn in range(50):
            await store.write(Put("pair/a", b"%d" % turn), Put("pair/b", b"%d" % turn))

    async def read() -> None:
        for _ in range(50):
            assert len(set((await store.scan("pair/")).values())) <= 1

    await asyncio.gather(write(), read(), read())


async def test_a_cancelled_write_happens_wholly_or_not_at_all(store: Store) -> None:
    for turn in range(30):
        writing = asyncio.ensure_future(store.write(Put("a", b"%d" % turn), Put("b", b"%d" % turn)))
        for _ in range(turn):
            await asyncio.sleep(0)
        writing.cancel()
        await asyncio.wait([writing])
        assert await store.get("a") == await store.get("b")
    assert await store.write(Put("a", b"still works"))


async def test_scan_takes_the_prefix_literally_and_sorts(store: Store) -> None:
    keys = [
        "stop/b",
        "stop/a",
        "stop/",
        "stop",
        "stopped",
        "stop0",
        "s%",
        "s_op/x",
        "Stop/a",
        "stop/я",
        "stop/\U0010ffff",
    ]
    await store.write(*(Put(key, key.encode()) for key in keys))
    found = await store.scan("stop/")
    assert list(found.items()) == [
        (key, key.encode()) for key in ("stop/", "stop/a", "stop/b", "stop/я", "stop/\U0010ffff")
    ]
    assert list(await store.scan("s%")) == ["s%"]
    assert list(await store.scan("s_")) == ["s_op/x"]
    assert list(await store.scan("")) == sorted(keys)


async def test_a_log_reads_newest_first_in_pages(store: Store, clock: HandClock) -> None:
    for turn in range(5):
        await store.write(Append("log", b"%d" % turn, clock.now()), Append("other", b"x", clock.now()))
        clock.pass_by(seconds=1.5)
    page = await store.read_log("log", limit=2)
    assert [entry.value for entry in page] == [b"4", b"3"]
    assert page[0].at == clock.now() - timedelta(seconds=1.5)
    rest = await store.read_log("log", limit=9, before=page[-1].seq)
    assert [entry.value for entry in rest] == [b"2", b"1", b"0"]
    sequence = [entry.seq for entry in (*page, *rest)]
    assert sequence == sorted(set(sequence), reverse=True)


async def test_trimming_drops_the_old_of_one_log(store: Store, clock: HandClock) -> None:
    first = clock.now()
    await store.write(Append("log", b"old", first), Append("other", b"old", first))
    clock.pass_by(days=90)
    await store.write(Append("log", b"new", clock.now()))
    assert await store.trim_log("log", older_than=first) == 0
    assert await store.trim_log("log", older_than=first + timedelta(microseconds=1)) == 1
    assert [entry.value for entry in await store.read_log("log", limit=9)] == [b"new"]
    assert len(await store.read_log("other", limit=9)) == 1


async def test_a_sequence_number_is_never_used_twice(url: str, clock: HandClock) -> None:
    async with open_store(url, clock) as store:
        await store.write(Append("log", b"1", clock.now()))
        (first,) = await store.read_log("log", limit=9)
        await store.trim_log("log", older_than=clock.now() + LONG_AGO)
    async with open_store(url, clock) as store:
        await store.write(Append("log", b"2", clock.now()))
        (second,) = await store.read_log("log", limit=9)
    assert second.seq > first.seq


async def test_due_comes_in_order_and_stays_until_taken_out(store: Store, clock: HandClock) -> None:
    now = clock.now()
    late, soon, later = now - timedelta(minutes=1), now, now + timedelta(microseconds=1)
    await store.write(
        Schedule("q", "b", b"soon", soon),
        Schedule("q", "a", b"later", later),
        Schedule("other", "x", b"", late),
    )
    await store.write(Schedule("q", "c", b"late", late), Schedule("q", "d", b"moved", later))
    await store.write(Schedule("q", "d", b"moved here", late))
    expected = [Due("c", b"late", late), Due("d", b"moved here", late), Due("b", b"soon", soon)]
    assert await store.due("q", now=now, limit=9) == expected
    assert await store.due("q", now=now, limit=1) == expected[:1]
    await store.write(Unschedule("q", "c"), Unschedule("q", "never there"))
    assert await store.due("q", now=later, limit=9) == [*expected[1:], Due("a", b"later", later)]


async def test_all_of_it_outlives_the_process(url: str, clock: HandClock) -> None:
    now = clock.now()
    async with open_store(url, clock) as store:
        await store.write(Put("a", b"1"), Append("log", b"2", now), Schedule("q", "k", b"3", now))
    async with open_store(url, clock) as store:
        assert await store.get("a") == b"1"
        assert [entry.value for entry in await store.read_log("log", limit=9)] == [b"2"]
        assert await store.due("q", now=now, limit=9) == [Due("k", b"3", now)]


_WRITER = """
import asyncio, sys
from datetime import UTC, datetime
from services.ports import Append, Put
from services.store import open_store

class Clock:
    def now(self):
        return datetime.now(UTC)

async def main():
    async with open_store(sys.argv[1], Clock()) as store:
        for turn in range(1_000_000):
            value = b"%d" % turn
            await store.write(Put(f"a/{turn}", value), Append("log", value, Clock().now()), Put(f"b/{turn}", value))
            print(turn, flush=True)

asyncio.run(main())
"""


async def test_what_was_acknowledged_survives_a_kill(url: str, clock: HandClock) -> None:
    """`kill -9` in the middle of writing: nothing that was confirmed is missing, no batch is there by half."""
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", _WRITER, url], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
        ) as writer:
            assert writer.stdout
            for _ in range(40):
                assert writer.stdout.readline()
            writer.send_signal(signal.SIGKILL)
            acknowledged = 39 + len(writer.stdout.readlines())
        async with open_store(url, clock) as store:
            firsts = {key[2:] for key in await store.scan("a/")}
            seconds = {key[2:] for key in await store.scan("b/")}
            logged = {entry.value.decode() for entry in await store.read_log("log", limit=100_000)}
        assert firsts == seconds == logged
        assert {str(turn) for turn in range(acknowledged + 1)} <= firsts
