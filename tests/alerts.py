"""Alerts and what they form, as tests need them: any field by name, the rest plausible."""

from datetime import UTC, datetime
from typing import Any

from services.alertmanager import fingerprint
from services.domain.alerts import Alert, Incident, Origin, Report, Severity, Status, Tally
from services.domain.posts import Destination, Post, PostState

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
OPS = Destination(-1001234567890)


def report(name: str = "HighCPU", **fields: Any) -> Report:
    labels = {"alertname": name, "severity": "warning"} | fields.pop("labels", {})
    made: dict[str, Any] = {
        "fingerprint": fingerprint(labels),
        "labels": labels,
        "annotations": {"summary": f"{name} happened"},
        "status": Status.FIRING,
        "starts": NOW,
    }
    return Report(**(made | fields))


def alert(name: str = "HighCPU", **fields: Any) -> Alert:
    labels = {"alertname": name, "severity": "warning"} | fields.pop("labels", {})
    made: dict[str, Any] = {
        "fingerprint": fingerprint(labels),
        "labels": labels,
        "annotations": {"summary": f"{name} happened"},
        "status": Status.FIRING,
        "starts": NOW,
        "severity": Severity.WARNING,
        "number": 1,
        "heard": NOW,
        "last": NOW,
        "fired": NOW,
    }
    return Alert(**(made | fields))


def incident(**fields: Any) -> Incident:
    tally = fields.pop("tally", Tally(warning=1, uncovered=1, audible=1, newest=1))
    made: dict[str, Any] = {
        "id": "0a1b2c3d",
        "key": "{}:{}",
        "origin": Origin.ALERTMANAGER,
        "opened": NOW,
        "received": NOW,
        "labels": {},
        "numbers": tally.newest,
        "tallies": {OPS.key: tally},
        "total": tally,
    }
    return Incident(**(made | fields))


def post(**fields: Any) -> Post:
    made: dict[str, Any] = {
        "id": "00c0ffee",
        "to": OPS,
        "incidents": ("0a1b2c3d",),
        "state": PostState.SENT,
        "chat": OPS.chat,
        "message": 7,
        "shown": {"0a1b2c3d": 1},
        "numbers": {"0a1b2c3d": 1},
        "sent": NOW,
        "changed": NOW,
        "known": 1,
        "worst": Severity.WARNING,
    }
    return Post(**(made | fields))
