"""The time of a simulation: nanoseconds since 1970, and waiting in it."""

import asyncio
import time
from typing import Protocol

SECOND = 1_000_000_000
FOREVER = 1 << 63


class Clock(Protocol):
    def now(self) -> int:
        """Later than every moment told before, by a nanosecond at least."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class WallClock:
    """That of the machine."""

    def __init__(self) -> None:
        self._last = 0

    def now(self) -> int:
        self._last = max(time.time_ns(), self._last + 1)
        return self._last

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0))


class Pulse:
    """Wakes those who wait for something to change."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[asyncio.Future[None]] = []

    def beat(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            _wake(future)

    async def next(self, seconds: float | None = None) -> None:
        """Until the next beat, or for so many seconds: look what is true then."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            if seconds is None:
                await future
                return
            async with asyncio.TaskGroup() as group:
                sleeping = group.create_task(self._clock.sleep(seconds))
                sleeping.add_done_callback(lambda _: _wake(future))
                await future
                sleeping.cancel()
        finally:
            if future in self._waiting:
                self._waiting.remove(future)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
