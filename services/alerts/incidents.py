"""What a case changes: the alert, the tallies, the incident. Pure; the desk writes the outcome down."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from services.alerts.stages import Case
from services.domain.alerts import (
    MOST_TARGETS,
    REOPENS_WITHIN,
    Ack,
    Alert,
    Incident,
    Notification,
    Origin,
    Severity,
    Status,
    Tally,
    Why,
)

# Verdicts that a message does not show.
UNSEEN = frozenset({Why.RETRY, Why.REPEAT})


@dataclass(frozen=True, slots=True)
class Change:
    """The incident after some cases, and those of its alerts that are to be written."""

    incident: Incident
    alerts: tuple[Alert, ...]


def opened(notification: Notification, identity: str) -> Incident:
    """A new one, still empty."""
    starts = min((report.starts for report in notification.reports), default=notification.received)
    return Incident(
        id=identity,
        key=notification.key,
        origin=notification.origin,
        opened=min(starts, notification.received),
        received=notification.received,
        labels=notification.labels,
        revision=0,
        episode=0,
        bound=notification.origin is Origin.ALERTMANAGER,
        away=notification.origin is Origin.CATCH_UP,
        url=notification.url,
    )


def outlived(incident: Incident, now: datetime) -> bool:
    """Whether its end is so long ago that a new firing is another incident."""
    return incident.resolved is not None and incident.episode > 0 and now - incident.resolved > REOPENS_WITHIN


def changed(incident: Incident, cases: Iterable[Case], now: datetime) -> Change:
    """`now`: when the notification was received."""
    alerts = []
    visible, before = False, incident.numbers
    for case in cases:
        if case.verdict is Why.RETRY:
            continue
        alert = _alert(case, incident.numbers + 1, now)
        visible = visible or case.verdict not in UNSEEN or _reads_differently(case.known, alert)
        incident = _counted(incident, case, alert, now)
        alerts.append(alert)
    if not alerts:
        return Change(incident, ())
    over = incident.total.firing == 0
    fresh = [alert for alert in alerts if alert.firing and alert.number > before]
    quiet = incident.quiet
    if quiet and fresh and all(alert.muted_until for alert in fresh):  # the silence holds for them, too
        quiet = replace(quiet, upto=incident.numbers)
    incident = replace(
        incident,
        quiet=quiet,
        revision=incident.revision + visible,
        resolved=(incident.resolved or _end(alerts, now)) if over else None,
        held_until=_held_until(incident, alerts) if over or not incident.total.audible else None,
    )
    return Change(incident, tuple(alerts))


def _alert(case: Case, number: int, now: datetime) -> Alert:
    report, known = case.report, case.known
    firing = report.status is Status.FIRING
    same_start = known is not None and known.starts == report.starts
    fired, over = (known.fired, known.over) if known and same_start else (None, None)
    kept = known is not None and case.verdict in (Why.REPEAT, Why.RESOLVED)
    return Alert(
        fingerprint=report.fingerprint,
        labels=report.labels,
        annotations=report.annotations,
        status=report.status,
        starts=min(report.starts, known.starts) if known and case.verdict is Why.REPEAT else report.starts,
        severity=case.severity,
        number=known.number if known and kept else number,
        heard=known.heard if known and case.verdict is Why.REPEAT else now,
        last=now,
        ends=report.ends or (None if firing else now),
        generator=report.generator,
        host=case.host,
        container=case.container,
        repeats=known.repeats + 1 if known and case.verdict is Why.REPEAT else 0,
        fired=now if firing else fired,
        over=over if firing else now,
        muted_until=case.muted_until,
        trace=case.trace,
    )


def _reads_differently(known: Alert | None, alert: Alert) -> bool:
    return known is None or known.annotations != alert.annotations


def _counted(incident: Incident, case: Case, alert: Alert, now: datetime) -> Incident:
    if incident.total.firing == 0 and alert.firing:
        incident = replace(
            incident,
            episode=incident.episode + 1,
            acks=(),
            opened=alert.starts if incident.episode == 0 else min(alert.starts, now),
            resolved=None,
        )
    elif incident.episode == 0:  # heard of when it was over
        incident = replace(incident, episode=1)
    covered = incident.covered
    tallies = dict(incident.tallies)
    for destination in case.destinations:
        tallies[destination.key] = tallied(tallies.get(destination.key, Tally()), case.known, alert, covered)
    target = (alert.host, alert.container)
    known_target = target in incident.targets
    room = len(incident.targets) < MOST_TARGETS
    return replace(
        incident,
        numbers=max(incident.numbers, alert.number),
        tallies=tallies,
        total=tallied(incident.total, case.known, alert, covered),
        targets=incident.targets if known_target or not room else (*incident.targets, target),
        wide=incident.wide or not (known_target or room),
    )


def tallied(tally: Tally, old: Alert | None, new: Alert, covered: int) -> Tally:
    """With `new` in the place of `old`; `covered`: the highest acknowledged number."""
    if old is not None:
        tally = _added(tally, old, covered, -1)
    tally = _added(tally, new, covered, 1)
    return replace(tally, newest=max(tally.newest, new.number))


def _added(tally: Tally, alert: Alert, covered: int, by: int) -> Tally:
    if not alert.firing:
        return replace(tally, resolved=tally.resolved + by)
    return replace(
        tally,
        critical=tally.critical + by * (alert.severity is Severity.CRITICAL),
        warning=tally.warning + by * (alert.severity is Severity.WARNING),
        info=tally.info + by * (alert.severity is Severity.INFO),
        uncovered=tally.uncovered + by * (alert.number > covered),
        audible=tally.audible + by * (alert.muted_until is None),
    )


class Count:
    """All tallies of an incident anew. `covered`: the highest acknowledged number."""

    def __init__(self, covered: int) -> None:
        self._covered = covered
        self._total = Tally()
        self._tallies: dict[str, Tally] = {}

    def add(self, alert: Alert, destinations: Iterable[str]) -> None:
        """`destinations`: keys."""
        self._total = tallied(self._total, None, alert, self._covered)
        for key in destinations:
            self._tallies[key] = tallied(self._tallies.get(key, Tally()), None, alert, self._covered)

    def of(self, incident: Incident) -> Incident:
        return replace(incident, total=self._total, tallies=self._tallies)


def acknowledged(incident: Incident, ack: Ack) -> Incident:
    """Where it covers all, the tallies say so at once; else a `Count` must follow."""
    incident = replace(incident, acks=(*incident.acks, ack), revision=incident.revision + 1)
    if ack.upto < incident.numbers:
        return incident
    tallies = {key: replace(tally, uncovered=0) for key, tally in incident.tallies.items()}
    return replace(incident, tallies=tallies, total=replace(incident.total, uncovered=0))


def released(incident: Incident) -> Incident:
    """Nobody has it any more."""
    tallies = {key: replace(tally, uncovered=tally.firing) for key, tally in incident.tallies.items()}
    total = replace(incident.total, uncovered=incident.total.firing)
    return replace(incident, acks=(), revision=incident.revision + 1, tallies=tallies, total=total)


def _end(alerts: Iterable[Alert], now: datetime) -> datetime:
    """When the last one ended, as its source says."""
    return max((min(alert.ends, now) for alert in alerts if alert.ends), default=now)


def _held_until(incident: Incident, alerts: Iterable[Alert]) -> datetime | None:
    ends = [alert.muted_until for alert in alerts if alert.firing and alert.muted_until]
    return max([*ends, *([incident.held_until] if incident.held_until else [])], default=None)
