"""Searches against a simple reading of the logs: each hit once, in order, with its context, however it is cut."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import repeat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.domain.logs import Stream, moment_of
from services.domain.spans import TimeSpan
from services.logs.pages.questions import Sieve
from services.logs.search.hits import Found, Hit, SearchQuestion, Stop
from services.logs.search.search import Searcher
from services.logs.text.levels import Level, inherited
from tests.unit.engine_log import EngineLog, stamped
from tests.unit.log_fleet import ACTOR
from tests.unit.search_fleet import ALL, SearchFleet, cut_small, fleet_of, searcher, write

WORDS = (
    "ERROR refused",
    "INFO ready",
    "ошибка",
    "",
    "    at Socket.on",
    "x" * 40,
    "password=hunter2hunter2",
    "tab\there",
)
LINES = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(list(Stream))), max_size=60)


def shown(text: str) -> str:
    return text.replace("hunter2hunter2", "•••").replace("tab\there", "tab here")


@dataclass
class Truth:
    """What a simple reading finds."""

    fleet: SearchFleet
    question: SearchQuestion

    def texts(self, name: str) -> list[str]:
        return [line.text.decode() for line in self.fleet.logs_of[name].lines()[0]]

    def numbers(self, name: str) -> list[int]:
        flags = re.IGNORECASE if self.question.ignore_case else 0
        pattern = re.compile(self.question.pattern, flags)
        texts = enumerate(map(shown, self.texts(name)))
        return [n for n, text in texts if bool(pattern.search(text)) is not self.question.invert]

    def hits(self) -> set[tuple[str, int]]:
        return {(name, number) for name in self.fleet.logs_of for number in self.numbers(name)}

    def number_of(self, hit: Hit) -> tuple[str, int]:
        lines = self.fleet.logs_of[hit.line.name].lines()[0]
        (number,) = [n for n, line in enumerate(lines) if line.stamp == hit.line.stamp]
        return hit.line.name, number

    def check(self, hit: Hit) -> None:
        """Its text and its context."""
        name, number = self.number_of(hit)
        texts, context = [shown(text) for text in self.texts(name)], self.question.context
        assert hit.line.text == texts[number]
        assert [line.text for line in hit.before] == texts[max(number - context, 0) : number]
        assert [line.text for line in hit.after] == texts[number + 1 : number + 1 + context]


async def paged(
    search: Searcher,
    question: SearchQuestion,
    fleet: SearchFleet,
    sizes: Iterator[int],
    grown: Sequence[tuple[str, Stream]],
) -> list[Found]:
    """Page after page, each of so many hits, while the logs grow."""
    pages = []
    onward: SearchQuestion | None = question
    while onward is not None:
        found = await search.find(onward, by=ACTOR, bounds=ALL)
        found = replace(found, hits=found.hits[: next(sizes)])
        pages.append(found)
        if len(pages) < 3:
            now = max(log.now for log in fleet.logs_of.values())
            for log in fleet.logs_of.values():
                log.now = now
                write(log, grown)
        onward = found.onward(len(found.hits))
        assert len(pages) < 1000
    return pages


PATTERNS = (
    "ERROR",
    "^ERROR .*5$",
    "ошибка|at Socket",
    "x{30}",
    "hunter2",
    r"\bready\b",
    "nothing",
    "^password=",
    "1",
    " ",
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(LINES, min_size=1, max_size=3),
    st.sampled_from(PATTERNS),
    st.booleans(),
    st.sampled_from([0, 0, 1, 2]),
    st.lists(st.sampled_from([3, 7, 20, 1000]), min_size=1, max_size=5),
    LINES.filter(lambda lines: len(lines) < 9),
    st.sampled_from([(5, 20, 50), (1, 3), (1000,)]),
    st.sampled_from([1, 10**9]),
)
async def test_page_after_page_each_hit_once(
    logs: list[list[tuple[str, Stream]]],
    pattern: str,
    invert: bool,
    context: int,
    sizes: list[int],
    grown: list[tuple[str, Stream]],
    windows: tuple[int, ...],
    tick: int,
) -> None:
    fleet = fleet_of(*logs, tick=tick)
    question = SearchQuestion(pattern, invert=invert, context=context)
    before = Truth(fleet, question).hits()

    def turns() -> Iterator[int]:
        while True:
            yield from sizes

    with cut_small():
        pages = await paged(searcher(fleet, windows=windows), question, fleet, turns(), grown)
    truth = Truth(fleet, question)
    hits = [hit for page in pages for hit in page.hits]
    assert sorted(map(truth.number_of, hits)) == sorted(before)
    for page in pages:
        assert page.count == sum(tally.count for tally in page.tallies) >= len(page.hits)
    stamps = [hit.line.stamp for hit in hits]
    assert stamps == sorted(stamps, reverse=True)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    LINES.filter(lambda lines: len(lines) > 20),
    st.sampled_from(["ERROR", "INFO|at", "[05]$", "hunter2"]),
    st.booleans(),
    st.integers(1, 4),
    st.sampled_from([2, 9, 1000]),
    st.sampled_from([(5, 20, 50), (7,), (1000,)]),
)
async def test_each_hit_has_its_context_across_all_edges(
    lines: list[tuple[str, Stream]],
    pattern: str,
    invert: bool,
    context: int,
    size: int,
    windows: tuple[int, ...],
) -> None:
    fleet = fleet_of(lines)
    question = SearchQuestion(pattern, invert=invert, context=context)
    with cut_small():
        pages = await paged(searcher(fleet, windows=windows), question, fleet, repeat(size), ())
    truth = Truth(fleet, question)
    for hit in (hit for page in pages for hit in page.hits):
        truth.check(hit)


async def test_of_a_dense_log_only_the_newest_records_are_read() -> None:
    fleet = fleet_of([("ERROR refused" + "!" * 60, Stream.STDOUT)] * 50_000, tick=1000, buffer=60_000)
    found = await searcher(fleet, windows=(1000, 5000)).find(SearchQuestion("ERROR"), by=ACTOR)
    assert (len(found.hits), found.stop) == (50, Stop.ENOUGH)
    assert 500 < found.count < 1000  # all that was looked at
    assert [query.tail for query in fleet.logs_of["n8n"].queries] == [1001]
    assert found.reached and found.reached == moment_of(min(tally.reached or b"" for tally in found.tallies))


async def test_a_quiet_log_is_searched_no_further_back_than_the_others_hits() -> None:
    """Its older hits could not be among the newest."""
    fleet = fleet_of([], [("INFO", Stream.STDOUT)] * 30_000, tick=10**6, buffer=60_000)
    fleet.logs_of["n8n"].now = fleet.logs_of["directus"].now - 3000 * 10**6
    write(fleet.logs_of["n8n"], [("ERROR", Stream.STDOUT)] * 3000)
    found = await searcher(fleet, windows=(3000, 9000, 50_000)).find(SearchQuestion("ERROR"), by=ACTOR)
    assert len(found.hits) == 50
    assert max(query.tail or 0 for query in fleet.logs_of["directus"].queries) < 30_000


@pytest.mark.parametrize(("since", "until"), [(100, None), (None, 200), (100, 200), (0, 10_000), (700, 800)])
async def test_only_within_a_stretch_of_time(since: int | None, until: int | None) -> None:
    """Line n is written in second n + 1."""
    fleet = fleet_of([("ERROR", Stream.STDOUT), ("INFO", Stream.STDERR)] * 200)
    ends = [None if n is None else moment_of(stamped(n * 10**9)) for n in (since, until)]
    with cut_small():
        found = await searcher(fleet).find(
            SearchQuestion("ERROR", span=TimeSpan(*ends)), by=ACTOR, bounds=ALL
        )
    numbers = sorted(int(hit.line.text.rsplit(maxsplit=1)[-1]) for hit in found.hits)
    seconds = range(since or 0, (401 if until is None else min(until, 400)) + 1)
    assert numbers == [n for n in range(0, 400, 2) if n + 1 in seconds]
    assert found.stop is None


@pytest.mark.parametrize(
    "sieve", [Sieve(Level.WARN), Sieve(Level.ERROR, stream=Stream.STDERR), Sieve(most=Level.INFO)]
)
async def test_a_level_counts_with_what_continues_it(sieve: Sieve) -> None:
    words = ["ERROR refused", "    at Socket.on", "INFO ready", "    more", "plain"] * 40
    log = EngineLog(buffer=300)
    for number, word in enumerate(words):
        log.write(f"{word} {number}\n".encode(), list(Stream)[number % 2])
    texts = [line.text.decode() for line in log.lines()[0]]
    expected = [
        text
        for text, level, line in zip(texts, inherited(texts), log.lines()[0], strict=True)
        if sieve.takes(level) and sieve.stream in (None, line.stream)
    ]
    with cut_small():
        question = SearchQuestion("", sieve=sieve)
        found = await searcher(SearchFleet({"n8n": log})).find(question, by=ACTOR, bounds=ALL)
    assert [hit.line.text for hit in reversed(found.hits)] == expected


async def test_nothing_is_read_beyond_the_beginning_of_the_stretch() -> None:
    fleet = fleet_of([("INFO" + "!" * 60, Stream.STDOUT)] * 20_000, tick=10**9, buffer=60_000)
    since = moment_of(stamped(19_000 * 10**9))
    search = searcher(fleet, windows=(3000, 9000, 50_000))
    found = await search.find(SearchQuestion("ERROR", span=TimeSpan(since)), by=ACTOR)
    assert found.stop is None
    assert max(query.tail or 0 for query in fleet.logs_of["n8n"].queries) < 10_000


async def test_further_pages_are_read_from_where_the_last_one_ended() -> None:
    fleet = fleet_of([("ERROR" + "!" * 90, Stream.STDOUT)] * 20_000, tick=10**9, buffer=60_000)
    search = searcher(fleet, windows=(1000, 5000))
    onward = (await search.find(SearchQuestion("ERROR"), by=ACTOR)).onward(50)
    for _ in range(10):
        assert onward is not None
        found = await search.find(onward, by=ACTOR)
        onward = found.onward(50)
    assert max(query.tail or 0 for query in fleet.logs_of["n8n"].queries) < 4000


async def test_a_very_long_line_is_kept_around_its_match() -> None:
    log = EngineLog()
    log.write(b"a" * 300_000 + b" needle " + b"b" * 300_000 + b"\n")
    found = await searcher(SearchFleet({"n8n": log})).find(SearchQuestion("needle"), by=ACTOR)
    (hit,) = found.hits
    assert "needle" in hit.line.text
    assert hit.line.text.startswith("…a")
    assert len(hit.line.text) < 2100


async def test_what_stands_before_and_behind_colours_is_found_together() -> None:
    log = EngineLog()
    log.write(b"\x1b[31mERROR\x1b[0m connect\r\n\xff\xfe bytes\n")
    search = searcher(SearchFleet({"n8n": log}))
    assert (await search.find(SearchQuestion("^ERROR connect$"), by=ACTOR)).count == 1
    assert (await search.find(SearchQuestion("^.. bytes"), by=ACTOR)).count == 1


async def test_a_question_is_kept_for_its_buttons() -> None:
    fleet = fleet_of([("ERROR", Stream.STDOUT)] * 100)
    search = searcher(fleet)
    span = TimeSpan(moment_of(stamped(0)), moment_of(stamped(0)) + timedelta(days=1))
    question = SearchQuestion("ERROR", ignore_case=True, context=2, span=span, sieve=Sieve(Level.WARN))
    found = await search.find(question, by=ACTOR, bounds=replace(ALL, most=7))
    token = await search.keep(found, 7)
    assert token is not None
    kept = await search.kept(token)
    assert (kept.question, kept.onward, kept.anew) == (question, found.onward(7), question)
