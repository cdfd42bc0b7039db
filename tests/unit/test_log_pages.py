"""Pages of logs against a simple reading of them: no gap, no overlap, one order, while they grow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.logs import Stream, stamp_of
from services.domain.spans import TimeSpan
from services.logs.pages import making as page_making
from services.logs.pages.page import LogPage
from services.logs.pages.questions import ALL, LogQuestion, Sieve
from services.logs.pages.reader import LogReader
from services.logs.text.levels import Level, inherited
from tests.unit.engine_log import BEGAN, EngineLog
from tests.unit.log_fleet import ACTOR, LogFleet, reading

NAMES = ("n8n", "directus", "redis")
WORDS = (
    "INFO ready",
    "WARN slow",
    "ERROR refused",
    "    at Socket.on",
    "plain",
    '{"level":50,"msg":"no"}',
    "Traceback (most recent call last):",
    "FATAL gone",
    "",
)
# What goes on behind a Traceback is not remembered where a page ends in its midst.
SHORT_WORDS = [word for word in WORDS if not word.startswith("Traceback")]
SECOND = 10**9


@dataclass(frozen=True)
class Said:
    """One line of a container, a second after the one before it."""

    name: str
    stream: Stream
    words: str


@dataclass
class Diary:
    """What the containers have said, in one order of time, and their logs."""

    names: Sequence[str] = NAMES
    said: list[tuple[int, Said, str]] = field(default_factory=list)
    logs: dict[str, EngineLog] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.logs = {name: EngineLog(buffer=300) for name in self.names}

    def write(self, lines: Sequence[Said]) -> None:
        for each in lines:
            second = len(self.said) + 1
            text = each.words if not each.words or each.words.startswith("{") else f"{each.words} {second}"
            self.logs[each.name].now = second * SECOND - self.logs[each.name].tick
            self.logs[each.name].write(text.encode() + b"\n", each.stream)
            self.said.append((second, each, text))

    def lines(self, sieve: Sieve = ALL, since: int = 0, until: int = 10**9) -> list[tuple[str, str]]:
        levels: dict[str, Iterator[Level | None]] = {
            name: iter(inherited([text for _s, said, text in self.said if said.name == name]))
            for name in self.names
        }
        return [
            (said.name, text)
            for second, said, text in self.said
            if sieve.takes(next(levels[said.name]))
            and sieve.stream in (None, said.stream)
            and since <= second <= until
        ]

    def question(self, lines: int, sieve: Sieve = ALL, span: TimeSpan | None = None) -> LogQuestion:
        return LogQuestion(("*",), lines, step=lines, sieve=sieve, span=span or TimeSpan())


def shown(page: LogPage) -> list[tuple[str, str]]:
    return [(line.name, line.text) for line in page.lines]


said = st.builds(Said, st.sampled_from(NAMES), st.sampled_from(Stream), st.sampled_from(WORDS))
says = st.lists(said, max_size=60)
more = st.lists(st.lists(said, max_size=20), max_size=8)
said_shortly = st.builds(Said, st.sampled_from(NAMES), st.sampled_from(Stream), st.sampled_from(SHORT_WORDS))
says_shortly = st.lists(said_shortly, max_size=60)
more_shortly = st.lists(st.lists(said_shortly, max_size=20), max_size=8)
sieves = st.builds(
    Sieve,
    st.sampled_from([None, Level.WARN, Level.ERROR]),
    st.sampled_from([None, Level.ERROR, Level.FATAL]),
    st.sampled_from([None, *Stream]),
)


async def token_of(page: LogPage) -> str:
    assert page.token is not None
    return page.token


async def back_to_the_beginning(
    reader: LogReader, page: LogPage, diary: Diary, between: Sequence[Sequence[Said]] = ()
) -> list[tuple[str, str]]:
    """All lines of the page and of those before it, while the logs grow."""
    lines = shown(page)
    growth = iter(between)
    while page.older:
        diary.write(next(growth, []))
        page = await reader.older(await token_of(page), by=ACTOR)
        lines = shown(page) + lines
    return lines


async def on_to_the_end(
    reader: LogReader, page: LogPage, diary: Diary, between: Sequence[Sequence[Said]] = ()
) -> list[tuple[str, str]]:
    """All lines behind the page, while the logs grow."""
    lines: list[tuple[str, str]] = []
    growth = iter(between)
    while True:
        grown = next(growth, None)
        diary.write(grown or [])
        page = await reader.newer(await token_of(page), by=ACTOR)
        lines += shown(page)
        if grown is None and not page.lines:
            return lines


@pytest.fixture(autouse=True)
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that few lines take many of them."""
    monkeypatch.setattr(page_making, "_RARE", 5)
    monkeypatch.setattr(page_making, "_FEW", 5)
    monkeypatch.setattr(page_making, "SPARE", 1)


