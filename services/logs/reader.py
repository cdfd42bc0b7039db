"""The newest lines of a container's log, clean and redacted: what may leave the service."""

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from services.domain.access import Actor
from services.domain.containers import Container, ContainerKey
from services.errors import LogsUnreadable
from services.fleet.fleet import Fleet
from services.logs.lines import last_lines
from services.logs.redaction import redact
from services.ports import Clock

READ_DEADLINE = 20.0
# A read never holds more than this; beyond it the oldest bytes are dropped and the page says so.
MOST_BYTES = 32 * 2**20
# Drivers that the engine can read back (Docker documents json-file, local and journald).
_UNREADABLE_DRIVERS = frozenset({"none"})


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines oldest first, at most `asked`. `cut`: even older ones were dropped because they were too large."""

    container: Container
    lines: tuple[str, ...]
    asked: int
    at: datetime
    cut: bool = False


class LogReader:
    """Reading is a viewer's right on whatever is in scope; `Fleet.find` sees to the scope."""

    def __init__(self, fleet: Fleet, clock: Clock) -> None:
        self._fleet = fleet
        self._clock = clock

    async def tail(self, what: str | ContainerKey, lines: int, *, by: Actor) -> LogPage:
        """Exactly the newest `lines` lines. Raises what `Fleet.find` and the engine raise, and LogsUnreadable."""
        container = await self._fleet.find(what, by=by)
        engine = self._fleet.engine(container.host)
        details = await engine.inspect(container.id)
        if details.log_driver in _UNREADABLE_DRIVERS:
            raise LogsUnreadable(container.host, container.name, details.log_driver)
        window: deque[bytes] = deque()
        held = 0
        cut = False
        stream = engine.logs(container.id, tail=lines, tty=details.tty, deadline=READ_DEADLINE)
        async for buffer in stream:
            window.append(buffer)
            held += len(buffer)
            while held > MOST_BYTES:
                held -= len(window.popleft())
                cut = True
        # The scan lets go of the interpreter, the decoding does not: a thread keeps the loop free either way.
        cleaned = await asyncio.to_thread(_clean, b"".join(window), lines)
        return LogPage(container, cleaned, lines, self._clock.now(), cut)


def _clean(raw: bytes, lines: int) -> tuple[str, ...]:
    """Redaction sees the whole text at once: a private key spans lines."""
    text = "\n".join(last_lines(raw, lines))
    return tuple(redact(text).split("\n")) if text else ()
