"""What must be had of the store, however long it is away: what was done and not written down would be done again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from services.errors import StoreError

log = logging.getLogger(__name__)

PAUSE = 1.0  # seconds between two tries

T = TypeVar("T")


async def surely(act: Callable[[], Awaitable[T]]) -> T:
    """Its answer, once the store gives one. `act` may be called many times: it must read what it changes anew."""
    told = False
    while True:
        try:
            return await act()
        except StoreError as error:
            if not told:
                log.warning("what is to be read or written down waits until the store is back: %s", error)
            told = True
            await asyncio.sleep(PAUSE)
