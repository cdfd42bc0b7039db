"""A watch that stumbles over something unforeseen begins anew, and the admins are told: one odd certificate must not
end the watch over all others, nor the bot."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NoReturn

from services.domain.posts import Notice, Trouble
from services.ports import Clock

log = logging.getLogger(__name__)

PAUSE = 60.0  # seconds


async def supervised(
    name: str,
    work: Callable[[], Awaitable[object]],
    tell: Callable[[Notice], Awaitable[None]],
    clock: Clock,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> NoReturn:
    """Until cancelled. tell: that of `Notices`, which never raises."""
    while True:
        try:
            await work()
        except Exception as defect:
            log.exception("the watch over %s stumbled in an unforeseen way and begins anew", name)
            await tell(Notice(Trouble.STUMBLED, clock.now(), {"watch": name, "why": _kind(defect)}))
        await sleep(PAUSE)


def _kind(defect: BaseException) -> str:
    """Its name alone: what it says may hold anything."""
    while isinstance(defect, BaseExceptionGroup):
        defect = defect.exceptions[0]
    return type(defect).__name__
