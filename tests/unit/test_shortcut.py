"""A search the short way finds what one the long way does, and tells nothing of what it had to pass over."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.domain.logs import Line, Stream, block_of
from services.domain.spans import TimeSpan
from services.errors import HostSilent, Silence
from services.logs.pages.questions import Sieve
from services.logs.search import hunt, shortcut
from services.logs.search.hits import MOST_CONTEXT, Found, SearchQuestion, Stop, Watch
from services.logs.search.search import Searcher
from services.logs.stream.jsonfile import Candidates
from services.logs.text.levels import Level
from tests.unit.engine_log import BEGAN, EngineLog
from tests.unit.log_fleet import ACTOR
from tests.unit.search_fleet import ALL, SearchFleet, cut_small, fleet_of, searcher


@dataclass
class Lane:
    """What a host would say of the log, the newest first, in so many groups at a time.

    most: lines of a group; a larger one is given in parts. fails_after: so many candidates. asked: the literals of
    each search.
    """

    log: EngineLog
    groups: int = 3
    fails_after: int | None = None
    most: int = 200
    asked: list[Sequence[bytes]] = field(default_factory=list)
    given: int = 0

    async def candidates(
        self, container_id: str, literals: Sequence[bytes], *, context: int = 0, deadline: float
    ) -> AsyncGenerator[Candidates, None]:
        self.asked.append(literals)
        for count, (batch, goes_on) in enumerate(self._batches(literals, context)):
            if count == self.fails_after:
                raise HostSilent("server1", Silence.FORWARD)
            starts = [sum(map(len, batch[:number])) for number in range(len(batch))]
            self.given += 1
            yield Candidates(block_of([line for group in batch for line in group]), tuple(starts), goes_on)

    def _batches(self, literals: Sequence[bytes], context: int) -> Iterator[tuple[list[list[Line]], bool]]:
        """Each oldest first, and whether its last group goes on right below."""
        batch: list[list[Line]] = []
        goes_on = False
        for group in _groups(self.log.lines()[0], literals, context):
            for end in range(len(group), 0, -self.most):
                if end < len(group) or len(batch) == self.groups:
                    yield batch[::-1], goes_on
                    batch, goes_on = [], end < len(group)
                batch.append(group[max(end - self.most, 0) : end])
        if batch:
            yield batch[::-1], goes_on


def _groups(lines: Sequence[Line], literals: Sequence[bytes], context: int) -> list[list[Line]]:
    """The newest first."""
    near = sorted(
        {
            at
            for number, line in enumerate(lines)
            if any(literal in line.text for literal in literals)
            for at in range(max(number - context, 0), min(number + min(context, 10) + 1, len(lines)))
        }
    )
    groups: list[list[Line]] = []
    last = -2
    for number in near:
        if number != last + 1:
            groups.append([])
        groups[-1].append(lines[number])
        last = number
    return groups[::-1]


def both(fleet: SearchFleet, lane: Lane) -> tuple[Searcher, Searcher]:
    """The same search by the long way and by the short one."""
    return searcher(fleet), searcher(fleet, shortcuts={"server1": lane})


def told(found: Found) -> list[object]:
    return [(hit.line, hit.before, hit.after) for hit in found.hits]


async def every(search: Searcher, question: SearchQuestion, size: int) -> tuple[list[object], int]:
    """All pages of it, and how many there were."""
    pages = []
    onward: SearchQuestion | None = question
    while onward is not None:
        found = await search.find(onward, by=ACTOR, bounds=replace(ALL, most=size))
        pages.append(found)
        onward = found.onward(len(found.hits))
        assert len(pages) < 500
    return [each for page in pages for each in told(page)], len(pages)


WORDS = (
    "ERROR refused",
    "INFO ready, waiting for work",
    "    at Socket.on",
    "code 17",
    "deadbeefdeadbeef00",
    "",
)
LINES = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(list(Stream))), max_size=150)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    LINES,
    st.sampled_from(["refused", "ready|Socket", "code", "deadbeef", "(?i)REFUSED .*7$", "at Socket.on 1"]),
    st.integers(0, 3),
    st.sampled_from([1, 3, 50]),
    st.sampled_from([4, 30, 1000]),
    st.sampled_from([None, 0, 2]),
    st.sampled_from([3, 200]),
)
async def test_the_same_hits_by_both_ways(
    lines: list[tuple[str, Stream]],
    pattern: str,
    context: int,
    groups: int,
    size: int,
    fails_after: int | None,
    most: int,
) -> None:
    fleet = fleet_of(lines)
    lane = Lane(fleet.logs_of["n8n"], groups, fails_after, most)
    question = SearchQuestion(pattern, context=context)
    with cut_small(), patch.object(hunt, "_SHORT_FROM", 1), patch.object(shortcut, "MARGIN_LINES", 4):
        long, short = both(fleet, lane)
        expected, _ = await every(long, question, size)
        found, _ = await every(short, question, size)
    assert found == expected


async def test_a_long_log_is_not_read_where_a_shortcut_leads_through_it() -> None:
    fleet = fleet_of([("INFO ready, waiting for work", Stream.STDOUT)] * 20_000, buffer=60_000)
    log = fleet.logs_of["n8n"]
    log.records[5] = replace(log.records[5], payload=b"ERROR refused by nobody\n")
    search = searcher(fleet, windows=(100, 500, 50_000), shortcuts={"server1": Lane(log)})
    found = await search.find(SearchQuestion("refused"), by=ACTOR)
    assert (found.count, found.stop) == (1, None)
    assert max(query.tail or 0 for query in log.queries) < 1000


async def test_a_dense_log_is_left_as_soon_as_enough_is_found() -> None:
    fleet = fleet_of([("ERROR refused, it says", Stream.STDOUT)] * 3000, buffer=60_000)
    lane = Lane(fleet.logs_of["n8n"])
    search = searcher(fleet, windows=(10, 20), shortcuts={"server1": lane})
    with patch.object(hunt, "_SHORT_FROM", 0):
        found = await search.find(SearchQuestion("refused.*[05]$"), by=ACTOR)
    assert len(found.hits) == 50
    assert found.count < 300
    assert found.onward(50) is not None


@pytest.mark.parametrize(
    "question",
    [
        SearchQuestion("refused", invert=True),
        SearchQuestion("refused", sieve=Sieve(Level.WARN)),
        SearchQuestion("."),
        SearchQuestion("r.f"),
    ],
)
async def test_what_needs_every_line_goes_the_long_way(question: SearchQuestion) -> None:
    fleet = fleet_of([("ERROR refused", Stream.STDOUT), ("INFO ready", Stream.STDOUT)] * 50)
    lane = Lane(fleet.logs_of["n8n"])
    with cut_small():
        long, short = both(fleet, lane)
        expected = await long.find(question, by=ACTOR, bounds=ALL)
        found = await short.find(question, by=ACTOR, bounds=ALL)
    assert told(found) == told(expected)
    assert lane.asked == []


KEY = "-----BEGIN PRIVATE KEY-----\n" + "MIIEpAIBAAKCAQEA75mNabcd0123\n" * 40 + "-----END PRIVATE KEY-----\n"
CODES = "Recovery codes:\n" + "".join(f"  a{number}b2-c3d4\n" for number in range(10, 30))
BLOCK = "secret: |\n" + "".join(f"    part{number} of it\n" for number in range(60))
NAMED = "".join(f"app_1  | {line}\n" for line in BLOCK.splitlines())
FAR = "INFO ready, waiting for work\n" * 300


@pytest.mark.parametrize("secret", [KEY, KEY.partition("-----END")[0], CODES, BLOCK, NAMED])
@pytest.mark.parametrize(
    "pattern", ["MIIEpAIB", "75mNabcd", "a25b2", "part55", "part5 ", "of it", "a11b2-c3d4"]
)
async def test_what_is_hidden_by_lines_far_above_stays_hidden(secret: str, pattern: str) -> None:
    log = EngineLog()
    log.write((FAR + secret + FAR).encode())
    fleet = SearchFleet({"n8n": log})
    with patch.object(hunt, "_SHORT_FROM", 0):
        long, short = both(fleet, Lane(log))
        expected = await long.find(SearchQuestion(pattern), by=ACTOR, bounds=ALL)
        found = await short.find(SearchQuestion(pattern), by=ACTOR, bounds=ALL)
    assert (found.count, told(found)) == (expected.count, told(expected))


RIGHT, WRONG = "hunter2hunter2", "correct-horse9"
GUESSES = (
    "password=hunter2",
    "hunter2h",
    "hunter2|refused",
    "(?i)HUNTER2|refused",
    "part hunter2",
    "MIIEhunter2",
)


def written(secret: str, *, hits: int, newer: bool) -> EngineLog:
    """With lines that are hits for anybody before or behind those that hold the secret."""
    log = EngineLog(tick=10**9)
    loud = "".join(f"ERROR refused {number}\n" + "INFO ready\n" * 40 for number in range(hits))
    block = "secret: |\n" + f"    part {secret}\n" * 30 + "user: dias\n"
    key = (
        "-----BEGIN PRIVATE KEY-----\n"
        + f"MIIE{secret}AQEA75mNabcd0123\n" * 30
        + "-----END PRIVATE KEY-----\n"
    )
    hidden = "".join(f"login password={secret}\n" + "INFO ready\n" * 250 for _ in range(3)) + block + key
    log.write((FAR + (hidden + loud if newer else loud + hidden) + "INFO ready\n" * 250).encode())
    return log


@pytest.mark.parametrize("guess", GUESSES)
@pytest.mark.parametrize("newer", [False, True])
@pytest.mark.parametrize("seconds", [None, 400, 2000])
async def test_a_right_guess_looks_like_a_wrong_one(guess: str, newer: bool, seconds: int | None) -> None:
    """In all that a search tells, in the way it takes, and in how far it can be told to have got."""
    seen = []
    for secret in (RIGHT, WRONG):
        for hits in (0, 1, 4):
            log = written(secret, hits=hits, newer=newer)
            lane = Lane(log, groups=1)
            last = log.lines()[0][-1].at
            span = TimeSpan(since=last - timedelta(seconds=seconds) if seconds else None)
            search = searcher(SearchFleet({"n8n": log}), shortcuts={"server1": lane})
            watch = Watch()
            with patch.object(hunt, "_SHORT_FROM", 0):
                found = await search.find(
                    SearchQuestion(guess, span=span), by=ACTOR, bounds=replace(ALL, most=3), watch=watch
                )
            (tally,) = found.tallies
            bars = found.times.spread(BEGAN, last, 20)
            way = len(log.queries), len(lane.asked)
            seen.append((hits, tally, found.stop, bars, watch.progress(), way, found.reached, told_of(found)))
            assert secret not in str(told_of(found))
            assert lane.asked
    assert seen[: len(seen) // 2] == seen[len(seen) // 2 :]


def told_of(found: Found) -> list[object]:
    """With the distances of neighbours, as far as they are told."""
    numbers = [hit.number for hit in found.hits]
    near = [min(newer - older, 2 * MOST_CONTEXT + 1) for newer, older in pairwise(numbers)]
    return [near, *[(hit.line, hit.before, hit.after) for hit in found.hits]]


@pytest.mark.parametrize("guess", GUESSES)
async def test_a_search_that_breaks_off_tells_no_more(guess: str) -> None:
    """Its time is up, or it is cancelled, behind what it had to pass over."""
    seen = []
    for secret in (RIGHT, WRONG):
        log = written(secret, hits=2, newer=True)
        search = searcher(SearchFleet({"n8n": log}), shortcuts={"server1": Stuck(log, groups=1)})
        with patch.object(hunt, "_SHORT_FROM", 0):
            found = await search.find(SearchQuestion(guess), by=ACTOR, bounds=replace(ALL, seconds=0.5))
        seen.append((found.tallies, found.reached, found.stop, told_of(found)))
        assert found.stop is Stop.TIME
    assert seen[0] == seen[1]


class Stuck(Lane):
    """It never comes to an end."""

    async def candidates(
        self, container_id: str, literals: Sequence[bytes], *, context: int = 0, deadline: float
    ) -> AsyncGenerator[Candidates, None]:
        async for each in super().candidates(container_id, literals, context=context, deadline=deadline):
            yield each
        await asyncio.Event().wait()
