"""Searches against a simple reading of the logs: each hit once, in order, with its context, however it is cut."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import repeat
from typing import cast
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.domain.access import Actor, Role, Scope
from services.domain.logs import LogQuery, Stream, moment_of
from services.domain.reports import Selection
from services.domain.spans import TimeSpan
from services.errors import HostSilent, LogsUnreadable, NotYourSearch, SearchesFull, Silence
from services.fleet.fleet import Fleet
from services.logs import region, walk
from services.logs.hits import Found, Hit, SearchQuestion, Stop, Watch
from services.logs.levels import Level, inherited
from services.logs.questions import Sieve
from services.logs.search import FILE, MOST, MOST_OF_ONE, Bounds, Searcher
from services.ports import Store
from tests.clock import HandClock
from tests.unit.engine_log import EngineLog, stamped
from tests.unit.log_fleet import ACTOR, LogFleet, Shelf, container

NAMES = ("n8n", "directus", "redis")
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
ALL = Bounds(most=10**6, room=10**9, longest=10**6)


class SearchFleet(LogFleet):
    hosts = ("server1",)

    async def select(self, words: Sequence[str], *, by: Actor) -> Selection:
        return await super().select(words or ("*",), by=by)


def searcher(fleet: SearchFleet, *, windows: Sequence[int] = (5, 20, 50), **more: object) -> Searcher:
    store = cast(Store, Shelf())
    return Searcher(cast(Fleet, fleet), store, HandClock(), windows=windows, **more)  # type: ignore[arg-type]


def fleet_of(*logs: Sequence[tuple[str, Stream]], tick: int = 10**9, buffer: int = 300) -> SearchFleet:
    """Each line is numbered, so that no two are alike."""
    found = {}
    for name, lines in zip(NAMES, logs, strict=False):
        found[name] = log = EngineLog(tick=tick, buffer=buffer)
        write(log, lines)
    return SearchFleet(found)


def write(log: EngineLog, lines: Sequence[tuple[str, Stream]]) -> None:
    for words, stream in lines:
        log.write(f"{words} {len(log.records)}\n".encode(), stream)


@contextmanager
def cut_small() -> Iterator[None]:
    """Chunks and margins of a few lines, so that all edges are met."""
    with (
        patch.object(region, "MARGIN", 60),
        patch.object(region, "MARGIN_LINES", 4),
        patch.object(walk, "_CHUNK", 150),
    ):
        yield


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


# What tries to find out what is hidden, by a match that only some secrets allow.
ATTACKS = (
    "hunter2", "password=h", "password=(h|.)", "password=(...|hu)", "password=($|h)", r"password=(\B|h)",
    r"password=\b", "=.{14}$", r"password=\S+2 ", "^.{30}$", "(?i)HUNTER", "password=[^•]", r"password=\PL",
    r"=\pP", "•••", "password=(•••|h)", r"(hunter2hunter2|INFO) \d+$", "[a-z]{14}|ready", "r2h", r"\w{12}",
    "(?s)=.*2", r"^password=\w+ \d+$", "", "a|h", r"\C{20}", r"d=(?:\B.|h)", "=(|h)$", r"[^\pL]{4}",
    "=(?:•|h)", "MIIEpAIB", "MII|=$", "[+/]{2}",
)  # fmt: skip
SECRETS = (("hunter2hunter2", "Tr0ub4dor&3xyz"), ("hunter2hunter2", "correct-horse-battery-9"))
KEYS = ("MIIEpAIBAAKCAQEA75mNabcd", "QIIEpAIBAAKCAQEA75mN+/yz")


@pytest.mark.parametrize("secrets", SECRETS)
@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("attack", ATTACKS)
async def test_no_search_tells_what_is_hidden(attack: str, invert: bool, secrets: tuple[str, str]) -> None:
    """Two logs that look alike to the reader are alike to every search."""
    told = []
    for secret, key in zip(secrets, KEYS, strict=True):
        log = EngineLog(buffer=300)
        for number in range(30):
            log.write(f"INFO ready {number}\nconnect password={secret} {number}\n".encode())
        log.write(
            f"-----BEGIN RSA PRIVATE KEY-----\n{(key + chr(10)) * 9}-----END RSA PRIVATE KEY-----\nbye\n".encode()
        )
        with cut_small(), patch.object(region, "MARGIN", 500), patch.object(region, "MARGIN_LINES", 20):
            question = SearchQuestion(attack or "x*", invert=invert, context=1)
            found = await searcher(SearchFleet({"n8n": log})).find(question, by=ACTOR, bounds=ALL)
        lines = [[line.text for line in (*hit.before, hit.line, *hit.after)] for hit in found.hits]
        told.append((found.count, lines, [hit.number for hit in found.hits]))
        assert secret not in str(lines)
        assert key not in str(lines)
    assert told[0] == told[1]


async def test_a_key_is_hidden_wherever_windows_and_chunks_cut_it() -> None:
    lines = [f"{'MIIE' * 11}{number:08}" for number in range(370)]
    text = (
        "-----BEGIN PRIVATE KEY-----\n"
        + "\n".join(f"app: {line} end" for line in lines)
        + "\n-----END PRIVATE KEY-----\n"
    )
    log = EngineLog(buffer=300)
    log.write(("INFO before\n" * 300 + text + "INFO behind\n" * 300).encode())
    with patch.object(walk, "_CHUNK", 1000):
        search = searcher(SearchFleet({"n8n": log}), windows=(100, 200, 300))
        found = await search.find(SearchQuestion("MIIE|KEY"), by=ACTOR, bounds=ALL)
    assert [hit.line.text for hit in found.hits] == [
        "-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----",
    ]


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


class Unending(EngineLog):
    """Reads hang behind their first buffer."""

    async def logs(
        self, container_id: str, query: LogQuery, *, deadline: float | None
    ) -> AsyncGenerator[bytes, None]:
        async for data in super().logs(container_id, query, deadline=deadline):
            yield data
            if (query.tail or 0) > 100:
                await asyncio.Event().wait()


async def test_when_the_time_is_up_it_says_how_far_it_got_and_goes_on_from_there() -> None:
    log = Unending(buffer=300)
    write(log, [("ERROR", Stream.STDOUT)] * 500)
    fleet = SearchFleet({"n8n": log})
    with cut_small():
        search = searcher(fleet, windows=(40, 90, 1000))
        first = await search.find(SearchQuestion("ERROR"), by=ACTOR, bounds=replace(ALL, seconds=0.3))
        assert first.stop is Stop.TIME
        assert first.reached is not None
        assert 30 < first.count == len(first.hits) < 140
        onward = first.onward(len(first.hits))
        assert onward is not None
        log.__class__ = EngineLog  # type: ignore[assignment]  # mended
        second = await search.find(onward, by=ACTOR, bounds=ALL)
    numbers = [int(hit.line.text.split()[-1]) for hit in (*first.hits, *second.hits)]
    assert numbers == list(reversed(range(500)))
    assert second.onward(len(second.hits)) is None


DIAS, AIGERIM = ACTOR, Actor(2, "aigerim", Role.ADMIN, Scope(()))


@contextmanager
def shut(fleet: SearchFleet) -> Iterator[None]:
    fleet.gate.clear()
    try:
        yield
    finally:
        fleet.gate.set()


async def running(
    search: Searcher, group: asyncio.TaskGroup, by: Actor
) -> tuple[Watch, "asyncio.Task[Found]"]:
    watch = Watch()
    task = group.create_task(search.find(SearchQuestion("ERROR"), by=by, watch=watch))
    while not watch.token or not watch.progress().of:
        await asyncio.sleep(0.001)
    return watch, task


async def test_only_the_asker_cancels_and_what_was_found_is_told() -> None:
    fleet = fleet_of([("ERROR", Stream.STDOUT)] * 10)
    search = searcher(fleet)
    async with asyncio.TaskGroup() as group:
        with shut(fleet):
            watch, task = await running(search, group, DIAS)
            with pytest.raises(NotYourSearch) as refused:
                search.cancel(watch.token, by=AIGERIM)
            assert refused.value.owner == "dias"
            assert search.cancel(watch.token, by=DIAS)
            found = await asyncio.wait_for(task, 1)
    assert (found.stop, found.count, found.unbegun) == (Stop.CANCELLED, 0, 1)
    assert not search.cancel(watch.token, by=DIAS)  # it is over
    onward = found.onward(0)
    assert onward is not None
    assert (await search.find(onward, by=DIAS)).count == 10


async def test_so_many_searches_at_a_time_and_no_more() -> None:
    fleet = fleet_of([("ERROR", Stream.STDOUT)] * 10)
    search = searcher(fleet)
    people = [Actor(number, str(number), Role.VIEWER, Scope(())) for number in range(MOST // MOST_OF_ONE)]
    async with asyncio.TaskGroup() as group:
        with shut(fleet):
            for person in people * MOST_OF_ONE:
                await running(search, group, person)
            with pytest.raises(SearchesFull) as own:
                await search.find(SearchQuestion("x"), by=people[0])
            with pytest.raises(SearchesFull) as all_full:
                await search.find(SearchQuestion("x"), by=Actor(99, "late", Role.VIEWER, Scope(())))
    assert (own.value.own, own.value.most) == (True, MOST_OF_ONE)
    assert (all_full.value.own, all_full.value.most) == (False, MOST)
    assert (await search.find(SearchQuestion("ERROR"), by=people[0])).count == 10


async def test_reads_of_a_host_are_few_at_a_time() -> None:
    fleet = SearchFleet({f"c{number}": EngineLog() for number in range(12)})
    for log in fleet.logs_of.values():
        write(log, [("ERROR", Stream.STDOUT)] * 5)
    found = await searcher(fleet).find(SearchQuestion("ERROR"), by=ACTOR, bounds=ALL)
    assert found.count == 60
    assert fleet.most_reading <= 4


class Broken(EngineLog):
    async def logs(
        self, container_id: str, query: LogQuery, *, deadline: float | None
    ) -> AsyncGenerator[bytes, None]:
        raise HostSilent(self.host, Silence.ENGINE)
        yield b""


async def test_what_cannot_be_read_is_told_and_spoils_nothing() -> None:
    fleet = fleet_of([("ERROR", Stream.STDOUT)] * 10)
    fleet.logs_of |= {"directus": Broken(), "redis": Broken()}
    found = await searcher(fleet).find(SearchQuestion("ERROR"), by=ACTOR)
    assert found.count == 10
    assert [type(failure) for failure in found.failures] == [HostSilent]  # once for the host
    onward = found.onward(len(found.hits))
    assert onward is not None
    assert {place.container for place in onward.places or ()} == {
        container(n).id for n in ("directus", "redis")
    }
    with pytest.raises(HostSilent):
        await searcher(SearchFleet({"directus": Broken()})).find(SearchQuestion("ERROR"), by=ACTOR)


async def test_a_log_that_is_none_is_told() -> None:
    fleet = fleet_of([("ERROR", Stream.STDOUT)] * 10, [])
    fleet.told["log_driver"] = "none"
    found = await searcher(fleet).find(SearchQuestion("ERROR"), by=ACTOR)
    assert [type(failure) for failure in found.failures] == [LogsUnreadable, LogsUnreadable]
    assert found.onward(0) is None


async def test_where_a_silent_host_may_go_on_is_not_forgotten() -> None:
    silence = HostSilent("server1", Silence.UNREACHABLE)
    fleet = fleet_of([("ERROR", Stream.STDOUT)] * 100)
    search = searcher(fleet)
    with cut_small():
        first = await search.find(SearchQuestion("ERROR"), by=ACTOR, bounds=replace(ALL, most=10))
    onward = first.onward(10)
    assert onward is not None
    logs, fleet.logs_of, fleet.silent = fleet.logs_of, {}, (silence,)
    second = await search.find(onward, by=ACTOR, bounds=ALL)
    assert (second.count, second.failures) == (0, (silence,))
    later = second.onward(0)
    fleet.logs_of, fleet.silent = logs, ()
    assert later is not None
    assert (await search.find(later, by=ACTOR, bounds=ALL)).count == 90


async def test_as_many_hits_as_a_file_holds_keep_the_event_loop_free() -> None:
    fleet = fleet_of([("ERROR refused by somebody", Stream.STDOUT)] * 25_000, tick=1000, buffer=60_000)
    search = searcher(fleet, windows=(1000, 5000, 20_000))
    longest, last = 0.0, time.thread_time()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(search.find(SearchQuestion("ERROR"), by=ACTOR, bounds=FILE))
        while not task.done():
            await asyncio.sleep(0.001)
            longest, last = max(longest, time.thread_time() - last), time.thread_time()
    found = task.result()
    assert 5000 < len(found.hits) <= FILE.most
    assert sum(hit.size for hit in found.hits) <= FILE.room
    assert longest < 0.05


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
