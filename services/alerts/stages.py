"""The pipeline: what is decided about each alert that comes in, stage by stage, each with a named reason.

Stages are pure: all they need is in the `Case` and the `Scene`. What follows from a decision is done by the desk.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.alerts.policy import Policy
from services.domain.alerts import (
    RETRY_WITHIN,
    Alert,
    Decision,
    Matcher,
    Report,
    Severity,
    Status,
    Why,
    severity_of,
)
from services.domain.posts import Destination

HOST_LABELS = ("host", "instance")
CONTAINER_LABELS = ("container", "name", "service")


@dataclass(frozen=True, slots=True)
class Silence:
    """One of ours, for teams without Alertmanager. Anchored matchers, all of which must fit."""

    id: str
    matchers: tuple[Matcher, ...]
    starts: datetime
    ends: datetime
    by: str
    comment: str = ""

    def covers(self, labels: dict[str, str]) -> bool:
        return all(fits(matcher, labels.get(matcher.name, "")) for matcher in self.matchers)


def fits(matcher: Matcher, value: str) -> bool:
    """Ours are made by us from quoted names, so Python's engine does for the few that are patterns."""
    fit = bool(re.fullmatch(matcher.value, value)) if matcher.regex else matcher.value == value
    return fit is matcher.equal


@dataclass(frozen=True, slots=True)
class Scene:
    """What a whole notification has in common. `silences`: ours that are active."""

    policy: Policy
    key: str
    received: datetime
    silences: Sequence[Silence] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One alert on its way through the stages. `known`: the same alert as the incident has it."""

    report: Report
    known: Alert | None = None
    host: str = ""
    container: str = ""
    severity: Severity = Severity.WARNING
    muted_until: datetime | None = None
    verdict: Why = Why.NEW
    destinations: tuple[Destination, ...] = ()
    trace: tuple[Decision, ...] = ()

    def because(self, why: Why, detail: str = "") -> "Case":
        return replace(self, trace=(*self.trace, Decision(why, detail)))


Stage = Callable[[Case, Scene], Case]


def match(case: Case, scene: Scene) -> Case:
    """Labels → the host of the settings, and the container on it."""
    labels = case.report.labels
    case = replace(case, severity=severity_of(labels))
    named = ((label, scene.policy.host_named(labels[label])) for label in HOST_LABELS if labels.get(label))
    label, host = next(((label, host) for label, host in named if host), ("", ""))
    if not host:
        said = ", ".join(f"{label}={labels[label]}" for label in HOST_LABELS if labels.get(label))
        return case.because(Why.ON_NOTHING, said)
    by = next((label for label in CONTAINER_LABELS if labels.get(label)), "")
    if not by:
        return replace(case, host=host).because(Why.ON_HOST, f"{label}={labels[label]}")
    found = replace(case, host=host, container=labels[by])
    return found.because(Why.ON_CONTAINER, f"{label}={labels[label]}, {by}={labels[by]}")


def mute(case: Case, scene: Scene) -> Case:
    """Hold back what a silence of ours covers; in quiet hours all but what is critical."""
    if case.report.status is Status.RESOLVED:
        return case.because(Why.AUDIBLE)
    labels = dict(case.report.labels)
    silence = next(
        (each for each in scene.silences if each.ends > scene.received and each.covers(labels)), None
    )
    if silence:
        return replace(case, muted_until=silence.ends).because(Why.SILENCED, silence.by)
    until = scene.policy.quiet.until(scene.received) if scene.policy.quiet else None
    if until is None:
        return case.because(Why.AUDIBLE)
    if case.severity is Severity.CRITICAL:
        return case.because(Why.CRITICAL)
    return replace(case, muted_until=until).because(Why.QUIET_HOURS, until.isoformat(timespec="minutes"))


def group(case: Case, scene: Scene) -> Case:
    """One incident for each group key: Alertmanager's grouping rules."""
    return case.because(Why.GROUPED, scene.key)


def deduplicate(case: Case, scene: Scene) -> Case:
    """New, the sender's retry, a repeat, or a change of state."""
    verdict = _verdict(case.report, case.known, scene.received)
    return replace(case, verdict=verdict).because(verdict)


def _verdict(report: Report, known: Alert | None, received: datetime) -> Why:
    firing = report.status is Status.FIRING
    if known is None:
        return Why.NEW if firing else Why.RESOLVED_UNSEEN
    if report.starts == known.starts:
        heard = known.fired if firing else known.over
        if heard is not None and received - heard <= RETRY_WITHIN:
            return Why.RETRY
        if report.status is known.status:
            return Why.REPEAT
        return Why.AGAIN if firing else Why.RESOLVED
    if firing:  # without an end in between it is the same firing, whose start another source has told
        return Why.REPEAT if known.firing else Why.AGAIN
    if report.starts < known.starts and not known.firing:
        return Why.RETRY  # old news
    return Why.RESOLVED if known.firing else Why.RESOLVED_UNSEEN


def deliver(case: Case, scene: Scene) -> Case:
    """To every chat of the settings that takes it."""
    found = scene.policy.destinations(case.report.labels, case.severity, case.host)
    if not found:
        return case.because(Why.NO_ROUTE)
    return replace(case, destinations=found).because(Why.ROUTED, ", ".join(each.key for each in found))


STAGES: tuple[Stage, ...] = (match, mute, group, deduplicate, deliver)


def decide(case: Case, scene: Scene) -> Case:
    for stage in STAGES:
        case = stage(case, scene)
    return case
