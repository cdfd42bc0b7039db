"""Who did what to which container, where, when, and how it ended: append-only, and kept past restarts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.domain.access import CHANGES, Action, Actor, Scope, Target, may
from services.errors import Denied
from services.ports import Append, Clock, Store
from services.redaction.text import redact
from services.store.records import Codec

LOG = "audit"
# Characters of an engine's own words that are kept.
LONGEST_DETAIL = 500
_CHUNK = 100


class Result(StrEnum):
    """INTENT stands before an act; one of the others after it. UNKNOWN: it was never learned how it ended."""

    INTENT = "intent"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """host, container: "" when the act had no target. chat: None when it was not said in one.

    detail: why it failed, secrets hidden. seq: grows with time, 0 until it is in the log.
    """

    at: datetime
    actor: int
    actor_name: str
    action: Action
    result: Result
    host: str = ""
    container: str = ""
    chat: int | None = None
    detail: str = ""
    seq: int = 0


class Audit:
    """Every call raises StoreUnavailable when the log cannot be reached: no destructive act goes unrecorded."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._codec = Codec(AuditEntry)

    def line(self, entry: AuditEntry) -> Append:
        """The write that adds the entry: for a transaction together with what it is about."""
        kept = replace(entry, detail=redact(entry.detail)[:LONGEST_DETAIL], seq=0)
        return Append(LOG, self._codec.pack(kept), entry.at)

    async def record(
        self,
        by: Actor,
        action: Action,
        target: Target | None,
        result: Result,
        *,
        detail: str = "",
    ) -> None:
        """For what stands alone, such as a denial."""
        host, container = (target.host, target.container) if target else ("", "")
        entry = AuditEntry(
            self._clock.now(), by.id, by.name, action, result, host, container, by.chat, detail
        )
        await self._store.write(self.line(entry))

    async def page(self, *, by: Actor, limit: int, before: int | None = None) -> Sequence[AuditEntry]:
        """What is in the reader's scope, newest first; `before`: only what is older than the entry with this `seq`.

        An entry about no container is shown to those alone from whom nothing is hidden. Raises Denied.
        """
        if may(by, Action.READ_AUDIT) is not None:
            raise Denied(Action.READ_AUDIT, "")
        found: list[AuditEntry] = []
        while len(found) < limit:
            rows = await self._store.read_log(LOG, limit=_CHUNK, before=before)
            entries = [replace(self._codec.unpack(row.value), seq=row.seq) for row in rows]
            found += [entry for entry in entries if _visible(entry, by.scope)]
            if len(rows) < _CHUNK:
                break
            before = rows[-1].seq
        return found[:limit]

    async def acts(self, since: datetime, scope: Scope, *, most: int) -> Sequence[AuditEntry]:
        """The newest restarts, starts and stops that were carried out since then, newest first. Whoever sees a
        container may know of them."""
        found: list[AuditEntry] = []
        before: int | None = None
        while len(found) < most:
            rows = await self._store.read_log(LOG, limit=_CHUNK, before=before)
            entries = [replace(self._codec.unpack(row.value), seq=row.seq) for row in rows]
            found += [entry for entry in entries if _is_act(entry, since) and _visible(entry, scope)]
            if len(rows) < _CHUNK or rows[-1].at < since:
                break
            before = rows[-1].seq
        return found[:most]

    async def prune(self, retention: timedelta) -> int:
        """Drop what is older; how many entries were dropped."""
        return await self._store.trim_log(LOG, older_than=self._clock.now() - retention)


def _is_act(entry: AuditEntry, since: datetime) -> bool:
    return entry.result is Result.DONE and entry.action in CHANGES and entry.at >= since


def _visible(entry: AuditEntry, scope: Scope) -> bool:
    return scope.covers(entry.host, entry.container) if entry.host else scope.covers_everything()
