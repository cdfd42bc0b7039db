"""Marks in a picture: what happened in its time, and to whom it is shown."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.alerts.ledger import Ledger, incident_writes
from services.audit import Audit, AuditEntry, Result
from services.domain.access import Action, Scope
from services.domain.metrics import MarkKind
from services.metrics.marks import MOST, Marks
from services.metrics.subjects import Subject
from services.ports import Store
from services.store import open_store
from tests.alerts import NOW, incident
from tests.clock import HandClock

HOUR = timedelta(hours=1)
ALL = Scope.of("*/*")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(f"sqlite://{tmp_path}/store.db", HandClock()) as store:
        yield store


async def acts(store: Store, *acts: tuple[Action, str, float], result: Result = Result.DONE) -> None:
    """Of Dias, each so many minutes ago."""
    audit = Audit(store, HandClock())
    for action, full_name, minutes in acts:
        host, _, container = full_name.partition("/")
        at = NOW - timedelta(minutes=minutes)
        await store.write(audit.line(AuditEntry(at, 1002, "Dias", action, result, host, container)))


async def seen(store: Store, subject: Subject | None = None, scope: Scope = ALL) -> list[str]:
    marks = Marks(Audit(store, HandClock()), Ledger(store))
    found = await marks.between(NOW - HOUR, NOW, subject or Subject(), scope)
    return [f"{mark.kind} {mark.text}" for mark in found]


async def test_restarts_and_starts_of_its_time_and_scope(store: Store) -> None:
    await acts(
        store,
        (Action.RESTART, "server2/old", 61),
        (Action.RESTART, "server2/directus", 50),
        (Action.STOP, "server2/directus", 40),
        (Action.START, "server2/postgres", 30),
        (Action.ACKNOWLEDGE, "server2/directus", 20),
    )
    await acts(store, (Action.RESTART, "server2/n8n", 10), result=Result.FAILED)
    assert await seen(store) == ["restart directus", "restart postgres"]
    assert await seen(store, scope=Scope.of("*/directus")) == ["restart directus"]
    assert await seen(store, Subject("server2", "postgres")) == ["restart postgres"]
    assert await seen(store, Subject("server1")) == []


async def test_incidents_of_its_time_and_scope(store: Store) -> None:
    ledger = Ledger(store)
    for number, (name, targets) in enumerate(
        [
            ("service_down", (("server2", "directus"),)),
            ("high_cpu", (("server2", ""),)),
            ("everywhere", (("", ""),)),
        ]
    ):
        made = incident(id=f"0000000{number}", key=name, labels={"alertname": name}, targets=targets)
        opened = NOW - timedelta(minutes=50 - 10 * number)
        await ledger.write(*incident_writes(replace(made, opened=opened), None, ()))
    old = incident(id="0000000f", key="old", labels={"alertname": "old"}, opened=NOW - 2 * HOUR)
    await ledger.write(*incident_writes(old, None, ()))
    both = ["incident service_down", "incident high_cpu"]
    assert await seen(store) == [*both, "incident everywhere"]
    assert await seen(store, scope=Scope.of("*/directus")) == both[:1]
    assert await seen(store, Subject("server2")) == both
    assert await seen(store, Subject("server2", "directus")) == both
    assert await seen(store, Subject("server2", "postgres")) == both[1:]


async def test_there_are_never_too_many(store: Store) -> None:
    await acts(store, *((Action.RESTART, f"server2/c{number}", 59 - number) for number in range(MOST + 9)))
    found = await seen(store)
    assert len(found) == MOST
    assert found[-1] == f"{MarkKind.RESTART} c{MOST + 8}"
