"""The log of a simulated container: lazy, in order, and cut like a json-file."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.engine import log as logs
from playground.engine.clock import FOREVER, SECOND, Pulse
from playground.engine.log import Log
from playground.engine.program import STDERR, STDOUT, Said
from playground.engine.records import PIECE, Copier, Record
from tests.unit.manual_clock import ManualClock

TEXT = st.lists(
    st.one_of(st.binary(max_size=20), st.just(b"\n"), st.just(b"x" * PIECE), st.just(b"y" * (PIECE - 1))),
    max_size=8,
)


def records(writings: list[tuple[int, bytes]], *, tty: bool = False) -> list[Record]:
    copier = Copier(tty=tty)
    found = [record for stream, data in writings for record in copier.feed(Said(SECOND, data, stream))]
    return found + copier.flush(2 * SECOND)


@given(TEXT)
def test_how_it_is_written_does_not_matter(parts: list[bytes]) -> None:
    """In one go or piece by piece, the same records come of it."""
    together = [record.text for record in records([(STDOUT, b"".join(parts))])]
    assert [record.text for record in records([(STDOUT, part) for part in parts])] == together


@given(TEXT)
def test_records_are_lines_or_pieces_of_one_moment(parts: list[bytes]) -> None:
    found = records([(STDOUT, part) for part in parts])
    for record, following in pairwise(found):
        if record.text.endswith(b"\n"):
            assert record.at < following.at
        else:
            assert record.at == following.at
    if all(part.isascii() for part in parts):
        assert b"".join(record.text for record in found) == b"".join(parts)


def test_streams_do_not_mix_but_in_a_terminal() -> None:
    writings = [(STDOUT, b"a"), (STDERR, b"b\n"), (STDOUT, b"c\n")]
    assert [(record.stream, record.text) for record in records(writings)] == [
        (STDERR, b"b\n"),
        (STDOUT, b"ac\n"),
    ]
    assert [record.text for record in records(writings, tty=True)] == [b"ab\r\n", b"c\r\n"]


def ticks(start: int, every: float = 1.0) -> Iterator[Said]:
    number = 0
    while True:
        number += 1
        yield Said(start + int(number * every * SECOND), b"tick %d\n" % number)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def log(clock: ManualClock) -> Log:
    log = Log(Pulse(clock), tty=False)
    log.begin(ticks(clock.now()))
    return log


async def texts(log: Log, clock: ManualClock, **bounds: int) -> list[bytes]:
    found, _ = await log.read(clock.now(), **bounds)
    return [record.text.rstrip(b"\n") for record in found]


async def test_what_is_said_is_there_when_its_moment_has_come(log: Log, clock: ManualClock) -> None:
    assert await texts(log, clock) == []
    await clock.advance(2.5)
    assert await texts(log, clock) == [b"tick 1", b"tick 2"]
    await clock.advance(10_000)
    assert len(await texts(log, clock)) == 10_002
    assert await texts(log, clock, tail=1) == [b"tick 10002"]


async def test_nothing_is_worked_out_before_somebody_reads(clock: ManualClock) -> None:
    asked = 0

    def says() -> Iterator[Said]:
        nonlocal asked
        for said in ticks(clock.now()):
            asked += 1
            yield said

    log = Log(Pulse(clock), tty=False)
    log.begin(says())
    await clock.advance(1000)
    log.end(clock.now())
    assert asked <= 1
    assert len(await texts(log, clock)) == 1000


async def test_remarks_and_runs_stand_where_they_belong(log: Log, clock: ManualClock) -> None:
    await clock.advance(1.5)
    log.write([Said(clock.now(), b"remark\n")])
    await clock.advance(1)
    log.end(clock.now(), [Said(clock.now(), b"last words")])
    log.write([Said(clock.now(), b"nobody says this\n")])
    await clock.advance(5)
    log.begin(ticks(clock.now()))
    await clock.advance(1.5)
    assert await texts(log, clock) == [b"tick 1", b"remark", b"tick 2", b"last words", b"tick 1"]
    moments = [record.at for record in (await log.read(clock.now()))[0]]
    assert moments == sorted(moments)


async def test_bounds(log: Log, clock: ManualClock) -> None:
    await clock.advance(5.5)
    everything, number = await log.read(clock.now())
    second, fourth = everything[1].at, everything[3].at
    assert number == 5
    assert await texts(log, clock, since=second, until=fourth) == [b"tick 2", b"tick 3", b"tick 4"]
    assert await texts(log, clock, tail=2, until=fourth) == [b"tick 4"]
    assert await texts(log, clock, tail=0) == []
    assert await texts(log, clock, until=FOREVER) == [b"tick %d" % n for n in range(1, 6)]


async def test_who_waits_is_woken_by_the_next_line_and_by_the_end(log: Log, clock: ManualClock) -> None:
    async with asyncio.TaskGroup() as group:
        grown = group.create_task(log.grown(clock.now()))
        await clock.advance(0.9)
        assert not grown.done()
        await clock.advance(0.2)
        assert grown.done()
        await log.read(clock.now())
        ended = group.create_task(log.grown(clock.now()))
        await clock.advance(0.1)
        session = log.session
        log.end(clock.now())
        await clock.advance(0)
        assert ended.done()
    assert session
    assert session.end is None, "nobody has read that far"
    await log.read(clock.now())
    assert session.end == 1


async def test_the_oldest_go_when_it_is_too_much(
    log: Log, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MOST_BYTES", 1000)
    await clock.advance(1000)
    found = await texts(log, clock)
    assert found[-1] == b"tick 1000"
    assert 500 < sum(map(len, found)) < 1000
    tail, number = await log.behind(990, clock.now())
    assert (number, tail[0].text) == (1000, b"tick 991\n")
    assert len((await log.behind(0, clock.now()))[0]) == len(found)


async def test_a_long_history_holds_nobody_up(log: Log, clock: ManualClock) -> None:
    await clock.advance(50_000)
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        turning = group.create_task(turn())
        assert len((await log.read(clock.now()))[0]) == 50_000
        turning.cancel()
    assert turns > 200
