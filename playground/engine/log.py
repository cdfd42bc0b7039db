"""A container's log: what its runs say, worked out up to now whenever somebody reads it."""

import asyncio
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from playground.engine.clock import FOREVER, SECOND, Pulse
from playground.engine.program import Said
from playground.engine.records import Copier, Record

MOST_BYTES = 16 << 20  # kept of a log; the oldest go first, as with `max-size`
_AT_A_TIME = 200  # lines, before others have their turn


class _Words:
    """Of one run or one remark, taken one after the other."""

    def __init__(self, said: Iterator[Said]) -> None:
        self._said = said
        self._next = next(said, None)

    @property
    def next_at(self) -> int:
        return self._next.at if self._next else FOREVER

    def take(self, until: int) -> Said | None:
        if self._next is None or self._next.at > until:
            return None
        taken, self._next = self._next, next(self._said, None)
        return taken


@dataclass(slots=True)
class Session:
    """A run as followers see it. end: the number of the first record behind it, once it is over."""

    end: int | None = None


@dataclass(slots=True)
class _Stretch:
    """Words that count up to a moment; with the last of a run, what it left without a newline is written out."""

    words: _Words
    until: int = FOREVER
    ends: Session | None = None


class Log:
    """Records are numbered from 0, those that are gone included. session: of the present run, or None."""

    def __init__(self, changed: Pulse, *, tty: bool) -> None:
        self.session: Session | None = None
        self._changed = changed
        self._copier = Copier(tty=tty)
        self._records: list[Record] = []
        self._first = 0
        self._bytes = 0
        self._stretches: deque[_Stretch] = deque()

    def begin(self, said: Iterator[Said]) -> None:
        """A run begins, and says this by itself."""
        self.session = Session()
        self._stretches.append(_Stretch(_Words(said)))

    def write(self, said: Sequence[Said]) -> None:
        """Into the present run, beside what it says by itself. All of one moment; nothing where no run is."""
        if self.session is None:
            return
        present = self._stretches.pop()
        self._interrupt(present, said)
        self._stretches.append(present)
        self._changed.beat()

    def end(self, at: int, said: Sequence[Said] = ()) -> None:
        """The present run is over, with its last words."""
        self._interrupt(self._stretches.pop(), said or [Said(at, b"")])
        self._stretches.append(_Stretch(_Words(iter(())), at, self.session))
        self.session = None
        self._changed.beat()

    def _interrupt(self, present: _Stretch, said: Sequence[Said]) -> None:
        self._stretches.append(_Stretch(present.words, said[0].at))
        self._stretches.append(_Stretch(_Words(iter(said)), said[-1].at))

    async def read(
        self, now: int, *, tail: int | None = None, since: int = 0, until: int = 0
    ) -> tuple[list[Record], int]:
        """What there is by now, and the number of the record that comes next.

        Bounds are of the engine's own kind: the newest `tail` records, of which those from `since` to `until` count.
        """
        await self._catch_up(now)
        found = self._records
        low = len(found) - tail if tail is not None and tail < len(found) else 0
        if since:
            low = max(low, bisect_left(found, since, key=_moment))
        high = bisect_right(found, until, key=_moment) if until else len(found)
        return found[low:high], self._first + len(found)

    async def behind(self, number: int, now: int) -> tuple[list[Record], int]:
        """The records from `number` on, and the number of the one that comes next."""
        await self._catch_up(now)
        start = max(number - self._first, 0)
        return self._records[start:], self._first + len(self._records)

    async def grown(self, now: int) -> None:
        """Until there may be more than there was `now`."""
        at = self._stretches[0].words.next_at if self._stretches else FOREVER
        await self._changed.next(None if at == FOREVER else (at - now) / SECOND)

    async def _catch_up(self, now: int) -> None:
        whole = self._advance(now)
        while not whole:
            await asyncio.sleep(0)
            whole = self._advance(now)

    def _advance(self, now: int) -> bool:
        """Whether all of it has been worked out."""
        for _ in range(_AT_A_TIME):
            if not self._stretches:
                return True
            stretch = self._stretches[0]
            if said := stretch.words.take(min(now, stretch.until)):
                self._keep(self._copier.feed(said))
            elif stretch.until > now:
                return True
            else:
                self._stretches.popleft()
                if stretch.ends:
                    self._keep(self._copier.flush(stretch.until))
                    stretch.ends.end = self._first + len(self._records)
        return False

    def _keep(self, records: list[Record]) -> None:
        self._records += records
        self._bytes += sum(len(record.text) for record in records)
        if self._bytes > MOST_BYTES:
            gone = len(self._records) // 4 + 1
            self._bytes -= sum(len(record.text) for record in self._records[:gone])
            del self._records[:gone]
            self._first += gone


def _moment(record: Record) -> int:
    return record.at
