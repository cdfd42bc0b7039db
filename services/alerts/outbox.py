"""The outbox: brings each chat to the present state of its incidents, one step at a time, and keeps what was shown.

A worker for each destination, so none waits for another. Killed at any moment, it goes on from the store; the one
message that was on its way then may arrive twice.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from services.alerts import dispatching
from services.alerts.bulletins import Bulletins
from services.alerts.delivery import Delivery, Posted, nobody
from services.alerts.dispatching import Look, Need, Step
from services.alerts.door import Door
from services.alerts.incidents import tallied
from services.alerts.ledger import Ledger, look_at, look_no_more, queue_of
from services.alerts.notices import Notices
from services.alerts.policy import Policy
from services.domain.alerts import Incident, Tally
from services.domain.posts import Destination, Notice, Post, Trouble
from services.errors import ChatClosed, MessageLost, MessageRefused, NotDelivered, StoreError
from services.ports import Clock, Notifier, Store, Write

log = logging.getLogger(__name__)

AT_ONCE = 2000  # incidents looked at together
IDLE = 30.0  # seconds after which a worker looks again though nobody has woken it
PAUSE = 1.0  # while the store does not work
BACK_OFF = (0.5, 30.0)  # seconds: the first pause after a failed delivery, and the longest
OUTCOMES = ("made", "retried", "closed", "lost", "refused", "broken")  # of a step
_FAR = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Lane:
    """What a worker remembers of its chat. busy: a step is on its way."""

    door: Door
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    recent: deque[datetime] = field(default_factory=lambda: deque(maxlen=len(dispatching.SPACING)))
    busy: asyncio.Future[None] | None = None
    failures: int = 0
    oldest: datetime | None = None  # when the oldest of what it has not shown yet was received
    waiting: int = 0  # how many it has not shown yet


class Outbox:
    """scale: what Telegram's limits are multiplied by, in tests. posted: see `Delivery`.

    outcomes: how often a step came to which end.
    """

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        notifier: Notifier,
        notices: Notices,
        policy: Policy,
        clock: Clock,
        *,
        scale: float = 1,
        posted: Posted = nobody,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._notices = notices
        self._policy = policy
        self._clock = clock
        self._scale = scale
        self._delivery = Delivery(ledger, notifier, Bulletins(ledger, policy, scale), clock, posted)
        self._stopping = False
        self.outcomes = Counter(dict.fromkeys(OUTCOMES, 0))
        self._lanes = {to: _Lane(Door(to, ledger, notices, policy, clock, scale)) for to in policy.everywhere}

    def wake(self) -> None:
        """There may be something to tell."""
        for lane in self._lanes.values():
            lane.woken.set()

    def moved(self, chat: int) -> None:
        """The group that the settings call `chat` has another id from now on."""
        for to, lane in self._lanes.items():
            if to.chat == chat:
                lane.door.moved()
                lane.woken.set()

    @property
    def waiting(self) -> int:
        """What chats have yet to be shown, as of the workers' last look."""
        return sum(lane.waiting for lane in self._lanes.values())

    @property
    def oldest_waiting(self) -> datetime | None:
        """When the oldest alert that no chat has been shown yet was received, as of the workers' last look."""
        lanes = self._lanes.values()
        # A chat that is closed has others in its stead, unless all are.
        counted = [lane for lane in lanes if not lane.door.closed] or list(lanes)
        return min((lane.oldest for lane in counted if lane.oldest), default=None)

    async def drain(self) -> None:
        """Begin nothing more, and let what is on its way arrive and be recorded, so that it does not go twice."""
        self._stopping = True
        self.wake()
        busy = {lane.busy for lane in self._lanes.values() if lane.busy}
        if busy:
            await asyncio.wait(busy)

    async def run(self) -> None:
        """Until cancelled, or drained."""
        async with asyncio.TaskGroup() as group:
            for to in self._lanes:
                group.create_task(self._serve(to), name=f"outbox {to.key}")

    async def _serve(self, to: Destination) -> None:
        lane = self._lanes[to]
        loaded = False
        while not self._stopping:
            lane.woken.clear()
            try:
                if not loaded:
                    await lane.door.load()
                    loaded = True
                wait = await self._round(to, lane)
            except StoreError:
                log.exception("%s waits: the store does not work", to.key)
                wait = PAUSE
            if wait <= 0:
                await asyncio.sleep(0)
            elif lane.failures:  # what Telegram asks for is not shortened by news
                await asyncio.sleep(wait)
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(wait, IDLE)):
                        await lane.woken.wait()

    async def _round(self, to: Destination, lane: _Lane) -> float:
        """One step; the seconds until the next one may be due."""
        await lane.door.look()
        now = self._clock.now()
        rows = await self._store.due(queue_of(to), now=now, limit=AT_ONCE)
        if not rows:
            lane.oldest, lane.waiting = None, 0
            following = await self._store.due(queue_of(to), now=_FAR, limit=1)
            return (following[0].due - now).total_seconds() if following else IDLE
        looks = await self._looks(to, [row.key for row in rows], now)
        fresh = [look for look in looks if look.need in (Need.NEW, Need.NEW_OVER)]
        lane.oldest = min((look.incident.received for look in fresh), default=None)
        lane.waiting = len(fresh)
        if not lane.door.lets(news=bool(fresh)):
            if not await lane.door.divert([part for look in looks for part in look.all]):
                return lane.door.probe_after.total_seconds()
            self.wake()
            return 0
        step = dispatching.choose(looks, lane.recent, now, self._scale)
        if isinstance(step, datetime):
            known = {row.key for row in rows}  # what comes due before then is not among those looked at
            later = await self._store.due(queue_of(to), now=step, limit=AT_ONCE)
            step = min([step, *(row.due for row in later if row.key not in known)])
            return (step - now).total_seconds()
        return await self._carry_out(to, lane, step, now)

    async def _looks(self, to: Destination, identities: Sequence[str], now: datetime) -> list[Look]:
        """What is to be done there; what has nothing to tell is put off, or off the queue, in the same turn."""
        async with self._ledger.turn:
            posts = await self._ledger.posts(to, identities)
            wanted = {part for post in posts.values() for part in post.incidents}
            incidents = await self._ledger.incidents([*identities, *sorted(wanted - {*identities})])
            diverted = await self._ledger.diverted(to, list(incidents))
            looks: list[Look] = []
            writes: list[Write] = []
            seen: set[str] = set()
            for identity in identities:
                post = posts.get(identity)
                if post and post.id in seen:  # the digest has been looked at as a whole
                    writes.append(look_no_more(to, identity))
                    continue
                stands = post is not None and post.message is not None
                members = post.incidents if post and stands else (identity,)
                bare = [
                    await self._bare(to, each, post, diverted.get(each.id, ()))
                    for member in members
                    if (each := incidents.get(member))
                ]
                if not bare:
                    writes.append(look_no_more(to, identity))
                    continue
                if post and stands:
                    seen.add(post.id)
                found = dispatching.look(
                    dispatching.combined(bare) if len(bare) > 1 else bare[0],
                    remind=self._policy.remind,
                    now=now,
                    scale=self._scale,
                )
                looks.append(found)
                if found.need is None:
                    later = look_at(to, identity, found.at) if found.at else look_no_more(to, identity)
                    writes.append(later)
            if writes:
                await self._ledger.write(*writes)
        return looks

    async def _bare(
        self, to: Destination, incident: Incident, post: Post | None, diverted: Sequence[str]
    ) -> Look:
        """`diverted`: the keys of closed chats in whose stead it is shown here, beside what this one takes."""
        keys = tuple(key for key in dict.fromkeys((to.key, *diverted)) if key in incident.tallies)
        if len(keys) < 2:
            tally = incident.tallies[keys[0]] if keys else Tally()
        else:
            tally = Tally()
            async for alert in self._ledger.alerts(incident.id):
                if any(self._policy.sends(alert, key) for key in keys):
                    tally = tallied(tally, None, alert, incident.covered)
        return Look(incident, tally, post, keys=keys)

    async def _carry_out(self, to: Destination, lane: _Lane, step: Step, now: datetime) -> float:
        """0: go on at once."""
        if self._stopping:
            return 0
        lane.busy = asyncio.get_running_loop().create_future()
        try:
            if await self._delivery.carry_out(to, step, now):
                lane.recent.append(now)
        except NotDelivered as failure:
            lane.failures += 1
            self.outcomes["retried"] += 1
            first, longest = BACK_OFF
            pause = min(first * 2.0 ** min(lane.failures - 1, 10), longest) * self._scale
            log.info("%s: tried again in %.1f s: %s", to.key, max(pause, failure.after), failure)
            return max(pause, failure.after)
        except ChatClosed as closed:
            lane.failures = 0
            self.outcomes["closed"] += 1
            await lane.door.refuse(closed.detail)
        except MessageLost as lost:
            lane.failures = 0
            self.outcomes["lost"] += 1
            log.info("%s: a message is there no more, the next one takes its place: %s", to.key, lost)
            await self._delivery.forget(step)
        except MessageRefused as refused:
            lane.failures = 0
            self.outcomes["refused"] += 1
            log.warning("%s refused a message as it was: %s", to.key, refused)
            await self._give_up(to, step, refused.detail)
        except StoreError:
            raise
        except Exception as defect:  # one message must not stop the others, nor every start to come
            log.exception("%s: a message could not be made", to.key)
            self.outcomes["broken"] += 1
            await self._give_up(to, step, repr(defect))
        else:
            lane.failures = 0
            self.outcomes["made"] += 1
            await lane.door.let()
        finally:
            lane.busy.set_result(None)
            lane.busy = None
        return 0

    async def _give_up(self, to: Destination, step: Step, why: str) -> None:
        await self._delivery.note_refusal(to, step, why)
        facts = {"chat": str(to.chat), "why": why[:200], "incident": step.looks[0].incident.id}
        await self._notices.tell(Notice(Trouble.REFUSED, self._clock.now(), facts))
