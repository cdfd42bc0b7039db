"""What our own watch finds goes from here to Alertmanager, or to the desk; durable from the moment it is reported."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from services.alertmanager import Alertmanager, PostedAlert
from services.alerts.relay_book import RelayBook
from services.alerts.relay_words import annotations_of, labels_of, notification
from services.alerts.relaying import (
    Act,
    Relayed,
    Verdict,
    answered,
    heard,
    next_step,
    reads_differently,
    taken,
    verdict_on,
)
from services.domain.alerts import Notification, Report
from services.domain.findings import Finding
from services.errors import ApiError, StoreError, VakhtaError
from services.ports import Clock, Store

log = logging.getLogger(__name__)

DEADLINE = 3.0  # seconds for Alertmanager
ACCEPTED_WITHIN = 10.0  # seconds, at the desk's door
AGAIN_AFTER = timedelta(seconds=1)  # where the desk or the store could not take it

Accept = Callable[[Notification], Awaitable[None]]
Wait = Callable[[asyncio.Event, float], Awaitable[None]]
Refreshed = Callable[[str], Awaitable[None]]


async def until_set(event: asyncio.Event, seconds: float) -> None:
    """Until it is set, or the time is over."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass


async def _nobody(_fingerprint: str) -> None:
    """Where nobody shows evidence."""


