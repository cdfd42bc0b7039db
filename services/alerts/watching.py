"""How trouble is told from what is meant: the rules of the watch over a host's containers. Pure.

Rules speak of one container at a time, as it was found at one moment; `watch_falls` of several that die together.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.domain import findings
from services.domain.alerts import Evidence
from services.domain.containers import (
    Condition,
    Container,
    Details,
    Health,
    State,
    Stop,
    diagnose,
)
from services.domain.events import Event, EventAction
from services.domain.findings import CRASH_LOOP, OOM_KILLED, SERVICE_DOWN, UNHEALTHY, Finding

# Signals by which programs are told something without being asked to end: HUP, USR1, USR2, WINCH.
_HARMLESS = frozenset({1, 10, 12, 28})
_MOST_DEATHS = 100


@dataclass(frozen=True, slots=True)
class Rules:
    """collect: from a death to the look at what has become of it. together: so many deaths within `together_within`
    are one fall, which others join until `fall_gap` after its latest death.

    silence: without contact before the host counts as unreachable. grace: after it has come back, for containers
    that Docker starts by itself. A crash loop is `crash_deaths` within `crash_within`; it is over when the
    container has run for `crash_over`. oom_over: how long a lack of memory is told of. refresh: between two tellings.
    """

    collect: timedelta = timedelta(seconds=1)
    together: int = 3
    together_within: timedelta = timedelta(seconds=1)
    fall_gap: timedelta = timedelta(seconds=10)
    silence: timedelta = timedelta(seconds=20)
    grace: timedelta = timedelta(seconds=60)
    crash_deaths: int = 3
    crash_within: timedelta = timedelta(minutes=10)
    crash_over: timedelta = timedelta(minutes=10)
    oom_over: timedelta = timedelta(minutes=10)
    refresh: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Death:
    """by_hand: somebody had sent it a signal that ends programs, be it `docker stop` or the engine's own shutdown."""

    at: datetime
    exit_code: int | None = None
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """What has been heard of one container, which its id names. signalled: since its last start.

    oom: the last lack of memory that no finding has told of yet.
    """

    container_id: str = ""
    deaths: tuple[Death, ...] = ()
    signalled: bool = False
    oom: datetime | None = None

    def after(self, event: Event, at: datetime) -> "History":
        """at: the event's own time, or ours where that is earlier. An event heard again changes nothing."""
        now = self if self.container_id == event.container_id else History(event.container_id)
        match event.action:
            case EventAction.START:
                return replace(now, signalled=False)
            case EventAction.KILL if ends(event):
                return replace(now, signalled=True)
            case EventAction.OOM:
                return replace(now, oom=at)
            case EventAction.DIE if all(death.at != at for death in now.deaths):
                death = Death(at, event.exit_code, now.signalled)
                return replace(now, deaths=(*now.deaths, death)[-_MOST_DEATHS:], signalled=False)
        return now

    def crashes(self, now: datetime, within: timedelta) -> tuple[Death, ...]:
        """Its deaths by itself, oldest first."""
        return tuple(death for death in self.deaths if not death.by_hand and death.at > now - within)


def ends(event: Event) -> bool:
    """Whether it announces the container's death."""
    return event.action is EventAction.KILL and event.signal not in _HARMLESS


@dataclass(frozen=True, slots=True)
class Look:
    """A container as it was found. stop: through the bot, not yet started again. acting: the bot is at it just now.

    grace: the host has just come back, and Docker may be about to start it.
    """

    container: Container
    details: Details
    history: History = History()
    stop: Stop | None = None
    acting: bool = False
    grace: bool = False

    @property
    def comes_back(self) -> bool:
        """Whether Docker is to start it again by itself."""
        return self.details.restart_policy not in ("", "no")

    @property
    def runs(self) -> bool:
        return self.container.state in (State.RUNNING, State.PAUSED)


Open = Mapping[str, Finding]  # what is open about one container, by the finding's name


def troubles(look: Look, open_: Open, now: datetime, rules: Rules) -> frozenset[str] | None:
    """The names of the findings that are true of it now. None: it cannot be told yet, all stays as it is."""
    if look.acting:
        return None
    condition = diagnose(look.container, look.details, look.stop).condition
    crashes = look.history.crashes(now, rules.crash_within)
    if condition is Condition.STOPPED:
        return frozenset()
    if condition is Condition.DOWN:
        if look.grace and look.comes_back:
            return None
        restarts = max(len(crashes), look.details.restart_count)
        loops = look.container.state is State.RESTARTING and restarts >= rules.crash_deaths
        if look.container.state is State.RESTARTING and not loops and _just_died(look, now, rules):
            return None
        return frozenset({CRASH_LOOP if loops else SERVICE_DOWN})
    if look.comes_back and len(crashes) >= rules.crash_deaths and not look.grace:
        return frozenset({CRASH_LOOP})
    if CRASH_LOOP in open_ and now < settled_at(look, open_[CRASH_LOOP].started, rules):
        return frozenset({CRASH_LOOP})
    found = set()
    if (oom := last_oom(look.history, open_)) and now < oom + rules.oom_over:
        found.add(OOM_KILLED)
    health = look.container.health
    if health is Health.UNHEALTHY or (health is Health.STARTING and UNHEALTHY in open_):
        found.add(UNHEALTHY)
    return frozenset(found)


def _just_died(look: Look, now: datetime, rules: Rules) -> bool:
    return look.details.finished is not None and now < look.details.finished + 2 * rules.collect


def settled_at(look: Look, began: datetime, rules: Rules) -> datetime:
    """When a container that crashed again and again will have run long enough."""
    return (look.details.started or began) + rules.crash_over


def last_oom(history: History, open_: Open) -> datetime | None:
    told = open_.get(OOM_KILLED)
    moments = [history.oom, (told.evidence.at if told.evidence else told.started) if told else None]
    return max((moment for moment in moments if moment), default=None)


def started_of(name: str, look: Look, now: datetime, rules: Rules) -> datetime:
    """Since when the trouble lasts, never later than `now`."""
    since: datetime | None = None
    match name:
        case findings.SERVICE_DOWN:
            since = look.history.deaths[-1].at if look.history.deaths else look.details.finished
        case findings.CRASH_LOOP:
            crashes = look.history.crashes(now, rules.crash_within)
            since = crashes[0].at if crashes else look.details.finished
        case findings.OOM_KILLED:
            since = look.history.oom
        case findings.UNHEALTHY:
            since = diagnose(look.container, look.details).since
    return min(since or now, now)


def evidence_of(name: str, look: Look, now: datetime, rules: Rules) -> Evidence:
    """All but the log's lines. For a lack of memory `at` is its moment."""
    history, details = look.history, look.details
    deaths = [death for death in history.deaths if death.at > now - rules.crash_within]
    code = details.exit_code if not look.runs else deaths[-1].exit_code if deaths else None
    return Evidence(
        at=history.oom or now if name == OOM_KILLED else now,
        exit_code=None if name == UNHEALTHY else code,
        out_of_memory=name == OOM_KILLED or details.oom_killed or history.oom is not None,
        error=details.error,
        deaths=max(len(deaths), details.restart_count if name == CRASH_LOOP and not deaths else 0),
        within=rules.crash_within if deaths else timedelta(),
    )


def ended_at(finding: Finding, look: Look | None, now: datetime) -> datetime:
    """A container that was down is up since it was started; whatever else is over is so as of now."""
    started = look.details.started if look and look.runs and finding.name == SERVICE_DOWN else None
    return max(min(started or now, now), finding.started)
