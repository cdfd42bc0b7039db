"""What was missed while the bot was away, under a clock that is turned; the real servers are asked in tests/lab."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from services.alertmanager import ActiveAlert, Alertmanager, AmStatus, Group, fingerprint
from services.alerts.catch_up import Alive, CatchUp, Here, Standing, notifications
from services.alerts.catch_up_runs import Run, runs
from services.domain.alerts import Notification, Origin, Report, Status
from services.errors import ApiNotUnderstood, ApiTimeout, StoreUnavailable
from services.prometheus import Prometheus, Sample, Series
from services.store.sqlite import open_sqlite
from tests.clock import HandClock

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
STEP = timedelta(seconds=5)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def series(first: int, last: int, *more: tuple[int, int], **labels: str) -> Series:
    spans = ((first, last), *more)
    points = tuple((at(second), 1.0) for a, b in spans for second in range(a, b + 1, 5))
    return Series({"__name__": "ALERTS", "alertstate": "firing", **labels}, points)


def active(name: str, *, suppressed: bool = False, starts: datetime = NOW, to: str = "vakhta") -> ActiveAlert:
    labels = {"alertname": name}
    return ActiveAlert(fingerprint(labels), labels, {}, starts, NOW, "", (to,), suppressed, (), ())


def standing(name: str, key: str = "{}:{}", **labels: str) -> tuple[str, Standing]:
    labels = {"alertname": name, **labels}
    report = Report(fingerprint(labels), labels, {}, Status.FIRING, NOW)
    return report.fingerprint, Standing(key, report)


@dataclass
class Desk:
    """Knows what it is told to know. `clock` stands still but for the sleeps."""

    clock: HandClock = field(default_factory=HandClock)
    told: list[Notification] = field(default_factory=list)
    known: set[tuple[str, bool]] = field(default_factory=set)
    standing: dict[str, Standing] = field(default_factory=dict)
    receivers: set[str] = field(default_factory=set)
    ours: set[str] = field(default_factory=set)
    slept: list[float] = field(default_factory=list)

    async def accept(self, notification: Notification) -> None:
        self.told.append(notification)

    async def is_known(self, fingerprint: str, starts: datetime, resolved: bool) -> bool:
        return (fingerprint, resolved) in self.known

    async def open_alerts(self) -> Mapping[str, Standing]:
        return self.standing

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.pass_by(seconds=seconds)
        await asyncio.sleep(0)

    @property
    def here(self) -> Here:
        return Here(
            self.accept,
            self.open_alerts,
            self.is_known,
            lambda: self.receivers,
            is_open=lambda each: each in self.ours,
        )

    @property
    def news(self) -> list[tuple[str, str]]:
        return [(report.labels["alertname"], report.status) for each in self.told for report in each.reports]


@dataclass
class Memory:
    """Prometheus' part: `answers` one after the other, the last one again and again."""

    answers: list[Sequence[Series] | Exception]
    asked: list[tuple[str, datetime, datetime, timedelta]] = field(default_factory=list)
    firing: tuple[str, ...] = ()

    async def query(self, promql: str, *, at: datetime | None = None) -> Sequence[Sample]:
        assert promql == 'ALERTS{alertstate="firing"}'
        assert at is not None
        extra = {"__name__": "ALERTS", "alertstate": "firing"}
        return [Sample({"alertname": name, **extra}, 1, at) for name in self.firing]

    async def range(self, promql: str, start: datetime, end: datetime, step: timedelta) -> Sequence[Series]:
        self.asked.append((promql, start, end, step))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Listing:
    """Alertmanager's part."""

    found: list[Group] = field(default_factory=list)
    fails: bool = False
    started: datetime = NOW - timedelta(days=1)

    async def groups(self, *, deadline: float = 5) -> Sequence[Group]:
        self._answer()
        return self.found

    async def alerts(self, *, deadline: float = 5) -> Sequence[ActiveAlert]:
        self._answer()
        return [alert for group in self.found for alert in group.alerts]

    async def status(self, *, deadline: float = 5) -> AmStatus:
        return AmStatus("0.25.0", self.started)

    def _answer(self) -> None:
        if self.fails:
            raise ApiTimeout("alertmanager", 5)


def catch_up(desk: Desk, memory: Memory | None, listing: Listing | None = None, **more: Any) -> CatchUp:
    prometheus, alertmanager = cast(Prometheus | None, memory), cast(Alertmanager | None, listing)
    return CatchUp(desk.clock, desk.here, alertmanager, prometheus, sleep=desk.sleep, **more)


