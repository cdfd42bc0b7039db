"""Probes on their own time: who fails is told from start to end, once it is sure."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.domain.alerts import Severity
from services.domain.findings import HOST_UNREACHABLE, PROBE_FAILED, SERVICE_DOWN, Finding
from services.domain.probes import ProbeFault, ProbeKind, ProbeResult, ProbeSpec
from services.domain.uptime import Reach
from services.errors import StoreUnavailable
from services.ports import Store
from services.probes.results import Results
from services.probes.watch import ProbeWatch
from services.store.sqlite import open_sqlite
from tests.clock import HandClock

N8N = ProbeSpec(
    "n8n",
    ProbeKind.N8N,
    "https://n8n.example.org",
    host="server1",
    container="n8n",
    interval=timedelta(seconds=0.04),
    severity=Severity.WARNING,
)
DOWN, SLOW = (ProbeFault.REFUSED, ""), (ProbeFault.TIMEOUT, "10")


class Stage:
    """answers: what comes of the next tries; the last one stays."""

    def __init__(
        self, store: Store, clock: HandClock, *probes: ProbeSpec, left: Sequence[Finding] = ()
    ) -> None:
        self.clock, self.left = clock, list(left)
        self.after_each: Callable[[], None] = lambda: None
        self.answers: list[tuple[ProbeFault, str] | None] = [None]
        self.asked: list[str] = []
        self.told: list[Finding] = []
        self.failures = 0
        self.at_once = self.most_at_once = 0
        self.results = Results(store, clock)
        self.watch = ProbeWatch(probes or [N8N], self, self.results, self.report, self.open_of, clock)

    async def probe(self, spec: ProbeSpec) -> ProbeResult:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.001)
        self.at_once -= 1
        self.asked.append(spec.name)
        self.after_each()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return ProbeResult(self.clock.now(), 0.1, *(answer or (None, "")))

    async def report(self, finding: Finding) -> None:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("not yet")
        self.told.append(finding)

    async def open_of(self, names: Collection[str]) -> Sequence[Finding]:
        return [finding for finding in self.left if finding.name in names]

    async def after(self, *answers: tuple[ProbeFault, str] | None) -> list[Finding]:
        """What the next round tells, a minute later."""
        self.clock.pass_by(minutes=1)
        self.answers = list(answers)
        self.told.clear()
        await self.watch.once(N8N)
        return list(self.told)


@pytest.fixture
async def store(tmp_path: Path, clock: HandClock) -> AsyncIterator[Store]:
    store = await open_sqlite(tmp_path / "db", clock)
    yield store
    await store.close()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def stage(store: Store, clock: HandClock) -> Stage:
    return Stage(store, clock)


async def test_a_failure_is_told_after_all_tries_since_the_first_and_its_end_at_the_first_answer(
    stage: Stage,
) -> None:
    assert await stage.after(None) == []
    (finding,) = await stage.after(DOWN)
    assert stage.asked == ["n8n"] * 4
    began = stage.clock.now()
    assert finding == Finding(
        PROBE_FAILED, "server1", "n8n", Severity.WARNING, began,
        subject="n8n", notes={"fault": "refused", "detail": ""},
    )  # fmt: skip
    assert await stage.after(DOWN) == [], "it is known"
    assert len(stage.asked) == 5, "and is asked once a time from now on"
    (changed,) = await stage.after(SLOW)
    assert changed == replace(finding, notes={"fault": "timeout", "detail": "10"})
    (ended,) = await stage.after(None)
    assert ended == replace(changed, ended=stage.clock.now())
    assert await stage.after(None) == []


async def test_a_try_that_the_next_one_mends_is_neither_told_nor_down(stage: Stage) -> None:
    assert await stage.after(DOWN, SLOW, None) == []
    assert len(stage.asked) == 3
    assert (await stage.results.of(["n8n"]))["n8n"][1].of(Reach.DAY).share == 1.0


async def test_since_when_is_remembered_beyond_a_restart(
    store: Store, stage: Stage, clock: HandClock
) -> None:
    (finding,) = await stage.after(DOWN)
    began = clock.now()
    again = Stage(store, clock, left=[finding])
    await again.watch.recall()
    assert await again.after(DOWN) == [], "it is open"
    assert len(again.asked) == 1
    standing = await again.results.standing("n8n")
    assert standing is not None
    assert standing.since == began
    assert await again.after(None) == [replace(finding, ended=clock.now())]


async def test_what_an_earlier_run_left_of_a_probe_that_is_gone_is_over(
    store: Store, clock: HandClock
) -> None:
    gone = Finding(PROBE_FAILED, "server1", "n8n", Severity.WARNING, clock.now(), subject="old")
    graver = Finding(PROBE_FAILED, "server1", "n8n", Severity.CRITICAL, clock.now(), subject="n8n")
    stage = Stage(store, clock, left=[gone, graver])
    await stage.watch.recall()
    assert stage.told == [replace(each, ended=clock.now()) for each in (gone, graver)]


async def test_while_the_host_it_goes_through_is_silent_all_stays_as_it_is(stage: Stage) -> None:
    silent = (ProbeFault.HOST_SILENT, "server2")
    assert await stage.after(silent) == []
    assert len(stage.asked) == 1, "another try would not help"
    (finding,) = await stage.after(DOWN)
    assert await stage.after(silent) == []
    assert (await stage.results.of(["n8n"]))["n8n"][1].of(Reach.DAY).known == 1
    assert await stage.after(None) == [replace(finding, ended=stage.clock.now())]


async def test_while_its_container_is_known_to_be_down_nothing_more_is_told(stage: Stage) -> None:
    """And when that is over, a whole round of tries comes first: the service may be on its way."""
    down = Finding(SERVICE_DOWN, "server1", "n8n", Severity.CRITICAL, stage.clock.now())
    other = replace(down, container="directus")
    whole = Finding(HOST_UNREACHABLE, "server1", "", Severity.CRITICAL, stage.clock.now())
    for left in (down, replace(other, containers=("directus", "n8n")), whole):
        stage.left = [left]
        assert await stage.after(DOWN) == []
    stage.left = [other, replace(down, host="server2")]
    assert len(await stage.after(DOWN)) == 1
    assert (await stage.results.of(["n8n"]))["n8n"][1].of(Reach.DAY).share == 0.0


async def test_a_round_that_began_while_its_container_was_down_tells_nothing(stage: Stage) -> None:
    stage.left = [Finding(SERVICE_DOWN, "server1", "n8n", Severity.CRITICAL, stage.clock.now())]
    stage.after_each = lambda: stage.left.clear() if len(stage.asked) == 2 else None
    assert await stage.after(DOWN) == []
    assert len(await stage.after(DOWN)) == 1


async def test_a_forbidden_forward_is_told_though_nobody_was_asked(stage: Stage) -> None:
    (finding,) = await stage.after((ProbeFault.FORWARD_FORBIDDEN, "127.0.0.1:5432"))
    assert finding.notes == {"fault": "forward_forbidden", "detail": "127.0.0.1:5432"}


async def test_a_report_waits_for_the_store(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.alerts.surely.PAUSE", 0.001)
    stage.failures = 3
    assert len(await stage.after(DOWN)) == 1


async def test_each_is_asked_again_and_again_and_never_too_many_at_once(
    store: Store, clock: HandClock
) -> None:
    many = [replace(N8N, name=f"probe-{number}") for number in range(40)]
    stage = Stage(store, clock, *many)
    running = asyncio.create_task(stage.watch.run())
    try:
        async with asyncio.timeout(20):
            while min(stage.asked.count(spec.name) for spec in many) < 3:
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert stage.most_at_once <= 16
