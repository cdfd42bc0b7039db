"""Whether a chat lets us write; while it does not, others are shown its alerts in its stead."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from services.alerts.dispatching import Look
from services.alerts.ledger import Ledger, closed_key, divert, look_at, look_no_more, post_writes
from services.alerts.notices import Notices
from services.alerts.policy import Policy
from services.domain.posts import Destination, Notice, Trouble
from services.ports import Clock, Delete, Put, Write

log = logging.getLogger(__name__)

PROBE_AFTER = timedelta(minutes=10)


class Door:
    """Of one chat. All calls that wait raise StoreError.

    closed: since when it does not let us write. probe_after: so long after that it is tried again, with something new.
    """

    def __init__(
        self, to: Destination, ledger: Ledger, notices: Notices, policy: Policy, clock: Clock, scale: float
    ) -> None:
        """scale: what Telegram's limits are multiplied by, in tests."""
        self._to = to
        self._ledger = ledger
        self._notices = notices
        self._policy = policy
        self._clock = clock
        self.probe_after = PROBE_AFTER * scale
        self.closed: datetime | None = None
        self._untold = False  # admins have not heard of it yet
        self._told: datetime | None = None  # when they last heard
        self._moved = False  # since the last look

    async def load(self) -> None:
        self.closed = await self._ledger.closed_since(self._to)

    def moved(self) -> None:
        """Its group has become a supergroup: what the old id refused says nothing of the new one."""
        self._moved = True

    async def look(self) -> None:
        """Before each step."""
        if self._moved and self.closed:
            log.info("chat %s is tried where its group is now", self._to.key)
            await self._open()
        self._moved = False

    def lets(self, *, news: bool) -> bool:
        """Whether a step may be tried. news: something new waits."""
        return self.closed is None or (news and self._clock.now() - self.closed >= self.probe_after)

    async def refuse(self, why: str) -> None:
        """It did not let us write. Admins hear of it, once in ten minutes should it go to and fro."""
        if self._moved:  # while the step was on its way to the old id
            return
        to, now = self._to, self._clock.now()
        elsewhere = ", ".join(each.key for each in self._policy.instead_of(to))
        await self._ledger.write(Put(closed_key(to), now.isoformat().encode()))
        if self.closed is None:
            log.error("chat %s does not let us write (%s); its alerts go to: %s", to.key, why, elsewhere)
            self._untold = True
        self.closed = now
        if self._untold and (self._told is None or now - self._told >= self.probe_after):
            facts = {"chat": str(to.chat), "why": why[:200], "instead": elsewhere}
            await self._notices.tell(Notice(Trouble.CHAT_CLOSED, now, facts))
            self._untold, self._told = False, now

    async def let(self) -> None:
        """It has let us write."""
        if self.closed:
            log.info("chat %s lets us write again", self._to.key)
            await self._open()

    async def _open(self) -> None:
        await self._look_at_all(Delete(closed_key(self._to)))
        self.closed, self._untold = None, False

    async def _look_at_all(self, *writes: Write) -> None:
        """At each message there: what changed while it was closed is stale. writes: in the same step."""
        now = self._clock.now()
        looks = [look_at(self._to, identity, now) for identity in await self._ledger.posted(self._to)]
        async with self._ledger.turn:
            await self._ledger.write(*writes, *looks)

    async def divert(self, looks: Sequence[Look]) -> bool:
        """What waits for it waits for others from now on; False: there are none."""
        others = self._policy.instead_of(self._to)
        if not others:
            return False
        now = self._clock.now()
        writes: list[Write] = [look_no_more(self._to, look.incident.id) for look in looks]
        identities = [look.incident.id for look in looks]
        async with self._ledger.turn:
            for other in others:
                diverted = await self._ledger.diverted(other, identities)
                posts = await self._ledger.posts(other, identities)
                for look in looks:
                    identity = look.incident.id
                    before = diverted.get(identity, ())
                    keys = tuple(dict.fromkeys((*before, *look.keys)))
                    writes += [divert(other, identity, keys), look_at(other, identity, now)]
                    if keys != before and (post := posts.get(identity)):  # it shows more from now on
                        writes += post_writes(replace(post, shown={}, instead_of=keys), fresh=False)
            await self._ledger.write(*writes)
        return True
