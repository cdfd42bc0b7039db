"""What people ask about alerts is answered from all of them, however many there are."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.alerts.browse import AlertBrowser
from services.alerts.dispatching import NAMED
from services.alerts.ledger import LATEST, incident_writes
from services.domain.access import Actor, Role, Scope
from services.domain.alerts import Alert
from services.errors import NoSuchIncident
from tests.alerts import alert, incident
from tests.unit.outbox_scenery import Scenery, scenery_in

BOSS = Actor(1, "Boss", Role.ADMIN, Scope.of("*/*"))
NARROW = replace(BOSS, scope=Scope.of("server2/redis"))
MANY = [alert(f"N{number}", host="server2", container=f"c{number}") for number in range(3 * NAMED)]


@pytest.fixture
async def scenery(tmp_path: Path) -> AsyncIterator[Scenery]:
    async with scenery_in(tmp_path) as found:
        yield found


@pytest.fixture
def browser(scenery: Scenery) -> AlertBrowser:
    return AlertBrowser(scenery.ledger, scenery.policy, scenery.clock)


@pytest.mark.parametrize("asked", MANY, ids=lambda one: one.container)
async def test_every_alert_of_a_large_incident_is_found(
    scenery: Scenery, browser: AlertBrowser, asked: Alert
) -> None:
    await scenery.ledger.write(*incident_writes(incident(), None, MANY))
    (trace,) = await browser.why(asked.container, by=BOSS)
    assert trace.alert.fingerprint == asked.fingerprint
    assert [one.incident.id for one in (await browser.open(by=BOSS, words=[asked.name])).shown] == [
        incident().id
    ]
    with pytest.raises(NoSuchIncident):
        await browser.why(asked.container, by=NARROW)


async def test_what_fires_is_found_behind_all_that_changed_since(
    scenery: Scenery, browser: AlertBrowser
) -> None:
    writes = []
    for number in range(LATEST + 2):
        opened = scenery.clock.now() + timedelta(seconds=number)
        one = incident(id=f"{number:08x}", key=f"k{number}", opened=opened)
        writes += incident_writes(one, None, [alert(f"N{number}")])
    await scenery.ledger.write(*writes)
    for name in ("N0", "N1", f"N{LATEST + 1}"):
        (trace,) = await browser.why(name, by=BOSS)
        assert trace.alert.name == name
