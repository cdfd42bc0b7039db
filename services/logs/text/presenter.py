"""Lines of a log made fit to leave the services: clean, without secrets, with their moment and level."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from services.domain.logs import Block, Line, Stream, moment_of
from services.logs.stream.source import LogSource
from services.logs.text.levels import Inheritance, Level, inherited
from services.logs.text.lines import last_lines
from services.logs.text.region import Region
from services.redaction.lines import judged_alone

_NONE = Block()
# Lines that the first ones may continue, as those of a stack trace do.
_CONTINUED = 20
# In bytes: a millisecond or two, for which a thread would not pay. What stands around costs less than what is judged.
_SMALL, _SMALL_AROUND = 8192, 32 * 2**10

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ShownLine:
    """`text`: one line, as it was written but for what is taken away or hidden (`•••`)."""

    host: str
    name: str
    stamp: bytes
    stream: Stream
    text: str
    level: Level | None = None

    @property
    def at(self) -> datetime:
        return moment_of(self.stamp)


@dataclass(frozen=True, slots=True)
class Presented:
    """`withheld`: there was too much to judge, and the oldest lines are one line `•••`."""

    lines: tuple[ShownLine, ...]
    withheld: bool = False


class Presenter:
    """Whoever makes one closes it. Of one thread: several would keep the event loop from the interpreter."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "presenting")

    def close(self) -> None:
        """Waits for no thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def present(
        self, source: LogSource, block: Block, before: Block = _NONE, after: Block = _NONE
    ) -> Presented:
        """All lines of the block at once, in their surroundings: see `Region`. Block: some MB at most."""
        small = len(block.text) <= _SMALL and len(before.text) + len(after.text) <= _SMALL_AROUND
        return await self._done(small, presented, source, block, before, after)

    async def around(
        self, source: LogSource, before: Block, block: Block, after: Block, numbers: Sequence[int]
    ) -> list[str]:
        """These lines of the block, without what others say is secret; `alone` makes them fit to be shown."""
        small = sum(len(each.text) for each in (before, block, after)) <= _SMALL_AROUND
        return await self._done(small, _around, source, before, block, after, numbers)

    async def alone(self, source: LogSource, lines: Sequence[Line], texts: Sequence[str]) -> Presented:
        """texts: of these lines, as `around` gave them."""
        return await self._done(sum(map(len, texts)) <= _SMALL, _alone, source, lines, texts)

    async def levels(self, block: Block, before: Inheritance) -> list[Level | None]:
        """Of each line of the block, which follows what `before` has seen. For choosing lines; nothing is hidden."""
        return await self._done(False, _levels, block, before)

    async def _done(self, small: bool, work: Callable[..., T], *args: object) -> T:
        if small:
            return work(*args)
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)


def presented(source: LogSource, block: Block, before: Block = _NONE, after: Block = _NONE) -> Presented:
    """See `Presenter`, which has a thread for it."""
    region, first = Region.of(before, block, after), len(before)
    above = range(max(first - _CONTINUED, 0), first)
    texts = region.judged_around([*above, *range(first, first + len(block))], source.hidden)
    shown = list(texts.values())
    return _alone(source, block.lines(), shown[len(above) :], shown[: len(above)])


def _around(
    source: LogSource, before: Block, block: Block, after: Block, numbers: Sequence[int]
) -> list[str]:
    region, first = Region.of(before, block, after), len(before)
    return list(region.judged_around([first + number for number in numbers], source.hidden).values())


def _alone(
    source: LogSource, lines: Sequence[Line], texts: Sequence[str], above: Sequence[str] = ()
) -> Presented:
    """above: lines before, which the first ones may continue."""
    if not lines:
        return Presented(())
    found = judged_alone(texts, source.hidden)
    shown = found.text.split("\n")
    first = len(lines) - len(shown)  # those before it are withheld
    levels = list(inherited([*above, *shown]))[len(above) :]
    host = source.engine.host
    return Presented(
        tuple(
            ShownLine(host, source.name, line.stamp, line.stream, text, level)
            for line, text, level in zip(lines[first:], shown, levels, strict=True)
        ),
        found.withheld,
    )


def _levels(block: Block, before: Inheritance) -> list[Level | None]:
    return [before.level(text) for text in last_lines(block.text, len(block))]
