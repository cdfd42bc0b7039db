"""An acknowledgement that silences, with a real Alertmanager: what it covers, and nothing that comes later."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.alertmanager import PostedAlert, open_alertmanager
from services.alerts.ack_silence import AckSilences
from services.alerts.ledger import Ledger, incident_writes
from services.domain.alerts import Ack, Tally
from services.store import open_store
from tests.alerts import alert, incident
from tests.lab.monitoring import AlertmanagerServer
from tests.workflows.test_alerts import Turned

pytestmark = pytest.mark.lab


async def test_only_what_was_acknowledged_is_silenced_and_only_for_so_long(tmp_path: Path) -> None:
    clock = Turned()
    (tmp_path / "am").mkdir()
    tally = Tally(warning=2, uncovered=1, audible=2, newest=2)
    first, later = alert("A"), alert("B", number=2)
    taken = replace(incident(tally=tally), acks=(Ack(1002, "Dias", clock.now(), upto=1),))
    async with open_store(f"sqlite://{tmp_path}/store.db", clock) as store:
        ledger = Ledger(store)
        await ledger.write(*incident_writes(taken, None, [first, later]))
        with AlertmanagerServer(tmp_path / "am") as server:
            async with open_alertmanager(server.url) as api:
                await api.post([PostedAlert(each.labels, {}, clock.now()) for each in (first, later)])
                silences = AckSilences(ledger, store, api, clock, timedelta(hours=1))
                await silences.round()
                listed = {each.labels["alertname"]: each.suppressed for each in await api.alerts()}
                assert listed == {"A": True, "B": False}
                await silences.round()
                (before,) = await api.silences()
                assert before.created_by == "Dias"
                clock.ahead = timedelta(minutes=40)
                await silences.round()
                ends = max(each.ends for each in await api.silences())
                assert ends > before.ends + timedelta(minutes=30)
                await ledger.write(*incident_writes(replace(taken, acks=()), taken, []))
                await silences.round()
                assert not any(each.suppressed for each in await api.alerts())
        assert not await store.scan("ack_silence/")
