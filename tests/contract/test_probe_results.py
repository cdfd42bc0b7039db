"""What probes have found, kept in each store: what was known, what was not, and how fast it is read."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.domain.probes import ProbeFault, ProbeKind, ProbeResult, ProbeSpec
from services.domain.uptime import PERIOD, PERIODS_A_DAY, Reach, Standing, Tally, place_of
from services.ports import Put, Store
from services.probes.results import Results, stands
from services.store import open_store
from tests.clock import HandClock
from tests.contract.test_store import EACH, ENGINES

SPEC = ProbeSpec("n8n", ProbeKind.N8N, "https://n8n.example.org")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(params=EACH)
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: HandClock) -> AsyncIterator[Store]:
    async with open_store(ENGINES[request.param](tmp_path), clock) as store:
        yield store


class Book:
    """Results written down as the watch does it, minute by minute."""

    def __init__(self, store: Store, clock: HandClock) -> None:
        self.results, self._clock = Results(store, clock), clock

    async def minutes(
        self, count: int, fault: ProbeFault | None = None, latency: float = 0.1, spec: ProbeSpec = SPEC
    ) -> None:
        for _ in range(count):
            result = ProbeResult(self._clock.now(), latency, fault, "x" if fault else "")
            before = await self.results.standing(spec.name)
            await self.results.add(spec, result, stands(before, result, result.at))
            self._clock.pass_by(seconds=spec.interval.total_seconds())

    async def share(self, reach: Reach) -> float | None:
        return (await self.results.of([SPEC.name]))[SPEC.name][1].of(reach).share


@pytest.fixture
def book(store: Store, clock: HandClock) -> Book:
    return Book(store, clock)


async def test_nothing_is_known_of_what_was_never_asked(book: Book) -> None:
    standing, sums = (await book.results.of(["n8n"]))["n8n"]
    assert standing is None
    assert sums.of(Reach.MONTH) == Tally()
    assert sums.of(Reach.MONTH).share is None
    assert list(sums.bars(Reach.DAY)) == [Tally()] * 90
    assert await book.results.latest("n8n", 5) == []


async def test_results_are_told_as_they_were(book: Book, clock: HandClock) -> None:
    began = clock.now()
    await book.minutes(2, latency=0.1234)
    await book.minutes(1, ProbeFault.TIMEOUT, 10)
    latest = await book.results.latest("n8n", 2)
    assert latest == [
        ProbeResult(began + timedelta(minutes=2), 10, ProbeFault.TIMEOUT, "x"),
        ProbeResult(began + timedelta(minutes=1), 0.123),
    ]
    standing = await book.results.standing("n8n")
    assert standing is not None
    assert (standing.last.fault, standing.since) == (ProbeFault.TIMEOUT, began + timedelta(minutes=2))


async def test_time_that_nobody_probed_is_unknown_and_not_down(
    store: Store, book: Book, clock: HandClock
) -> None:
    await book.minutes(60)
    clock.pass_by(hours=5)  # the bot is away
    book = Book(store, clock)
    await book.minutes(20, ProbeFault.REFUSED)
    clock.pass_by(seconds=-1)
    assert await book.share(Reach.DAY) == 60 / 80
    bars = (await book.results.of(["n8n"]))["n8n"][1].bars(Reach.DAY)
    assert sum(bar.known for bar in bars) == 80 * 60
    assert bars[-1].share == 0.0
    assert sum(bar.share is None for bar in bars) >= 90 - 5 - 3


async def test_a_restart_within_a_period_loses_nothing_of_it(
    store: Store, book: Book, clock: HandClock
) -> None:
    await book.minutes(3)
    await Book(store, clock).minutes(1, ProbeFault.STATUS)
    clock.pass_by(seconds=-1)
    day = (await book.results.of(["n8n"]))["n8n"][1].of(Reach.DAY)
    assert day == Tally(known=240, up=180, answers=3, spent=300, slowest=100)


async def test_where_nobody_was_asked_nothing_is_known(book: Book) -> None:
    await book.minutes(2)
    await book.minutes(3, ProbeFault.HOST_SILENT)
    await book.minutes(1, ProbeFault.FORWARD_FORBIDDEN)
    day = (await book.results.of(["n8n"]))["n8n"][1].of(Reach.DAY)
    assert (day.known, day.share) == (120, 1.0)


async def test_a_result_stands_for_its_interval(book: Book, clock: HandClock) -> None:
    """An hour of failures asked each minute weighs no more than one asked each ten minutes."""
    await book.minutes(60, ProbeFault.STATUS)
    await book.minutes(6, spec=replace(SPEC, interval=timedelta(minutes=10)))
    clock.pass_by(seconds=-1)
    assert await book.share(Reach.DAY) == 0.5


async def test_each_reach_ends_now_and_leaves_older_things_out(book: Book, clock: HandClock) -> None:
    clock.pass_by(hours=-14)  # to midnight, where a day and a period begin
    hourly = replace(SPEC, interval=timedelta(hours=1))
    await book.minutes(24, ProbeFault.REFUSED, spec=hourly)
    await book.minutes(24 * 6, spec=hourly)
    clock.pass_by(seconds=-1)
    assert await book.share(Reach.DAY) == 1.0
    assert await book.share(Reach.WEEK) == 6 / 7
    assert await book.share(Reach.MONTH) == 6 / 7
    clock.pass_by(seconds=1)
    await book.minutes(24 * 23, spec=hourly)
    clock.pass_by(seconds=-1)
    assert (await book.share(Reach.WEEK), await book.share(Reach.MONTH)) == (1.0, 29 / 30)
    bars = (await book.results.of(["n8n"]))["n8n"][1].bars(Reach.MONTH)
    assert [bar.share for bar in bars] == [0.0] * 3 + [1.0] * 87
    clock.pass_by(days=1, seconds=1)
    assert await book.share(Reach.MONTH) == 1.0


async def test_single_results_go_after_two_days_and_sums_do_not(
    store: Store, book: Book, clock: HandClock
) -> None:
    await book.minutes(5)
    clock.pass_by(hours=47)
    await book.minutes(1)
    assert await book.results.prune(["n8n"]) == 0
    clock.pass_by(hours=1, minutes=1)
    assert await book.results.prune([]) == 5, "also of a probe that the settings have no more"
    assert len(await book.results.latest("n8n", 9)) == 1
    assert (await book.results.of(["n8n"]))["n8n"][1].of(Reach.WEEK).known == 6 * 60
    clock.pass_by(days=33)
    assert await store.scan("probed/") == {}


async def test_a_record_that_cannot_be_read_stops_nothing(store: Store, book: Book, clock: HandClock) -> None:
    await book.minutes(1)
    await store.write(*(Put(key, b"?") for key in await store.scan("probed/")))
    book = Book(store, clock)
    assert (await book.results.of(["n8n"]))["n8n"][0] is None
    await book.minutes(1)
    standing, sums = (await book.results.of(["n8n"]))["n8n"]
    assert standing is not None
    assert sums.of(Reach.DAY).known == 60


def test_a_day_has_ninety_periods() -> None:
    clock = HandClock()
    clock.pass_by(hours=-14)
    assert place_of(clock.now()) == ("2026-11-23", 0)
    clock.pass_by(hours=23, minutes=59, seconds=59)
    assert place_of(clock.now()) == ("2026-11-23", 89)


async def test_thirty_probes_with_a_full_month_hold_nobody_up(store: Store, clock: HandClock) -> None:
    """They are read in some 20 ms of CPU time."""
    names = [f"probe-{number}" for number in range(30)]
    await _a_full_month(store, clock, names)
    results = Results(store, clock)
    await results.of(names)
    gc.collect()  # what the tests have left; the bot does that at a time of its own
    longest, stop = 0.0, False

    async def beat() -> None:
        nonlocal longest
        while not stop:
            at = time.thread_time()  # what else runs on the machine is no fault of ours
            await asyncio.sleep(0.001)
            longest = max(longest, time.thread_time() - at)

    beating = asyncio.create_task(beat())
    held = []
    for _ in range(5):
        longest = 0.0
        found = await results.of(names)
        months = [sums.of(Reach.MONTH).share for _standing, sums in found.values()]
        held.append(longest)
    stop = True
    await beating
    assert all(share is not None and 0.99 < share < 1 for share in months)
    assert min(held) < 0.05


async def _a_full_month(store: Store, clock: HandClock, names: list[str]) -> None:
    """Of results each 16 minutes: the records are as large as those of results each minute."""
    spec = replace(SPEC, interval=PERIOD)
    results = Results(store, clock)
    day = clock.now() - timedelta(hours=clock.now().hour)
    for number in range(31 * PERIODS_A_DAY):
        at = day - timedelta(days=30) + number * PERIOD
        result = ProbeResult(at, 0.12, ProbeFault.STATUS if number == 2000 else None)
        await results.add(spec, result, Standing(result, at))
    kept = await store.scan("probed/n8n")
    for name in names:
        await store.write(*(Put(key.replace("n8n", name), value) for key, value in kept.items()))
