"""By setting: an acknowledged alert is silenced in Alertmanager for a while, again and again as long as it fires.

Other receivers then rest, too. It ends with the alert, or when the acknowledgement is given back.
"""

import asyncio
import logging
from datetime import timedelta

from services.alertmanager import Alertmanager
from services.alerts.ledger import Ledger
from services.domain.alerts import Alert, Incident, Matcher
from services.errors import ApiError, StoreError
from services.ports import Clock, Delete, Put, Store

log = logging.getLogger(__name__)

EVERY = 20.0
MOST = 200  # alerts
_KEY = "ack_silence/"


class AckSilences:
    """Alertmanager says when an incident is over only while it is not silenced: `reconcile` finds that out then."""

    def __init__(
        self, ledger: Ledger, store: Store, alertmanager: Alertmanager, clock: Clock, length: timedelta
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._alertmanager = alertmanager
        self._clock = clock
        self._length = length

    async def run(self) -> None:
        while True:
            try:
                await self.round()
            except (ApiError, StoreError) as error:
                log.warning("silences of acknowledged alerts could not be renewed: %s", error)
            await asyncio.sleep(EVERY)

    async def round(self) -> None:
        """Each alert that an acknowledgement covers is silenced for half the length at least; no other is."""
        kept = await self._store.scan(_KEY)
        wanted: dict[str, tuple[Incident, Alert]] = {}
        for incident in await self._ledger.open():
            if not incident.acks:
                continue
            async for alert in self._ledger.alerts(incident.id):
                if alert.firing and alert.number <= incident.covered and len(wanted) < MOST:
                    wanted[f"{_KEY}{incident.id}/{alert.fingerprint}"] = incident, alert
        for key, (incident, alert) in wanted.items():
            try:
                await self._renew(key, incident, alert, kept.get(key))
            except ApiError as error:  # one that is refused leaves the others theirs
                log.warning("the silence of an acknowledged alert could not be renewed: %s", error)
        for key, value in kept.items():
            if key not in wanted:
                await self._end(key, value)

    async def _renew(self, key: str, incident: Incident, alert: Alert, kept: bytes | None) -> None:
        now = self._clock.now()
        identity, _, until = (kept or b"").decode().partition(" ")
        if until and float(until) - now.timestamp() > self._length.total_seconds() / 2:
            return
        # By all its labels: what joins the group later is news, and must not be silent.
        matchers = [Matcher(name, value) for name, value in sorted(alert.labels.items())]
        if not matchers:
            return
        ends = now + self._length
        by = incident.acks[-1].name
        new = await self._alertmanager.silence(matchers, now, ends, by, "acknowledged", id=identity or None)
        await self._store.write(Put(key, f"{new} {ends.timestamp()}".encode()))

    async def _end(self, key: str, value: bytes) -> None:
        try:
            await self._alertmanager.expire(value.decode().partition(" ")[0])
        except ApiError as error:
            log.info("a silence had ended already, or ends by itself: %s", error)
        await self._store.write(Delete(key))
