"""The newest lines of a container's log, clean and redacted: what may leave the service."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from services.domain.access import Actor
from services.domain.containers import Container, ContainerKey, Details
from services.errors import LogsUnreadable
from services.fleet.fleet import Fleet
from services.logs.presentable import presentable_lines
from services.logs.source import LogSource
from services.logs.windows import Backwards
from services.ports import Clock, Engine

READ_DEADLINE = 20.0
# A read never holds more than this; beyond it the oldest bytes are dropped and the page says so.
MOST_BYTES = 4 * 2**20
# Pages that are read and cleaned at a time; each may hold some ten times MOST_BYTES while it is cleaned.
MOST_PAGES = 2


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines oldest first, at most `asked`. `cut`: even older ones were dropped because they were too large.

    Of what was too large to be judged as well, a first line `•••` is left.
    """

    container: Container
    lines: tuple[str, ...]
    asked: int
    at: datetime
    cut: bool = False


class LogReader:
    """Reading is a viewer's right on whatever is in scope; `Fleet.find` sees to the scope.

    Whoever makes one closes it.
    """

    def __init__(self, fleet: Fleet, clock: Clock) -> None:
        self._fleet = fleet
        self._clock = clock
        self._pages = asyncio.Semaphore(MOST_PAGES)
        self._excerpts = asyncio.Semaphore(MOST_PAGES)  # nobody's long page holds up an alert's evidence
        # Of its own: the event loop's serves all others. One: several would keep the loop from the interpreter.
        self._cleaning = ThreadPoolExecutor(1, "logs")

    def close(self) -> None:
        """Waits for no thread."""
        self._cleaning.shutdown(wait=False, cancel_futures=True)

    async def tail(self, what: str | ContainerKey, lines: int, *, by: Actor) -> LogPage:
        """Exactly the newest `lines` lines. Raises what `Fleet.find` and the engine raise, and LogsUnreadable."""
        container = await self._fleet.find(what, by=by)
        engine = self._fleet.engine(container.host)
        source = LogSource.of(engine, container.name, await engine.inspect(container.id))
        async with self._pages:
            cleaned, cut = await self._cleaned(source, lines)
        return LogPage(container, cleaned, lines, self._clock.now(), cut)

    async def excerpt(self, engine: Engine, details: Details, lines: int) -> tuple[str, ...]:
        """The newest `lines` lines for nobody in particular: who may see them is decided where they are shown.

        Nothing where the log cannot be read back. Raises HostError.
        """
        try:
            source = LogSource.of(engine, "", details)
        except LogsUnreadable:
            return ()
        async with self._excerpts:
            return (await self._cleaned(source, lines))[0]

    async def _cleaned(self, source: LogSource, lines: int) -> tuple[tuple[str, ...], bool]:
        raw, cut = await _newest(source, lines)
        cleaning = asyncio.get_running_loop().run_in_executor(self._cleaning, presentable_lines, raw, lines)
        cleaned, withheld = await cleaning
        return cleaned, cut or withheld


async def _newest(source: LogSource, lines: int) -> tuple[bytes, bool]:
    """At least the newest `lines` lines, as far as there are so many, and whether some were dropped."""
    walk = Backwards(source)
    found = b""
    cut = False
    while not walk.exhausted and not cut and found.count(b"\n") < lines:
        window = bytearray()
        async for block in walk.window(lines, deadline=READ_DEADLINE):
            window += block.text
            if len(window) > MOST_BYTES:
                # The first line may be broken, and what is left of a secret no longer looks like one.
                del window[: window.find(b"\n", len(window) - MOST_BYTES) + 1]
                cut = True
        found = bytes(window) + found
    return found, cut and found.count(b"\n") < lines
