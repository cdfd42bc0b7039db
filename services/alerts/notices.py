"""What the admins are told, each privately: durable until it has been said."""

import asyncio
import logging
from datetime import datetime, timedelta
from functools import partial

from services.alerts.surely import surely
from services.domain.posts import Destination, Notice, Trouble
from services.errors import ChatClosed, DeliveryError, NotDelivered, StoreError
from services.ports import Clock, Due, Notifier, Schedule, Store, Unschedule, Write
from services.store.records import Codec

log = logging.getLogger(__name__)

QUEUE = "notices"
# Of these the latest is told, and then no other for a while: somebody may cause them by the hundred.
REPEATED = frozenset({Trouble.UNDECODABLE, Trouble.REFUSED, Trouble.STUMBLED})
REPEATED_APART = timedelta(minutes=10)
AGAIN_AFTER = timedelta(minutes=1)
_AT_ONCE = 20
_IDLE = 30.0


class Notices:
    """A notice of the same kind with the same facts replaces one that still waits."""

    def __init__(
        self, store: Store, notifier: Notifier, admins: tuple[Destination, ...], clock: Clock
    ) -> None:
        self._store = store
        self._notifier = notifier
        self._admins = admins
        self._clock = clock
        self._codec = Codec(Notice)
        self._woken = asyncio.Event()
        self._stopping = False
        self._busy = asyncio.Lock()
        self._told: dict[Trouble, datetime] = {}  # when the next one of its kind may be told

    async def tell(self, notice: Notice, only: int | None = None) -> None:
        """Never raises: what cannot be kept is in the log. only: the one admin to whom it is told."""
        log.warning("admins are told: %s %s", notice.trouble, dict(notice.facts))
        again = notice.trouble in REPEATED
        facts = (
            "" if again else ";".join(f"{name}={value}" for name, value in sorted(notice.facts.items()))[:200]
        )
        value, due = self._codec.pack(notice), self._clock.now()
        slot = self._told.get(notice.trouble)
        if again and (slot is None or slot <= due):
            self._told[notice.trouble] = due + REPEATED_APART
        elif again and slot is not None:
            due = slot
        try:
            await self._store.write(
                *(
                    Schedule(QUEUE, f"{admin.chat}/{notice.trouble}/{facts}", value, due)
                    for admin in self._admins
                    if only in (None, admin.chat)
                )
            )
        except StoreError:
            log.exception("a notice could not be kept")
        self._woken.set()

    async def drain(self) -> None:
        """Begin nothing more, and let what is on its way be recorded."""
        self._stopping = True
        async with self._busy:
            pass

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._woken.clear()
            try:
                while await self._round() == _AT_ONCE:
                    pass
            except StoreError:
                log.exception("notices wait: the store does not work")
            try:
                async with asyncio.timeout(_IDLE):
                    await self._woken.wait()
            except TimeoutError:
                pass

    async def _round(self) -> int:
        """How many were due."""
        rows = await self._store.due(QUEUE, now=self._clock.now(), limit=_AT_ONCE)
        for due in rows:
            async with self._busy:
                if not self._stopping:
                    await surely(partial(self._write, await self._after_telling(due)))
        return len(rows)

    async def _after_telling(self, due: Due) -> Write:
        """What becomes of it in the queue."""
        admin = int(due.key.partition("/")[0])
        try:
            await self._notifier.tell(admin, self._codec.unpack(due.value))
        except NotDelivered:
            return Schedule(QUEUE, due.key, due.value, self._clock.now() + AGAIN_AFTER)
        except ChatClosed:
            log.warning("admin %s cannot be told: he has not started the bot, or has blocked it", admin)
        except DeliveryError as error:
            log.warning("a notice was refused: %s", error)
        return Unschedule(QUEUE, due.key)

    async def _write(self, write: Write) -> None:
        await self._store.write(write)
