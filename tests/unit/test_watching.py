"""What is trouble about one container, as a table; and what is remembered of it."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.alerts.watching import (
    Death,
    History,
    Look,
    Rules,
    ended_at,
    evidence_of,
    started_of,
    troubles,
)
from services.domain.alerts import Evidence, Severity
from services.domain.containers import Container, Details, Health, State, Stop
from services.domain.events import Event, EventAction
from services.domain.findings import CRASH_LOOP, OOM_KILLED, SERVICE_DOWN, SEVERITIES, UNHEALTHY, Finding

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
ID = "1" * 64
RULES = Rules()


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


def details(**changes: Any) -> Details:
    fields: dict[str, Any] = {
        "id": ID, "state": State.EXITED, "health": None, "started": ago(hours=1), "finished": ago(seconds=1),
        "exit_code": 1, "oom_killed": False, "error": "", "restart_count": 0, "restart_policy": "always",
        "stop_timeout": 10, "tty": False, "log_driver": "json-file", "memory_limit": None,
    }  # fmt: skip
    return Details(**{**fields, **changes})


def look(
    state: State = State.RUNNING,
    *,
    labels: dict[str, str] | None = None,
    deaths: Collection[float] = (),
    by_hand: bool = False,
    oom: datetime | None = None,
    stop: Stop | None = None,
    acting: bool = False,
    grace: bool = False,
    **more: Any,
) -> Look:
    """deaths: so many seconds ago. more: fields of `Details`."""
    found = details(state=state, **more)
    container = Container(
        "server2", ID, "n8n", "n8n:1", state, found.health, ago(days=1), labels=labels or {}
    )
    history = History(ID, tuple(Death(ago(seconds=each), 1, by_hand) for each in deaths), oom=oom)
    return Look(container, found, history, stop, acting, grace)


def finding(name: str, started: datetime | None = None) -> Finding:
    return Finding(name, "server2", "n8n", SEVERITIES[name], started or ago(minutes=1))


DOWN, LOOP, OOM, SICK = {SERVICE_DOWN}, {CRASH_LOOP}, {OOM_KILLED}, {UNHEALTHY}
RUNNING, EXITED, RESTARTING, CREATED = State.RUNNING, State.EXITED, State.RESTARTING, State.CREATED
STOPPED = Stop("Aigerim", ago(minutes=5))


@pytest.mark.parametrize(
    ("found", "open_", "true"),
    [
        # down or meant
        (look(EXITED), (), DOWN),
        (look(EXITED, exit_code=0), (), DOWN),
        (look(EXITED, exit_code=0, restart_policy="no"), (), ()),
        (look(EXITED, exit_code=0, restart_policy=""), (), ()),
        (look(EXITED, exit_code=143, restart_policy="no"), (), DOWN),
        (look(EXITED, exit_code=0, restart_policy="unless-stopped"), (), DOWN),
        (look(EXITED, labels={"vakhta.expected": "false"}), (), ()),
        (look(EXITED, stop=STOPPED), (), ()),
        (look(EXITED, stop=STOPPED, started=ago(minutes=1)), (), DOWN),
        (look(CREATED), (), ()),
        (look(CREATED, error="no such network"), (), DOWN),
        (look(State.DEAD), (), DOWN),
        (look(State.PAUSED), (), ()),
        (look(RUNNING), (SERVICE_DOWN,), ()),
        # cannot be told yet
        (look(EXITED, acting=True), (), None),
        (look(EXITED, acting=True), (SERVICE_DOWN,), None),
        (look(EXITED, grace=True), (), None),
        (look(EXITED, grace=True, restart_policy="no"), (), DOWN),
        (look(RESTARTING, grace=True, deaths=(1, 2, 3)), (), None),
        (look(RESTARTING, deaths=(1,)), (), None),
        (look(RESTARTING, deaths=(9,), finished=ago(seconds=9)), (), DOWN),
        # crash loops
        (look(RUNNING, deaths=(1, 60, 590)), (), LOOP),
        (look(RUNNING, deaths=(1, 60, 610)), (), ()),
        (look(RUNNING, deaths=(1, 60)), (), ()),
        (look(RUNNING, deaths=(1, 2, 3), by_hand=True), (), ()),
        (look(RUNNING, deaths=(1, 2, 3), restart_policy="no"), (), ()),
        (look(RUNNING, deaths=(1, 2, 3), grace=True), (), ()),
        (look(RESTARTING, deaths=(1, 2, 3)), (), LOOP),
        (look(RESTARTING, restart_count=7), (), LOOP),
        (look(EXITED, deaths=(1, 2, 3)), (), DOWN),
        (look(EXITED, deaths=(1, 2, 3)), (CRASH_LOOP,), DOWN),
        (look(RUNNING, started=ago(minutes=9)), (CRASH_LOOP,), LOOP),
        (look(RUNNING, started=ago(minutes=11)), (CRASH_LOOP,), ()),
        # warnings, only while it is up and not in a loop
        (look(RUNNING, oom=ago(minutes=9)), (), OOM),
        (look(RUNNING, oom=ago(minutes=11)), (), ()),
        (look(RUNNING, oom=ago(minutes=9)), (OOM_KILLED,), OOM),
        (look(EXITED, oom=ago(minutes=1)), (OOM_KILLED,), DOWN),
        (look(RUNNING, oom=ago(minutes=1), deaths=(1, 2, 3)), (), LOOP),
        (look(RUNNING, health=Health.UNHEALTHY), (), SICK),
        (look(RUNNING, health=Health.UNHEALTHY, oom=ago(minutes=1)), (), {UNHEALTHY, OOM_KILLED}),
        (look(RUNNING, health=Health.STARTING), (), ()),
        (look(RUNNING, health=Health.STARTING), (UNHEALTHY,), SICK),
        (look(RUNNING, health=Health.HEALTHY), (UNHEALTHY,), ()),
        (look(EXITED, health=Health.UNHEALTHY), (UNHEALTHY,), DOWN),
    ],
)  # fmt: skip
def test_what_is_trouble(found: Look, open_: tuple[str, ...], true: Collection[str] | None) -> None:
    known = {name: finding(name) for name in open_}
    wanted = None if true is None else frozenset(true)
    assert troubles(found, known, NOW, RULES) == wanted


def test_a_lack_of_memory_that_was_told_is_counted_from_its_moment() -> None:
    told = replace(finding(OOM_KILLED, ago(minutes=30)), evidence=Evidence(ago(minutes=9)))
    assert troubles(look(), {OOM_KILLED: told}, NOW, RULES) == frozenset(OOM)
    told = replace(told, evidence=Evidence(ago(minutes=11)))
    assert troubles(look(), {OOM_KILLED: told}, NOW, RULES) == frozenset()


def test_severities() -> None:
    critical = {name for name, severity in SEVERITIES.items() if severity is Severity.CRITICAL}
    assert critical == {"service_down", "crash_loop", "host_unreachable"}
    assert set(SEVERITIES) - critical == {"oom_killed", "unhealthy"}


def event(action: EventAction, seconds: float = 0, **more: Any) -> Event:
    return Event("server2", action, more.pop("id", ID), "n8n", NOW + timedelta(seconds=seconds), **more)


def remembered(*events: Event) -> History:
    history = History()
    for each in events:
        history = history.after(each, each.at)
    return history


KILL, DIE, START = EventAction.KILL, EventAction.DIE, EventAction.START


@pytest.mark.parametrize(
    ("events", "by_hand"),
    [
        ((event(DIE, 1),), [False]),
        ((event(KILL, 0, signal=15), event(DIE, 1)), [True]),
        ((event(KILL, 0), event(DIE, 1)), [True]),
        ((event(KILL, 0, signal=1), event(DIE, 1)), [False]),
        ((event(KILL, 0, signal=15), event(START, 1), event(DIE, 2)), [False]),
        ((event(KILL, 0, signal=9), event(DIE, 1), event(START, 2), event(DIE, 3)), [True, False]),
        ((event(DIE, 1), event(DIE, 1)), [False]),
        ((event(DIE, 1), event(DIE, 2, id="2" * 64)), [False]),
    ],
)
def test_deaths_by_hand_are_no_crashes(events: tuple[Event, ...], by_hand: list[bool]) -> None:
    history = remembered(*events)
    assert [death.by_hand for death in history.deaths] == by_hand
    crashes = history.crashes(NOW + timedelta(seconds=5), RULES.crash_within)
    assert len(crashes) == by_hand.count(False)


def test_the_memory_of_deaths_is_bounded() -> None:
    assert len(remembered(*(event(DIE, seconds) for seconds in range(500))).deaths) == 100


def test_evidence() -> None:
    down = look(EXITED, exit_code=137, oom_killed=True, deaths=(700, 30, 2))
    assert evidence_of(SERVICE_DOWN, down, NOW, RULES) == Evidence(
        at=NOW, exit_code=137, out_of_memory=True, deaths=2, within=timedelta(minutes=10)
    )
    failed = look(CREATED, error="no such network", exit_code=127, finished=None)
    assert evidence_of(SERVICE_DOWN, failed, NOW, RULES) == Evidence(
        at=NOW, exit_code=127, error="no such network"
    )
    found = evidence_of(OOM_KILLED, look(oom=ago(seconds=5), deaths=(5,)), NOW, RULES)
    assert (found.at, found.exit_code, found.out_of_memory) == (ago(seconds=5), 1, True)
    assert evidence_of(UNHEALTHY, look(health=Health.UNHEALTHY), NOW, RULES).exit_code is None


def test_since_when_and_until_when() -> None:
    assert started_of(SERVICE_DOWN, look(EXITED), NOW, RULES) == ago(seconds=1)
    assert started_of(SERVICE_DOWN, look(EXITED, deaths=(9, 3)), NOW, RULES) == ago(seconds=3)
    assert started_of(SERVICE_DOWN, look(CREATED, finished=None), NOW, RULES) == NOW
    assert started_of(SERVICE_DOWN, look(EXITED, finished=ago(hours=-1)), NOW, RULES) == NOW, "a clock ahead"
    assert started_of(CRASH_LOOP, look(deaths=(30, 20, 1)), NOW, RULES) == ago(seconds=30)
    down = finding(SERVICE_DOWN, ago(minutes=5))
    assert ended_at(down, look(started=ago(minutes=2)), NOW) == ago(minutes=2)
    assert ended_at(down, look(started=ago(minutes=9)), NOW) == down.started, "never before it began"
    assert ended_at(down, None, NOW) == NOW
    assert ended_at(finding(UNHEALTHY), look(started=ago(minutes=9)), NOW) == NOW
