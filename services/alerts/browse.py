"""Reading about alerts: what fires, what waits for somebody, and why an alert went where it went."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.alerts.bulletins import WITH_EVIDENCE, worst_first
from services.alerts.dispatching import NAMED
from services.alerts.incidents import tallied
from services.alerts.ledger import SLICE, Ledger
from services.alerts.policy import Policy
from services.alerts.sight import sees
from services.domain.access import Actor
from services.domain.alerts import Alert, Incident, Tally
from services.domain.findings import SUBJECTS
from services.domain.posts import Post, PostState, Shown
from services.errors import NoSuchIncident
from services.ports import Clock


@dataclass(frozen=True, slots=True)
class OpenAlerts:
    """shown: those that fire, the worst first, each cut to what the asker may see. quiet_since: where none does."""

    shown: tuple[Shown, ...]
    at: datetime
    quiet_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """One alert with the decisions about it, and the messages that show it."""

    incident: Incident
    alert: Alert
    posts: tuple[Post, ...]
    at: datetime


class AlertBrowser:
    def __init__(self, ledger: Ledger, policy: Policy, clock: Clock) -> None:
        self._ledger = ledger
        self._policy = policy
        self._clock = clock

    async def open(self, *, by: Actor, words: Sequence[str] = ()) -> OpenAlerts:
        """All `words` must fit: a severity, a host, a container, an alert's name, or `acked` or `waiting`."""
        shown = []
        for incident in await self._ledger.open():
            if not sees(by.scope, incident):
                continue
            alerts = await self._visible(incident, by)
            one = await _shown(incident, alerts)
            if one.tally.firing and await _fit(words, one, alerts):
                shown.append(one)
        shown.sort(key=lambda one: (-(one.tally.worst or 0), one.incident.opened))
        since = None if shown else await self._ledger.quiet_since()
        return OpenAlerts(tuple(shown), self._clock.now(), since)

    async def one(self, identity: str, *, by: Actor) -> OpenAlerts:
        """A single incident, firing or over, with its evidence. Raises NoSuchIncident for one out of sight."""
        incident = await self._ledger.incident(identity)
        if incident is None or not sees(by.scope, incident):
            raise NoSuchIncident
        shown = await _shown(incident, await self._visible(incident, by))
        for alert in shown.alerts[:WITH_EVIDENCE]:
            if evidence := await self._ledger.evidence(alert.fingerprint):
                shown = replace(shown, evidence=evidence)
                break
        return OpenAlerts((replace(shown, chart=self._policy.charts.of(shown.alerts)),), self._clock.now())

    async def waiting(self, *, by: Actor, words: Sequence[str] = ()) -> OpenAlerts:
        """What nobody has acknowledged, the oldest first."""
        found = await self.open(by=by, words=words)
        shown = sorted(
            (one for one in found.shown if one.tally.uncovered), key=lambda one: one.incident.opened
        )
        return replace(found, shown=tuple(shown))

    async def why(self, name: str, *, by: Actor) -> Sequence[Trace]:
        """The latest alerts of that name, container, host/container, domain, probe or incident, at most five."""
        found = []
        latest = await self._ledger.latest()
        known = {incident.id for incident in latest}
        still = [incident for incident in await self._ledger.open() if incident.id not in known]
        for incident in (*latest, *reversed(still)):
            if not sees(by.scope, incident):
                continue
            fitting = await _named(name.lower(), incident, await self._visible(incident, by))
            if fitting:
                alert = (await worst_first(fitting))[0]
                found.append(Trace(incident, alert, await self._posts(incident), self._clock.now()))
            if len(found) == 5:
                break
        if not found:
            raise NoSuchIncident(name)
        return found

    async def _posts(self, incident: Incident) -> tuple[Post, ...]:
        """Of every chat that it is meant for, also of those that have no message."""
        found: list[Post] = []
        for to in self._policy.everywhere:
            post = (await self._ledger.posts(to, [incident.id])).get(incident.id)
            if post is None and to.key in incident.tallies:
                state = PostState.DEAD if await self._ledger.closed_since(to) else PostState.PENDING
                post = Post("", to, (incident.id,), state)
            found += [post] if post else []
        return tuple(found)

    async def _visible(self, incident: Incident, by: Actor) -> list[Alert]:
        return [
            alert
            async for alert in self._ledger.alerts(incident.id)
            if by.scope.covers_subject(alert.host, alert.container)
        ]


async def _shown(incident: Incident, alerts: list[Alert]) -> Shown:
    tally = Tally()
    for number, alert in enumerate(alerts, 1):
        tally = tallied(tally, None, alert, incident.covered)
        if number % SLICE == 0:
            await asyncio.sleep(0)
    return Shown(incident, tally, tuple((await worst_first(alerts))[:NAMED]))


async def _fit(words: Sequence[str], one: Shown, alerts: list[Alert]) -> bool:
    """Whether each word fits the incident, or one of its alerts that fire."""
    firing = [alert for alert in alerts if alert.firing] if words else []
    for word in map(str.lower, words):
        if word in ("acked", "waiting"):
            fits = (one.tally.uncovered == 0) is (word == "acked")
        else:
            fits = any(word in (alert.severity.name.lower(), alert.host.lower()) for alert in firing)
            fits = fits or bool(await _named(word, one.incident, firing))
        if not fits:
            return False
    return True


async def _named(word: str, incident: Incident, alerts: Sequence[Alert]) -> list[Alert]:
    """Those that go by that name."""
    found = []
    for number, alert in enumerate(alerts, 1):
        if _names(word, incident, alert):
            found.append(alert)
        if number % SLICE == 0:
            await asyncio.sleep(0)
    return found


def _names(word: str, incident: Incident, alert: Alert) -> bool:
    names = [alert.container, *alert.annotations.get("containers", "").replace(",", " ").split()]
    full = [f"{alert.host}/{name}" for name in names]
    subject = alert.labels.get(SUBJECTS.get(alert.name, ""), "")
    known = (alert.name, alert.fingerprint, incident.id, subject, *names, *full)
    return word in (each.lower() for each in known)
