"""What every `Store` promises, whichever engine keeps it. A new engine is one more entry in `ENGINES`."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.errors import StoreUnavailable
from services.ports import Append, Delete, Due, Put, Schedule, Store, Unschedule
from services.store import open_store
from tests.clock import HandClock
from tests.lab.obtainable import obtainable
from tests.lab.redis import fresh_url


def _redis(_folder: Path) -> str:
    with obtainable():
        return fresh_url()


# By engine: a folder of the test's own → the URL of a store that is still empty.
ENGINES: dict[str, Callable[[Path], str]] = {
    "sqlite": lambda folder: f"sqlite://{folder}/store.db",
    "redis": _redis,
}
EACH = ["sqlite", pytest.param("redis", marks=pytest.mark.lab)]

LONG_AGO = timedelta(days=100)


@pytest.fixture(params=EACH)
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


async def test_many_are_read_at_once(store: Store, clock: HandClock) -> None:
    soon = clock.now() + timedelta(seconds=1)
    many = {f"many/{turn}": b"%d" % turn for turn in range(2000)}
    await store.write(*(Put(key, value) for key, value in many.items()), Put("brief", b":", soon))
    assert await store.get_many([]) == {}
    assert await store.get_many(["brief", "many/7", "missing", "many/7"]) == {"brief": b":", "many/7": b"7"}
    assert await store.get_many(list(many)) == many
    clock.pass_by(seconds=1)
    assert await store.get_many(["brief", "missing"]) == {}


async def test_a_key_rewritten_takes_the_new_expiry(store: Store, clock: HandClock) -> None:
    soon, later = (clock.now() + timedelta(seconds=seconds) for seconds in (1, 100))
    await store.write(*(Put(key, b"1", soon) for key in ("a", "b", "c")))
    await store.write(Put("a", b"2"), Put("b", b"2", later), Delete("c"))
    await store.write(Put("c", b"2"))
    clock.pass_by(minutes=1.5)
    await store.write(Put("d", b"2"))  # sweeps what has expired
    assert await store.scan("") == dict.fromkeys("abcd", b"2")


async def test_of_many_expired_none_is_left_to_be_seen(store: Store, clock: HandClock) -> None:
    soon = clock.now() + timedelta(seconds=1)
    await store.write(*(Put(f"{turn}", b"", soon) for turn in range(2500)))
    clock.pass_by(minutes=5)
    for turn in range(4):
        await store.write(Put("new", b"%d" % turn))
        assert await store.scan("") == {"new": b"%d" % turn}


async def test_any_bytes_and_any_text_come_back_as_they_were(store: Store, clock: HandClock) -> None:
    now = clock.now()
    texts = ["", "\0", "a\0b", "a b\r\n", ":", "=", "[x", "(y", "é\U0001f525", "'; return 1 --"]
    values = [b"", b"\0", bytes(range(256)), b":", b"1:2", b"\r\n$5\r\n", b"=", b"null"]
    for value in values:
        await store.write(
            *(Put(text, value) for text in texts), *(Append(text, value, now) for text in texts)
        )
        await store.write(*(Schedule("q" + text, text, value, now) for text in texts))
        assert await store.get_many(texts) == dict.fromkeys(texts, value)
        assert await store.scan("") == dict.fromkeys(texts, value)
        assert await store.write(Put("moved", b""), Delete("moved"), expect=dict.fromkeys(texts, value))
        for text in texts:
            assert [entry.value for entry in await store.read_log(text, limit=1)] == [value]
            assert await store.due("q" + text, now=now, limit=9) == [Due(text, value, now)]


async def test_half_a_surrogate_pair_is_refused_and_harms_nothing(store: Store) -> None:
    with pytest.raises(StoreUnavailable):
        await store.write(Put("a", b"1"), Put("\ud800", b"1"))
    with pytest.raises(StoreUnavailable):
        await store.get_many(["a", "\ud800"])
    assert await store.scan("") == {}


async def test_moments_far_away_come_back_exactly(store: Store) -> None:
    for at in (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)):
        await store.write(Append("log", b"", at), Schedule("q", "k", b"", at), Put("a", b"", at))
        assert (await store.read_log("log", limit=1))[0].at == at
        assert await store.due("q", now=at, limit=1) == [Due("k", b"", at)]
    assert await store.get("a") == b""


async def test_a_moment_without_a_zone_is_a_mistake(store: Store) -> None:
    with pytest.raises(TypeError):
        await store.write(Put("a", b"1"), Put("b", b"1", datetime(2026, 11, 23)))  # noqa: DTZ001 - the mistake
    assert await store.get("a") is None


async def test_a_large_value_passes(store: Store) -> None:
    value = bytes(range(256)) * (64 * 4096)
    assert await store.write(Put("large", value), Put("small", b""))
    assert await store.get("large") == value
    assert await store.write(Delete("large"), expect={"large": value})


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


async def test_readers_never_see_half_a_batch(url: str, store: Store, clock: HandClock) -> None:
    async def write() -> None:
        for turn in range(50):
            await store.write(Put("pair/a", b"%d" % turn), Put("pair/b", b"%d" % turn))

    async def read(other: Store) -> None:
        for _ in range(50):
            assert len(set((await store.scan("pair/")).values())) <= 1
            assert len(set((await other.get_many(["pair/a", *fillers, "pair/b"])).values())) <= 1

    fillers = [f"{turn}" for turn in range(100)]
    async with open_store(url, clock) as other:
        await asyncio.gather(write(), read(store), read(other))


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


async def test_the_backlog_counts_what_a_queue_holds(store: Store, clock: HandClock) -> None:
    now = clock.now()
    assert await store.backlog("q") == 0
    await store.write(Schedule("q", "a", b"", now), Schedule("q", "b", b"", now + LONG_AGO))
    await store.write(Schedule("q", "a", b"", now), Schedule("other", "c", b"", now))
    assert (await store.backlog("q"), await store.backlog("other")) == (2, 1)
    await store.write(Unschedule("q", "a"), Unschedule("q", "never there"))
    assert await store.backlog("q") == 1


async def test_calls_side_by_side_are_all_answered(store: Store) -> None:
    await asyncio.gather(*(store.write(Put(f"{turn}", b"%d" % turn)) for turn in range(100)))
    found = await asyncio.gather(*(store.get(f"{turn}") for turn in range(100)))
    assert found == [b"%d" % turn for turn in range(100)]


async def test_calls_given_up_in_the_middle_leave_no_answer_for_others(store: Store) -> None:
    """Were a connection used again with an answer still on its way, the next would be answered with that."""
    await store.write(*(Put(f"{turn}", b"%d" % turn) for turn in range(200)))
    for turn in range(200):
        reading = asyncio.ensure_future(store.get(f"{turn}"))
        for _ in range(turn % 20):
            await asyncio.sleep(0)
        reading.cancel()
        await asyncio.wait([reading])
        assert await store.get(f"{199 - turn}") == b"%d" % (199 - turn)


async def test_closing_waits_for_what_was_asked_and_refuses_the_rest(url: str, clock: HandClock) -> None:
    async with open_store(url, clock) as store:
        writing = [asyncio.ensure_future(store.write(Put(f"{turn}", b""))) for turn in range(30)]
        await asyncio.sleep(0)
        await store.close()
        assert all([await each for each in writing])
        await store.close()
        for refused in (store.get("0"), store.write(Put("0", b"")), store.scan(""), store.backlog("q")):
            with pytest.raises(StoreUnavailable):
                await refused
    async with open_store(url, clock) as store:
        assert len(await store.scan("")) == 30


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
from services.errors import StoreUnavailable
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
