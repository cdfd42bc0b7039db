"""Turns: very many hosts are spoken to one after the other, not all in the same moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """`count` at a time. A turn is over when it is left, or after `longest` seconds: whoever takes longer goes on,
    but waits for an answer rather than for this process, and keeps nobody else from his turn."""

    def __init__(self, count: int, longest: float) -> None:
        self._free = asyncio.Semaphore(count)
        self._longest = longest

    @property
    def all_taken(self) -> bool:
        return self._free.locked()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        await self._free.acquire()
        turn = _Turn(self._free)
        timer = asyncio.get_running_loop().call_later(self._longest, turn.end)
        try:
            yield
        finally:
            timer.cancel()
            turn.end()


class _Turn:
    def __init__(self, free: asyncio.Semaphore) -> None:
        self._free: asyncio.Semaphore | None = free

    def end(self) -> None:
        """Once is enough."""
        if self._free:
            self._free.release()
            self._free = None
