"""When the next message may go: Telegram's published rates, kept without a timer while there is room.

People's calls go before background's, and those before what is live, in a chat's queue and between chats.
Whenever background may go, a person's call might have gone too; so what people wait for is at most what is on
its way already.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from bot.limits import Bucket, Kind, Limit, Window

_MANY_LANES = 1000

Turn = asyncio.Future[Kind | None]  # as whose call it goes; None: superseded


class Edit(NamedTuple):
    """A change that a later one like it makes needless while it waits."""

    message: int
    method: str


@dataclass(frozen=True, slots=True)
class Rates:
    """What Telegram lets through. Source: core.telegram.org/bots/faq, "My bot is hitting limits".

    Seconds; `scale` multiplies all of them: with 0.05 all goes twenty times as fast.

    The shares are background's, and what is above them is people's. A reply with its progress is some five
    calls, which a group takes at once beside 15 alerts a minute; one token of the burst answers a person
    without delay, and the next one is there a second later; 8 a second for people is more than a small
    team asks. The floors are background's own while people use all the rest: of a group's minute, enough
    for the newest state of three incidents.

    What is live, such as a log that is followed, has the last place everywhere and no floor. It leaves of a
    group's minute five calls to alerts at once, more as soon as they come, and people's five besides.
    """

    chat_interval: float = 1
    chat_burst: int = 3
    chat_share: int = 2
    chat_live: int = 1
    group_limit: int = 20
    group_share: int = 15
    group_floor: int = 3
    group_live: int = 10
    group_window: float = 60
    total_limit: int = 30
    total_share: int = 22
    total_floor: int = 3
    total_live: int = 12
    total_window: float = 1
    scale: float = 1


class Lane:
    """One chat's limits and a queue for each kind of call, each first come, first served."""

    def __init__(self, *limits: Limit) -> None:
        self._limits = limits
        self._held_until = 0.0
        self.queues: tuple[deque[Turn], ...] = tuple(deque() for _ in Kind)
        self.edits: dict[int, tuple[Edit, Turn]] = {}  # by message, the latest that waited

    @property
    def waiting(self) -> bool:
        return any(self.queues)

    def free_at(self, now: float, kind: Kind = Kind.PEOPLE) -> float:
        at = self._held_until
        for limit in self._limits:
            at = max(at, limit.free_at(now, kind))
        return at

    def take(self, kind: Kind = Kind.PEOPLE) -> None:
        for limit in self._limits:
            limit.take(kind)

    def done(self, now: float, kind: Kind = Kind.PEOPLE) -> None:
        for limit in self._limits:
            limit.done(now, kind)

    def hold(self, until: float) -> None:
        self._held_until = max(self._held_until, until)

    def is_idle(self, now: float) -> bool:
        """Whether a fresh lane would do as well."""
        return (
            not self.waiting and self._held_until <= now and all(limit.is_idle(now) for limit in self._limits)
        )

    def waiting_like(self, edit: Edit) -> Turn | None:
        """The turn of the last edit of this message, if that is of the same sort and waits still."""
        other, turn = self.edits.get(edit.message, (None, None))
        return turn if turn is not None and other == edit and not turn.done() else None

    def replace(self, older: Turn, turn: Turn, kind: Kind) -> Kind:
        """Put `turn` into the better of two places, the older's or that of a new call; which queue it is."""
        kind = min(kind, next((each for each in Kind if older in self.queues[each]), kind))
        queue = self.queues[kind]
        if older in queue:
            queue[queue.index(older)] = turn
        else:  # from a worse queue to the end of this one
            self.remove(older)
            queue.append(turn)
        older.set_result(None)
        return kind

    def remove(self, turn: Turn) -> None:
        """Out of the queue that it is in, if any."""
        for queue in self.queues:
            if turn in queue:
                queue.remove(turn)


