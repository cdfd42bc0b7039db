"""What our own watch finds goes from here to Alertmanager, or to the desk; durable from the moment it is reported.

finding/<key>            the finding, with what has been done about it
evidence/<fingerprint>   what its host told about it
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from services.alertmanager import Alertmanager, PostedAlert
from services.alerts.relay_words import annotations_of, labels_of, notification
from services.alerts.relaying import (
    Act,
    Relayed,
    Verdict,
    answered,
    heard,
    inhibits,
    next_step,
    taken,
    verdict_on,
)
from services.domain.alerts import Evidence, Notification, Report
from services.domain.findings import Finding
from services.errors import ApiError, StoreError, VakhtaError
from services.ports import Clock, Delete, Put, Store, Write
from services.store.records import Codec

log = logging.getLogger(__name__)

DEADLINE = 3.0  # seconds for Alertmanager
ACCEPTED_WITHIN = 10.0  # seconds, at the desk's door
AGAIN_AFTER = timedelta(seconds=1)  # where the desk or the store could not take it
EVIDENCE_KEPT = timedelta(days=30)

_codec, _evidence = Codec(Relayed), Codec(Evidence)

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
        self._store = store
        self._clock = clock
        self._accept = accept
        self._alertmanager = alertmanager
        self._channels = channels
        self._hosts = hosts
        self._refreshed = refreshed
        self._wait = wait
        self._records: dict[str, Relayed] | None = None
        self._keys: dict[str, str] = {}  # fingerprint → key
        self._busy: set[str] = set()
        self._pauses: dict[str, float] = {}  # key → the clock's time before which nothing is tried again
        self._turn = asyncio.Lock()
        self._woken = asyncio.Event()

    async def report(self, finding: Finding) -> None:
        """Durable when it returns; nothing outside the store is waited for. Raises StoreUnavailable.

        The same key again while it is open: more is known. With `ended`: it is over.
        """
        async with self._turn:
            records = await self._load()
            known, now = records.get(finding.key), self._clock.now()
            record = taken(
                known, finding, self._channels, now, inhibited=bool(known and self._inhibited(known))
            )
            if record is None:
                return
            evidence = finding.evidence
            writes: list[Write] = [Put(f"finding/{finding.key}", _codec.pack(record))]
            if evidence:
                kept = Put(f"evidence/{record.fingerprint}", _evidence.pack(evidence), now + EVIDENCE_KEPT)
                writes.append(kept)
            await self._store.write(*writes)
            self._remember(finding.key, record)
        self._woken.set()
        if evidence:
            await self._refreshed(record.fingerprint)

    async def open_findings(self, host: str) -> Sequence[Finding]:
        """What is open there, from this run or an earlier one, with its evidence. Raises StoreUnavailable."""
        async with self._turn:
            records = await self._load()
            found = [each for each in records.values() if each.over is None and each.finding.host == host]
            kept = await self._store.get_many([f"evidence/{each.fingerprint}" for each in found])
        evidence = {key.removeprefix("evidence/"): _evidence.unpack(value) for key, value in kept.items()}
        return [replace(each.finding, evidence=evidence.get(each.fingerprint)) for each in found]

    async def heard(self, report: Report) -> None:
        """For each alert that Alertmanager's webhook tells, once the desk has taken it. Raises StoreUnavailable."""
        async with self._turn:
            records = await self._load()
            key = self._keys.get(report.fingerprint)
            if key is None:
                return
            await self._keep({key: heard(records[key], report, self._clock.now())})
        self._woken.set()

    def is_open(self, fingerprint: str) -> bool:
        """Whether we know that it still fires, whatever others say."""
        key = self._keys.get(fingerprint)
        return key is not None and self._records is not None and self._records[key].over is None

    async def run(self) -> None:
        """Until cancelled. What is found while Alertmanager hangs does not wait for it."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._woken.clear()
                seconds = 1.0
                try:
                    async with self._turn:
                        seconds = self._start(group, await self._load())
                except StoreError:
                    log.exception("findings wait: the store does not work")
                await self._wait(self._woken, seconds)

    def _start(self, group: asyncio.TaskGroup, records: dict[str, Relayed]) -> float:
        """Begin all that is due; the seconds until the next is."""
        now, due = self._clock.now(), 60.0
        acts: dict[Act, list[str]] = {}
        for key, record in records.items():
            pause = self._pauses.get(key, 0.0) - now.timestamp()
            if key in self._busy:
                continue
            if pause > 0:
                due = min(due, pause)
                continue
            step = next_step(
                record, now, alertmanager=self._alertmanager is not None, inhibited=self._inhibited(record)
            )
            if step.act is Act.WAIT:
                due = min(due, (step.until - now).total_seconds())
            else:
                acts.setdefault(step.act, []).append(key)
        for act, keys in acts.items():
            self._busy.update(keys)
            group.create_task(self._do(act, keys))
        return max(due, 0.01)

    async def _do(self, act: Act, keys: Sequence[str]) -> None:
        try:
            async with asyncio.timeout(ACCEPTED_WITHIN):
                match act:
                    case Act.POST | Act.CLOSE:
                        await self._post(keys, over=act is Act.CLOSE)
                    case Act.ASK:
                        await self._ask(keys)
                    case Act.TELL | Act.TELL_OVER:
                        await self._tell(keys, over=act is Act.TELL_OVER)
                    case Act.DROP:
                        await self._drop(keys)
        except (VakhtaError, TimeoutError) as error:
            log.warning("%s of %s is tried again: %r", act, ", ".join(keys), error)
            again = (self._clock.now() + AGAIN_AFTER).timestamp()
            self._pauses |= dict.fromkeys(keys, again)
        else:
            for key in keys:
                self._pauses.pop(key, None)
        finally:
            self._busy.difference_update(keys)
            self._woken.set()

    async def _post(self, keys: Sequence[str], *, over: bool) -> None:
        """All at once. One that comes to an end meanwhile is posted as what it was, and then as over."""
        findings = [self._record(key).finding for key in keys]
        taken = await self._posted(findings)
        now = self._clock.now()

        def after(record: Relayed) -> Relayed:
            if over:
                return replace(record, close_tried=now, closed=now if taken else None)
            return replace(record, tried=now, handed=record.handed or (now if taken else None))

        await self._change(zip(keys, findings, strict=True), after)

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

    async def _ask(self, keys: Sequence[str]) -> None:
        assert self._alertmanager is not None
        findings = [self._record(key).finding for key in keys]
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

        await self._change(zip(keys, findings, strict=True), after)

    async def _tell(self, keys: Sequence[str], *, over: bool) -> None:
        for key in keys:
            record, now = self._record(key), self._clock.now()
            await self._accept(notification(record.finding, self._channels, now, over=over))
            log.info("told directly: %s is %s", key, "over" if over else "open")

            def after(known: Relayed, told: Finding = record.finding) -> Relayed:
                if over:
                    return replace(known, told_over=self._clock.now())
                changed = known.changed and known.finding.containers != told.containers
                return replace(known, told=self._clock.now(), lapsed=None, changed=changed)

            await self._change([(key, record.finding)], after)

    async def _drop(self, keys: Sequence[str]) -> None:
        async with self._turn:
            over = [key for key in keys if self._record(key).over is not None]  # it may have come again
            await self._store.write(*(Delete(f"finding/{key}") for key in over))
            for key in over:
                self._forget(key)

    async def _change(
        self, handled: Iterable[tuple[str, Finding]], after: Callable[[Relayed], Relayed]
    ) -> None:
        """Unless it has come to be another episode while something was done about the last one."""
        async with self._turn:
            changes = {
                key: after(self._record(key))
                for key, finding in handled
                if self._record(key).finding.started == finding.started
            }
            await self._keep(changes)

    def _inhibited(self, record: Relayed) -> bool:
        now = self._clock.now()
        return any(inhibits(other, record, now) for other in (self._records or {}).values())

    def _record(self, key: str) -> Relayed:
        assert self._records is not None
        return self._records[key]

    async def _load(self) -> dict[str, Relayed]:
        if self._records is None:
            kept = await self._store.scan("finding/")
            self._records = {}
            for key, value in kept.items():
                self._remember(key.removeprefix("finding/"), self._known_host(_codec.unpack(value)))
        return self._records

    def _known_host(self, record: Relayed) -> Relayed:
        """Of a host that the settings no longer have nobody would ever tell the end."""
        if self._hosts is None or record.finding.host in self._hosts or record.over is not None:
            return record
        now = self._clock.now()
        return replace(record, finding=replace(record.finding, ended=now), over=now)

    async def _keep(self, records: dict[str, Relayed]) -> None:
        await self._store.write(*(Put(f"finding/{key}", _codec.pack(each)) for key, each in records.items()))
        for key, record in records.items():
            self._remember(key, record)

    def _remember(self, key: str, record: Relayed) -> None:
        assert self._records is not None
        self._records[key] = record
        self._keys[record.fingerprint] = key

    def _forget(self, key: str) -> None:
        assert self._records is not None
        self._keys.pop(self._records.pop(key).fingerprint, None)
