"""What fired and ended while the bot was away: nobody sends that any more, so it is looked up at the start.

Prometheus remembers what has been firing, Alertmanager what still does. Either may be missing.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2s
from typing import Protocol

from services.alertmanager import ActiveAlert, Alertmanager, Group, fingerprint
from services.alerts.catch_up_runs import EPOCH, Run, floor, identity_of, runs
from services.domain.alerts import Notification, Origin, Report, Status
from services.errors import ApiNotUnderstood, StoreError, VakhtaError
from services.ports import Clock, Put, Store
from services.prometheus import Prometheus

log = logging.getLogger(__name__)

ALIVE = "alive"
ALIVE_EACH = 10.0  # seconds
BEFORE = timedelta(seconds=30)  # the stamp is up to 10 s old, and an alert on its way then was lost too
EARLIER = timedelta(
    minutes=5
)  # to see how what was firing then had begun; what began before that was heard of
FARTHEST = timedelta(hours=24)
FINEST = timedelta(seconds=5)
POINTS = 800  # a series, in an answer that stays small with hundreds of them; Prometheus allows 11,000
TRIES_FOR = timedelta(minutes=10)
LONGEST_PAUSE = 30.0  # seconds
AFTERWARDS = 60.0  # seconds: what ended just while the bot came

_FIRING = 'ALERTS{alertstate="firing"}'

Accept = Callable[[Notification], Awaitable[None]]
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Standing:
    """An alert that fires, as far as the desk knows. `key`: its incident's."""

    key: str
    report: Report


OpenAlerts = Callable[[], Awaitable[Mapping[str, Standing]]]


class IsKnown(Protocol):
    """Whether the desk knows of an alert's firing, or with `resolved` of its end, too.

    `starts` is late by up to two minutes where Prometheus told it. An older firing than the latest known one is
    known, too.
    """

    async def __call__(self, fingerprint: str, starts: datetime, resolved: bool) -> bool: ...


@dataclass(frozen=True, slots=True)
class Here:
    """The desk, as it is seen by those who look elsewhere for what it has missed.

    accept: its door; durable when it returns. receivers: the names of Alertmanager's receivers that send to us; what
    others get is not ours to miss (none heard of yet: any may be). watchdog: the alert that is never reported.
    is_open: whether our own watch knows that an alert fires, whatever others say.
    """

    accept: Accept
    open_alerts: OpenAlerts
    is_known: IsKnown
    receivers: Callable[[], Collection[str]] = frozenset
    watchdog: str = "Watchdog"
    is_open: Callable[[str], bool] = lambda _fingerprint: False

    def is_ours(self, alert: ActiveAlert) -> bool:
        """Whether Alertmanager was to tell us of it."""
        names = self.receivers()
        mine = not names or not set(names).isdisjoint(alert.receivers)
        return mine and not alert.suppressed and alert.labels.get("alertname") != self.watchdog


class Alive:
    """A stamp in the store, to know later until when the bot was there."""

    def __init__(self, store: Store, clock: Clock, *, sleep: Sleep = asyncio.sleep) -> None:
        self._store = store
        self._clock = clock
        self._sleep = sleep

    async def last(self) -> datetime | None:
        """Of the earlier run, when asked before `run`; None: there was none. Raises StoreUnavailable."""
        value = await self._store.get(ALIVE)
        return None if value is None else datetime.fromisoformat(value.decode())

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._store.write(Put(ALIVE, self._clock.now().isoformat().encode()))
            except StoreError as error:
                log.warning("no stamp of being alive: %s", error)
            await self._sleep(ALIVE_EACH)


