"""Lines of a log made fit to leave the services: clean, without secrets, with their moment and level."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from services.domain.logs import Block, Stream, moment_of
from services.logs.stream.source import LogSource
from services.logs.text.levels import Inheritance, Level, inherited
from services.logs.text.lines import last_lines
from services.redaction.lines import judged

# In bytes: a millisecond or two, for which a thread would not pay.
_SMALL = 8192


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

    async def present(self, source: LogSource, block: Block) -> Presented:
        """All lines of the block at once, for a private key spans lines. Block: some MB at most."""
        if len(block.text) <= _SMALL:
            return presented(source, block)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, presented, source, block)

    async def levels(self, block: Block, before: Inheritance) -> list[Level | None]:
        """Of each line of the block, which follows what `before` has seen. For choosing lines; nothing is hidden."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, _levels, block, before)


def presented(source: LogSource, block: Block) -> Presented:
    """See `Presenter`, which has a thread for it."""
    if not block:
        return Presented(())
    found = judged(last_lines(block.text, len(block)), source.hidden)
    texts: Sequence[str] = found.text.split("\n")
    first = len(block) - len(texts)  # those before it are withheld
    host = source.engine.host
    lines = (
        ShownLine(host, source.name, block.stamp(n), Stream(block.kinds[n]), text, level)
        for n, (text, level) in enumerate(zip(texts, inherited(texts), strict=True), first)
    )
    return Presented(tuple(lines), found.withheld)


def _levels(block: Block, before: Inheritance) -> list[Level | None]:
    return [before.level(text) for text in last_lines(block.text, len(block))]
