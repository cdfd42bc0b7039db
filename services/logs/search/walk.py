"""One container's log on the way through a search, from its newest end backwards, window by window.

A window counts as a whole or not at all: one that is broken off leaves no trace, so what was looked at has no holes,
and each hit is found exactly once.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Executor
from contextlib import aclosing
from dataclasses import replace
from functools import partial

from services.domain.containers import Container
from services.domain.logs import Block, Line, LogQuery, joined
from services.logs.search.board import Board
from services.logs.search.hits import Hit, Tally, Times
from services.logs.search.scan import Catch, Scan, Wanted
from services.logs.search.stretch import Stretch
from services.logs.stream.source import LogSource
from services.logs.stream.windows import Backwards, Mark
from services.logs.text.region import MARGIN, MARGIN_LINES, parted

# Bytes of text that are looked through at a time.
_CHUNK = 256 * 2**10
# Records by which a log may have grown since a mark was made; if it has grown by more, it is looked for further back.
_GROWN = (1_000, 10_000, 100_000, 1_000_000)
_APART = 10**12


class Walk:
    """`start`: what is behind it was found before, and only what is older counts; None: the newest line is the first.

    tally: what was found so far; times: when. bytes, lines_read: so far. thread: for the CPU work, which ends soon
    after `stopped` was set.
    """

    def __init__(
        self,
        container: Container,
        source: LogSource,
        wanted: Wanted,
        board: Board,
        thread: Executor,
        start: Mark | None = None,
    ) -> None:
        self.tally = Tally(container.id, container.host, container.name, mark=start)
        self.times = Times()
        self.bytes = self.lines_read = 0
        self.stopped = False
        self.source = source
        self._wanted, self._board, self._thread, self._start = wanted, board, thread, start
        self._walk = Backwards(source, start)
        self._edge = self._ahead = Block()
        self._lines = 0  # that lie behind the next window, since the start
        self._base = 0  # the number of the line before which the start is

    async def advance(self, records: int, *, deadline: float) -> None:
        """A window further, of about so many records. deadline: in seconds, for each read. Raises HostError."""
        if self._start and not self._lines:
            self._ahead = await self._behind(self._start, deadline)
        scan = self.scan()
        stretch = Stretch(scan, self._wanted.context, self._edge, self._ahead)
        async with aclosing(self._chunks(records, deadline)) as chunks:
            await self._feed(stretch, chunks)
        await self.in_thread(partial(self._end_window, stretch, scan))
        if self._walk.exhausted:
            await self.in_thread(self._end_log)
        elif (self.tally.reached or self._wanted.since) < self._wanted.since:
            self.tally = replace(self.tally, done=True)

    def scan(self, wanted: Wanted | None = None) -> Scan:
        return Scan(self.source, wanted or self._wanted, lambda: not self.stopped)

    async def in_thread(self, work: Callable[[], None]) -> None:
        """Whoever is no longer waiting finds it done or not begun, once the thread has nothing more to do."""
        await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def take(self, catch: Catch, first: int) -> None:
        """In the thread, as what follows. first: the number of the line that is 0 in the catch."""
        newest_first = []
        for hit in reversed(catch.hits):
            number = first + hit.number
            mark = replace(hit.mark, depth=self._depth(number))
            newest_first.append(replace(hit, number=self._base + number, mark=mark))
        self._board.add(self.tally.container, newest_first, missing=catch.count > len(newest_first))
        self.times.merge(catch.times)
        self.tally = replace(self.tally, count=self.tally.count + catch.count)

    def take_one(self, hit: Hit, first: int, depth: int) -> None:
        """As `take`, by another way, of the next older one: all lines from it on have been looked at.

        depth: as a Mark's.
        """
        hit = replace(hit, number=self._base + first + hit.number, mark=replace(hit.mark, depth=depth))
        self._board.add(self.tally.container, (hit,), missing=False)
        self.times.add([hit.line.stamp])
        reached = min(hit.line.stamp, self.tally.reached or hit.line.stamp)
        self.tally = replace(self.tally, count=self.tally.count + 1, reached=reached, mark=hit.mark)

    def pass_over(self, count: int) -> None:
        """So many hits that are older than those taken, and for which there is no room."""
        self._board.add(self.tally.container, (), missing=True)
        self.tally = replace(self.tally, count=self.tally.count + count)

    def end(self) -> None:
        """All lines have been looked at."""
        self.tally = replace(self.tally, done=True)

    def restart(self) -> None:
        """What was reached by another way is where the next window ends."""
        self._start = self.tally.mark
        self._walk = Backwards(self.source, self._start)
        self._edge = self._ahead = Block()
        self._lines = 0
        self._base -= _APART

    def _reach(self, first: Line, edge_lines: int) -> None:
        depth = self._depth(edge_lines - self._lines)
        if self._walk.mark:
            depth = max(depth, self._walk.mark.depth - edge_lines)
        reached = min(first.stamp, self.tally.reached or first.stamp)
        self.tally = replace(self.tally, reached=reached, mark=Mark.at(first, depth))

    def _depth(self, number: int) -> int:
        """Of the line of this (negative) number. Long lines are several records, so it may lie deeper."""
        return (self._start.depth if self._start else 0) - number

    def _end_window(self, stretch: Stretch, scan: Scan) -> None:
        stretch.end()
        if self.stopped:  # not all of it was looked at
            return
        self._lines += stretch.lines
        self._edge, self._ahead = stretch.edge, stretch.ahead
        self.take(scan.catch, -self._lines)
        if stretch.first:
            self._reach(stretch.first, stretch.edge_lines)

    def _end_log(self) -> None:
        """The oldest lines have no neighbours to wait for."""
        scan = self.scan()
        stretch = Stretch(scan, self._wanted.context, self._edge, self._ahead)
        stretch.end_at_the_oldest()
        if not self.stopped:
            self.take(scan.catch, -self._lines)
            self.end()

    async def _feed(self, stretch: Stretch, chunks: AsyncGenerator[Block, None]) -> None:
        """Each chunk is looked through while the next one is read."""
        looking: asyncio.Future[None] | None = None
        try:
            async for chunk in chunks:
                if looking:
                    await looking
                looking = asyncio.get_running_loop().run_in_executor(self._thread, stretch.feed, chunk)
            if looking:
                await looking
        finally:
            if looking:
                looking.cancel()

    async def _chunks(self, records: int, deadline: float) -> AsyncGenerator[Block, None]:
        held: list[Block] = []
        size = 0
        async with aclosing(self._walk.window(records, deadline=deadline)) as blocks:
            async for block in blocks:
                held.append(block)
                size += len(block.text)
                self.bytes += len(block.text)
                self.lines_read += len(block)
                if size >= _CHUNK:
                    yield joined(*held)
                    held, size = [], 0
        if size:
            yield joined(*held)

    async def _behind(self, mark: Mark, deadline: float) -> Block:
        """The first lines that are not before the mark, as many as a margin; none where it is not found."""
        for grown in _GROWN:
            query = LogQuery(tail=mark.depth + grown, since=mark.stamp)
            async with aclosing(self.source.read(query, deadline=deadline)) as blocks:
                held = await self._from(mark, blocks)
            if held:
                return parted(joined(*held), self._wanted.context)[0]
        return Block()

    async def _from(self, mark: Mark, blocks: AsyncGenerator[Block, None]) -> list[Block]:
        held: list[Block] = []
        size = lines = 0
        async for block in blocks:
            place = 0 if held else mark.place_in(block)
            if place is not None:
                held.append(block.part(place) if place else block)
                size += len(held[-1].text)
                lines += len(held[-1])
            if size > 10 * MARGIN or (size > MARGIN and lines > MARGIN_LINES):
                break
        return held
