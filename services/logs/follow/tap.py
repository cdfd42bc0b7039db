"""One container's log as it is written: each line once, through lost contact, restarts and its making anew.

Nobody can follow fifty thousand lines a second. A log that comes faster than the budget allows is not read as a
stream but looked at every other second, and what lies between two looks is told as missed. A stream that lags
behind what is written counts as too fast, wherever it is held up.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from itertools import count
from math import inf
from typing import Protocol

from services.domain.containers import Details
from services.domain.logs import STAMP, Block, LogQuery, joined, moment_of
from services.errors import (
    ContainerGone,
    DeadlineExceeded,
    EngineRefused,
    HostSilent,
    LogsUnreadable,
    NotFound,
    StoreError,
)
from services.logs.follow.budget import Budget
from services.logs.follow.following import Missed, Standing
from services.logs.follow.presence import Presence, runs
from services.logs.follow.rejoin import Rejoin, Seen
from services.logs.stream.source import LogSource
from services.ports import Clock

PAUSE = 0.5  # seconds between two attempts to read on
REFUSALS = 3  # in a row, then it cannot be followed
MOST_LAG = timedelta(seconds=2)
LOOK, LOOK_EVERY = 200, 1.5  # records, seconds
LOOK_DEADLINE, READ_DEADLINE = 10.0, 60.0
# What is written in bursts looks fast from near by. Of every so many looks one goes so many records back, but
# for so many bytes at most.
RECKON_EVERY, RECKON, RECKON_BYTES = 5, 5_000, 1 << 20
# Of the budget, below which a log that was too fast is read as a stream again.
CALM = 0.5
# Records from the newest end among which the line that was seen last is looked for.
TAILS = (5_000, 50_000)
_FRAME = 8 + STAMP + 1  # bytes on the wire beside a line's own

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Attached:
    """A container as it is now, and its log."""

    source: LogSource
    details: Details


Attach = Callable[[], Awaitable[Attached]]


class Receiver(Protocol):
    async def came(self, source: LogSource, block: Block, *, counted: bool) -> None:
        """New lines; or, not counted, those that stood there before. The log is read on when it returns."""
        ...

    def missed(self, missed: Missed) -> None: ...

    def changed(self) -> None:
        """How the container stands."""
        ...


class _Stopped(Enum):
    END = "end"
    BEHIND = "behind"
    FURTHER = "further"  # what was seen last must be looked for further back


class Tap:
    """`attach` finds the container anew, whatever has become of it, and judges the rights anew.

    It raises NotFound and HostError.
    """

    def __init__(
        self, host: str, name: str, attach: Attach, budget: Budget, receiver: Receiver, clock: Clock
    ) -> None:
        self._attach, self._budget, self._receiver, self._clock = attach, budget, receiver, clock
        self._presence = Presence(host, name, receiver.changed, clock)
        self._seen: Seen | None = None

    @property
    def standing(self) -> Standing:
        return self._presence.standing

    @property
    def container(self) -> str:
        """The id of the one that is read; "" before it is known."""
        return self._presence.container

    def withdraw(self) -> None:
        """It is no longer for the asker's eyes; whoever runs it ends it."""
        self._presence.gone()

    async def run(self) -> None:
        """Until it has ended for good, or cannot be followed; `standing` tells. Raises nothing foreseen."""
        drained: tuple[str, datetime | None] | None = None
        done = drained
        refusals = 0
        while True:
            attached: Attached | None = None
            try:
                attached = await self._attach()
                if self._presence.note(attached.details):
                    self._seen = Seen()
                this_run = (attached.details.id, attached.details.started)
                if drained != this_run or runs(attached.details):
                    await self._read(attached.source, follow=True)
                    drained, refusals = this_run, 0
                elif done != this_run:  # an engine may end the stream before its last words
                    await self._read(attached.source, follow=False)
                    done = this_run
                elif self._presence.is_over():
                    return
            except (HostSilent, DeadlineExceeded) as error:
                if attached is None:  # else a stream broke; the next attempt tells whether contact is lost
                    self._presence.silent(error)
            except (NotFound, ContainerGone):
                self._presence.gone()
                if self._presence.is_over():
                    return
            except (EngineRefused, LogsUnreadable) as error:
                refusals += 1
                if isinstance(error, LogsUnreadable) or refusals >= REFUSALS:
                    self._presence.failed(error)
                    return
            except StoreError as error:
                logger.warning("%s: %s", self.standing.name, error)
            await asyncio.sleep(PAUSE)

    async def _read(self, source: LogSource, *, follow: bool) -> None:
        """Until the stream has ended by itself: the container has, or somebody in between."""
        if self._seen is None:
            block = await self._look(source)
            self._seen = Seen().and_then(block)
            await self._receiver.came(source, block, counted=False)
        while await self._stream(source, follow) is _Stopped.BEHIND:
            await self._sample(source)

    async def _stream(self, source: LogSource, follow: bool) -> _Stopped:
        since = (self._seen or Seen()).since
        if not since:
            return await self._stream_from(source, LogQuery(follow=follow), last=True)
        for tail in TAILS:
            query = LogQuery(tail, since, follow)
            stopped = await self._stream_from(source, query, last=tail == TAILS[-1])
            if stopped is not _Stopped.FURTHER:
                return stopped
        raise AssertionError("the last one goes no further")

    async def _stream_from(self, source: LogSource, query: LogQuery, *, last: bool) -> _Stopped:
        seen = self._seen or Seen()
        rejoin = Rejoin(seen)
        least = timedelta.max
        deadline = None if query.follow else READ_DEADLINE
        async with aclosing(source.read(query, deadline=deadline)) as blocks:
            async for block in blocks:
                if not block.ended:
                    if block and not query.follow:  # nothing will end that line any more
                        await self._receiver.came(source, block, counted=True)
                    continue
                found = rejoin.feed(block)
                if rejoin.lost and not last:
                    return _Stopped.FURTHER
                if rejoin.lost:
                    rejoin.lost = False
                    self._miss(seen, found[0], fast=False)
                for each in found:
                    await self._take(source, each)
                await self._budget.spend(_size(block))
                if block:
                    age = self._clock.now() - moment_of(block.stamp(len(block) - 1))
                    least = min(least, age)  # hosts' clocks differ
                    if age > least + MOST_LAG:
                        return _Stopped.BEHIND
        return _Stopped.END

    async def _sample(self, source: LogSource) -> None:
        """Until it is calm enough to be read whole; what was missed by then is told."""
        try:
            for number in count():
                seen = self._seen or Seen()
                rejoin = Rejoin(seen)
                found = rejoin.feed(await self._look(source))
                if not rejoin.lost:
                    return
                if number % RECKON_EVERY == 0:
                    size, lines = _rate(await self._look(source, RECKON, RECKON_BYTES))
                    if size < CALM * self._budget.rate:
                        return
                    self._presence.fast(lines)
                self._miss(seen, found[0], fast=True)
                for each in found:
                    await self._take(source, each)
                await asyncio.sleep(LOOK_EVERY)
        finally:
            self._presence.fast(None)

    async def _look(self, source: LogSource, records: int = LOOK, most: float = inf) -> Block:
        """The newest lines, all of them whole; the older ones of them where they are more than `most` bytes."""
        blocks: list[Block] = []
        async with aclosing(source.read(LogQuery(records), deadline=LOOK_DEADLINE)) as read:
            async for block in read:
                if sum(map(_size, blocks)) > most:
                    break
                if block.ended:
                    blocks.append(block)
        newest = joined(*blocks)
        await self._budget.spend(_size(newest))
        return newest

    async def _take(self, source: LogSource, block: Block) -> None:
        self._seen = (self._seen or Seen()).and_then(block)
        await self._receiver.came(source, block, counted=True)

    def _miss(self, seen: Seen, newer: Block, *, fast: bool) -> None:
        since, until = moment_of(seen.stamp), moment_of(newer.stamp(0))
        self._receiver.missed(Missed(self.standing.host, self.standing.name, since, until, fast))


def _rate(block: Block) -> tuple[float, float]:
    """Bytes and lines a second, as the block's own moments tell."""
    if len(block) < 2:
        return 0.0, 0.0
    span = moment_of(block.stamp(len(block) - 1)) - moment_of(block.stamp(0))
    seconds = max(span.total_seconds(), 0.001)
    return _size(block) / seconds, len(block) / seconds


def _size(block: Block) -> int:
    return len(block.text) + _FRAME * len(block)
