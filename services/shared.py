"""What takes an outside long to find out, found out once for all who ask meanwhile."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """One question a subject at a time. Whoever asks while it is under way waits, and then all of them share the next
    answer: none is older than its question, and any number of presses costs two."""

    def __init__(self) -> None:
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._known: dict[str, tuple[float, T]] = {}

    async def answer(self, about: str, ask: Callable[[], Awaitable[T]]) -> T:
        now = asyncio.get_running_loop().time
        asked = now()
        async with self._turns[about]:
            if (known := self._known.get(about)) and known[0] >= asked:
                return known[1]
            began = now()
            found = await ask()
            self._known[about] = began, found
            return found
