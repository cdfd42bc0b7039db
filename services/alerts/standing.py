"""What the desk knows, for those who look elsewhere for what it has missed."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from services.alerts.catch_up import Standing
from services.alerts.ledger import Ledger
from services.domain.alerts import Origin, Report

_TOLERANCE = timedelta(minutes=2)  # by so much the start of an alert may be told later than it was


class Standings:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def open_alerts(self) -> Mapping[str, Standing]:
        """By fingerprint: all that fire and that Alertmanager can tell more of."""
        found: dict[str, Standing] = {}
        for incident in await self._ledger.open():
            if incident.origin is Origin.WATCH and not incident.bound:
                continue
            async for alert in self._ledger.alerts(incident.id):
                if alert.firing:
                    report = Report(
                        alert.fingerprint, alert.labels, alert.annotations, alert.status, alert.starts
                    )
                    found[alert.fingerprint] = Standing(incident.key, report)
        return found

    async def is_known(self, fingerprint: str, starts: datetime, resolved: bool) -> bool:
        """Whether the desk knows of this firing, or with `resolved` of its end. An older one than known is."""
        identity = await self._ledger.latest_of(fingerprint)
        if identity is None:
            return False
        alert = (await self._ledger.alerts_of(identity, [fingerprint])).get(fingerprint)
        if alert is None or starts > alert.starts + _TOLERANCE:
            return False
        return starts < alert.starts - _TOLERANCE or not (resolved and alert.firing)