class Relay:
    """`accept`: the desk's door, durable when it returns. `channels`: the label of that name.

    hosts: of the settings; what is open on any other is over. refreshed: told the fingerprint of an alert whose
    evidence is new. One relay a store.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        accept: Accept,
        alertmanager: Alertmanager | None,
        *,
        channels: str = "telegram",
        hosts: Collection[str] | None = None,
        refreshed: Refreshed = _nobody,
        wait: Wait = until_set,
    ) -> None:
        self._book = RelayBook(store, clock, hosts)
        self._clock = clock
        self._accept = accept
        self._alertmanager = alertmanager
        self._channels = channels
        self._refreshed = refreshed
        self._wait = wait
        self._busy: set[str] = set()
        self._pauses: dict[str, datetime] = {}  # key → until when it is not tried again
        self._woken = asyncio.Event()

    async def report(self, finding: Finding) -> None:
        """Durable when it returns; nothing but the store is waited for. Raises StoreUnavailable.

        The same key again while it is open: more is known. With `ended`: it is over.
        """
        async with self._book.turn:
            known = (await self._book.load()).get(finding.key)
            inhibited = known is not None and self._book.inhibited(known)
            record = taken(known, finding, self._channels, self._clock.now(), inhibited=inhibited)
            if record is None:
                return
            await self._book.keep({finding.key: record}, finding.evidence)
        self._woken.set()
        if finding.evidence:
            await self._refreshed(record.fingerprint)

    async def open_findings(self, host: str) -> Sequence[Finding]:
        """What is open there, from this run or an earlier one, with its evidence. Raises StoreUnavailable."""
        async with self._book.turn:
            records = (await self._book.load()).values()
            found = [each for each in records if each.over is None and each.finding.host == host]
            return await self._book.with_evidence(found)

    async def open_of(self, names: Collection[str]) -> Sequence[Finding]:
        """What is open under these names, wherever it is, with its evidence. Raises StoreUnavailable."""
        async with self._book.turn:
            records = (await self._book.load()).values()
            found = [each for each in records if each.over is None and each.finding.name in names]
            return await self._book.with_evidence(found)

    async def heard(self, report: Report) -> None:
        """Of each alert that Alertmanager's webhook tells, once the desk has taken it. Raises StoreUnavailable."""
        if not self._book.may_know(report.fingerprint):
            return
        async with self._book.turn:
            await self._book.load()
            if known := self._book.named(report.fingerprint):
                key, record = known
                await self._book.keep({key: heard(record, report, self._clock.now())})
                self._woken.set()

    def is_open(self, fingerprint: str) -> bool:
        """Whether our own watch knows that it still fires, whatever others say."""
        known = self._book.named(fingerprint)
        return known is not None and known[1].over is None

    async def run(self) -> None:
        """Until cancelled. What is found while Alertmanager hangs does not wait for it."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._woken.clear()
                seconds = 1.0
                try:
                    async with self._book.turn:
                        seconds = self._begin(group, await self._book.load())
                except StoreError:
                    log.exception("findings wait: the store does not work")
                await self._wait(self._woken, seconds)

    def _begin(self, group: asyncio.TaskGroup, records: Mapping[str, Relayed]) -> float:
        """All that is due; the seconds until the next is."""
        now = self._clock.now()
        due = now + timedelta(minutes=1)
        batches: dict[Act, dict[str, Relayed]] = {}
        for key, record in records.items():
            if key in self._busy:
                continue
            if (pause := self._pauses.get(key, now)) > now:
                due = min(due, pause)
                continue
            inhibited = self._book.inhibited(record)
            step = next_step(record, now, alertmanager=self._alertmanager is not None, inhibited=inhibited)
            if step.act is Act.WAIT:
                due = min(due, step.until)
            else:
                batches.setdefault(step.act, {})[key] = record
        for act, batch in batches.items():
            self._busy.update(batch)
            group.create_task(self._do(act, batch))
        return max((due - now).total_seconds(), 0.01)

    async def _do(self, act: Act, batch: Mapping[str, Relayed]) -> None:
        again = None
        try:
            async with asyncio.timeout(ACCEPTED_WITHIN):
                await self._doing(act, batch)
        except (VakhtaError, TimeoutError) as error:
            log.warning("%s is tried again for %s: %r", act, ", ".join(batch), error)
            again = self._clock.now() + AGAIN_AFTER
        finally:
            for key in batch:
                self._busy.discard(key)
                self._pauses.pop(key, None)
                if again:
                    self._pauses[key] = again
            self._woken.set()

    async def _doing(self, act: Act, batch: Mapping[str, Relayed]) -> None:
        match act:
            case Act.POST | Act.CLOSE:
                await self._post(batch, over=act is Act.CLOSE)
            case Act.ASK:
                await self._ask(batch)
            case Act.TELL | Act.TELL_OVER:
                for key, record in batch.items():
                    await self._tell(key, record, over=act is Act.TELL_OVER)
            case Act.DROP:
                async with self._book.turn:
                    now = await self._book.load()
                    await self._book.drop(key for key, record in batch.items() if now[key] is record)

    async def _post(self, batch: Mapping[str, Relayed], *, over: bool) -> None:
        taken = await self._posted([record.finding for record in batch.values()])
        now = self._clock.now()

        def after(record: Relayed) -> Relayed:
            if over:
                return replace(record, close_tried=now, closed=now if taken else None)
            return replace(record, tried=now, handed=record.handed or (now if taken else None))

        await self._change(batch, after)

    async def _posted(self, findings: Sequence[Finding]) -> bool:
        assert self._alertmanager is not None
        alerts = [
            PostedAlert(labels_of(each, self._channels), annotations_of(each), each.started, each.ended)
            for each in findings
        ]
        try:
            await self._alertmanager.post(alerts, deadline=DEADLINE)
        except ApiError as error:
            log.warning("Alertmanager did not take %s: %s", ", ".join(each.key for each in findings), error)
            return False
        return True

    async def _ask(self, batch: Mapping[str, Relayed]) -> None:
        assert self._alertmanager is not None
        listed = None
        try:
            alerts = await self._alertmanager.alerts(deadline=DEADLINE)
            listed = {alert.fingerprint: alert for alert in alerts}
        except ApiError as error:
            log.warning("Alertmanager cannot be asked about findings: %s", error)
        now = self._clock.now()

        def after(record: Relayed) -> Relayed:
            verdict = Verdict.UNREACHABLE if listed is None else verdict_on(record, listed)
            return answered(record, verdict, now)

        await self._change(batch, after)

    async def _tell(self, key: str, record: Relayed, *, over: bool) -> None:
        await self._accept(notification(record.finding, self._channels, self._clock.now(), over=over))
        log.info("told directly: %s is %s", key, "over" if over else "open")
        now = self._clock.now()

        def after(known: Relayed) -> Relayed:
            if over:
                return replace(known, told_over=now)
            changed = reads_differently(known.finding, record.finding)
            return replace(known, told=now, lapsed=None, changed=changed)

        await self._change({key: record}, after)

    async def _change(self, batch: Mapping[str, Relayed], after: Callable[[Relayed], Relayed]) -> None:
        """What has been done about each, unless it has begun anew meanwhile."""
        async with self._book.turn:
            records = await self._book.load()
            same = (key for key, was in batch.items() if records[key].finding.started == was.finding.started)
            await self._book.keep({key: after(records[key]) for key in same})
