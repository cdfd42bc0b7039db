"""The alert that always fires: while it comes, the way from Prometheus to here is open. When it stops, we say so."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.domain.posts import Notice, Trouble
from services.errors import StoreError
from services.ports import Clock, Put, Store
from services.store.records import Codec

log = logging.getLogger(__name__)

KEY = "watchdog"
PATIENCE = timedelta(minutes=5)
FIRST_WITHIN = timedelta(minutes=10)  # of the day the bot was set up: nobody has all running at once
WRITTEN_EACH = timedelta(seconds=30)
LOOKS_EACH = 5.0  # seconds

Tell = Callable[[Notice], Awaitable[None]]
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Heard:
    """set_up: when it was first waited for. last: when it came last. missed: the admins know that it does not come."""

    set_up: datetime
    last: datetime | None = None
    missed: bool = False


_codec = Codec(Heard)


def is_missing(
    known: Heard, started: datetime, now: datetime, patience: timedelta, *, expected: bool
) -> bool:
    """`started`: of this run, before which nothing could be heard. `expected`: even though it never came."""
    if known.last is not None:
        return now - max(known.last, started) >= patience
    return expected and now - known.set_up >= FIRST_WITHIN and now - started >= patience


class Watchdog:
    """`name`: the alert's; "" turns this off. `expected`: there is an Alertmanager in the settings."""

    def __init__(
        self,
        name: str,
        store: Store,
        clock: Clock,
        tell: Tell,
        *,
        expected: bool,
        patience: timedelta = PATIENCE,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._name = name
        self._store = store
        self._clock = clock
        self._tell = tell
        self._expected = expected
        self._patience = patience
        self._sleep = sleep
        self._last: datetime | None = None  # in this run
        self._known: Heard | None = None
        self._written: datetime | None = None

    async def heard(self, at: datetime | None = None) -> None:
        """It has come (now, when not told). Never raises; what is to follow is done by `run`."""
        self._last = at or self._clock.now()

    async def run(self) -> None:
        """Until cancelled."""
        if not self._name:
            return
        started = self._clock.now()
        while True:
            try:
                await self._look(started)
            except StoreError:
                log.exception("the watchdog's memory cannot be kept")
            await self._sleep(LOOKS_EACH)

    async def _look(self, started: datetime) -> None:
        now = self._clock.now()
        known = self._known or await self._remembered(now)
        if self._last and (known.last is None or self._last > known.last):
            known = replace(known, last=self._last)
        missing = is_missing(known, started, now, self._patience, expected=self._expected)
        # What an earlier run missed is not back before this one has heard it.
        turned = missing != known.missed and (missing or self._last is not None)
        # Kept before it is told: a crash between the two tells nothing, rather than the same again and again.
        due = self._written is None or now - self._written >= WRITTEN_EACH
        if turned or (due and known != self._known):
            known = replace(known, missed=missing if turned else known.missed)
            await self._store.write(Put(KEY, _codec.pack(known)))
            self._written = now
            self._known = known
        if turned:
            await self._say(known, now)

    async def _remembered(self, now: datetime) -> Heard:
        value = await self._store.get(KEY)
        return Heard(now) if value is None else _codec.unpack(value)

    async def _say(self, known: Heard, now: datetime) -> None:
        facts = {"name": self._name}
        if known.missed and known.last:
            facts["since"] = known.last.isoformat()
        trouble = Trouble.WATCHDOG if known.missed else Trouble.WATCHDOG_BACK
        await self._tell(Notice(trouble, now, facts))
