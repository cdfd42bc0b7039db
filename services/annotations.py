"""What the bot's books say, written into Grafana as annotations: who did what to which container, and incidents.

The books are the queue: nobody who acts waits for Grafana, and what could not be written is written later. After an
annotation whose answer was lost it is written once more, so one may be there twice.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services import audit
from services.alerts.ledger import HISTORY, Ledger
from services.audit import AuditEntry, Result
from services.domain.access import CHANGES
from services.domain.alerts import Incident
from services.domain.posts import Notice, Trouble
from services.errors import ApiError, ApiRefused, RecordUnreadable, StoreError
from services.grafana import Annotation, Grafana
from services.ports import Clock, Entry, Put, Store
from services.store.records import Codec

MOST = 100  # entries of a book that may wait; of more the newest are written
EVERY = 5.0  # seconds between two looks into the books
BACK_OFF = (5.0, 300.0)  # after a failure: the first pause, and the longest
TROUBLE_AFTER = 3  # failures in a row, until the admins are told
KEPT = timedelta(days=90)
TAG = "vakhta"  # of all of them: what the shipped dashboards show

_MOST_NAMED = 5
_LONGEST = 200

Tell = Callable[[Notice], Awaitable[None]]
Sleep = Callable[[float], Awaitable[None]]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Region:
    """What is in Grafana about an incident's `episode`."""

    episode: int
    annotation: int
    ended: bool = False


class Annotations:
    """tell: the admins, once for each time that Grafana does not work."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        grafana: Grafana,
        tell: Tell,
        clock: Clock,
        *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._grafana = grafana
        self._tell = tell
        self._clock = clock
        self._sleep = sleep
        self._entries = Codec(AuditEntry)
        self._regions = Codec(Region)
        self._failures = 0

    async def run(self) -> None:
        """Until cancelled. Begins, the very first time, with what happens from then on."""
        while True:
            await self._sleep(await self.round())

    async def round(self) -> float:
        """Write what waits; the seconds until the next time."""
        try:
            await self._follow(audit.LOG, self._act)
            await self._follow(HISTORY, self._incident)
        except ApiError as error:
            return await self._failed(error)
        except StoreError as error:
            log.warning("annotations wait: the store does not work: %s", error)
            return BACK_OFF[0]
        self._failures = 0
        return EVERY

    async def _follow(self, book: str, write: Callable[[Entry], Awaitable[None]]) -> None:
        """Every entry that is newer than the last one that was written, the oldest first."""
        newest = await self._store.read_log(book, limit=1)
        kept = await self._store.get(_cursor(book))
        if kept is None or not newest:
            if kept is None:
                await self._moved(book, newest[0].seq if newest else 0)
            return
        last = int(kept)
        if newest[0].seq <= last:
            return
        rows = await self._store.read_log(book, limit=MOST)
        waiting = [row for row in reversed(rows) if row.seq > last]
        if len(waiting) == MOST:
            log.warning("%s: only the newest %d are annotated", book, MOST)
        for row in waiting:
            try:
                await write(row)
            except ApiRefused as refused:
                if refused.status >= 500 or refused.status == 429:
                    raise
                log.warning("Grafana refused an annotation: %s", refused)  # another try would not help
            except RecordUnreadable as defect:
                log.warning("no annotation of %s %d: %s", book, row.seq, defect)
            await self._moved(book, row.seq)

    async def _moved(self, book: str, seq: int) -> None:
        await self._store.write(Put(_cursor(book), b"%d" % seq))

    async def _act(self, row: Entry) -> None:
        entry = self._entries.unpack(row.value)
        if entry.result is not Result.DONE or entry.action not in CHANGES:
            return
        text = f"{entry.action}: {entry.host}/{entry.container} · {entry.actor_name}"
        tags = (TAG, entry.action.value, entry.host, entry.container)
        await self._grafana.annotate(Annotation(entry.at, text[:_LONGEST], tags))

    async def _incident(self, row: Entry) -> None:
        """Bring Grafana to what the incident is now, however late."""
        incident = await self._ledger.incident(row.value.decode())
        if incident is None:
            return
        key = f"grafana/incident/{incident.id}"
        kept = await self._store.get(key)
        known = self._regions.unpack(kept) if kept else None
        if known is None or known.episode != incident.episode:
            annotation = await self._grafana.annotate(_region(incident))
            known = Region(incident.episode, annotation, incident.resolved is not None)
        elif incident.resolved is None or known.ended:
            return
        else:
            await self._end(known.annotation, incident.resolved)
            known = Region(known.episode, known.annotation, ended=True)
        await self._store.write(Put(key, self._regions.pack(known), self._clock.now() + KEPT))

    async def _end(self, annotation: int, at: datetime) -> None:
        try:
            await self._grafana.end(annotation, at)
        except ApiRefused as refused:
            if refused.status != 404:  # somebody has deleted it
                raise

    async def _failed(self, error: ApiError) -> float:
        self._failures += 1
        log.warning("annotations wait: %s", error)
        if self._failures == TROUBLE_AFTER:
            why = type(error).__name__
            await self._tell(Notice(Trouble.ANNOTATIONS, self._clock.now(), {"why": why}))
        first, longest = BACK_OFF
        return min(first * 2.0 ** min(self._failures - 1, 10), longest)


def _region(incident: Incident) -> Annotation:
    name = incident.labels.get("alertname", "")
    targets = [f"{host}/{container}" if container else host for host, container in incident.targets if host]
    more = len(targets) - _MOST_NAMED
    text = f"{name}: {', '.join(targets[:_MOST_NAMED])}" + (f" +{more}" if more > 0 else "")
    hosts = dict.fromkeys(host for host, _container in incident.targets if host)
    tags = [TAG, "incident", *filter(None, (name,)), *list(hosts)[:_MOST_NAMED]]
    if incident.target is not None:
        tags.append(incident.target[1])
    return Annotation(incident.opened, text.strip(": ")[:_LONGEST], tags, incident.resolved)


def _cursor(book: str) -> str:
    return f"grafana/written/{book}"
