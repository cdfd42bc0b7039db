"""Annotations: what the books say is in Grafana, later if need be, and nobody waits for it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.alerts.ledger import Ledger, incident_writes
from services.annotations import BACK_OFF, EVERY, MOST, TROUBLE_AFTER, Annotations
from services.audit import Audit, AuditEntry, Result
from services.domain.access import Action
from services.domain.alerts import Incident
from services.domain.posts import Notice, Trouble
from services.grafana import Grafana, open_grafana
from services.ports import Store
from services.store import open_store
from tests.alerts import incident
from tests.clock import HandClock
from tests.contract.grafana import TOKEN, DocumentedGrafana, documented_grafana

RESOLVED = timedelta(minutes=5)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def store(tmp_path: Path, clock: HandClock) -> AsyncIterator[Store]:
    async with open_store(f"sqlite://{tmp_path}/store.db", clock) as store:
        yield store


@pytest.fixture
async def grafana() -> AsyncIterator[DocumentedGrafana]:
    async with documented_grafana() as grafana:
        yield grafana


class Scene:
    def __init__(self, store: Store, clock: HandClock, client: Grafana) -> None:
        self.store, self.clock, self.client = store, clock, client
        self.told: list[Notice] = []
        self.audit, self.ledger = Audit(store, clock), Ledger(store)
        self.annotations = self.anew()

    def anew(self) -> Annotations:
        """As after a restart of the bot."""
        return Annotations(self.store, self.ledger, self.client, self._tell, self.clock)

    async def _tell(self, notice: Notice) -> None:
        self.told.append(notice)

    async def acts(self, action: Action, result: Result = Result.DONE, container: str = "directus") -> None:
        entry = AuditEntry(self.clock.now(), 1002, "Dias", action, result, "server2", container)
        await self.store.write(self.audit.line(entry))

    async def happens(self, now: Incident, before: Incident | None = None) -> None:
        await self.ledger.write(*incident_writes(now, before, ()))


@pytest.fixture
async def scene(store: Store, clock: HandClock, grafana: DocumentedGrafana) -> AsyncIterator[Scene]:
    """The books have been opened, and there is something old in them."""
    async with open_grafana(grafana.url, TOKEN) as client:
        scene = Scene(store, clock, client)
        await scene.acts(Action.STOP)
        assert await scene.annotations.round() == EVERY
        yield scene


async def test_acts_that_were_carried_out_are_annotated_once(
    scene: Scene, grafana: DocumentedGrafana
) -> None:
    assert grafana.texts() == [], "what was there before is none of it"
    await scene.acts(Action.RESTART, Result.INTENT)
    await scene.acts(Action.RESTART)
    await scene.acts(Action.STOP, Result.FAILED)
    await scene.acts(Action.ACKNOWLEDGE)
    await scene.acts(Action.START, container="postgres")
    await scene.annotations.round()
    await scene.annotations.round()
    await scene.anew().round()
    assert grafana.texts() == ["restart: server2/directus · Dias", "start: server2/postgres · Dias"]
    (first, _) = grafana.annotations.values()
    assert first["tags"] == ["vakhta", "restart", "server2", "directus"]
    assert first["time"] == round(scene.clock.now().timestamp() * 1000)


async def test_an_incident_becomes_a_region(scene: Scene, grafana: DocumentedGrafana) -> None:
    begun = incident(labels={"alertname": "service_down"}, targets=(("server2", "directus"),))
    await scene.happens(begun)
    await scene.annotations.round()
    (only,) = grafana.annotations.values()
    assert only["text"] == "service_down: server2/directus"
    assert only["tags"] == ["vakhta", "incident", "service_down", "server2", "directus"]
    assert "timeEnd" not in only
    over = replace(begun, resolved=begun.opened + RESOLVED)
    await scene.happens(over, begun)
    await scene.annotations.round()
    assert only["timeEnd"] - only["time"] == RESOLVED.total_seconds() * 1000
    again = replace(over, opened=over.opened + 2 * RESOLVED, resolved=None, episode=2)
    await scene.happens(again, over)
    await scene.annotations.round()
    assert len(grafana.annotations) == 2, "what fires again is another region"


async def test_what_was_over_before_it_could_be_written_is_one_region(
    scene: Scene, grafana: DocumentedGrafana
) -> None:
    begun = incident(labels={"alertname": "service_down"})
    grafana.status = 503
    await scene.happens(begun)
    await scene.annotations.round()
    await scene.happens(replace(begun, resolved=begun.opened + RESOLVED), begun)
    grafana.status = 200
    await scene.annotations.round()
    (only,) = grafana.annotations.values()
    assert only["timeEnd"] - only["time"] == RESOLVED.total_seconds() * 1000


async def test_an_annotation_that_somebody_has_deleted_is_left_alone(
    scene: Scene, grafana: DocumentedGrafana
) -> None:
    begun = incident(labels={"alertname": "service_down"})
    await scene.happens(begun)
    await scene.annotations.round()
    grafana.annotations.clear()
    await scene.happens(replace(begun, resolved=begun.opened + RESOLVED), begun)
    await scene.acts(Action.RESTART)
    assert await scene.annotations.round() == EVERY
    assert grafana.texts() == ["restart: server2/directus · Dias"]


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
async def test_while_grafana_does_not_work_all_waits_and_the_admins_are_told_once(
    scene: Scene, grafana: DocumentedGrafana, status: int
) -> None:
    grafana.status = status
    await scene.acts(Action.RESTART)
    pauses = [await scene.annotations.round() for _ in range(TROUBLE_AFTER + 5)]
    assert pauses[:3] == [5, 10, 20]
    assert max(pauses) <= BACK_OFF[1]
    assert [notice.trouble for notice in scene.told] == [Trouble.ANNOTATIONS]
    grafana.status = 200
    await scene.annotations.round()
    assert grafana.texts() == ["restart: server2/directus · Dias"]


async def test_one_that_grafana_refuses_holds_up_no_other(scene: Scene, grafana: DocumentedGrafana) -> None:
    grafana.status = 400
    await scene.acts(Action.RESTART)
    assert await scene.annotations.round() == EVERY
    grafana.status = 200
    await scene.acts(Action.START)
    await scene.annotations.round()
    assert grafana.texts() == ["start: server2/directus · Dias"]
    assert scene.told == []


async def test_of_very_many_the_newest_are_written(scene: Scene, grafana: DocumentedGrafana) -> None:
    for number in range(MOST + 20):
        await scene.acts(Action.RESTART, container=f"c{number}")
    await scene.annotations.round()
    assert len(grafana.annotations) == MOST
    assert grafana.texts()[-1] == f"restart: server2/c{MOST + 19} · Dias"
