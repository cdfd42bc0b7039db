"""What people do to an incident: take it, give it back, silence it, undo that. Role and scope are checked here."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from services.alerts import silences as silencing
from services.alerts.incidents import Count, acknowledged, released
from services.alerts.ledger import Ledger, incident_writes, look_at, post_writes
from services.alerts.policy import Policy
from services.alerts.sight import demand, silence_in_sight
from services.alerts.silences import ListedSilence, Silences
from services.alerts.stages import fits
from services.audit import Audit, Result
from services.domain.access import Action, Actor, Target
from services.domain.alerts import Ack, Alert, Incident, Matcher, Quiet, Severity, Span
from services.domain.posts import Menu, Post
from services.errors import AlreadyTaken, ApiError, Denied, NoSuchIncident, NoSuchSilence
from services.ports import Clock, Write
from services.roster import Roster

log = logging.getLogger(__name__)

MENU_STAYS = timedelta(minutes=2)
HOLDS: Mapping[str, timedelta] = {
    "1h": timedelta(hours=1),
    "4h": timedelta(hours=4),
    "24h": timedelta(hours=24),
}
MORNING = "morning"


class AlertActs:
    """`wake`: told when a chat has something new to show. All raise StoreUnavailable: then nothing was done."""

    def __init__(
        self,
        ledger: Ledger,
        policy: Policy,
        silences: Silences,
        audit: Audit,
        roster: Roster,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._ledger = ledger
        self._policy = policy
        self._silences = silences
        self._audit = audit
        self._roster = roster
        self._clock = clock
        self._wake = wake
        self._silencing = asyncio.Lock()

    async def acknowledge(
        self, identity: str, *, by: Actor, upto: int | None = None, note: str = ""
    ) -> Incident:
        """Cover the alerts numbered up to `upto` (None: all). Raises NoSuchIncident, Denied, AlreadyTaken."""
        async with self._ledger.turn:
            incident = await self._open(identity, by, Action.ACKNOWLEDGE)
            if incident.acks and incident.total.uncovered == 0:
                raise AlreadyTaken(incident.acks[-1].name, incident.acks[-1].at)
            upto = incident.numbers if upto is None else min(upto, incident.numbers)
            if incident.acks and upto <= incident.covered:
                raise AlreadyTaken(incident.acks[-1].name, incident.acks[-1].at)
            taken = acknowledged(incident, Ack(by.id, by.name, self._clock.now(), upto, note[:200]))
            if upto < incident.numbers:
                count = Count(taken.covered)
                async for alert in self._ledger.alerts(identity):
                    count.add(alert, self._keys(alert))
                taken = count.of(taken)
            await self._keep(taken, incident)
        await self._record(by, Action.ACKNOWLEDGE, taken, note)
        return taken

    async def acknowledge_all(self, post_id: str, *, by: Actor, note: str = "") -> int:
        """Those of a digest that still wait, as far as the digest has shown them; how many that were."""
        post = await self._ledger.post(post_id)
        if post is None:
            raise NoSuchIncident
        taken = 0
        last: AlreadyTaken | None = None
        denied: Denied | None = None
        for identity in post.incidents:
            try:
                await self.acknowledge(identity, by=by, upto=post.numbers.get(identity), note=note)
                taken += 1
            except AlreadyTaken as already:
                last = already
            except (NoSuchIncident, Denied) as refusal:
                denied = refusal if isinstance(refusal, Denied) else denied
        if not taken:
            raise last or denied or NoSuchIncident()
        return taken

    async def acknowledge_reply(self, chat: int, message: int, *, by: Actor, note: str) -> int | None:
        """What the message that was replied to shows; None: it is about something else."""
        post = await self._ledger.post_at(chat, message)
        return None if post is None else await self.acknowledge_all(post.id, by=by, note=note)

    async def release(self, identity: str, *, by: Actor) -> Incident:
        async with self._ledger.turn:
            incident = await self._open(identity, by, Action.RELEASE)
            given_back = released(incident)
            await self._keep(given_back, incident, reminded=self._clock.now())
        await self._record(by, Action.RELEASE, given_back)
        return given_back

    async def ask(self, identity: str, *, by: Actor, span: Span | None = None, fold: bool = False) -> None:
        """Unfold the question what to silence in the incident's messages, or how long; or fold it up."""
        async with self._ledger.turn:
            incident = await self._open(identity, by, Action.SILENCE)
            menu = None if fold else Menu(self._clock.now() + MENU_STAYS, span)
            await self._ledger.write(*await self._touched(incident, menu))
        self._wake()

    async def silence(self, identity: str, span: Span, hold: str, *, by: Actor) -> Quiet:
        """hold: 1h, 4h, 24h or morning. Raises ApiError when Alertmanager does not take it: nothing is silenced."""
        async with self._silencing:  # two presses at once are one silence
            return await self._silence(identity, span, hold, by)

    async def _silence(self, identity: str, span: Span, hold: str, by: Actor) -> Quiet:
        incident = await self._open(identity, by, Action.SILENCE)
        alerts = await self._sample(identity)
        offered = dict(silencing.spans(incident, alerts))
        if span not in offered:
            raise NoSuchIncident
        now = self._clock.now()
        until = self._policy.next_morning(now) if hold == MORNING else now + HOLDS[hold]
        found = silencing.matchers(span, incident, alerts, self._policy)
        if not silence_in_sight(by.scope, found, self._policy):  # it would reach what he does not see
            raise Denied(Action.SILENCE, "", self._roster.who_may(Action.SILENCE))
        before = incident.quiet
        if (
            before and before.until > now and before.what == offered[span]
        ):  # there is one: at most it lasts longer
            if until > before.until:
                ends = await self._silences.extend(before.id, by.name, until - before.until)
                await self.extended(before.id, ends)
                return replace(before, until=ends)
            return before
        quiet = await self._silences.add(found, until, by.name, offered[span])
        await self._spread(quiet, found, identity)
        await self._record(by, Action.SILENCE, incident, f"{offered[span]} {hold}")
        return quiet

    async def unmute(self, identity: str, *, by: Actor) -> None:
        """Undo the silence that the incident bears. Raises NoSuchSilence when it has ended."""
        incident = await self._ledger.incident(identity)
        if incident is None:
            raise NoSuchIncident
        demand(by, Action.UNSILENCE, incident, self._roster)
        if incident.quiet is None:
            raise NoSuchSilence
        quiet = incident.quiet
        try:
            listed = await self._silences.one(quiet.id)
            if not silence_in_sight(by.scope, listed.matchers, self._policy):
                raise Denied(Action.UNSILENCE, "", self._roster.who_may(Action.UNSILENCE))
            await self._silences.expire(quiet.id)
        except NoSuchSilence:
            log.info("silence %s had ended already", quiet.id)
        await self.lifted(quiet.id, incident)
        await self._record(by, Action.UNSILENCE, incident, quiet.what)

    async def lifted(self, silence_id: str, also: Incident | None = None) -> None:
        """A silence is over: no incident bears it any more, and what it held back goes out."""
        others = await self._others(silence_id)
        incidents = {each.id: each for each in [*await self._ledger.open(), *([also] if also else [])]}
        for incident in incidents.values():
            if not (incident.quiet and incident.quiet.id == silence_id) and not incident.held_until:
                continue
            held = await self._still_held(incident) or self._clock.now()
            fitting = [each for each in others if await self._is_covered(incident, each.matchers)]
            another = fitting[0] if fitting else None
            async with self._ledger.turn:
                fresh = await self._ledger.incident(incident.id)
                if fresh is None:
                    continue
                quiet = fresh.quiet
                if quiet and quiet.id == silence_id:
                    quiet = _borne(another, fresh.numbers) if another and not fresh.resolved else None
                held_until = held if fresh.held_until else None
                await self._keep(
                    replace(fresh, quiet=quiet, held_until=held_until, revision=fresh.revision + 1), fresh
                )
        self._wake()

    async def extended(self, silence_id: str, ends: datetime) -> None:
        """A silence lasts until then: the incidents that bear it say so, and what it holds back waits."""
        for incident in await self._ledger.open():
            mine = incident.quiet is not None and incident.quiet.id == silence_id
            if not mine and not incident.held_until:
                continue
            held = await self._still_held(incident)
            async with self._ledger.turn:
                fresh = await self._ledger.incident(incident.id)
                if fresh is None:
                    continue
                quiet = replace(fresh.quiet, until=ends) if mine and fresh.quiet else fresh.quiet
                held_until = held or fresh.held_until if fresh.held_until else None
                await self._keep(
                    replace(fresh, quiet=quiet, held_until=held_until, revision=fresh.revision + 1), fresh
                )

    async def _others(self, silence_id: str) -> list[ListedSilence]:
        """Those still in force, the longest first; none where Alertmanager cannot be asked."""
        try:
            listed = await self._silences.listing()
        except ApiError as error:
            log.warning("other silences are not known: %s", error)
            return []
        return [each for each in reversed(listed) if each.id != silence_id]

    async def _spread(self, quiet: Quiet, matchers: Sequence[Matcher], first: str) -> None:
        """To every open incident whose firing alerts it covers; `first` is one of them."""
        for incident in await self._ledger.open():
            if incident.id != first and not await self._is_covered(incident, matchers):
                continue
            async with self._ledger.turn:
                fresh = await self._ledger.incident(incident.id)
                longer = fresh and fresh.quiet and fresh.quiet.until > quiet.until
                if fresh and (incident.id == first or not longer):
                    silenced = replace(quiet, upto=fresh.numbers)
                    await self._keep(replace(fresh, quiet=silenced, revision=fresh.revision + 1), fresh)
        self._wake()

    async def _is_covered(self, incident: Incident, matchers: Sequence[Matcher]) -> bool:
        async for alert in self._ledger.alerts(incident.id):
            if alert.firing and not all(fits(each, alert.labels.get(each.name, "")) for each in matchers):
                return False
        return True

    async def _still_held(self, incident: Incident) -> datetime | None:
        """Until when quiet hours or other silences hold all of it back."""
        now = self._clock.now()
        quiet = self._policy.quiet.until(now) if self._policy.quiet else None
        silences = await self._silences.ours_active()
        ends = []
        async for alert in self._ledger.alerts(incident.id):
            if not alert.firing:
                continue
            labels = dict(alert.labels)
            held = [each.ends for each in silences if each.covers(labels)]
            held += [quiet] if quiet and alert.severity is not Severity.CRITICAL else []
            if not held:
                return None
            ends.append(max(held))
        return max(ends, default=None)

    async def _sample(self, identity: str) -> list[Alert]:
        """Firing ones before the others, some."""
        alerts = [alert async for alert in self._ledger.alerts(identity)]
        if not alerts:
            raise NoSuchIncident
        return sorted(alerts, key=lambda alert: not alert.firing)

    async def _open(self, identity: str, by: Actor, action: Action) -> Incident:
        incident = await self._ledger.incident(identity)
        if incident is None or incident.resolved is not None:
            raise NoSuchIncident
        demand(by, action, incident, self._roster)
        return incident

    async def _keep(self, incident: Incident, before: Incident, reminded: datetime | None = None) -> None:
        """With its messages told that somebody waits for their next edit. The caller holds the turn.

        reminded: from when the time until the next reminder counts.
        """
        writes = incident_writes(incident, before, ())
        await self._ledger.write(
            *writes,
            *await self._ledger.looks(incident, self._policy, self._clock.now()),
            *await self._touched(incident, None, reminded),
        )
        self._wake()

    async def _touched(
        self, incident: Incident, menu: Menu | None, reminded: datetime | None = None
    ) -> list[Write]:
        writes: list[Write] = []
        for post in await self._posts(incident):
            changed = replace(post, urgent=True, menu=menu, reminded=reminded or post.reminded)
            writes += post_writes(changed, fresh=False)
            writes.append(look_at(post.to, incident.id, self._clock.now()))
        return writes

    async def _posts(self, incident: Incident) -> list[Post]:
        found = [await self._ledger.posts(to, [incident.id]) for to in self._policy.everywhere]
        return [post for posts in found for post in posts.values() if post.message is not None]

    def _keys(self, alert: Alert) -> tuple[str, ...]:
        destinations = self._policy.destinations(alert.labels, alert.severity, alert.host)
        return tuple(each.key for each in destinations)

    async def _record(self, by: Actor, action: Action, incident: Incident, detail: str = "") -> None:
        host, container = incident.targets[0] if len(incident.targets) == 1 else ("", "")
        target = Target(host, container) if host else None
        await self._audit.record(by, action, target, Result.DONE, detail=detail)


def _borne(silence: ListedSilence, numbers: int) -> Quiet:
    """As an incident bears it."""
    return Quiet(silence.id, silence.ends, silence.by, silence.comment, silence.ours, numbers)
