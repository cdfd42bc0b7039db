"""A search the short way finds what one the long way does, and goes the long way where that is not sure."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.domain.logs import Line, Stream, block_of
from services.errors import HostSilent, Silence
from services.logs.pages.questions import Sieve
from services.logs.search import hunt
from services.logs.search.hits import Found, SearchQuestion
from services.logs.search.search import Searcher
from services.logs.stream.jsonfile import Candidates
from services.logs.text.levels import Level
from tests.unit.engine_log import EngineLog
from tests.unit.log_fleet import ACTOR
from tests.unit.search_fleet import ALL, SearchFleet, cut_small, fleet_of, searcher

MOST_OF_A_GROUP = 200  # lines; a larger one is given in parts


@dataclass
class Lane:
    """What a host would say of the log, the newest first, in so many groups at a time.

    fails_after: so many candidates. asked: the literals of each search.
    """

    log: EngineLog
    groups: int = 3
    fails_after: int | None = None
    asked: list[Sequence[bytes]] = field(default_factory=list)
    given: int = 0

    async def candidates(
        self, container_id: str, literals: Sequence[bytes], *, context: int = 0, deadline: float
    ) -> AsyncGenerator[Candidates, None]:
        self.asked.append(literals)
        groups = _groups(self.log.lines()[0], literals, context)
        for count, start in enumerate(range(0, len(groups), self.groups)):
            if count == self.fails_after:
                raise HostSilent("server1", Silence.FORWARD)
            batch = groups[start : start + self.groups][::-1]
            starts = [sum(map(len, batch[:number])) for number in range(len(batch))]
            self.given += 1
            yield Candidates(block_of([line for group in batch for line in group]), tuple(starts))


def _groups(lines: Sequence[Line], literals: Sequence[bytes], context: int) -> list[list[Line]]:
    """The newest first."""
    near = sorted(
        {
            at
            for number, line in enumerate(lines)
            if any(literal in line.text for literal in literals)
            for at in range(max(number - context, 0), min(number + context + 1, len(lines)))
        }
    )
    groups: list[list[Line]] = []
    last = -2
    for number in near:
        if number != last + 1 or len(groups[-1]) == MOST_OF_A_GROUP:
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
)
async def test_the_same_hits_by_both_ways(
    lines: list[tuple[str, Stream]],
    pattern: str,
    context: int,
    groups: int,
    size: int,
    fails_after: int | None,
) -> None:
    fleet = fleet_of(lines)
    lane = Lane(fleet.logs_of["n8n"], groups, fails_after)
    question = SearchQuestion(pattern, context=context)
    with cut_small(), patch.object(hunt, "_SHORT_FROM", 1):
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
FAR = "INFO ready, waiting for work\n" * 300


@pytest.mark.parametrize("secret", [KEY, KEY.partition("-----END")[0], CODES, BLOCK])
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
