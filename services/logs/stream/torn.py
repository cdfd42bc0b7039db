"""One read of a log from somewhere in its middle, where the line it begins in may be torn."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

from services.domain.logs import Block, Line, LogQuery, Stream, block_of
from services.logs.stream.records import LONGEST_LINE, PIECE
from services.logs.stream.source import LogSource

MOST_HELD = 1 << 20  # bytes of lines that are kept while it is not sure yet what they are
# Records before a read in which the beginning of a torn line is looked for. What has been written since counts, too.
_FURTHER = (100, 10_000, 200_000)


@asynccontextmanager
async def reading(source: LogSource, tail: int | None, deadline: float) -> AsyncIterator["Reading"]:
    """From the newest `tail` records on (None: from the oldest one)."""
    async with aclosing(source.read(LogQuery(tail=tail), deadline=deadline)) as blocks:
        begun = Reading(source, blocks, tail, deadline)
        await begun.find_first()
        yield begun


class Reading:
    """first: the first line that certainly begins within the read, that is not the first one of its stream.

    It is the first one of its moment, too, and none that may still grow. held: what stands before it.
    """

    def __init__(
        self, source: LogSource, blocks: AsyncGenerator[Block, None], tail: int | None, deadline: float
    ) -> None:
        self.tail = tail
        self.held: list[Line] = []
        self.first: Line | None = None
        self._source, self._blocks, self._deadline = source, blocks, deadline
        self._rest = Block()  # from `first` on
        self._unseen = set(Stream)  # streams without a line so far
        self._records = 0
        self._ended = False

    @property
    def is_all(self) -> bool:
        """Whether the read has begun at the log's oldest record. With a `tail` it is known at the end alone."""
        return self.tail is None or (self._ended and self._records < self.tail)

    async def find_first(self) -> None:
        size = 0
        while self.first is None and (block := await self._next()) is not None:
            texts = block.text.split(b"\n")
            for n, kind in enumerate(block.kinds):
                line = Line(block.stamp(n), Stream(kind), texts[n])
                plain = self.held and self.held[-1].stamp != line.stamp and len(line.text) < PIECE
                if line.stream not in self._unseen and (plain or size > MOST_HELD):
                    self.first, self._rest = line, block.part(n)
                    break
                self.held.append(line)
                self._unseen.discard(line.stream)
                size += len(line.stamp) + len(line.text)

    async def blocks(self) -> AsyncGenerator[Block, None]:
        """From `first` on, or from the log's oldest line; once. All lines are whole."""
        block: Block | None = self._rest
        if self.tail is None:
            block = block_of([*self.held, *self._rest.lines()])
        while block is not None:
            yield await self._mended(block)
            block = await self._next()

    async def _next(self) -> Block | None:
        block = await anext(self._blocks, None)
        self._ended = block is None
        self._records += 0 if block is None else block.records
        return block

    async def _mended(self, block: Block) -> Block:
        """The first line of the other stream may have begun before the read."""
        if self.first is None or self.tail is None or not self._unseen:
            return block
        (stream,) = self._unseen
        place = block.kinds.find(stream)
        if place < 0:
            return block
        self._unseen.clear()
        line = block.line(place)
        # All pieces of a line have the moment of its beginning, and `first` was begun after the read's beginning.
        if line.stamp > self.first.stamp:
            return block
        texts = block.text.split(b"\n")
        texts[place] = await self._whole(line)
        return replace(block, text=b"\n".join(texts))

    async def _whole(self, line: Line) -> bytes:
        """Its text from its beginning, wherever that is.

        `since` would not do: an engine judges a compressed file by its last record, which may be of an older line.
        """
        assert self.tail is not None
        text = line.text
        for further in _FURTHER:
            query = LogQuery(tail=self.tail + further)
            async with aclosing(self._source.read(query, deadline=self._deadline)) as blocks:
                text, is_whole = await _text_of(line, blocks)
            if is_whole:
                break
        return text


async def _text_of(line: Line, blocks: AsyncGenerator[Block, None]) -> tuple[bytes, bool]:
    """As this read has it, and whether the line begins in it: another one of its stream is before it.

    A log that grows may have left the line behind: then all that is read is younger.
    """
    is_whole = False
    async for block in blocks:
        place = block.kinds.find(line.stream)
        while place >= 0:
            if block.stamp(place) == line.stamp and _is_end_of(line.text, text := block.line(place).text):
                return text, is_whole
            is_whole = is_whole or block.stamp(place) <= line.stamp
            place = block.kinds.find(line.stream, place + 1)
    return line.text, is_whole


def _is_end_of(end: bytes, text: bytes) -> bool:
    """Two whole lines may have the same moment, but only a long one can be torn."""
    return end == text or (len(text) > PIECE and (text.endswith(end) or len(text) > LONGEST_LINE))