def test_runs() -> None:
    rows = [
        series(-60, -30, alertname="Brief"),
        series(-40, 0, alertname="Still"),
        series(-90, -80, (-50, -45), alertname="Twice"),
        series(-20, -15, alertname="Split"),
        Series({"alertname": "Split"}, ((at(-10), 1.0),)),
        series(-5, 5, alertname="Over"),
    ]
    firing = [frozenset({("alertname", name)}) for name in ("Still", "Fresh")]
    assert runs(rows, firing, at(3), STEP) == [
        Run({"alertname": "Twice"}, at(-90), at(-80)),
        Run({"alertname": "Brief"}, at(-60), at(-30)),
        Run({"alertname": "Twice"}, at(-50), at(-45)),
        Run({"alertname": "Still"}, at(-40), None),
        Run({"alertname": "Split"}, at(-20), at(-10)),
        Run({"alertname": "Over"}, at(-5), at(3)),
        Run({"alertname": "Fresh"}, at(3), None),
    ]


async def test_prometheus_alone_tells_both_kinds() -> None:
    desk = Desk()
    memory = Memory(
        [[series(-60, -30, alertname="Brief"), series(-40, 0, alertname="Still")]], firing=("Still",)
    )
    await catch_up(desk, memory).run(at(-100))
    assert desk.news == [("Brief", "resolved"), ("Still", "firing")]
    (brief, _) = desk.told
    (report,) = brief.reports
    assert (brief.origin, brief.key) == (Origin.CATCH_UP, f"catch_up/{fingerprint({'alertname': 'Brief'})}")
    assert report.labels == {"alertname": "Brief"}
    assert (report.starts, report.ends) == (at(-60), at(-30))
    ((query, *span),) = memory.asked
    assert query == 'ALERTS{alertstate="firing"} or last_over_time(ALERTS{alertstate="firing"}[5s])'
    assert span == [at(-430), at(5), STEP]


async def test_what_is_known_is_not_reported_nor_the_watchdog() -> None:
    desk = Desk()
    desk.known = {(fingerprint({"alertname": "Brief"}), True), (fingerprint({"alertname": "Ended"}), False)}
    rows = [series(-60, -30, alertname=name) for name in ("Brief", "Ended", "Watchdog")]
    await catch_up(desk, Memory([rows])).run(at(-100))
    assert desk.news == [("Ended", "resolved")]


@pytest.mark.parametrize(
    ("last", "fires", "known", "news"),
    [
        (-140, True, True, []),  # over before the bot left
        (-125, False, True, []),  # in its last seconds, and it knows
        (-125, True, True, [("Long", "resolved")]),
        (-125, False, False, [("Long", "resolved")]),
        (-50, True, True, [("Long", "resolved")]),
        (-50, False, True, []),
    ],
)
async def test_what_had_been_firing_for_long(
    last: int, fires: bool, known: bool, news: list[tuple[str, str]]
) -> None:
    desk = Desk(standing=dict([standing("Long")]) if fires else {})
    desk.known = {(fingerprint({"alertname": "Long"}), True)} if known else set()
    await catch_up(desk, Memory([[series(-430, last, alertname="Long")]])).run(at(-100))
    assert desk.news == news


async def test_labels_that_prometheus_adds() -> None:
    desk = Desk()
    memory = Memory([[series(-60, -30, alertname="Brief")]])
    await catch_up(desk, memory, external={"site": "almaty"}).run(at(-100))
    assert desk.told[0].reports[0].labels == {"alertname": "Brief", "site": "almaty"}


@pytest.mark.parametrize(
    ("away", "start", "step"),
    [
        (timedelta(minutes=2), timedelta(minutes=7.5), 5),
        (timedelta(minutes=60), timedelta(minutes=65.5), 5),
        (timedelta(hours=6), timedelta(hours=6, minutes=5.5), 30),
        (timedelta(days=9), timedelta(hours=24), 110),
    ],
)
async def test_how_far_back_and_how_fine(away: timedelta, start: timedelta, step: int) -> None:
    memory = Memory([[]])
    await catch_up(Desk(), memory).run(NOW - away)
    ((query, since, end, width),) = memory.asked
    assert width == timedelta(seconds=step)
    assert timedelta() <= NOW - start - since < width
    assert timedelta() < end - NOW <= width
    assert f"[{step}s]" in query
    assert (end - since) / width <= 11_000


async def test_a_first_start_looks_back_to_nothing() -> None:
    memory = Memory([[]])
    await catch_up(Desk(), memory).run(None)
    assert memory.asked == []


