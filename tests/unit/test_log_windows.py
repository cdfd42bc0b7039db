"""A log walked from its newest end, while it grows there and is cut short at the other."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.logs import Block, Line, LogQuery, Stream, block_of
from services.logs.stream.records import LONGEST_LINE, PIECE
from services.logs.stream.windows import Backwards, Mark, Onward, mark_before
from tests.unit.engine_log import BEGAN, EngineLog

Step = Callable[[EngineLog], None]

LENGTHS = st.one_of(
    st.integers(0, 30),
    st.sampled_from([PIECE - 10, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 5]),
)


@dataclass(frozen=True)
class Say:
    """One of the container's writes: a line, a part of one, or the end of one."""

    stream: Stream
    length: int
    ends: bool

    def __call__(self, log: EngineLog) -> None:
        mark = b"%d:" % len(log.records)  # no two lines are the same
        log.write(mark + b"x" * self.length + (b"\n" if self.ends else b""), self.stream)


@dataclass(frozen=True)
class Rotate:
    count: int

    def __call__(self, log: EngineLog) -> None:
        log.rotate(self.count)


@dataclass(frozen=True)
class SetBack:
    nanoseconds: int

    def __call__(self, log: EngineLog) -> None:
        log.now -= self.nanoseconds


@dataclass(frozen=True)
class End:
    def __call__(self, log: EngineLog) -> None:
        log.end()


said = st.builds(Say, st.sampled_from(Stream), LENGTHS, st.booleans())
short = st.builds(Say, st.sampled_from(Stream), st.integers(0, 30), st.just(True))
set_back = st.builds(SetBack, st.integers(1, 20_000))
rotated = st.builds(Rotate, st.integers(1, 12))
happenings = st.lists(st.one_of(said, said, rotated, st.just(End())), max_size=12)
sizes = st.lists(st.integers(1, 12), min_size=1, max_size=5)


async def read(blocks: AsyncGenerator[Block, None]) -> list[Line]:
    return [line for block in [each async for each in blocks] for line in block.lines()]


async def walked(
    log: EngineLog,
    mark: Mark | None,
    windows: Sequence[int],
    between: Sequence[Sequence[Step]] = (),
    resume: bool = False,
    margin: int = 0,
) -> list[Line]:
    """All lines, window by window; the sizes of windows and what happens between them come again and again."""
    walk = Backwards(log.source(), mark, margin=margin)
    lines: list[Line] = []
    turn = 0
    while not walk.exhausted:
        window = await read(walk.window(windows[turn % len(windows)], deadline=5))
        if window and not between:
            assert_surrounded(log, walk, window, margin)
        lines = window + lines
        for happens in between[turn % len(between)] if between and lines else ():
            happens(log)
        if resume and walk.mark and not walk.exhausted:
            walk = Backwards(log.source(), walk.mark, margin=margin)
        turn += 1
        assert turn < 500, "it comes to an end"
    return lines


def assert_surrounded(log: EngineLog, walk: Backwards, window: Sequence[Line], margin: int) -> None:
    """What is before and behind it is there, or else it is where the log begins or ends."""
    lines = log.all_lines()
    start = lines.index(window[0])
    end = start + len(window)
    before, behind = walk.before.lines(), walk.behind.lines()
    if margin:
        assert before == lines[max(start - len(before), 0) : start]
        assert len(before) >= margin or walk.exhausted
        assert behind == lines[end : end + len(behind)]
        assert len(behind) >= 3 or end + len(behind) == len(lines)


class Expected:
    """What a log holds at a moment."""

    def __init__(self, log: EngineLog) -> None:
        self.log = log
        self.ended, self.unended = log.lines()

    def assert_walked(self, lines: Sequence[Line]) -> None:
        """The newest of the lines, each once, whole and in order, and all that is in the log still.

        Of a line that lost a part of itself with the log's oldest end, the rest is given.
        A line without an end may be missing, nothing else.
        """
        given = [line for line in lines if line not in self.unended]
        assert [line for line in self.unended if line in lines] == list(lines[len(given) :])
        assert len(given) <= len(self.ended)
        left = {line.stamp for line in self.log.lines()[0]}
        missing = self.ended[: len(self.ended) - len(given)]
        assert not [line for line in missing if line.stamp in left]
        lost = self.lost
        for got, line in zip(given, self.ended[len(missing) :], strict=True):
            assert got == line or ((got.stamp, got.stream) == (line.stamp, line.stream) and line in lost)
            assert line.text.endswith(got.text)

    @property
    def lost(self) -> list[Line]:
        """Those that are no longer in the log as they were."""
        left = self.log.lines()[0]
        return [line for line in self.ended if line not in left]