@given(says, st.integers(1, 20), sieves, more)
@settings(max_examples=60, deadline=None)
async def test_pages_backwards_are_all_lines_once_in_one_order(
    lines: list[Said], size: int, sieve: Sieve, between: list[list[Said]]
) -> None:
    diary = Diary()
    diary.write(lines)
    expected = diary.lines(sieve)
    async with reading(LogFleet(diary.logs)) as reader:
        page = await reader.newest(diary.question(size, sieve), by=ACTOR)
        assert shown(page) == expected[-size:]
        assert await back_to_the_beginning(reader, page, diary, between) == expected


@given(says_shortly, st.integers(1, 20), sieves, more_shortly)
@settings(max_examples=60, deadline=None)
async def test_pages_onward_are_all_lines_that_came_since(
    lines: list[Said], size: int, sieve: Sieve, between: list[list[Said]]
) -> None:
    diary = Diary()
    diary.write(lines)
    async with reading(LogFleet(diary.logs)) as reader:
        page = await reader.newest(diary.question(size, sieve), by=ACTOR)
        seen = len(diary.lines(sieve))
        assert await on_to_the_end(reader, page, diary, between) == diary.lines(sieve)[seen:]


@given(says_shortly, st.integers(1, 20), sieves, st.integers(1, 4))
@settings(max_examples=60, deadline=None)
async def test_there_and_back_again(lines: list[Said], size: int, sieve: Sieve, steps: int) -> None:
    """From a page further back onward to the newest, and from the last of these back to the beginning."""
    diary = Diary()
    diary.write(lines)
    expected = diary.lines(sieve)
    async with reading(LogFleet(diary.logs)) as reader:
        page = await reader.newest(diary.question(size, sieve), by=ACTOR)
        for _ in range(steps):
            if page.older:
                page = await reader.older(await token_of(page), by=ACTOR)
        before = await back_to_the_beginning(reader, page, diary)
        assert before + await on_to_the_end(reader, page, diary) == expected
        onward = await reader.newer(await token_of(page), by=ACTOR)
        assert await back_to_the_beginning(reader, onward, diary) == before + shown(onward)


@given(says, st.integers(1, 20), sieves, says)
@settings(max_examples=60, deadline=None)
async def test_a_page_can_be_had_again_though_the_logs_have_grown(
    lines: list[Said], size: int, sieve: Sieve, later: list[Said]
) -> None:
    diary = Diary()
    diary.write(lines)
    async with reading(LogFleet(diary.logs)) as reader:
        page = await reader.newest(diary.question(size, sieve), by=ACTOR)
        before = await reader.older(await token_of(page), by=ACTOR) if page.older else page
        diary.write(later)
        for each in (page, before):
            again = await reader.again(await token_of(each), by=ACTOR)
            if each.lines:
                assert shown(again) == shown(each)


@given(says_shortly, st.integers(1, 70), sieves, st.integers(0, 70), st.integers(0, 70))
@settings(max_examples=60, deadline=None)
async def test_a_stretch_of_time(lines: list[Said], size: int, sieve: Sieve, since: int, length: int) -> None:
    diary = Diary()
    diary.write(lines)
    until = since + length
    span = TimeSpan(BEGAN + timedelta(seconds=since), BEGAN + timedelta(seconds=until))
    async with reading(LogFleet(diary.logs)) as reader:
        page = await reader.newest(diary.question(size, sieve, span), by=ACTOR)
        assert shown(page) == diary.lines(sieve, since, until)[-size:]
        assert await back_to_the_beginning(reader, page, diary) == diary.lines(sieve, until=until)
        assert await on_to_the_end(reader, page, diary) == diary.lines(sieve, since=until + 1)
        open_ended = replace(diary.question(size, sieve, replace(span, until=None)))
        assert shown(await reader.newest(open_ended, by=ACTOR)) == diary.lines(sieve, since)[-size:]


def test_stamps_of_the_diary_are_those_of_its_seconds() -> None:
    diary = Diary()
    diary.write([Said("n8n", Stream.STDOUT, "plain")])
    assert diary.logs["n8n"].records[0].stamp == stamp_of(BEGAN + timedelta(seconds=1))
