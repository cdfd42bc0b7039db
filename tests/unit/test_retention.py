"""Old incidents leave nothing behind."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from services.alerts.ledger import Ledger, incident_writes, post_writes
from services.alerts.policy import Policy, Route
from services.alerts.retention import prune
from services.store import open_store
from tests.alerts import NOW, OPS, alert, incident, post
from tests.clock import HandClock


async def test_what_is_old_goes_with_all_that_led_to_it(tmp_path: Path) -> None:
    policy = Policy(routes=(Route(OPS),))
    old, young = NOW - timedelta(days=91), NOW - timedelta(days=89)
    async with open_store(f"sqlite://{tmp_path}/store.db", HandClock()) as store:
        ledger = Ledger(store)
        gone = incident(resolved=old, key="old")
        kept = incident(id="11111111", resolved=young, key="young")
        firing = incident(id="22222222", key="firing")
        for each in (gone, kept, firing):
            made = replace(post(incidents=(each.id,)), id=each.id, message=int(each.id[0]) + 5)
            await ledger.write(*incident_writes(each, None, [alert()]), *post_writes(made, fresh=True))
        assert await prune(store, ledger, policy, NOW - timedelta(days=90)) == 1
        assert not [key for key in await store.scan("") if gone.id in key]
        assert await ledger.of_group("old") is None
        assert await ledger.of_group("young") == kept
        assert [each.id for each in await ledger.open()] == [firing.id]
        assert {each.id for each in await ledger.latest()} == {kept.id, firing.id}
