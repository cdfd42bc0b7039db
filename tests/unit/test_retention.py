"""Old incidents leave nothing behind."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from services.alerts.ledger import Ledger, divert, incident_writes, post_writes
from services.alerts.retention import prune
from services.domain.alerts import Status
from services.domain.posts import Destination
from services.ports import Put
from services.store import open_store
from tests.alerts import NOW, OPS, alert, incident, post
from tests.clock import HandClock

OLD, YOUNG = NOW - timedelta(days=91), NOW - timedelta(days=89)
LONG_GONE = Destination(-77)  # a chat that the settings do not name any more


async def test_what_is_old_goes_with_all_that_led_to_it(tmp_path: Path) -> None:
    async with open_store(f"sqlite://{tmp_path}/store.db", HandClock()) as store:
        ledger = Ledger(store)
        kept = incident(id="11111111", resolved=YOUNG, key="young")
        firing = incident(id="22222222", key="firing")
        for number, each in enumerate((kept, firing)):
            made = replace(post(incidents=(each.id,)), id=each.id, message=number + 50)
            seen = alert(fingerprint=each.id)
            await ledger.write(*incident_writes(each, None, [seen]), *post_writes(made, fresh=True))
        before = await store.scan("")

        gone = [incident(id=f"0000000{n}", resolved=OLD, key=f"old {n}") for n in range(3)]
        digest = post(id="d1", incidents=tuple(each.id for each in gone[:2]))
        elsewhere = post(id="d2", incidents=(gone[2].id,), to=LONG_GONE, chat=LONG_GONE.chat)
        for number, each in enumerate(gone):
            over = alert(fingerprint=f"f{number}", status=Status.RESOLVED, last=OLD - timedelta(days=9))
            await ledger.write(*incident_writes(each, None, [over]))
        await ledger.write(
            *post_writes(digest, fresh=True),
            *post_writes(elsewhere, fresh=True),
            divert(OPS, gone[2].id, (LONG_GONE.key,)),
            Put(f"said/{OPS.chat}/9", digest.id.encode()),  # a reply below it
        )
        assert await prune(store, NOW - timedelta(days=90)) == 3
        assert await store.scan("") == before
        assert {each.id for each in await ledger.latest()} == {kept.id, firing.id}


async def test_a_digest_stays_as_long_as_one_of_its_incidents(tmp_path: Path) -> None:
    async with open_store(f"sqlite://{tmp_path}/store.db", HandClock()) as store:
        ledger = Ledger(store)
        old, young = incident(id="00000001", resolved=OLD), incident(id="00000002", resolved=YOUNG, key="y")
        digest = post(incidents=(old.id, young.id))
        await ledger.write(
            *incident_writes(old, None, []),
            *incident_writes(young, None, []),
            *post_writes(digest, fresh=True),
        )
        assert await prune(store, NOW - timedelta(days=90)) == 1
        assert await ledger.post_at(OPS.chat, 7) == digest
        assert await prune(store, NOW - timedelta(days=80)) == 1
        assert await store.scan("") == {}
