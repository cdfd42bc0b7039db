"""Once a minute: does what the desk believes to fire still fire, and has all that fires come here?"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from services.alertmanager import ActiveAlert, Alertmanager
from services.alerts.catch_up import Here, Sleep, Standing, notifications
from services.domain.alerts import Notification, Origin, Status
from services.domain.posts import Notice, Trouble
from services.errors import ApiError, StoreError, VakhtaError
from services.ports import Clock, Put, Store
from services.prometheus import Prometheus

log = logging.getLogger(__name__)

EACH = 60.0  # seconds
GONE_FOR = 2  # rounds
SETTLED = timedelta(minutes=5)  # after its start Alertmanager knows only what has been posted since
COMES_WITHIN = timedelta(seconds=60)
TROUBLE_AFTER = 5  # rounds
CHANNELS_TRIES = 20
RECEIVERS = "receivers"
MOST_RECEIVERS = 50
CHANNELS = "channels_told"
MISSING_CHANNELS = frozenset({"sms"})  # mail is sent by Alertmanager itself

Tell = Callable[[Notice], Awaitable[None]]


class Receivers:
    """The names of Alertmanager's receivers that send to us, as webhooks have told."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._names: set[str] = set()

    async def open(self) -> None:
        """Those of earlier runs. Raises StoreUnavailable."""
        if value := await self._store.get(RECEIVERS):
            self._names |= set(msgspec.json.decode(value, type=list[str]))

    def __call__(self) -> Collection[str]:
        return self._names

    async def heard(self, name: str) -> None:
        """For each webhook. Raises StoreUnavailable."""
        if name in self._names or len(self._names) >= MOST_RECEIVERS:
            return
        await self._store.write(Put(RECEIVERS, msgspec.json.encode(sorted({*self._names, name}))))
        self._names.add(name)


class Reconcile:
    """Alertmanager's list against the desk's."""

    def __init__(
        self,
        clock: Clock,
        here: Here,
        tell: Tell,
        alertmanager: Alertmanager,
        prometheus: Prometheus | None,
        *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._here = here
        self._tell = tell
        self._alertmanager = alertmanager
        self._prometheus = prometheus
        self._sleep = sleep
        self._failures = 0
        self._gone: dict[str, int] = {}  # fingerprint → rounds without it
        self._new: dict[str, datetime] = {}  # fingerprint → since when it has been missed here

    async def run(self) -> None:
        """Until cancelled; the first round is a minute from now."""
        while True:
            await self._sleep(EACH)
            try:
                await self.round()
            except ApiError as error:
                await self._failed(error)
            except VakhtaError as error:  # the desk's door or the store
                log.warning("not reconciled: %s", error)
            else:
                self._failures = 0

    async def round(self) -> None:
        """Raises ApiError, StoreUnavailable, InboxFull."""
        # First what we know: an alert that comes in between is in neither, and not missed.
        known = await self._here.open_alerts()
        listed = {alert.fingerprint: alert for alert in await self._alertmanager.alerts()}
        await self._end_gone(known, listed)
        await self._tell_new(known, listed)

    async def _end_gone(self, known: Mapping[str, Standing], listed: Mapping[str, ActiveAlert]) -> None:
        missing = [each for each in known if each not in listed and not self._here.is_open(each)]
        self._gone = {each: self._gone.get(each, 0) + 1 for each in missing}
        due = {each: known[each] for each, rounds in self._gone.items() if rounds >= GONE_FOR}
        if not due:
            return
        now = self._clock.now()
        by_incident: dict[str, list[str]] = {}
        for each in await self._really_over(due):
            by_incident.setdefault(known[each].key, []).append(each)
        for key, fingerprints in by_incident.items():
            told = (replace(known[each].report, status=Status.RESOLVED, ends=now) for each in fingerprints)
            await self._here.accept(Notification(Origin.CATCH_UP, key, now, tuple(told)))
            log.info("over without a word of it: %s", ", ".join(fingerprints[:20]))
            for each in fingerprints:
                self._gone.pop(each, None)

    async def _really_over(self, due: Mapping[str, Standing]) -> Collection[str]:
        """An Alertmanager that has just started has forgotten what fires; then Prometheus knows."""
        if self._clock.now() - (await self._alertmanager.status()).started > SETTLED:
            return due
        if self._prometheus is None:
            return ()
        try:
            samples = await self._prometheus.query('ALERTS{alertstate="firing"}')
        except ApiError as error:
            log.warning("what is gone from Alertmanager is not ended: %s", error)
            return ()
        firing = [
            {name: value for name, value in sample.labels.items() if name not in ("__name__", "alertstate")}
            for sample in samples
        ]
        # What Prometheus sends may have more labels than it keeps itself.
        return [
            each
            for each, standing in due.items()
            if not any(labels.items() <= dict(standing.report.labels).items() for labels in firing)
        ]

    async def _tell_new(self, known: Mapping[str, Standing], listed: Mapping[str, ActiveAlert]) -> None:
        now = self._clock.now()
        new = [alert for each, alert in listed.items() if each not in known and self._here.is_ours(alert)]
        self._new = {alert.fingerprint: self._new.get(alert.fingerprint, now) for alert in new}
        late = {
            alert.fingerprint: alert
            for alert in new
            if now - self._new[alert.fingerprint] >= COMES_WITHIN
            and not await self._here.is_known(alert.fingerprint, alert.starts, False)
        }
        if not late:
            return
        for notification in notifications(await self._alertmanager.groups(), late, known, now):
            await self._here.accept(notification)
            log.info("fires without a word of it: %s", notification.labels)
        for each in late:
            self._new.pop(each, None)

    async def _failed(self, error: ApiError) -> None:
        self._failures += 1
        log.warning("not reconciled: %s", error)
        if self._failures == TROUBLE_AFTER:
            why = type(error).__name__
            await self._tell(Notice(Trouble.RECONCILE, self._clock.now(), {"why": f"{error.api}: {why}"}))


async def warn_of_channels(
    prometheus: Prometheus, store: Store, clock: Clock, tell: Tell, *, sleep: Sleep = asyncio.sleep
) -> None:
    """At start: rules whose label `channels` names what does not exist yet. Each set of them is told once.

    Returns when it is settled, or Prometheus could not be asked for some ten minutes.
    """
    for tries in range(CHANNELS_TRIES):
        try:
            rules = await prometheus.rules()
            names = sorted({rule.name for rule in rules if _channels(rule.labels) & MISSING_CHANNELS})
            if names:
                log.warning("rules name channels that do not exist yet: %s", ", ".join(names))
                await _tell_once(", ".join(names), store, clock, tell)
            return
        except (ApiError, StoreError) as error:
            log.warning("the rules' channels cannot be looked at: %s", error)
        await sleep(min(2.0**tries, 30.0))


async def _tell_once(names: str, store: Store, clock: Clock, tell: Tell) -> None:
    if await store.get(CHANNELS) == names.encode():
        return
    await tell(Notice(Trouble.CHANNELS, clock.now(), {"rules": names[:500]}))
    await store.write(Put(CHANNELS, names.encode()))


def _channels(labels: Mapping[str, str]) -> set[str]:
    return set(re.split(r"[^a-z]+", labels.get("channels", "").lower()))
