"""Channels opened ahead, so that a question goes out at once instead of one round trip later."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NoReturn

from services.errors import HostSilent
from services.fleet.streams import Channel

# A page of a log asks two things at once.
MOST = 2
# In seconds. Opening one waits until what one was taken for is answered, and nobody waits for it.
_PAUSE, _DEADLINE = 0.02, 3.0


class Spares:
    """Filled up again whenever somebody has taken one, and never by themselves: a silent night costs nothing.

    An engine hangs up after some minutes on whoever asks nothing, so that one of them may have ended meanwhile. That
    may become known only by asking.
    """

    def __init__(self, open_channel: Callable[[], Awaitable[Channel]], most: int = MOST) -> None:
        """`open_channel` may raise HostSilent."""
        self._open, self._most = open_channel, most
        self._channels: deque[Channel] = deque()
        self._wanted = asyncio.Event()

    def take(self) -> Channel | None:
        """The newest; it may have ended. None where none is left, which is so at first."""
        self._wanted.set()
        while self._channels:
            channel = self._channels.pop()
            if not channel.ended:
                return channel
            channel.close()
        return None

    def drop(self) -> None:
        """The contact is over, and so are they."""
        while self._channels:
            self._channels.pop().close()

    async def keep(self) -> NoReturn:
        """Fill up whenever it is wanted."""
        try:
            while True:
                await self._wanted.wait()
                await asyncio.sleep(_PAUSE)
                self._wanted.clear()
                with suppress(HostSilent, TimeoutError):
                    async with asyncio.timeout(_DEADLINE):
                        while len(self._channels) < self._most:
                            self._channels.append(await self._open())
        finally:
            self.drop()
