"""The week's word on the standard: once, on Monday morning, also after an absence."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.domain.access import Actor, Role, Scope
from services.domain.posts import Notice, Trouble
from services.domain.standards import About, Audited, Breach, HostAudit, StandardsReport, Weight
from services.standards.past import Past
from services.standards.weekly import Weekly
from services.store import open_store
from tests.clock import HandClock

ALMATY = ZoneInfo("Asia/Almaty")
MONDAY = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # nine in the morning there

BOSS = Actor(1001, "Boss", Role.ADMIN, Scope.of("*/*"))
OTHER = Actor(1002, "Other", Role.ADMIN, Scope.of("server1/*"))


class Audits:
    """What the auditor says, set by hand."""

    def __init__(self, clock: HandClock) -> None:
        self.clock, self.silent = clock, False

    async def report(self, host: str | None = None, *, by: Actor) -> StandardsReport:
        if not by.scope.covers_host("server2"):
            return StandardsReport((), self.clock.now())
        breach = Breach("privileged", About.CONTAINER, Weight.ERROR, "directus", host="server2")
        subjects = (Audited("server2", About.CONTAINER, "directus", (breach,)),)
        audit = HostAudit("server2", () if self.silent else subjects, self.clock.now(), silent=self.silent)
        return StandardsReport((audit,), self.clock.now(), {"server2": 58})


class Scene:
    def __init__(self, weekly: Weekly, clock: HandClock, audits: Audits, told: list[Notice]) -> None:
        self.weekly, self.clock, self.audits, self.told = weekly, clock, audits, told


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    clock, told = HandClock(), list[Notice]()
    clock.time = MONDAY - timedelta(minutes=1)

    async def tell(notice: Notice, admin: int) -> None:
        assert admin == BOSS.id, "the others see nothing of that server"
        told.append(notice)

    async with open_store(f"sqlite://{tmp_path}/store.db", clock) as store:
        audits = Audits(clock)
        weekly = Weekly(audits, store, tell, (BOSS, OTHER), clock, ALMATY)
        yield Scene(weekly, clock, audits, told)


async def test_on_monday_at_nine_and_once(scene: Scene) -> None:
    await scene.weekly.look()  # the week in which it was set up
    assert scene.told == []
    scene.clock.pass_by(minutes=1)
    await scene.weekly.look()
    (notice,) = scene.told
    assert notice.trouble is Trouble.STANDARDS
    assert notice.facts == {
        "hosts": "server2 75 (58)",
        "errors": "1",
        "worst": "directus 75",
        "weight": "error",
    }
    for _ in range(6):
        scene.clock.pass_by(days=1)
        await scene.weekly.look()
    assert len(scene.told) == 1
    scene.clock.pass_by(days=1)
    await scene.weekly.look()
    assert len(scene.told) == 2


async def test_after_an_absence_as_soon_as_it_is_back(scene: Scene) -> None:
    await scene.weekly.look()
    scene.clock.pass_by(days=3)
    await scene.weekly.look()
    assert len(scene.told) == 1


async def test_while_nobody_can_be_asked_it_waits(scene: Scene) -> None:
    await scene.weekly.look()
    scene.clock.pass_by(hours=1)
    scene.audits.silent = True
    await scene.weekly.look()
    assert scene.told == []
    scene.audits.silent = False
    await scene.weekly.look()
    assert len(scene.told) == 1


async def test_a_week_ago_is_a_week_ago(tmp_path: Path) -> None:
    clock = HandClock()
    async with open_store(f"sqlite://{tmp_path}/store.db", clock) as store:
        past = Past(store, clock)
        await past.note("server1", 100)
        assert await past.scores(["server1"]) == {}
        clock.pass_by(days=6)
        assert await past.scores(["server1"]) == {}
        clock.pass_by(days=1)
        assert await past.scores(["server1", "server2"]) == {"server1": 100}
        clock.pass_by(days=6)
        assert await past.scores(["server1"]) == {"server1": 100}
        clock.pass_by(days=1)
        assert await past.scores(["server1"]) == {}