def written(steps: Sequence[Step], **how: Any) -> EngineLog:
    log = EngineLog(buffer=700, **how)
    for step in steps:
        step(log)
    return log


margins = st.sampled_from([0, 2, 7])


@given(
    st.lists(said, min_size=5, max_size=60), sizes, st.lists(happenings, max_size=6), st.booleans(), margins
)
@settings(max_examples=300, deadline=None)
async def test_all_lines_once_whole_and_in_order(
    before: list[Say], windows: list[int], between: list[list[Step]], resume: bool, margin: int
) -> None:
    expected = Expected(written(before))
    expected.assert_walked(await walked(expected.log, None, windows, between, resume, margin))


@given(st.lists(short, min_size=5, max_size=60), sizes, st.booleans(), st.integers(1, 9))
@settings(max_examples=200, deadline=None)
async def test_what_stands_around_a_window(
    before: list[Say], windows: list[int], resume: bool, margin: int
) -> None:
    log = written(before)
    assert await walked(log, None, windows, (), resume, margin) == log.lines()[0]


@given(st.lists(short, min_size=2, max_size=60), st.integers(0, 100), st.integers(1, 9))
@settings(max_examples=100, deadline=None)
async def test_what_stands_before_all_that_is_behind_a_line(
    before: list[Say], number: int, margin: int
) -> None:
    log = written(before)
    lines = log.lines()[0]
    place = number % len(lines)
    behind = Onward(log.source(), Mark.at(lines[place], len(lines) - place), margin=margin)
    assert await read(behind.blocks(deadline=5)) == lines[place + 1 :]
    above = behind.before.lines()
    assert above == lines[place + 1 - len(above) : place + 1]
    assert len(above) > min(place, margin - 1)


@given(st.lists(said, min_size=5, max_size=40), sizes, st.lists(happenings, max_size=6), st.booleans())
@settings(max_examples=200, deadline=None)
async def test_a_terminals_lines(
    before: list[Say], windows: list[int], between: list[list[Step]], resume: bool
) -> None:
    """Its one stream; no run ends before the last line, for its half line would be joined to the next run's."""
    log = written([replace(say, stream=Stream.STDOUT) for say in before], tty=True)
    growing = [
        [
            replace(step, stream=Stream.STDOUT) if isinstance(step, Say) else step
            for step in steps
            if step != End()
        ]
        for steps in between
    ]
    expected = Expected(log)
    expected.assert_walked(await walked(log, None, windows, growing, resume))


@given(
    st.lists(st.one_of(short, short, short, set_back), min_size=5, max_size=60),
    sizes,
    st.lists(st.lists(st.one_of(short, short, short, set_back, rotated), max_size=12), max_size=6),
    st.booleans(),
)
@settings(max_examples=200, deadline=None)
async def test_a_clock_that_steps_back(
    before: list[Step], windows: list[int], between: list[list[Step]], resume: bool
) -> None:
    expected = Expected(written(before))
    expected.assert_walked(await walked(expected.log, None, windows, between, resume))


@dataclass(frozen=True)
class Repeat:
    """The same few lines at the same few moments, as from a coarse clock."""

    stream: Stream
    text: bytes
    tick: int

    def __call__(self, log: EngineLog) -> None:
        log.tick = self.tick
        log.write(self.text + b"\n", self.stream)


repeated = st.builds(
    Repeat, st.sampled_from(Stream), st.sampled_from([b"", b"a"]), st.sampled_from([0, 0, 1])
)


