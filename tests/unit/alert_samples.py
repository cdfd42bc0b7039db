"""Incidents by hand, for the tests of what a chat is shown."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from services.domain.alerts import Alert, Incident, Origin, Severity, Status, Tally, severity_of
from services.domain.posts import Bulletin, Destination, Shown

NOW = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)  # 14:05 in Almaty
OPENED = NOW - timedelta(minutes=3)
TO = Destination(-1001234567890)


def alert(
    name: str = "service_down",
    *,
    host: str = "server2",
    container: str = "directus",
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    resolved: datetime | None = None,
    severity: str = "critical",
    number: int = 1,
    **more: Any,
) -> Alert:
    known = {"alertname": name, "severity": severity, **(labels or {})}
    starts = more.pop("starts", OPENED)
    return Alert(
        fingerprint=f"{number:016x}",
        labels=known,
        annotations=annotations or {},
        status=Status.RESOLVED if resolved else Status.FIRING,
        starts=starts,
        severity=severity_of(known),
        number=number,
        heard=starts,
        last=resolved or NOW,
        ends=resolved,
        host=host,
        container=container,
        **more,
    )


def tally_of(alerts: Sequence[Alert], covered: int = 0) -> Tally:
    firing = [each for each in alerts if each.firing]
    return Tally(
        critical=sum(each.severity is Severity.CRITICAL for each in firing),
        warning=sum(each.severity is Severity.WARNING for each in firing),
        info=sum(each.severity is Severity.INFO for each in firing),
        resolved=len(alerts) - len(firing),
        uncovered=sum(each.number > covered for each in firing),
        audible=len(firing),
        newest=max((each.number for each in alerts), default=0),
    )


def incident(alerts: Sequence[Alert], identity: str = "0000000a", **more: Any) -> Incident:
    tally = tally_of(alerts)
    targets = tuple(dict.fromkeys((each.host, each.container) for each in alerts))
    return Incident(
        **{
            "id": identity,
            "key": "{}:{}",
            "origin": Origin.ALERTMANAGER,
            "opened": OPENED,
            "received": OPENED,
            "labels": {},
            "numbers": tally.newest,
            "total": tally,
            "targets": targets,
            "resolved": None if tally.firing else NOW,
            **more,
        }
    )


def shown(*alerts: Alert, covered: int = 0, evidence: Any = None, **more: Any) -> Shown:
    found = incident(alerts, **more)
    return Shown(found, tally_of(alerts, max(covered, found.covered)), alerts[:10], evidence)


def bulletin(*incidents: Shown, **more: Any) -> Bulletin:
    return Bulletin(**{"to": TO, "shown": incidents, "at": NOW, "post": "abcdef01", **more})
