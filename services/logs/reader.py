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
from services.logs.redaction import HIDDEN
from services.ports import Clock, Engine

READ_DEADLINE = 20.0
# A read never holds more than this; beyond it the oldest bytes are dropped and the page says so.
MOST_BYTES = 4 * 2**20
# Pages that are read and cleaned at a time; each may hold some ten times MOST_BYTES while it is cleaned.
MOST_PAGES = 2
# Bytes of a stored piece of a line that is not its last one (dockerd's copier).
PIECE = 16 * 2**10
# Drivers that the engine can read back (Docker documents json-file, local and journald).
_UNREADABLE_DRIVERS = frozenset({"none"})


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
        details = await engine.inspect(container.id)
        if details.log_driver in _UNREADABLE_DRIVERS:
            raise LogsUnreadable(container.host, container.name, details.log_driver)
        async with self._pages:
            cleaned, cut = await self._cleaned(engine, details, lines)
        return LogPage(container, cleaned, lines, self._clock.now(), cut)

    async def excerpt(self, engine: Engine, details: Details, lines: int) -> tuple[str, ...]:
        """The newest `lines` lines for nobody in particular: who may see them is decided where they are shown.

        Nothing where the log cannot be read back. Raises HostError.
        """
        if details.log_driver in _UNREADABLE_DRIVERS:
            return ()
        async with self._excerpts:
            return (await self._cleaned(engine, details, lines))[0]

    async def _cleaned(self, engine: Engine, details: Details, lines: int) -> tuple[tuple[str, ...], bool]:
        raw, cut = await self._newest(engine, details, lines)
        cleaning = asyncio.get_running_loop().run_in_executor(self._cleaning, presentable_lines, raw, lines)
        cleaned, withheld = await cleaning
        return cleaned, cut or withheld

    async def _newest(self, engine: Engine, details: Details, lines: int) -> tuple[bytes, bool]:
        """At least the newest `lines` lines whole, as far as there are so many, and whether some were dropped.

        The engine stores a long line in pieces and its `tail` counts pieces. One line more than asked for
        proves that the oldest one asked for is whole; short answers cannot hold a broken line.
        """
        tail, before = lines + 1, -1
        while True:
            raw, cut = await self._read(engine, details, tail)
            held = raw.count(b"\n") + (not raw.endswith(b"\n"))
            if cut:
                return raw or HIDDEN.encode(), not raw or held < lines
            if held > lines or len(raw) < PIECE or len(raw) == before:
                return raw, False
            tail, before = tail * 8, len(raw)

    async def _read(self, engine: Engine, details: Details, tail: int) -> tuple[bytes, bool]:
        window = bytearray()
        cut = False
        async for buffer in engine.logs(details.id, tail=tail, tty=details.tty, deadline=READ_DEADLINE):
            window += buffer
            if len(window) > MOST_BYTES:
                del window[:-MOST_BYTES]
                cut = True
        # The first line may be broken, and what is left of a secret no longer looks like one.
        return bytes(window.partition(b"\n")[2] if cut else window), cut
