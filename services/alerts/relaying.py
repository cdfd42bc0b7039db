"""What becomes of a finding of ours, step by step. Pure: the relay does what is decided here.

Alertmanager has it first where there is one, so that its grouping, silences and inhibitions rule and what
Prometheus says of the same trouble is the same alert. What it does not bring in time, we tell ourselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum, auto

from services.alertmanager import ActiveAlert, fingerprint
from services.alerts.relay_words import labels_of
from services.domain.alerts import Report, Status
from services.domain.findings import (
    CERTIFICATE_PROBLEM,
    CRASH_LOOP,
    HOST_UNREACHABLE,
    OOM_KILLED,
    PROBE_FAILED,
    ROUTE_DRIFT,
    SERVICE_DOWN,
    UNHEALTHY,
    Finding,
)

KEEP_ALIVE = timedelta(seconds=60)  # between posts: Alertmanager forgets after its resolve_timeout, 5 min
HAND_OVER_EACH = timedelta(seconds=15)  # while Alertmanager does not take it
HEARD_WITHIN = timedelta(seconds=10)  # the webhook, after Alertmanager has taken an alert
OVER_WITHIN = timedelta(seconds=30)  # the webhook, after it was told the end
CLOSES_FOR = timedelta(minutes=10)  # its own memory of an alert that nobody posts is shorter
RULED_FOR = timedelta(minutes=5)  # a silence is honoured so long while Alertmanager cannot be asked
LINGERS = timedelta(seconds=5)  # what a silent host has held back waits for the news of who is up again
CHANGE_AFTER = timedelta(seconds=61)  # the desk takes the same identity for a retry before

# From a container's being down.
_FOLLOW = frozenset({OOM_KILLED, UNHEALTHY, CRASH_LOOP, ROUTE_DRIFT, PROBE_FAILED})


class Verdict(StrEnum):
    """What Alertmanager says of an alert when asked."""

    ACTIVE = "active"
    SUPPRESSED = "suppressed"
    UNKNOWN = "unknown"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Relayed:
    """A finding with what has been done about it. `finding.evidence` is kept apart.

    over: when its end was reported; `finding` has the host's time, which may be another. hushed: it ended while
    another finding said it all. tried: the last post. handed: Alertmanager has it since; the webhook is waited for
    from there on. heard, told: when its firing reached the desk by the webhook, or directly from us. lapsed: the
    webhook said that it was over while it was not. asked, verdict: the last answer; ruled: when it last said
    SUPPRESSED. close_tried, closed: its end, for Alertmanager. heard_over, told_over: its end, at the desk.
    changed: it reads differently since the desk was told of it.
    """

    finding: Finding
    fingerprint: str
    over: datetime | None = None
    hushed: bool = False
    tried: datetime | None = None
    handed: datetime | None = None
    heard: datetime | None = None
    told: datetime | None = None
    lapsed: datetime | None = None
    asked: datetime | None = None
    verdict: Verdict | None = None
    ruled: datetime | None = None
    close_tried: datetime | None = None
    closed: datetime | None = None
    heard_over: datetime | None = None
    told_over: datetime | None = None
    changed: bool = False

    @property
    def delivered(self) -> datetime | None:
        """When the desk last heard that it fires."""
        return max(filter(None, (self.heard, self.told)), default=None)


class Act(StrEnum):
    POST = auto()  # give it to Alertmanager, or keep it alive there
    CLOSE = auto()  # tell Alertmanager that it is over
    ASK = auto()  # what Alertmanager makes of it
    TELL = auto()  # deliver it directly
    TELL_OVER = auto()
    DROP = auto()  # nothing is left to do
    WAIT = auto()


@dataclass(frozen=True, slots=True)
class Step:
    """`until`: for WAIT, when to decide again at the latest."""

    act: Act
    until: datetime


def next_step(relayed: Relayed, now: datetime, *, alertmanager: bool, inhibited: bool) -> Step:
    """`alertmanager`: there is one in the settings. `inhibited`: another finding says it all, see `inhibits`."""
    if relayed.over is None:
        return _while_open(relayed, now, alertmanager, inhibited)
    return _at_the_end(relayed, relayed.over, now, alertmanager)


def _while_open(relayed: Relayed, now: datetime, alertmanager: bool, inhibited: bool) -> Step:
    pause = KEEP_ALIVE if relayed.handed or relayed.heard else HAND_OVER_EACH
    post_at = relayed.tried + pause if relayed.tried and alertmanager else now
    if alertmanager and post_at <= now:
        return Step(Act.POST, now)
    later = post_at if alertmanager else now + KEEP_ALIVE
    if relayed.delivered:
        change_at = relayed.delivered + CHANGE_AFTER
        if relayed.changed and not inhibited:
            return Step(Act.TELL, now) if change_at <= now else _wait(min(change_at, later))
        return _wait(later)
    if alertmanager and relayed.handed:
        due = relayed.handed + HEARD_WITHIN
        if now < due:
            return _wait(min(due, later))
        again = max(due, relayed.asked + KEEP_ALIVE) if relayed.asked and relayed.asked >= due else due
        if again <= now:
            return Step(Act.ASK, now)
        if relayed.verdict is Verdict.SUPPRESSED:
            return _wait(min(again, later))
    return _wait(min(now + LINGERS, later)) if inhibited else Step(Act.TELL, now)


def _at_the_end(relayed: Relayed, over: datetime, now: datetime, alertmanager: bool) -> Step:
    if relayed.told and not relayed.told_over:
        return Step(Act.TELL_OVER, now)
    handed = alertmanager and relayed.handed is not None
    there = handed and not relayed.closed and now - over < CLOSES_FOR
    if there and not relayed.delivered and not relayed.asked:
        return Step(Act.ASK, now)  # whether it is silenced cannot be learnt once it is over
    close_at = relayed.close_tried + KEEP_ALIVE if relayed.close_tried else now
    if there and close_at <= now:
        return Step(Act.CLOSE, now)
    step = _news_of_the_end(relayed, now, alertmanager)
    if step:
        return _wait(min(step.until, close_at)) if there and step.act is Act.WAIT else step
    if there:
        return _wait(close_at)
    rest = over + LINGERS
    return Step(Act.DROP, now) if rest <= now else _wait(rest)


def _news_of_the_end(relayed: Relayed, now: datetime, alertmanager: bool) -> Step | None:
    """How the desk comes to know that it is over. None: it does, or nothing is to be said."""
    if relayed.told_over or relayed.heard_over:
        return None
    handed = alertmanager and relayed.handed is not None
    waits_until = (relayed.close_tried or now) + OVER_WITHIN
    if relayed.delivered:
        if not handed:
            return Step(Act.TELL_OVER, now)
        if now < waits_until:
            return _wait(waits_until)
        if not relayed.asked or relayed.asked < waits_until:
            return Step(Act.ASK, now)
        if relayed.verdict in (Verdict.ACTIVE, Verdict.SUPPRESSED):  # somebody else says that it still fires
            again = relayed.asked + KEEP_ALIVE
            return Step(Act.ASK, now) if again <= now else _wait(again)
        return Step(Act.TELL_OVER, now)
    if relayed.lapsed or relayed.hushed or (handed and relayed.verdict is Verdict.SUPPRESSED):
        return None
    if handed and relayed.verdict is not Verdict.UNREACHABLE and now < waits_until:
        return _wait(waits_until)
    return Step(Act.TELL, now)


def _wait(until: datetime) -> Step:
    return Step(Act.WAIT, until)


def inhibits(other: Relayed, relayed: Relayed, now: datetime) -> bool:
    """Whether `other` says all that is to be said of `relayed`: Alertmanager's rules, for when it is not there."""
    strong, weak = other.finding, relayed.finding
    if not strong.host or strong.host != weak.host or strong.key == weak.key:
        return False
    if strong.name == HOST_UNREACHABLE:
        if weak.name == CERTIFICATE_PROBLEM:  # which is looked at from outside
            return False
        return other.over is None or now - other.over < LINGERS
    if strong.name != SERVICE_DOWN or weak.name not in _FOLLOW or other.over is not None:
        return False
    return weak.container in (strong.container, *strong.containers)


