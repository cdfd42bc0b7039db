"""The desk: takes what the inbox holds through the stages, writes the incidents, and wakes the outbox.

Each notification ends in one batch that also takes it out of the inbox, so after a crash it is done once more or
not at all: all that it changes is keyed by identity, and a second time changes nothing.
"""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import blake2s
from itertools import product

from services.alerts.decoding import Flaw, Undecodable, patient_head, reports
from services.alerts.inbox import Entry, Inbox
from services.alerts.incidents import changed, opened, outlived
from services.alerts.ledger import Ledger, incident_writes
from services.alerts.policy import Policy
from services.alerts.silences import Silences
from services.alerts.stages import Case, Scene, decide
from services.domain.alerts import Incident, Notification, Origin, Report, Status
from services.domain.posts import Notice, Trouble
from services.errors import RecordUnreadable, StoreError, VakhtaError
from services.ports import Clock, Put, Write

log = logging.getLogger(__name__)

AT_ONCE = 100  # alerts between two turns of the event loop, and in one transaction
BATCH = 16
PAUSE = 1.0  # seconds until the next try while the store does not work
UNDECODABLE_KEPT = timedelta(days=30)

Heard = Callable[[Report], Awaitable[None]]


async def _deaf(*_heard: object) -> None:
    """Where nobody listens."""


@dataclass(slots=True)
class Ears:
    """Who else listens to what comes in: the relay of our own alerts, the watchdog, and who tells the admins.

    receiver: told the name of each receiver of Alertmanager's that sends to us. stands: whether our own watch sees
    that an alert still fires, whatever others say of its end.
    """

    tell: Callable[[Notice], Awaitable[None]]
    relay: Heard = field(default=_deaf)
    watchdog: Callable[[], Awaitable[None]] = field(default=_deaf)
    receiver: Callable[[str], Awaitable[None]] = field(default=_deaf)
    stands: Callable[[str], bool] = field(default=lambda _fingerprint: False)


