"""The inbox: what sources tell, durable before they are answered, until the desk is done with it."""

import asyncio
import json
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate, count, islice

from services.alerts.decoding import encode
from services.domain.alerts import Notification, Origin
from services.errors import VakhtaError
from services.ports import Clock, Due, Schedule, Store, Unschedule

QUEUE = "inbox"
MOST_ENTRIES = 10_000
MOST_BYTES = 512 << 20
LARGEST = 32 << 20  # bytes of one body; the hook takes no larger one

# What `waiting` holds in memory at most, given that no body is larger than LARGEST.
_AT_ONCE = 2 * LARGEST
# What an entry of an earlier run, or of another replica, is taken for until it has been read.
_GUESSED = 64 << 10
# Another replica's entries, and those whose write was done though its answer got lost, wake nobody here.
_LOOK_EVERY = 30.0
_STAMP = "%Y%m%dT%H%M%S.%f"  # a key's beginning
# Later than any entry: also than those that were written before the clock was set back.
_ALWAYS = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(eq=False)
class InboxFull(VakhtaError):
    """The desk is behind by so much that no more is taken."""

    entries: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Entry:
    key: str
    origin: Origin
    received: datetime
    body: bytes


class Inbox:
    """A queue of the store. Keys sort by time of arrival; values are a line of JSON and then the body.

    accepted: how many have come from where.
    """

    def __init__(
        self, store: Store, clock: Clock, *, most_entries: int = MOST_ENTRIES, most_bytes: int = MOST_BYTES
    ) -> None:
        self._store = store
        self._clock = clock
        self._most = (most_entries, most_bytes)
        self.accepted = Counter(dict.fromkeys(Origin, 0))
        self._sizes: dict[str, int] = {}  # key → bytes, oldest first; those being written too
        self._bytes = 0  # of `_sizes`
        self._unread = 0  # entries that are not in `_sizes`
        self._writing = 0
        self._strangers = True  # such entries may come first
        self._numbers = count()
        self._run = secrets.token_hex(3)
        self._something = asyncio.Event()

    @property
    def entries(self) -> int:
        """Those being written too."""
        return len(self._sizes) + self._unread

    @property
    def size(self) -> int:
        """Bytes, without what an earlier run has left unread."""
        return self._bytes

    @property
    def oldest(self) -> datetime | None:
        """When the oldest arrived, without what an earlier run has left unread."""
        key = next(iter(self._sizes), None)
        return datetime.strptime(key.partition("-")[0], _STAMP).replace(tzinfo=UTC) if key else None

    async def open(self) -> None:
        """Count what an earlier run has left. Raises StoreUnavailable."""
        self._unread = await self._store.backlog(QUEUE)
        self._strangers = self._unread > 0
        self.wake()

    async def put(self, notification: Notification) -> None:
        """As `accept`."""
        await self.accept(notification.origin, encode(notification))

    async def accept(self, origin: Origin, body: bytes) -> None:
        """Durable when it returns. Raises StoreUnavailable and InboxFull.

        StoreUnavailable and a cancellation leave it open whether it was taken; the sender is to tell again.
        """
        entries, size = len(self._sizes) + self._unread, self._bytes + self._unread * _GUESSED
        if entries >= self._most[0] or size + len(body) > self._most[1]:
            raise InboxFull(entries, size)
        received = self._clock.now()
        key = self._key(received)
        line = json.dumps({"origin": origin.value, "received": received.isoformat()}).encode()
        self._add(key, len(body))
        self._writing += 1
        written = False
        try:
            await self._store.write(Schedule(QUEUE, key, line + b"\n" + body, received))
            written = True
            self.accepted[origin] += 1
        finally:
            self._writing -= 1
            if not written:
                self._drop(key)
            self.wake()

    async def waiting(self, limit: int) -> Sequence[Entry]:
        """The oldest, at least one when there is any and some 64 MiB at most. They stay until `done` is written."""
        before = next(self._numbers)
        found = await self._store.due(QUEUE, now=_ALWAYS, limit=self._fitting(limit))
        self._strangers = any(each.key not in self._sizes for each in found)
        entries = [_entry(each) for each in found]
        for entry in entries:
            if entry.key not in self._sizes:
                self._unread = max(0, self._unread - 1)
                self._add(entry.key, len(entry.body))
        if not found and not self._writing and next(self._numbers) == before + 1:
            self._forget()  # other replicas may have been done with some
        return entries

    def done(self, entry: Entry) -> Unschedule:
        """For the batch that finishes it; when that is written, `note_done`."""
        return Unschedule(QUEUE, entry.key)

    def note_done(self, entry: Entry) -> None:
        self._drop(entry.key)

    async def wait(self) -> None:
        """Until something may be waiting."""
        try:
            async with asyncio.timeout(_LOOK_EVERY):
                await self._something.wait()
        except TimeoutError:
            return
        self._something.clear()

    def wake(self) -> None:
        self._something.set()

    def _key(self, received: datetime) -> str:
        # Replicas share the queue, so time and number alone could meet.
        return f"{received:{_STAMP}}-{next(self._numbers) % 10**9:09}-{self._run}"

    def _fitting(self, limit: int) -> int:
        """How many of the oldest may be loaded at once."""
        if self._strangers:
            return min(limit, _AT_ONCE // LARGEST)
        sizes = accumulate(islice(self._sizes.values(), limit))
        known = sum(size <= _AT_ONCE for size in sizes)
        return max(1, known if known < len(self._sizes) else limit)

    def _add(self, key: str, size: int) -> None:
        self._sizes[key] = size
        self._bytes += size

    def _forget(self) -> None:
        self._sizes.clear()
        self._bytes = self._unread = 0

    def _drop(self, key: str) -> None:
        self._bytes -= self._sizes.pop(key, 0)


def _entry(due: Due) -> Entry:
    line, _, body = due.value.partition(b"\n")
    told = json.loads(line)
    return Entry(due.key, Origin(told["origin"]), datetime.fromisoformat(told["received"]), body)