# What happens to a record


def taken(
    known: Relayed | None, finding: Finding, channels: str, now: datetime, *, inhibited: bool
) -> Relayed | None:
    """The record after `finding` was reported; None where that says nothing new.

    One that is open keeps its start and severity: they are its identity. No moment is later than now, whatever the
    host's clock says, or Alertmanager would wait for it.
    """
    if known is None or known.over is not None:
        if finding.ended is not None:
            return None
        bare = replace(finding, started=min(finding.started, now), evidence=None)
        return Relayed(bare, fingerprint(labels_of(bare, channels)))
    before = known.finding
    after = replace(
        before, containers=finding.containers or before.containers, notes=finding.notes or before.notes
    )
    if finding.ended is not None:
        ended = max(before.started, min(finding.ended, now))
        return replace(known, finding=replace(after, ended=ended), over=now, hushed=inhibited)
    if not reads_differently(before, after):
        return known
    return replace(known, finding=after, changed=True, tried=None)


def reads_differently(one: Finding, other: Finding) -> bool:
    """Of two that are the same trouble."""
    return (one.containers, one.notes) != (other.containers, other.notes)


def heard(relayed: Relayed, report: Report, now: datetime) -> Relayed:
    """After Alertmanager's webhook has told of it.

    An end while it is not over (somebody else's, or of the last time) has ended it at the desk, so it is to be told
    anew, whoever does it.
    """
    if report.status is Status.FIRING:
        return replace(relayed, heard=now, lapsed=None)
    if relayed.over is not None:
        return replace(relayed, heard_over=now)
    anew = now if relayed.handed else None
    return replace(
        relayed, heard=None, told=None, lapsed=now, handed=anew, tried=None, asked=None, verdict=None
    )


def answered(relayed: Relayed, verdict: Verdict, now: datetime) -> Relayed:
    """After Alertmanager was asked. A silence outlives a short absence of Alertmanager's."""
    if verdict is Verdict.SUPPRESSED:
        return replace(relayed, asked=now, verdict=verdict, ruled=now)
    silenced = relayed.verdict is Verdict.SUPPRESSED and relayed.ruled and now - relayed.ruled < RULED_FOR
    if verdict is Verdict.UNREACHABLE and silenced:
        verdict = Verdict.SUPPRESSED
    return replace(relayed, asked=now, verdict=verdict)


def verdict_on(relayed: Relayed, listed: Mapping[str, ActiveAlert]) -> Verdict:
    """`listed`: Alertmanager's alerts by fingerprint."""
    alert = listed.get(relayed.fingerprint)
    if alert is None:
        return Verdict.UNKNOWN
    return Verdict.SUPPRESSED if alert.suppressed else Verdict.ACTIVE