@given(
    st.lists(repeated, max_size=40),
    sizes,
    st.lists(st.lists(repeated, max_size=12), max_size=6),
    st.booleans(),
)
@settings(max_examples=200, deadline=None)
async def test_lines_of_one_moment_and_one_text(
    before: list[Step], windows: list[int], between: list[list[Step]], resume: bool
) -> None:
    log = written(before)
    assert await walked(log, None, windows, between, resume) == written(before).lines()[0]


@given(
    st.lists(said, min_size=1, max_size=40),
    st.integers(0, 100),
    st.integers(-20, 20),
    happenings,
)
@settings(max_examples=200, deadline=None)
async def test_onward_from_a_line(before: list[Say], number: int, error: int, later: list[Step]) -> None:
    """depth: it is only about right."""
    log = written([*before, Say(Stream.STDOUT, 0, True)])
    lines = log.lines()[0]
    line = lines[number % len(lines)]
    mark = Mark.at(line, max(len(lines) - number % len(lines) + error, 0))
    for step in later:
        step(log)
    given = await read(Onward(log.source(), mark).blocks(deadline=5))
    lines = log.all_lines()
    assert given == lines[lines.index(line) + 1 if line in lines else 0 :]


async def test_onward_from_a_line_that_was_not_whole_yet() -> None:
    log = written([Say(Stream.STDOUT, 0, True), Say(Stream.STDERR, PIECE, False)])
    (unended,) = log.lines()[1]
    log.write(b"!\nnext\n", Stream.STDERR)
    given = await read(Onward(log.source(), Mark.at(unended, 1)).blocks(deadline=5))
    assert [line.text for line in given] == [b"next"]


@pytest.mark.parametrize("count", [0, 1, 3000])
async def test_onward_from_the_newest_line_costs_one_read(count: int) -> None:
    log = written([Say(Stream.STDOUT, 10, True)] * 5000)
    mark = Mark.at(log.lines()[0][-1], 1)
    for _ in range(count):
        Say(Stream.STDERR, 10, True)(log)
    assert len(await read(Onward(log.source(), mark).blocks(deadline=5))) == count
    assert len(log.queries) <= 3
    assert sum(query.tail or 0 for query in log.queries) < 3 * count + 3000


@given(st.lists(said, min_size=1, max_size=60), st.integers(-5, 80), sizes, st.lists(happenings, max_size=4))
@settings(max_examples=150, deadline=None)
async def test_the_lines_up_to_a_moment(
    before: list[Say], microseconds: int, windows: list[int], between: list[list[Step]]
) -> None:
    log = written(before)
    until = BEGAN + timedelta(microseconds=microseconds)
    mark = await mark_before(log.source(), until)
    expected = Expected(log)
    place = mark.place_in(block_of(expected.ended))
    if place is not None:
        expected.ended, expected.unended = expected.ended[:place], []
        assert not [line for line in expected.ended if line.at > until]
    expected.assert_walked(await walked(log, mark, windows, between))


async def test_a_moment_is_found_in_a_long_log_without_reading_it() -> None:
    log = EngineLog(tick=10**6)
    log.write(b"".join(b"%d\n" % number for number in range(200_000)))
    mark = await mark_before(log.source(), BEGAN + timedelta(seconds=40))
    assert abs(mark.depth - 160_000) <= 40_000
    assert len(log.queries) < 20
    walk = Backwards(log.source(), mark)
    lines = await read(walk.window(100, deadline=5))
    assert lines[-1].text == b"39999"
    assert len(lines) >= 100


async def test_windows_are_as_large_as_asked_for_and_cost_one_read_each() -> None:
    log = written([Say(Stream.STDOUT, 10, True)] * 1000)
    walk = Backwards(log.source())
    for count in (10, 100, 50):
        assert len(await read(walk.window(count, deadline=5))) == count
    assert [query.tail for query in log.queries] == [11, 111, 161]


@pytest.mark.parametrize("count", [0, 1, 2])
async def test_a_log_of_hardly_any_lines(count: int) -> None:
    log = written([Say(Stream.STDOUT, 3, True)] * count)
    assert len(await walked(log, None, [10])) == count
    assert len(log.queries) <= 2, "and nobody asks again and again"


