"""Following, without servers: where a log was left, and how fast it is read and shown."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.domain.containers import Details, State
from services.domain.logs import Block, Line, LogQuery, Stream, block_of
from services.errors import HostSilent, NoSuchContainer, Silence
from services.logs.follow import tap
from services.logs.follow.budget import Allowance, Budget
from services.logs.follow.follow import Rhythm
from services.logs.follow.following import Missed, Pace
from services.logs.follow.rejoin import Rejoin, Seen
from services.logs.follow.tap import Attached, Tap
from services.logs.stream.source import LogSource
from tests.clock import HandClock
from tests.unit.engine_log import BEGAN, EngineLog, stamped

UNBOUNDED = Allowance(1e12, 1e12)

# Few different texts and moments, so that lines are often alike.
lines_of_a_log = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([b"", b"a", b"b"])), min_size=1, max_size=30
).map(
    lambda steps: [
        Line(stamped(sum(step for step, _ in steps[: n + 1]) * 10**8), Stream.STDOUT, text)
        for n, (_, text) in enumerate(steps)
    ]
)


def blocks(lines: list[Line], sizes: list[int]) -> Iterator[Block]:
    """The lines in blocks of these sizes, again and again."""
    at, turn = 0, 0
    while at < len(lines):
        size = sizes[turn % len(sizes)]
        yield block_of(lines[at : at + size])
        at, turn = at + size, turn + 1


def given_by(rejoin: Rejoin, lines: list[Line], sizes: list[int]) -> list[Line]:
    return [line for block in blocks(lines, sizes) for each in rejoin.feed(block) for line in each.lines()]


@given(lines_of_a_log, st.integers(0, 30), st.lists(st.integers(1, 7), min_size=1), st.integers(0, 30))
def test_what_is_read_again_goes_on_exactly_behind_what_was_seen(
    lines: list[Line], left_at: int, sizes: list[int], dropped: int
) -> None:
    """`dropped`: so many of the oldest lines are not given the second time."""
    seen = Seen()
    for block in blocks(lines[:left_at], sizes):
        seen = seen.and_then(block)
    known = min(left_at, len(lines))
    # All that is like the line seen last must be there, as it is where `seen.since` is asked for.
    alike = next((n for n in range(known) if lines[n] == lines[known - 1]), known)
    rejoin = Rejoin(seen)
    assert given_by(rejoin, lines[min(dropped, alike) :], sizes) == lines[known:]
    assert not rejoin.lost


def test_a_line_that_is_not_there_any_more_is_said() -> None:
    lines = [Line(stamped(n * 10**9), Stream.STDOUT, b"%d" % n) for n in range(10)]
    seen = Seen().and_then(block_of(lines[:3]))
    rejoin = Rejoin(seen)
    assert given_by(rejoin, lines[5:], [2]) == lines[5:]
    assert rejoin.lost


def test_lines_of_two_streams_may_be_stored_in_disorder() -> None:
    """The line seen last comes behind one that bears a later moment."""
    early, later, after = (Line(stamped(n), Stream.STDOUT, b"%d" % n) for n in (100, 200, 300))
    seen = Seen().and_then(block_of([later, early]))
    rejoin = Rejoin(seen)
    assert given_by(rejoin, [later, early, after], [1]) == [after]
    assert not rejoin.lost


def test_reading_again_begins_early_enough_for_lines_in_disorder() -> None:
    """One that was stored last bears an earlier moment than the line seen last."""
    seen_last, stored_later = (Line(stamped(n * 10**6), Stream.STDOUT, b"%d" % n) for n in (5020, 5000))
    seen = Seen().and_then(block_of([seen_last]))
    asked_for = [line for line in (seen_last, stored_later) if line.stamp >= seen.since]
    assert given_by(Rejoin(seen), asked_for, [1]) == [stored_later]


def waits(work: Coroutine[Any, Any, None]) -> bool:
    """Whether it has to, at its beginning; it is not carried on."""
    try:
        work.send(None)
    except StopIteration:
        return False
    work.close()
    return True


async def test_a_budget_lets_a_burst_pass_and_then_its_rate() -> None:
    loop = asyncio.get_running_loop()
    budget = Budget(Allowance(rate=10_000, burst=5_000), UNBOUNDED, 1.0)
    assert not waits(budget.spend(5_000))
    began = loop.time()
    await budget.spend(1_000)
    assert loop.time() - began >= 0.08


async def test_who_reads_little_does_not_wait_for_those_who_read_much() -> None:
    whole = Allowance(rate=1_000, burst=1_000)
    greedy, modest = (Budget(Allowance(10_000, 10_000), whole, 0.2) for _ in range(2))
    assert waits(greedy.spend(1_200))
    assert not waits(modest.spend(100))
    assert waits(greedy.spend(1))


def test_a_rhythm_has_a_burst_and_keeps_its_average() -> None:
    rhythm = Rhythm(Pace(least=3, every=6, burst=3, refresh=60), now=0.0)
    now, shown = 0.0, []
    for _ in range(12):
        shown.append(now)
        now += rhythm.pause(now)
    assert shown[:3] == [0, 3, 6]
    assert all(later - earlier >= 3 for earlier, later in pairwise(shown))
    assert sum(at < 60 for at in shown) <= 12
    assert shown[-1] - shown[-5] == 4 * 6


@dataclass
class Notebook:
    """A receiver that writes everything down."""

    before: list[Line] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    gaps: list[Missed] = field(default_factory=list)

    async def came(self, source: LogSource, block: Block, *, counted: bool) -> None:
        (self.lines if counted else self.before).extend(block.lines())

    def missed(self, missed: Missed) -> None:
        self.gaps.append(missed)

    def changed(self) -> None:
        pass


@dataclass
class Living(EngineLog):
    """An engine whose log is followed, with a container that lives and dies and a contact that breaks.

    hasty: a stream ends with its container, whatever was still to come.
    """

    silent: bool = False
    state: State = State.RUNNING
    code: int = 0
    started: int = 0
    there: bool = True
    hasty: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def changed(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def logs(
        self, container_id: str, query: LogQuery, *, deadline: float | None
    ) -> AsyncGenerator[bytes, None]:
        self._check()
        self.queries.append(query)
        at = len(self.records)
        data = self.given(query)
        for start in range(0, len(data), self.buffer):
            yield data[start : start + self.buffer]
        while query.follow:
            self._check()
            new, at = self.records[at:], len(self.records)
            if new and not (self.hasty and self.state is not State.RUNNING):
                yield EngineLog(tty=self.tty, records=new).given(LogQuery())
            elif self.state is State.RUNNING:
                await self._news.wait()
            else:
                return

    def _check(self) -> None:
        if self.silent:
            raise HostSilent(self.host, Silence.TIMEOUT, since=BEGAN)

    async def attach(self) -> Attached:
        self._check()
        if not self.there:
            raise NoSuchContainer("n8n")
        details = Details(
            id="1" * 64, state=self.state, health=None, started=BEGAN + timedelta(seconds=self.started),
            finished=BEGAN, exit_code=self.code, oom_killed=False, error="", restart_count=0,
            restart_policy="no", stop_timeout=10, tty=self.tty, log_driver="json-file", memory_limit=None,
        )  # fmt: skip
        return Attached(self.source(), details)


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap, "PAUSE", 0.0)
    monkeypatch.setattr(tap, "LOOK_EVERY", 0.0)


LONG = b"(several records)"
writing = st.tuples(
    st.sampled_from(list(Stream)),
    st.lists(st.sampled_from([b"a", b"b", "ё".encode(), LONG]), min_size=1, max_size=4),
)
acts = st.lists(
    st.one_of(
        writing,
        st.sampled_from(["cut", "mend", "die", "start", "wait"]),
    ),
    max_size=25,
)


async def lived(program: list[object], engine: Living) -> Notebook:
    """The program carried out beside a tap, and everything mended in the end, but for a container that is dead."""
    seen, tty = Notebook(), engine.tty
    engine.write(b"before\n" * 3)
    follower = Tap("server1", "n8n", engine.attach, Budget(UNBOUNDED, UNBOUNDED, 1.0), seen, HandClock())
    async with asyncio.TaskGroup() as group:
        task = group.create_task(follower.run())
        await asyncio.sleep(0.001)
        for act in [*program, "mend"]:
            match act:
                case (stream, [*texts]) if engine.state is State.RUNNING:
                    text = b"".join(
                        cast(bytes, text).replace(LONG, b"long " * 4000) + b"\n" for text in texts
                    )
                    engine.write(text, Stream.STDOUT if tty else cast(Stream, stream))
                case "cut" | "mend":
                    engine.silent = act == "cut"
                case "die" if engine.state is State.RUNNING:
                    engine.write(b"last words\n")
                    engine.end()
                    engine.state, engine.code = State.EXITED, 137
                case "start" if engine.state is State.EXITED:
                    engine.started += 1
                    engine.state = State.RUNNING
                case "wait":
                    await asyncio.sleep(0.001)
            engine.changed()
            await asyncio.sleep(0)
        wanted = len(engine.lines()[0])
        for _ in range(5000):  # milliseconds, on a machine that has others to serve
            if len(seen.before) + len(seen.lines) >= wanted:
                break
            await asyncio.sleep(0.001)
        task.cancel()
    return seen


@pytest.mark.usefixtures("_hasty")
@settings(max_examples=150, deadline=None)
@given(acts, st.booleans(), st.sampled_from([0, 1, 1000]), st.booleans())
@example([(Stream.STDOUT, [LONG]), "cut", (Stream.STDOUT, [LONG, LONG])], True, 0, False)  # an end apart
def test_every_line_comes_once_whatever_happens_to_container_and_contact(
    program: list[object], tty: bool, tick: int, hasty: bool
) -> None:
    engine = Living(tty=tty, tick=tick, hasty=hasty)
    seen = asyncio.run(lived(program, engine))
    assert seen.before + seen.lines == engine.lines()[0]
    assert seen.gaps == []
