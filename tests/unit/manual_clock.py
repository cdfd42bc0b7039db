"""A simulation's time that goes by when a test says so."""

import asyncio
import heapq
from itertools import count

from playground.engine.clock import SECOND

_BEGINNING = 1_795_600_000 * SECOND
# Turns of the loop after which everybody who was woken has done what he does without waiting.
_TURNS = 100


class ManualClock:
    def __init__(self) -> None:
        self._now = _BEGINNING
        self._numbers = count()
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []

    def now(self) -> int:
        self._now += 1
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + int(seconds * SECOND), next(self._numbers), future))
        await future

    async def advance(self, seconds: float) -> None:
        """Everybody who sleeps no longer than that is woken, in order, at his own moment."""
        await _settle()
        end = self._now + int(seconds * SECOND)
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, future = heapq.heappop(self._sleepers)
            self._now = max(self._now, due)
            if not future.done():
                future.set_result(None)
                await _settle()
        self._now = max(self._now, end)


async def _settle() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)
