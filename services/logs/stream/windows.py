"""A log walked from its newest end, though engines read forward only.

An engine finds the n-th newest record fast (a million lines back: 0.2 s) and reads from there on. So each
window asks for more of the tail than the one before, and stops where that one began. The log grows meanwhile
and may lose its oldest end, so a place is known by what stands there; its number is only where to look first.

All lines come, each once, whole, and in the order in which they end. What cannot hold, for engines do not tell it:

* Of several lines with one moment and one text, a mark that was made at any of them stands at the first. (A window
  never ends at such a line.)
* A line is torn when the clock stepped back while it was begun, or when more than 10,000 records lie between its
  beginning and that of a window, and (of a journal) when lines of the other stream lie between.
* Lines come twice when the clock stepped back at a mark, and the log then grew at once by more than a window and by
  more than a megabyte.
* A line without an end is read where it is written: it is missing when the newest window has no piece of it.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2s

from services.domain.logs import STAMP, Block, Line, block_of, joined, stamp_of
from services.logs.stream.margin import Margin
from services.logs.stream.records import PIECE
from services.logs.stream.source import LogSource
from services.logs.stream.torn import MOST_HELD, Reading, reading
from services.logs.text.region import BEHIND, tail_of

_FURTHER = (
    4  # a place that is not where it was expected is looked for so many times as far back, step by step
)
_FIRST_LOOK = 1000
_PROBE_DEADLINE = 10.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A line to go on from. depth: about how many records lay between it and the newest end, itself included.

    check: of its text; b"" where the stamp alone counts: then it stands before the first line that is younger.
    """

    depth: int
    stamp: bytes
    check: bytes = b""

    @classmethod
    def at(cls, line: Line, depth: int) -> "Mark":
        return cls(depth, line.stamp, _check(line.text))

    def is_at(self, line: Line) -> bool:
        return bool(self.check) and line.stamp == self.stamp and _check(line.text) == self.check

    def place_in(self, block: Block) -> int | None:
        """The number of the first line that is not before the mark; None when it does not come in this block."""
        if not self.check:
            return next((n for n in range(len(block)) if block.stamp(n) > self.stamp), None)
        at = block.stamps.find(self.stamp)
        while at >= 0:
            if at % STAMP == 0 and self.is_at(block.line(at // STAMP)):
                return at // STAMP
            at = block.stamps.find(self.stamp, at + 1)
        return None

    def comes_in(self, read: Reading) -> bool:
        """Whether the read begins before the mark, as far as its beginning can tell."""
        if read.first is None:
            return False
        return read.first.stamp < self.stamp or (not self.check and read.first.stamp == self.stamp)


def _check(text: bytes) -> bytes:
    """The same for a line that was not whole yet."""
    return blake2s(text[:PIECE], digest_size=8).digest()


class Backwards:
    """Windows from `mark` (None: the newest end) towards the oldest line, none of them overlapping.

    mark: where the next window ends; it may be kept, and walked on from later. exhausted: nothing older is left.
    margin: so many lines at least stand `before` each window, unless it begins with the log's oldest line, and up to
    MARGIN_LINES where what stands above might bear on it. They come once more, at the end of the next one. behind: the
    lines that follow upon the window, with a margin as many as are known without another read, three at least where
    there are any.
    """

    def __init__(self, source: LogSource, mark: Mark | None = None, *, margin: int = 0) -> None:
        self._source, self._margin = source, margin
        self._reached = mark.depth if mark else 0
        self._oldest: Block | None = None  # what stands before the mark, once that is known to be all
        self._begin = Block()  # of the latest window
        self.mark = mark
        self.exhausted = False
        self.before = self.behind = Block()

    async def window(self, records: int, *, deadline: float) -> AsyncGenerator[Block, None]:
        """The lines of about `records` more records, oldest first; none where nothing is left.

        It must be read to its end for the next one to follow it; `before` is known with its first block, `behind` at
        its end. There may be none though it is not `exhausted`: all is left to the next window then, a first one
        beginning at the newest end anew. deadline: in seconds, for each of its reads.
        """
        self.behind = self._begin
        if self._oldest is not None:
            self.exhausted = True
            self.before = Block()
            yield self._oldest
            return
        # The line a read begins in is left to the next window.
        further = records + (self.mark is None) + (0 if self._begin else self._margin)
        missed = False  # though the whole log was read; it may stand in what a read holds back
        oldest: list[Line] = []  # of a read that had no more than a margin
        while not self.exhausted:
            # Of the log from its oldest line on, a glance tells whether anything is left.
            for tail in (self._reached + further, None):
                async with reading(self._source, tail, deadline) as read:
                    begins_before = self.mark.comes_in(read) if self.mark else read.first is not None
                    if begins_before is (tail is None) and not missed:
                        continue
                    margin = Margin(0 if tail is None else self._margin)
                    async for block in self._before_mark(read):
                        if body := margin.without(block):
                            self.before = margin.block
                            yield body
                    if self.mark and margin.is_all:
                        if read.held == oldest:  # however far back it begins
                            self.exhausted, self.before = True, Block()
                            yield joined(block_of(read.held), margin.block)
                            return
                        oldest = read.held
                        break
                    if margin.begun or tail is None:
                        self._go_on_from(read, margin)
                        return
                    missed = read.is_all
            further *= _FURTHER

    async def _before_mark(self, read: Reading) -> AsyncGenerator[Block, None]:
        """Nothing, not even an empty block, when the mark is not there."""
        mark = self.mark
        sure = mark is None or not mark.check
        kept: list[Block] = []
        blocks = read.blocks()
        async for block in blocks:
            place = mark.place_in(block) if mark else None
            kept.append(block if place is None else block.part(0, place))
            if mark and not sure and place is None and _too_much(kept):
                # By its moments, what begins before the mark holds it, unless the clock stepped back.
                if read.tail is None and block and block.stamp(len(block) - 1) > mark.stamp:
                    return
                sure = True
            while (sure or place is not None) and kept:
                yield kept.pop(0)
            if place is not None:
                await self._look_behind(block.part(place), blocks)
                return

    async def _look_behind(self, first: Block, blocks: AsyncGenerator[Block, None]) -> None:
        """Of the first window alone: behind the others is what came before."""
        found = first
        while self._margin and not self._begin and len(found) < BEHIND:
            block = await anext(blocks, None)
            if block is None:
                break
            found = joined(found, block)
        self.behind = self.behind or found

    def _go_on_from(self, read: Reading, margin: "Margin") -> None:
        self._begin = joined(margin.begin, self._begin) if len(margin.begin) < BEHIND else margin.begin
        if not margin.begun or read.first is None or read.tail is None:
            self.exhausted = True
            return
        if self.mark is None and read.is_all:
            self._oldest = joined(block_of(read.held), margin.block)
        self._reached = read.tail
        if not self._margin:
            self.mark = Mark.at(read.first, read.tail)
        elif margin.first is not None:
            self.mark = Mark.at(margin.first, max(read.tail - len(margin.block), 1))


def _too_much(blocks: Sequence[Block]) -> bool:
    return sum(len(block.text) + len(block.stamps) for block in blocks) > MOST_HELD


class Onward:
    """All lines behind the mark up to the newest, oldest first. Where the mark is gone, all that is left.

    before: the lines up to the first one, known with the first block; with a `margin` so many, where they are there.
    """

    def __init__(self, source: LogSource, mark: Mark, *, margin: int = 0) -> None:
        self._source, self._mark, self._margin = source, mark, margin
        self.before = Block()

    async def blocks(self, *, deadline: float) -> AsyncGenerator[Block, None]:
        """deadline: in seconds, for each read."""
        mark, further = self._mark, _FIRST_LOOK
        while True:
            missed = False
            for tail in (mark.depth + further, None):
                async with reading(self._source, tail, deadline) as read:
                    if mark.comes_in(read) is (tail is None) and not missed:
                        continue
                    found = False
                    async with aclosing(self._behind(mark, read)) as blocks:
                        async for block in blocks:
                            if not found and tail and further == _FIRST_LOOK and self._lacks(read):
                                break  # once; what the log itself lacks is not looked for again
                            found = True
                            yield block
                    if found:
                        return
                    missed = read.is_all
            if missed:  # its line is not what it was
                mark = replace(mark, check=b"")
            further *= _FURTHER

    def _lacks(self, read: Reading) -> bool:
        return len(self.before) < self._margin and not read.is_all

    async def _behind(self, mark: Mark, read: Reading) -> AsyncGenerator[Block, None]:
        """Nothing, not even an empty block, when the mark should be there and is not."""
        behind = False
        # Unless it comes all the same: the clock stepped back.
        gone = read.tail is None and not mark.comes_in(read)
        self.before = block_of(read.held) if self._margin and read.tail is not None else Block()
        kept: list[Block] = []
        async for block in read.blocks():
            if not behind and (place := mark.place_in(block)) is not None:
                behind = True
                place += mark.is_at(block.line(place))
                self._pass_over(block.part(0, place))
                kept = [block.part(place)]
            elif behind or gone:
                kept.append(block)
                behind = behind or _too_much(kept)
            else:
                self._pass_over(block)
            while behind and kept:
                yield kept.pop(0)
        if not behind and (gone or not mark.check):
            for block in kept or [Block()]:
                yield block

    def _pass_over(self, block: Block) -> None:
        if self._margin:
            self.before = tail_of(joined(self.before, block), self._margin)


async def mark_before(source: LogSource, until: datetime) -> Mark:
    """The place behind the last line that is not younger than `until`, found by a few looks at single lines."""
    stamp = stamp_of(until)
    nearer: Line | None = None
    low, depth = 0, _FIRST_LOOK
    while (line := await source.first(depth, deadline=_PROBE_DEADLINE)) and line.stamp > stamp:
        if line == nearer:
            break
        nearer, low, depth = line, depth, depth * 2 * _FURTHER
    while depth - low > max(_FIRST_LOOK, depth // 4):
        middle = (low + depth) // 2
        line = await source.first(middle, deadline=_PROBE_DEADLINE)
        low, depth = (middle, depth) if line and line.stamp > stamp else (low, middle)
    return Mark(depth, stamp)
