"""A sign of life to a service outside, which rings when it stays away: given only while alerts really go out."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx

from services.errors import StoreError
from services.http import FOREIGN

log = logging.getLogger(__name__)

EACH = 30.0  # seconds
DEADLINE = 5.0  # seconds
STALE = timedelta(seconds=60)

Oldest = Callable[[], Awaitable[timedelta | None]]
Sleep = Callable[[float], Awaitable[None]]


class Heartbeat:
    """`oldest_undelivered`: how long the oldest alert has been waiting to be shown, None when none does.

    The URL is a secret: it is in no log line.
    """

    def __init__(self, url: str, oldest_undelivered: Oldest, *, sleep: Sleep = asyncio.sleep) -> None:
        self._url = url
        self._oldest = oldest_undelivered
        self._sleep = sleep
        self._trouble = ""

    async def run(self) -> None:
        """Until cancelled."""
        async with httpx.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(None),
            headers={"user-agent": "vakhta"},
        ) as client:
            while True:
                self._note(await self._withheld() or await self._beat(client))
                await self._sleep(EACH)

    async def _withheld(self) -> str:
        """Why there is to be no sign now, or ""."""
        try:
            async with asyncio.timeout(DEADLINE):
                age = await self._oldest()
        except (StoreError, TimeoutError):
            return "the store does not answer"
        return "an alert has waited for more than a minute" if age is not None and age >= STALE else ""

    async def _beat(self, client: httpx.AsyncClient) -> str:
        """What went wrong, or ""."""
        try:
            # The answer's body is of no use, however long it may be.
            async with asyncio.timeout(DEADLINE), client.stream("GET", self._url) as response:
                return "" if response.is_success else f"answered {response.status_code}"
        except TimeoutError:
            return f"no answer within {DEADLINE:.0f} s"
        except FOREIGN as error:
            return type(error).__name__

    def _note(self, trouble: str) -> None:
        """Once for each change."""
        if trouble == self._trouble:
            return
        if trouble:
            log.warning("no heartbeat: %s", trouble)
        else:
            log.info("heartbeats again")
        self._trouble = trouble
