"""One search on its way: a walk for each container, several of each host side by side, until enough is found."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count

from services.domain.containers import Container
from services.domain.logs import moment_of
from services.errors import HostError, HostSilent
from services.logs.search.board import Board
from services.logs.search.hits import Found, Hit, Place, Progress, SearchQuestion, Stop, Tally, Times, reached
from services.logs.search.scan import Wanted
from services.logs.search.shortcut import DRIVER, Shortcut, ShortWalk, literals_for
from services.logs.search.walk import Walk
from services.logs.stream.source import LogSource
from services.logs.stream.windows import Mark, mark_before
from services.ports import Engine

log = logging.getLogger(__name__)

# Records: an engine finds the newest ones in milliseconds, and each window costs it a look-up of its own.
WINDOWS = (1_000, 5_000, 50_000, 250_000, 1_000_000)
_SMALLEST = WINDOWS[0]
# From this window on a shortcut is taken where there is one: it costs more than a small window.
_SHORT_FROM = 2
# Of the time that is left, what a window may take by the pace so far: one that is not read to its end is lost.
_SHARE = 0.7
# Of all the time: a rest that is too short for another window.
_REST = 0.04
_GRACE = 30.0  # seconds that a read is given beyond the end of the search, which comes first


@dataclass(frozen=True, slots=True)
class Ways:
    """To the logs of each host. reads: turns for reading, which all searches share. windows: their sizes in records."""

    engine: Callable[[str], Engine]
    reads: Mapping[str, asyncio.Semaphore]
    shortcuts: Mapping[str, Shortcut] = field(default_factory=dict)
    windows: Sequence[int] = WINDOWS


class Hunt:
    """`thread`: of this one alone, so that a pattern that is slow keeps nobody else waiting."""

    def __init__(self, ways: Ways, thread: Executor, wanted: Wanted) -> None:
        self._ways, self._thread, self._wanted = ways, thread, wanted
        self._board = Board(wanted.most, wanted.room)
        self._hits: tuple[Hit, ...] = ()
        self._tallies: dict[str, Tally] = {}
        self._walks: dict[str, Walk] = {}
        self._ended: set[str] = set()
        self._stops: set[Stop] = set()
        self._limit: asyncio.Timeout | None = None
        self._end = self._seconds = 0.0
        self._literals = literals_for(wanted)
        self._closed: set[str] = set()  # hosts whose shortcut leads nowhere

    @property
    def tallies(self) -> list[Tally]:
        """Of all containers."""
        return [
            replace(walk.tally, failure=tally.failure) if (walk := self._walks.get(each)) else tally
            for each, tally in self._tallies.items()
        ]

    def cancel(self) -> None:
        self._stops.add(Stop.CANCELLED)
        if self._limit and not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time())

    async def run(
        self,
        containers: Sequence[Container],
        places: Sequence[Place],
        seconds: float,
    ) -> None:
        """Raises nothing foreseen: what cannot be read is in its tally."""
        starts = {place.container: place.mark for place in places}
        self._tallies = {
            each.id: Tally(each.id, each.host, each.name, mark=starts.get(each.id)) for each in containers
        }
        self._seconds = 0.0 if Stop.CANCELLED in self._stops else seconds
        self._end = asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(self._end) as self._limit, asyncio.TaskGroup() as group:
                for container in containers:
                    group.create_task(self._look_at(container, starts.get(container.id)))
        except TimeoutError:
            self._stops.add(Stop.TIME)
        finally:
            self._limit = None
            for walk in self._walks.values():
                walk.stopped = True
            # What the thread has begun it ends; a pattern that is slow takes up to half a second for it.
            loop = asyncio.get_running_loop()
            self._hits = await loop.run_in_executor(self._thread, self._board.newest)

    def found(self, question: SearchQuestion, silent: Sequence[HostSilent], at: datetime) -> Found:
        times = Times()
        for walk in self._walks.values():
            times.merge(walk.times)
        tallies = sorted(self.tallies, key=lambda tally: (-tally.count, tally.host, tally.name))
        unfinished = any(not tally.done and not tally.failure for tally in tallies)
        stop = next((stop for stop in (Stop.CANCELLED, Stop.TIME, Stop.ENOUGH) if stop in self._stops), None)
        return Found(
            question,
            tuple(tallies),
            self._hits,
            times,
            at,
            stop if unfinished else None,
            tuple(silent),
        )

    def progress(self) -> Progress:
        return Progress(
            len(self._ended),
            len(self._tallies),
            sum(walk.bytes for walk in self._walks.values()),
            reached(self.tallies),
        )

    async def _look_at(self, container: Container, start: Mark | None) -> None:
        try:
            await self._walk(container, start)
        except HostError as failure:
            log.info("%s was not searched to the end: %s", container.full_name, failure)
            self._tallies[container.id] = replace(self._tallies[container.id], failure=failure)
        self._ended.add(container.id)

    async def _walk(self, container: Container, start: Mark | None) -> None:
        reads = self._ways.reads[container.host]
        async with reads:
            walk, shortcut = await self._opened(container, start)
            self._walks[container.id] = walk
        spent = 0.0
        for number in count(_SHORT_FROM if start and shortcut else 0):
            if shortcut and number >= _SHORT_FROM and await self._took(walk, shortcut):
                return
            if number >= _SHORT_FROM:
                shortcut = None
            async with reads:
                if self._is_enough(walk):
                    return
                began = asyncio.get_running_loop().time()
                records = self._records(walk, number, spent)
                if not records:
                    self._stops.add(Stop.TIME)
                    return
                await walk.advance(records, deadline=self._left() + _GRACE)
                spent += asyncio.get_running_loop().time() - began
            if walk.tally.done:
                return

    async def _opened(self, container: Container, start: Mark | None) -> tuple[Walk, Shortcut | None]:
        engine = self._ways.engine(container.host)
        details = await engine.inspect(container.id)
        source = LogSource.of(engine, container.name, details)
        if start is None and self._wanted.until < b"9":
            start = await mark_before(source, moment_of(self._wanted.until))
        walk = Walk(container, source, self._wanted, self._board, self._thread, start)
        shortcut = self._ways.shortcuts.get(container.host) if self._literals else None
        return walk, shortcut if details.log_driver == DRIVER else None

    async def _took(self, walk: Walk, shortcut: Shortcut) -> bool:
        """Whether nothing is left to be walked."""
        host = walk.tally.host
        if self._literals is None or host in self._closed:
            return False
        short = ShortWalk(walk, self._wanted, self._board)
        try:
            await short.run(shortcut, self._literals, deadline=self._left() + _GRACE)
        except HostError as reason:
            log.info("%s/%s is searched the long way: %r", host, walk.tally.name, reason)
            if isinstance(reason, HostSilent):
                self._closed.add(host)
            walk.restart()
            return False
        if not walk.tally.done:
            self._stops.add(Stop.ENOUGH)
        return True

    def _is_enough(self, walk: Walk) -> bool:
        enough = self._board.is_enough(walk.tally.reached)
        if enough:
            self._stops.add(Stop.ENOUGH)
        return enough

    def _records(self, walk: Walk, number: int, spent: float) -> int:
        """Of the next window; 0 where there is no time for one."""
        records = self._ways.windows[min(number, len(self._ways.windows) - 1)]
        if walk.lines_read < _SMALLEST or not spent:  # too few to tell a pace
            return records
        left = self._left()
        bearable = int(walk.lines_read / spent * left * _SHARE)
        return 0 if left < self._seconds * _REST or bearable < _SMALLEST else min(records, bearable)

    def _left(self) -> float:
        return max(self._end - asyncio.get_running_loop().time(), 0.0)
