"""Writing down what has been done, however long the store is away: otherwise it would be done again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from services.errors import StoreError

log = logging.getLogger(__name__)

PAUSE = 1.0  # seconds between two tries


async def surely(write: Callable[[], Awaitable[None]]) -> None:
    """Returns when it is written. `write` may be called many times: it must read what it changes anew."""
    told = False
    while True:
        try:
            await write()
            return
        except StoreError as error:
            if not told:
                log.warning("what has been told is written down as soon as the store is back: %s", error)
            told = True
            await asyncio.sleep(PAUSE)