class Pacer:
    """Hands out the right to send. A chat that must wait never keeps another waiting."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._lanes: dict[int | str | None, Lane] = {}
        self._total = Lane(
            Window(
                rates.total_limit,
                rates.total_window * rates.scale,
                share=rates.total_share,
                floor=rates.total_floor,
                live=rates.total_live,
            )
        )
        # By kind: lanes with somebody waiting; whose turn is next comes first.
        self._queues: tuple[dict[Lane, None], ...] = tuple({} for _ in Kind)
        self._timer: asyncio.TimerHandle | None = None

    def lane(self, chat: int | str | None) -> Lane:
        """The lane of a chat; None is no chat in particular."""
        lane = self._lanes.get(chat)
        if lane is None:
            if len(self._lanes) >= _MANY_LANES:
                self._forget_idle()
            lane = self._lanes[chat] = Lane(*self._limits(chat))
        return lane

    def begin(self, chat: int | str, answered: Iterable[float]) -> Lane:
        """A lane that knows of calls made before; moments of the loop's clock, oldest first."""
        lane = self._lanes[chat] = Lane(*self._limits(chat, list(answered)))
        return lane

    def take_now(self, lane: Lane, kind: Kind = Kind.PEOPLE, edit: Edit | None = None) -> bool:
        """Take the right to make one call when it is there at once; `done` must follow."""
        now = asyncio.get_running_loop().time()
        if any(lane.queues[: kind + 1]):
            return False
        if lane.free_at(now, kind) > now or self._total.free_at(now, kind) > now:
            return False
        if edit and lane.edits and (older := lane.waiting_like(edit)) is not None:  # it is overtaken
            lane.remove(older)
            older.set_result(None)
        self._let_go(lane, kind)
        return True

    async def take(
        self, lane: Lane, kind: Kind = Kind.PEOPLE, *, first: bool = False, edit: Edit | None = None
    ) -> Kind | None:
        """Wait for the right to make one call; `done` with the kind in the answer must follow.

        The kind may be a better one than asked for: an edit inherits the place of an older one like it.
        None: a newer edit of the message like this one took its place, so there is nothing to do.
        `first`: ahead of the chat's others of its kind.
        """
        turn: Turn = asyncio.get_running_loop().create_future()
        older = lane.waiting_like(edit) if edit else None
        if older is not None:
            kind = lane.replace(older, turn, kind)
        else:
            queue = lane.queues[kind]
            queue.insert(0 if first else len(queue), turn)
        if edit:
            lane.edits[edit.message] = edit, turn
        self._queues[kind].setdefault(lane)
        self._serve()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                lane.remove(turn)
            elif (granted := turn.result()) is not None:  # its turn had just come
                self.done(lane, granted)
            raise
        finally:
            if edit and lane.edits.get(edit.message) == (edit, turn):
                del lane.edits[edit.message]

    def promote(self, lane: Lane, edit: Edit) -> None:
        """An edit like this one that waits behind people's calls goes next, as a person's."""
        turn = lane.waiting_like(edit)
        if turn is not None and turn not in lane.queues[Kind.PEOPLE]:
            lane.remove(turn)
            lane.queues[Kind.PEOPLE].appendleft(turn)
            self._queues[Kind.PEOPLE].setdefault(lane)
            self._serve()

    def done(self, lane: Lane, kind: Kind = Kind.PEOPLE) -> None:
        """The call was answered or given up."""
        now = asyncio.get_running_loop().time()
        lane.done(now, kind)
        self._total.done(now, kind)
        if any(self._queues):
            self._serve()

    def hold(self, lane: Lane, seconds: float) -> None:
        """Nothing goes to this chat for so long."""
        lane.hold(asyncio.get_running_loop().time() + seconds)

    def hold_all(self, seconds: float) -> None:
        self.hold(self._total, seconds)

    def _limits(self, chat: int | str | None, answered: Iterable[float] = ()) -> tuple[Limit, ...]:
        rates = self._rates
        if chat is None:
            return ()
        bucket = Bucket(
            rates.chat_interval * rates.scale,
            rates.chat_burst,
            share=rates.chat_share,
            live=rates.chat_live,
            answered=answered,
        )
        if not is_group(chat):
            return (bucket,)
        window = Window(
            rates.group_limit,
            rates.group_window * rates.scale,
            share=rates.group_share,
            floor=rates.group_floor,
            live=rates.group_live,
            answered=answered,
        )
        return bucket, window

    def _let_go(self, lane: Lane, kind: Kind) -> None:
        lane.take(kind)
        self._total.take(kind)

    def _serve(self) -> None:
        """Let go whoever may, one of each chat in turn, and come back when the next one may."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        # People first: then the others find the room that they have left.
        wake = min(self._serve_all(kind, now) for kind in Kind)
        if wake < inf:  # otherwise an answer wakes us
            self._timer = loop.call_at(wake, self._serve)

    def _serve_all(self, kind: Kind, now: float) -> float:
        """When the next of this kind may go."""
        queue = self._queues[kind]
        while queue:
            wake = self._total.free_at(now, kind)
            if wake > now:
                return wake
            lane = next((lane for lane in queue if lane.free_at(now, kind) <= now), None)
            if lane is None:
                return min(lane.free_at(now, kind) for lane in queue)
            self._serve_one(lane, kind)
        return inf

    def _serve_one(self, lane: Lane, kind: Kind) -> None:
        del self._queues[kind][lane]
        waiting = lane.queues[kind]
        turn = next((turn for turn in _drained(waiting) if not turn.cancelled()), None)
        if waiting:
            self._queues[kind][lane] = None  # behind the other chats
        if turn is not None:
            self._let_go(lane, kind)
            turn.set_result(kind)

    def _forget_idle(self) -> None:
        now = asyncio.get_running_loop().time()
        self._lanes = {chat: lane for chat, lane in self._lanes.items() if not lane.is_idle(now)}


def is_group(chat: int | str) -> bool:
    """By a negative id, or a @name."""
    return not isinstance(chat, int) or chat < 0


def _drained(queue: deque[Turn]) -> Iterator[Turn]:
    while queue:
        yield queue.popleft()