async def test_patience_with_prometheus() -> None:
    desk = Desk()
    late = [ApiTimeout("prometheus", 10)] * 3
    memory = Memory([*late, [series(-60, -30, alertname="Brief")]])
    await catch_up(desk, memory).run(at(-100))
    assert desk.news == [("Brief", "resolved")]
    assert desk.slept == [1, 2, 4]
    lost = Desk()
    await catch_up(lost, Memory([ApiTimeout("prometheus", 10)])).run(at(-100))
    assert timedelta(minutes=10) <= lost.clock.now() - NOW < timedelta(minutes=11)


async def test_an_answer_too_long_is_asked_for_coarser() -> None:
    memory = Memory([ApiNotUnderstood("prometheus", "more than 32 MiB"), []])
    await catch_up(Desk(), memory).run(at(-100))
    assert [step for *_, step in memory.asked] == [STEP, 4 * STEP]


async def test_a_prometheus_that_is_down_holds_up_nothing() -> None:
    desk = Desk()
    listing = Listing([Group({"alertname": "Still"}, "vakhta", (active("Still"),))])
    running = asyncio.ensure_future(
        catch_up(desk, Memory([ApiTimeout("prometheus", 10)]), listing).run(at(-9))
    )
    async with asyncio.timeout(5):
        while not desk.told:
            await asyncio.sleep(0)
    assert desk.clock.now() - NOW < timedelta(seconds=30)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_alertmanager_tells_what_still_fires() -> None:
    desk = Desk()
    desk.known = {(fingerprint({"alertname": "Known"}), False)}
    alerts = (
        active("Still"),
        active("Known"),
        active("Silenced", suppressed=True),
        active("Watchdog"),
        active("Young", starts=at(1)),
    )
    listing = Listing([Group({"host": "server2"}, "vakhta", alerts), Group({}, "also", alerts)])
    brief = series(-60, -30, alertname="Brief")
    looks = [[brief, series(-40, last, alertname="Still")] for last in (0, 60)]
    await catch_up(desk, Memory([*looks], firing=("Still",)), listing).run(at(-100))
    assert sorted(desk.news) == [("Brief", "resolved"), ("Still", "firing")]
    (still,) = [each for each in desk.told if each.receiver]
    assert (still.receiver, still.labels) == ("vakhta", {"host": "server2"})
    assert still.key.startswith("catch_up/group/")


async def test_what_ended_just_as_the_bot_came_is_seen_in_the_second_look() -> None:
    desk = Desk()
    memory = Memory(
        [[series(-40, 0, alertname="Still")], [series(-40, 10, alertname="Still")]], firing=("Still",)
    )
    running = asyncio.ensure_future(catch_up(desk, memory, Listing()).run(at(-100)))
    async with asyncio.timeout(5):
        while not desk.slept:
            await asyncio.sleep(0)
    memory.firing = ()
    await running
    assert desk.news == [("Still", "resolved")]


def test_an_alert_joins_the_incident_of_its_group() -> None:
    fresh, known = active("Fresh"), active("Known")
    groups = [Group({}, "vakhta", (known, fresh)), Group({}, "vakhta", (active("Other"),))]
    (told,) = notifications(
        groups, {fresh.fingerprint: fresh}, dict([standing("Known", '{}:{host="server2"}')]), NOW
    )
    assert told.key == '{}:{host="server2"}'
    assert [each.fingerprint for each in told.reports] == [fresh.fingerprint]


async def test_the_stamp_of_being_alive(tmp_path: Path) -> None:
    clock = HandClock()
    store = await open_sqlite(tmp_path / "vakhta.db", clock)
    desk = Desk(clock)
    alive = Alive(store, clock, sleep=desk.sleep)
    assert await alive.last() is None
    running = asyncio.ensure_future(alive.run())
    async with asyncio.timeout(5):
        while len(desk.slept) < 3:
            await asyncio.sleep(0.001)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    last = await Alive(store, clock).last()
    assert last is not None
    assert timedelta() <= clock.now() - last <= timedelta(seconds=20)
    assert set(desk.slept) == {10}
    await store.close()


async def test_a_store_that_is_away_is_waited_for() -> None:
    desk = Desk()
    fails = [StoreUnavailable("gone"), None]

    async def accept(notification: Notification) -> None:
        if error := fails.pop(0):
            raise error
        desk.told.append(notification)

    here = Here(accept, desk.open_alerts, desk.is_known)
    memory = cast(Prometheus, Memory([[series(-60, -30, alertname="Brief")]]))
    await CatchUp(desk.clock, here, None, memory, sleep=desk.sleep).run(at(-100))
    assert desk.news == [("Brief", "resolved")]