class CatchUp:
    """`external`: the labels that Prometheus adds to all that it sends (external_labels), where it has any; its own
    memory is without them.
    """

    def __init__(
        self,
        clock: Clock,
        here: Here,
        alertmanager: Alertmanager | None,
        prometheus: Prometheus | None,
        *,
        external: Mapping[str, str] | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._here = here
        self._alertmanager = alertmanager
        self._prometheus = prometheus
        self._external = external or {}
        self._sleep = sleep
        self._coarser = 1
        self._told: set[tuple[str, datetime, bool]] = set()

    async def run(self, last_alive: datetime | None) -> None:
        """Returns when all is told, or could not be had for TRIES_FOR. `last_alive`: None on the very first start."""
        began = self._clock.now()
        async with asyncio.TaskGroup() as group:
            if last_alive and self._prometheus:
                group.create_task(self._look_back(self._prometheus, last_alive, began))
            if self._alertmanager:
                group.create_task(self._look_around(self._alertmanager, began))

    async def _look_back(self, prometheus: Prometheus, last_alive: datetime, began: datetime) -> None:
        async def look() -> None:
            for run in await self._past(prometheus, last_alive, began):
                if run.ends or not self._alertmanager:
                    await self._tell_run(run)

        if await self._patiently("Prometheus", look) and self._alertmanager:
            # What fired as we came is Alertmanager's to tell, unless it ended before Alertmanager was asked.
            await self._sleep(AFTERWARDS)
            await self._patiently("Prometheus", look)

    async def _past(self, prometheus: Prometheus, left: datetime, came: datetime) -> Sequence[Run]:
        """What ended after the bot left, had begun when it came, and is no watchdog."""
        now = self._clock.now()
        span = min(now - left + BEFORE + EARLIER, FARTHEST)
        step = max(FINEST, FINEST * -(-span // (FINEST * POINTS))) * self._coarser
        start, end = (
            floor(now - span, step),
            floor(now, step) + step,
        )  # so another look meets the same moments
        # What was shorter than a step must not fall between two of them.
        query = f"{_FIRING} or last_over_time({_FIRING}[{step.total_seconds():.0f}s])"
        try:
            series = await prometheus.range(query, start, end, step)
        except ApiNotUnderstood:  # too long, for all that we know
            self._coarser = min(4 * self._coarser, 64)
            raise
        firing = {identity_of(sample.labels) for sample in await prometheus.query(_FIRING, at=now)}
        return [
            replace(run, cut=run.starts == start)
            for run in runs(series, firing, now, step)
            if run.starts - step < came  # a firing is seen a step late
            and (run.ends is None or run.ends > left - BEFORE)
            and run.labels.get("alertname") != self._here.watchdog
        ]

    async def _tell_run(self, run: Run) -> None:
        labels = {**self._external, **run.labels}
        identity = fingerprint(labels)
        this = (identity, run.starts, run.ends is not None)
        if this in self._told or await self._knows(run, identity):
            return
        status = Status.RESOLVED if run.ends else Status.FIRING
        report = Report(identity, labels, {}, status, run.starts, run.ends)
        now = self._clock.now()
        await self._here.accept(Notification(Origin.CATCH_UP, f"catch_up/{identity}", now, (report,), labels))
        self._told.add(this)

    async def _knows(self, run: Run, identity: str) -> bool:
        if not run.cut:
            return await self._here.is_known(identity, run.starts, run.ends is not None)
        # It began when the bot was there to hear it, nobody knows when.
        fires = identity in await self._here.open_alerts()
        if run.ends is None:
            return fires
        return not fires and await self._here.is_known(identity, EPOCH, True)

    async def _look_around(self, alertmanager: Alertmanager, began: datetime) -> None:
        async def look() -> None:
            groups, known = await alertmanager.groups(deadline=10), await self._here.open_alerts()
            new = {
                alert.fingerprint: alert
                for group in groups
                for alert in group.alerts
                if alert.starts <= began  # the rest is about to come by itself
                and alert.fingerprint not in known
                and self._here.is_ours(alert)
                and not await self._here.is_known(alert.fingerprint, alert.starts, False)
            }
            for notification in notifications(groups, new, known, self._clock.now()):
                await self._here.accept(notification)

        await self._patiently("Alertmanager", look)

    async def _patiently(self, what: str, look: Callable[[], Awaitable[None]]) -> bool:
        """Whether it went well before TRIES_FOR was over."""
        until, pause = self._clock.now() + TRIES_FOR, 1.0
        while True:
            try:
                await look()
                return True
            except VakhtaError as error:
                log.warning("what happened meanwhile cannot be asked of %s: %s", what, error)
            if self._clock.now() >= until:
                return False
            await self._sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)


def notifications(
    groups: Iterable[Group], new: Mapping[str, ActiveAlert], known: Mapping[str, Standing], now: datetime
) -> Iterator[Notification]:
    """One for each group with some of the `new` alerts, each alert once.

    A group of which other alerts are known joins their incident: Alertmanager will tell it under that key.
    """
    rest = dict(new)
    for group in groups:
        mine = [rest.pop(each.fingerprint) for each in group.alerts if each.fingerprint in rest]
        if not mine:
            continue
        keys = (known[each.fingerprint].key for each in group.alerts if each.fingerprint in known)
        key = next(keys, f"catch_up/group/{_hash(group)}")
        told = tuple(map(_report, mine))
        yield Notification(Origin.CATCH_UP, key, now, told, group.labels, group.receiver)


def _hash(group: Group) -> str:
    told = json.dumps([group.receiver, sorted(group.labels.items())])
    return blake2s(told.encode(), digest_size=8).hexdigest()


def _report(alert: ActiveAlert) -> Report:
    return Report(
        alert.fingerprint,
        alert.labels,
        alert.annotations,
        Status.FIRING,
        alert.starts,
        generator=alert.generator,
    )