async def test_a_mark_that_became_nearly_the_oldest_before_the_clock_stepped_back() -> None:
    log = written(
        [*[Say(Stream.STDOUT, 0, True)] * 7, *[Say(each, 0, True) for each in (*Stream, *Stream)][1:]]
    )
    walk = Backwards(log.source())
    lines = await read(walk.window(2, deadline=5))
    expected = Expected(log)
    for step in (SetBack(1001), Say(Stream.STDOUT, 0, True), Rotate(8)):
        step(log)
    mark = walk.mark
    expected.assert_walked(await walked(log, mark, [2]) + lines)
    assert mark
    assert await read(Onward(log.source(), mark).blocks(deadline=5)) == log.lines()[0][2:]


@pytest.mark.parametrize("length", [3, 15_000])
async def test_a_mark_that_was_rotated_away_has_nothing_before_it(length: int) -> None:
    log = written([Say(Stream.STDOUT, length, True)] * 300)
    walk = Backwards(log.source())
    await read(walk.window(200, deadline=5))
    log.rotate(150)
    assert await walked(log, walk.mark, [10]) == []


async def test_onward_from_a_line_that_is_not_what_it_was() -> None:
    log = written([Say(Stream.STDOUT, 3, True)] * 50)
    lines = log.lines()[0]
    mark = Mark.at(replace(lines[30], text=b"other words"), 20)
    assert await read(Onward(log.source(), mark).blocks(deadline=5)) == lines[31:]


@pytest.mark.parametrize("pieces", [40, 200])
async def test_one_line_longer_than_any_window(pieces: int) -> None:
    log = written(
        [Say(Stream.STDOUT, 3, True), Say(Stream.STDOUT, pieces * PIECE, True), Say(Stream.STDERR, 3, True)]
    )
    before, long, after = await walked(log, None, [1])
    assert [before, after] == log.lines()[0][::2]
    assert long.text[:LONGEST_LINE] == log.lines()[0][1].text[:LONGEST_LINE]
    assert len(log.queries) < 12


async def test_a_great_many_lines_of_one_moment_are_not_held_all_at_once() -> None:
    log = EngineLog(tick=0)
    log.write(b"".join(b"%d said at one moment\n" % number for number in range(60_000)))
    walk = Backwards(log.source())
    windows = []
    while not walk.exhausted:
        windows.append(await read(walk.window(10, deadline=5)))
    assert [line for window in reversed(windows) for line in window] == log.lines()[0]
    assert max(map(len, windows)) < 50_000


class Fickle(EngineLog):
    """Each time it is asked it has another log, older than the one before."""

    def given(self, query: LogQuery) -> bytes:
        self.records.clear()
        self.now -= 10**12
        for _ in range(50):
            Say(Stream.STDOUT, 100, True)(self)
        return super().given(query)


@pytest.mark.parametrize("records", [1, 20, 1000])
async def test_an_engine_that_tells_something_else_each_time(records: int) -> None:
    log = Fickle(now=10**15)
    walk = Backwards(log.source(), Mark(30, BEGAN.isoformat().encode(), b"check"))
    while not walk.exhausted:
        await read(walk.window(records, deadline=5))
    await read(Onward(log.source(), Mark(30, BEGAN.isoformat().encode(), b"check")).blocks(deadline=5))
    assert len(log.queries) < 60


class Hasty(EngineLog):
    """Whenever it is asked again much has been written."""

    def given(self, query: LogQuery) -> bytes:
        if len(self.queries) > 1:
            for number in range(300):
                self.write(b"%d later\n" % number)
                self.write(b"%d later\n" % number, Stream.STDERR)
        return super().given(query)


async def test_a_torn_line_is_found_whole_though_the_log_runs_away() -> None:
    log = Hasty()
    log.write(b"before\n")
    log.write(b"x" * PIECE)
    for number in range(5):
        log.write(b"%d\n" % number, Stream.STDERR)
    log.write(b" and the end\n")
    log.write(b"after\n", Stream.STDERR)
    walk = Backwards(log.source())
    lines = [line for line in await read(walk.window(5, deadline=5)) if line.stream is Stream.STDOUT]
    assert [line.text for line in lines] == [b"x" * PIECE + b" and the end"]
    assert len(log.queries) > 2, "the first look for its beginning found younger lines alone"
