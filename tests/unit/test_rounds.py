"""Rounds: what a look finds is told once it is sure, and told over when it is gone."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from services.alerts.rounds import Rounds, Seen
from services.domain.alerts import Severity
from services.domain.findings import CERTIFICATE_PROBLEM, Finding
from tests.clock import HandClock


class Stage:
    """What is wrong, and what was told of it."""

    def __init__(self, clock: HandClock, left: Sequence[Finding] = (), confirm: int = 2) -> None:
        self.clock, self.left = clock, left
        self.wrong: list[Finding] = []
        self.undecided: Callable[[Finding], bool] = lambda _finding: False
        self.told: list[Finding] = []
        self.rounds = Rounds(
            [CERTIFICATE_PROBLEM], self.look, self.report, self.open_of, clock, confirm=confirm
        )

    async def look(self) -> Seen:
        return Seen(list(self.wrong), self.undecided)

    async def report(self, finding: Finding) -> None:
        self.told.append(finding)

    async def open_of(self, names: Collection[str]) -> Sequence[Finding]:
        return [finding for finding in self.left if finding.name in names]

    async def after(self, **time: float) -> list[Finding]:
        """What the next look tells."""
        self.clock.pass_by(**time)
        self.told.clear()
        await self.rounds.once()
        return list(self.told)

    def finding(self, domain: str = "a.example.org", severity: Severity = Severity.WARNING) -> Finding:
        notes = {"fault": "expires"}
        now = self.clock.now()
        return Finding(CERTIFICATE_PROBLEM, "", "", severity, now, subject=domain, notes=notes)


@pytest.fixture
def stage() -> Stage:
    return Stage(HandClock())


async def test_a_trouble_is_told_at_the_second_look_since_the_first(stage: Stage) -> None:
    first = stage.finding()
    stage.wrong = [first]
    assert await stage.after() == []
    stage.wrong = [replace(first, started=stage.clock.now() + timedelta(seconds=30))]
    assert await stage.after(seconds=30) == [first]
    assert await stage.after(seconds=30) == [], "it is known"


async def test_what_was_seen_once_is_forgotten(stage: Stage) -> None:
    stage.wrong = [stage.finding()]
    assert await stage.after() == []
    stage.wrong = []
    assert await stage.after(seconds=30) == []
    stage.wrong = [stage.finding()]
    assert await stage.after(seconds=30) == [], "counted anew"


async def test_its_end_is_told_and_it_may_begin_anew(stage: Stage) -> None:
    stage.wrong = [stage.finding()]
    await stage.after()
    (told,) = await stage.after(seconds=30)
    stage.wrong = []
    assert await stage.after(seconds=30) == [replace(told, ended=stage.clock.now())]
    assert await stage.after(seconds=30) == []
    stage.wrong = [stage.finding()]
    await stage.after()
    assert [each.started for each in await stage.after(seconds=30)] == [
        stage.clock.now() - timedelta(seconds=30)
    ]


async def test_more_that_is_known_is_told_with_the_first_start(stage: Stage) -> None:
    stage.wrong = [first := stage.finding()]
    await stage.after()
    await stage.after(seconds=30)
    stage.wrong = [replace(stage.finding(), notes={"fault": "expired"})]
    (told,) = await stage.after(seconds=30)
    assert (told.started, told.notes) == (first.started, {"fault": "expired"})


async def test_what_cannot_be_looked_at_stays_as_it_is(stage: Stage) -> None:
    stage.wrong = [stage.finding()]
    await stage.after()
    stage.wrong, stage.undecided = [], lambda _finding: True
    assert await stage.after(seconds=30) == [], "neither told nor forgotten"
    stage.wrong = [stage.finding()]
    assert len(await stage.after(seconds=30)) == 1
    stage.wrong = []
    assert await stage.after(seconds=30) == []


async def test_a_warning_that_becomes_critical_is_another(stage: Stage) -> None:
    stage.wrong = [stage.finding()]
    await stage.after()
    (warning,) = await stage.after(seconds=30)
    stage.wrong = [stage.finding(severity=Severity.CRITICAL)]
    assert await stage.after(seconds=30) == [], "it is not over"
    critical, over = await stage.after(seconds=30)
    assert critical.severity is Severity.CRITICAL
    assert over == replace(warning, ended=stage.clock.now())
    stage.wrong = []
    assert await stage.after(seconds=30) == [replace(critical, ended=stage.clock.now())]


async def test_a_warning_that_was_critical_for_a_moment_stays_a_warning(stage: Stage) -> None:
    stage.wrong = [stage.finding()]
    await stage.after()
    await stage.after(seconds=30)
    stage.wrong = [stage.finding(severity=Severity.CRITICAL)]
    assert await stage.after(seconds=30) == []
    stage.wrong = [stage.finding()]
    assert await stage.after(seconds=30) == []


async def test_what_an_earlier_run_left_open_is_ended() -> None:
    clock = HandClock()
    left = Stage(clock).finding()
    stage = Stage(clock, left=[left, replace(left, name="another")])
    await stage.rounds.recall()
    assert await stage.after(hours=1) == [replace(left, ended=clock.now())]


async def test_where_one_look_is_enough() -> None:
    stage = Stage(HandClock(), confirm=1)
    stage.wrong = [stage.finding()]
    assert len(await stage.after()) == 1