class Desk:
    """`wake`: told that some destination may have something to say. heard: alerts, from where and how they stand."""

    def __init__(
        self,
        inbox: Inbox,
        ledger: Ledger,
        silences: Silences,
        policy: Policy,
        ears: Ears,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._inbox = inbox
        self._ledger = ledger
        self._silences = silences
        self._policy = policy
        self._ears = ears
        self._clock = clock
        self._wake = wake
        self.heard = Counter(dict.fromkeys(product(Origin, Status), 0))

    async def run(self) -> None:
        """Until cancelled, in the order of arrival; a store that is away stops nothing for good."""
        while True:
            try:
                entries = await self._inbox.waiting(BATCH)
                for entry in entries:
                    await self._handle(entry)
            except StoreError:
                log.exception("alerts wait in the inbox: the store does not work")
                await asyncio.sleep(PAUSE)
                continue
            if not entries:
                await self._inbox.wait()

    async def refreshed(self, fingerprint: str) -> None:
        """There is new evidence about an alert: its messages are made anew. Raises StoreError."""
        async with self._ledger.turn:
            for identity in (await self._ledger.firing_in([fingerprint])).values():
                before = await self._ledger.incident(identity)
                if before is not None:
                    incident = replace(before, revision=before.revision + 1)
                    looks = await self._ledger.looks(incident, self._policy, self._clock.now())
                    await self._ledger.write(*incident_writes(incident, before, ()), *looks)
        self._wake()

    async def _handle(self, entry: Entry) -> None:
        try:
            top = await patient_head(entry.body)
        except Undecodable as flaw:
            await self._put_aside(entry, str(flaw))
            return
        notification = Notification(
            entry.origin, top.key, entry.received, (), top.labels, top.receiver, top.url, top.truncated
        )
        if entry.origin is Origin.ALERTMANAGER and top.receiver:
            await self._ears.receiver(top.receiver)
        try:
            flaws = await self._take(entry, notification, reports(top, entry.received))
        except RecordUnreadable as defect:
            log.exception("a notification meets a record that cannot be read")
            await self._put_aside(entry, str(defect))
            return
        except VakhtaError:
            raise
        except Exception as defect:  # one body must not stop the others, nor every start to come
            log.exception("a notification could not be taken")
            await self._put_aside(entry, repr(defect))
            return
        if flaws:
            await self._put_aside(entry, "; ".join(flaws[:5]), more=True)
        self._inbox.note_done(entry)
        self._wake()

    async def _take(
        self, entry: Entry, notification: Notification, found: Iterator[Report | Flaw]
    ) -> list[str]:
        """All alerts, slice by slice; the last batch takes the notification out of the inbox."""
        flaws: list[str] = []
        touched: set[str] = set()
        some = _slice(found, flaws)
        while True:
            following = _slice(found, flaws) if some else []
            done = [] if following else [self._inbox.done(entry)]
            self.heard.update((entry.origin, report.status) for report in some)
            heard = await self._but_watchdog(some)
            theirs = notification.origin is Origin.ALERTMANAGER
            shown = [report for report in heard if not (theirs and self._contradicts(report))]
            await self._settle(replace(notification, reports=tuple(shown)), touched, done)
            for report in heard if theirs else ():
                await self._ears.relay(report)
            if not following:
                return flaws
            some = following
            await asyncio.sleep(0)

    def _contradicts(self, report: Report) -> bool:
        """It is said to be over, and we see that it is not: Prometheus tells an end again for a quarter of an hour."""
        return report.status is Status.RESOLVED and self._ears.stands(report.fingerprint)

    async def _but_watchdog(self, some: Sequence[Report]) -> list[Report]:
        """The one that always fires tells that the way is open, and nothing else."""
        rest = [report for report in some if report.labels.get("alertname") != self._policy.watchdog]
        firing = any(
            report.status is Status.FIRING
            for report in some
            if report.labels.get("alertname") == self._policy.watchdog
        )
        if firing:
            await self._ears.watchdog()
        return rest

    async def _settle(self, notification: Notification, touched: set[str], done: Sequence[Write]) -> None:
        """One transaction: the incident and its alerts; with the last of them (`done`), who must look at what was
        touched by all of them."""
        if not notification.reports:
            async with self._ledger.turn:
                await self._ledger.write(*(await self._looks(touched) if done else ()), *done)
            return
        scene = Scene(
            self._policy, notification.key, notification.received, await self._silences.ours_active()
        )
        async with self._ledger.turn:
            before = await self._incident_for(notification)
            incident = before
            if incident is None:
                incident = opened(notification, secrets.token_hex(4))
            elif notification.origin is Origin.ALERTMANAGER and not incident.bound:
                incident = replace(incident, key=notification.key, bound=True, labels=notification.labels)
            fingerprints = [report.fingerprint for report in notification.reports]
            known = await self._ledger.alerts_of(incident.id, fingerprints)
            cases = [
                decide(Case(report, known.get(report.fingerprint)), scene) for report in notification.reports
            ]
            change = changed(incident, cases, notification.received)
            writes: list[Write] = []
            if change.alerts or incident is not before:
                writes += incident_writes(change.incident, before, change.alerts)
            if done:
                writes += await self._ledger.looks(change.incident, self._policy, self._clock.now())
                writes += await self._looks(touched - {incident.id})
            touched.add(incident.id)
            await self._ledger.write(*writes, *done)

    async def _looks(self, touched: Collection[str]) -> list[Write]:
        incidents = await self._ledger.incidents(list(touched))
        now = self._clock.now()
        return [
            look for each in incidents.values() for look in await self._ledger.looks(each, self._policy, now)
        ]

    async def _incident_for(self, notification: Notification) -> Incident | None:
        """The incident that this group is now; None for a new one.

        What we ourselves found is known by its alerts: Alertmanager may have told of them under a key of its own,
        and later may come to tell of what we had to deliver without it.
        """
        fingerprints = [report.fingerprint for report in notification.reports]
        incident = await self._ledger.of_group(notification.key)
        if incident is not None and incident.resolved is None:
            return incident
        elsewhere = await self._ledger.firing_in(fingerprints)
        for identity in dict.fromkeys(elsewhere.values()):
            found = await self._ledger.incident(identity)
            if found is None:
                continue
            if notification.origin is not Origin.ALERTMANAGER or not found.bound:
                return found
        if incident is None:
            return None
        fires = any(report.status is Status.FIRING for report in notification.reports)
        return None if fires and outlived(incident, notification.received) else incident

    async def _put_aside(self, entry: Entry, why: str, *, more: bool = False) -> None:
        """Kept as it came, and the admins are told. `more`: the rest of it has been taken."""
        log.error("a body that is no notification is kept under undecodable/: %s", why)
        key = blake2s(entry.body, digest_size=8).hexdigest()  # told again and again it is kept once
        kept = Put(f"undecodable/{key}", entry.body, self._clock.now() + UNDECODABLE_KEPT)
        notice = Notice(Trouble.UNDECODABLE, self._clock.now(), {"key": key, "why": why[:300]})
        await self._ledger.write(kept, *(() if more else (self._inbox.done(entry),)))
        if not more:
            self._inbox.note_done(entry)
        await self._ears.tell(notice)


def _slice(found: Iterator[Report | Flaw], flaws: list[str]) -> list[Report]:
    """The next alerts, each once: of one that comes twice the last word counts. Empty: there are no more."""
    some: dict[str, Report] = {}
    for each in found:
        if isinstance(each, Flaw):
            flaws.append(f"alert {each.index}: {each.reason}")
            continue
        some[each.fingerprint] = replace(each, starts=_to_milliseconds(each.starts))
        if len(some) == AT_ONCE:
            break
    return list(some.values())


def _to_milliseconds(moment: datetime) -> datetime:
    """Alertmanager's API tells no more, its webhook does: without this they would be two alerts."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
