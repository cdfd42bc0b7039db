"""A log walked from its newest end, though engines read forward only.

An engine finds the n-th newest record fast (a million lines back: 0.2 s) and reads from there on. So each
window asks for more of the tail than the one before, and stops where that one began. The log grows meanwhile
and may lose its oldest end, so a place is known by what stands there; its number is only where to look first.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2s

from services.domain.logs import STAMP, Block, Line, LogQuery, block_of, stamp_of
from services.logs.source import LogSource

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
        """The number of the first line that is not before the mark; None when all are."""
        if not block or (not self.check and max(block.stamp(0), block.stamp(len(block) - 1)) <= self.stamp):
            return None
        if not self.check:
            return next((n for n in range(len(block)) if block.stamp(n) > self.stamp), None)
        texts: list[bytes] | None = None
        at = block.stamps.find(self.stamp)
        while at >= 0:
            texts = texts or block.text.split(b"\n")
            if at % STAMP == 0 and _check(texts[at // STAMP]) == self.check:
                return at // STAMP
            at = block.stamps.find(self.stamp, at + 1)
        # It should have come by now, or is gone.
        return 0 if min(block.stamp(0), block.stamp(len(block) - 1)) > self.stamp else None


def _check(text: bytes) -> bytes:
    return blake2s(text, digest_size=8).digest()


class Backwards:
    """Windows from `mark` (None: the newest end) towards the oldest line, none of them overlapping.

    mark: where the next window ends; it may be kept, and walked on from later. exhausted: nothing older is left.
    """

    def __init__(self, source: LogSource, mark: Mark | None = None) -> None:
        self._source = source
        self._reached = mark.depth if mark else 0
        self._held: Line | None = None  # the oldest line read so far: it may be the end of a longer one
        self._held_is_oldest = False
        self.mark = mark
        self.exhausted = False

    async def window(self, records: int, *, deadline: float) -> AsyncGenerator[Block, None]:
        """The lines of about `records` more records, oldest first; none where nothing is left.

        It must be read to its end for the next one to follow it. deadline: in seconds, for each of its reads.
        """
        if self._held_is_oldest:
            yield self._oldest()
            return
        tail = self._reached + records + 1
        nearer: Line | None = None
        while True:
            async with aclosing(self._source.read(LogQuery(tail=tail), deadline=deadline)) as blocks:
                line, rest = await _first_line(blocks)
                if line is not None and self._is_older(line):
                    async for block in self._up_to_mark(line, rest, blocks, tail):
                        yield block
                    return
            if line is None or line == nearer:  # nothing lies before it, however far one looks
                self.exhausted = True
                if line is not None and line == self._held:
                    yield self._oldest()
                return
            nearer, tail = line, tail * _FURTHER

    def _is_older(self, line: Line) -> bool:
        """Whether something new is to be had behind it."""
        mark = self.mark
        return mark is None or (line != self._held and line.stamp <= mark.stamp and not mark.is_at(line))

    def _oldest(self) -> Block:
        assert self._held is not None
        self.exhausted = True
        return block_of([self._held])

    async def _up_to_mark(
        self, line: Line, rest: Block, blocks: AsyncGenerator[Block, None], tail: int
    ) -> AsyncGenerator[Block, None]:
        """`line` itself is held back: what lies before it may belong to it."""
        mark: Mark | None = None
        block: Block | None = rest
        used = 0
        while block is not None:
            used += block.records
            place = self.mark.place_in(block) if self.mark else None
            given = block if place is None else block.part(0, place)
            if given:
                mark = mark or Mark.at(given.line(0), tail)
                yield given
            if place is not None:
                break
            block = await anext(blocks, None)
        self._held_is_oldest = self.mark is None and used < tail
        self._held, self._reached, self.mark = line, tail, mark or self.mark


async def onward(source: LogSource, mark: Mark, *, deadline: float) -> AsyncGenerator[Block, None]:
    """All lines behind the mark up to the newest, oldest first. Where the mark is gone, all that is left."""
    tail = mark.depth + 1
    nearer: Line | None = None
    while True:
        async with aclosing(source.read(LogQuery(tail=tail), deadline=deadline)) as blocks:
            line, rest = await _first_line(blocks)
            reached = line is None or line == nearer or line.stamp < mark.stamp or mark.is_at(line)
            if line is not None and reached:
                behind = line == nearer or mark.is_at(line)
                if behind and not mark.is_at(line):
                    yield block_of([line])
                block: Block | None = rest
                while block is not None:
                    place = None if behind else mark.place_in(block)
                    if place is not None:
                        behind = True
                        there = mark.is_at(block.line(place))
                        block = block.part(place + there)
                    if behind and block:
                        yield block
                    block = await anext(blocks, None)
            if reached:
                return
        nearer, tail = line, tail * _FURTHER


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


async def _first_line(blocks: AsyncGenerator[Block, None]) -> tuple[Line | None, Block]:
    """The first line, and the rest of its block with all records counted."""
    records = 0
    async for block in blocks:
        records += block.records
        if block:
            rest = block.part(1)
            return block.line(0), Block(rest.text, rest.stamps, rest.kinds, records)
    return None, Block(records=records)
