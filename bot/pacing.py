"""When the next message may go: Telegram's published rates, kept without a timer while there is room.

Every limit counts a call from the moment it is let go until it has been answered as "on its way", and
then as of its answer. Telegram saw it no later than that, so however long the network delays single
calls, the limits hold on Telegram's side too.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import NamedTuple, Protocol

_MANY_LANES = 1000

Turn = asyncio.Future[bool]  # False: superseded


class Edit(NamedTuple):
    """A change that a later one like it makes needless while it waits."""

    message: int
    method: str


@dataclass(frozen=True, slots=True)
class Rates:
    """What Telegram lets through. Source: core.telegram.org/bots/faq, "My bot is hitting limits".

    Seconds; `scale` multiplies all of them: with 0.05 all goes twenty times as fast.
    """

    chat_interval: float = 1
    chat_burst: int = 3
    group_limit: int = 20
    group_window: float = 60
    total_limit: int = 30
    total_window: float = 1
    scale: float = 1


class Limit(Protocol):
    def free_at(self, now: float) -> float:
        """The earliest moment for one more call; infinite when only an answer can bring it about."""
        ...

    def take(self) -> None:
        """A call is on its way."""
        ...

    def done(self, now: float) -> None:
        """It was answered, or given up."""
        ...

    def is_idle(self, now: float) -> bool:
        """Whether it remembers nothing that could matter."""
        ...


class Bucket:
    """One call per `interval` seconds on average, `burst` of them at once after a pause."""

    def __init__(self, interval: float, burst: int) -> None:
        self._interval, self._burst = interval, burst
        self._full_at = 0.0  # when the bucket has all its tokens again
        self._on_way = 0

    def free_at(self, now: float) -> float:
        slack = (self._burst - 1 - self._on_way) * self._interval
        return self._full_at - slack if slack >= 0 else inf

    def take(self) -> None:
        self._on_way += 1

    def done(self, now: float) -> None:
        self._on_way -= 1
        self._full_at = max(self._full_at, now) + self._interval

    def is_idle(self, now: float) -> bool:
        return not self._on_way and self._full_at <= now


class Window:
    """At most `limit` calls in any `seconds`. `answered`: earlier calls to begin with, oldest first."""

    def __init__(self, limit: int, seconds: float, answered: Iterable[float] = ()) -> None:
        self._limit, self._seconds = limit, seconds
        self._answered = deque(answered)
        self._on_way = 0

    def free_at(self, now: float) -> float:
        while self._answered and self._answered[0] + self._seconds <= now:
            self._answered.popleft()
        if len(self._answered) + self._on_way < self._limit:
            return now
        return self._answered[0] + self._seconds if self._answered else inf

    def take(self) -> None:
        self._on_way += 1

    def done(self, now: float) -> None:
        self._on_way -= 1
        self._answered.append(now)

    def is_idle(self, now: float) -> bool:
        return not self._on_way and (not self._answered or self._answered[-1] + self._seconds <= now)


class Lane:
    """One chat's limits and its queue, first come, first served."""

    def __init__(self, *limits: Limit) -> None:
        self._limits = limits
        self._held_until = 0.0
        self.waiting: deque[Turn] = deque()
        self.edits: dict[int, tuple[Edit, Turn]] = {}  # by message, the latest that waited

    def free_at(self, now: float) -> float:
        return max(self._held_until, *(limit.free_at(now) for limit in self._limits))

    def take(self) -> None:
        for limit in self._limits:
            limit.take()

    def done(self, now: float) -> None:
        for limit in self._limits:
            limit.done(now)

    def hold(self, until: float) -> None:
        self._held_until = max(self._held_until, until)

    def is_idle(self, now: float) -> bool:
        """Whether a fresh lane would do as well."""
        return (
            not self.waiting and self._held_until <= now and all(limit.is_idle(now) for limit in self._limits)
        )


class Pacer:
    """Hands out the right to send. A chat that must wait never keeps another waiting."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._lanes: dict[int | str | None, Lane] = {}
        self._total = Lane(Window(rates.total_limit, rates.total_window * rates.scale))
        self._queue: dict[Lane, None] = {}  # lanes with somebody waiting; whose turn is next comes first
        self._timer: asyncio.TimerHandle | None = None

    def lane(self, chat: int | str | None) -> Lane:
        """The lane of a chat: a group's when the id is negative or a @name; None is no chat in particular."""
        lane = self._lanes.get(chat)
        if lane is None:
            if len(self._lanes) >= _MANY_LANES:
                self._forget_idle()
            lane = self._lanes[chat] = Lane(*self._limits(chat))
        return lane

    def take_now(self, lane: Lane) -> bool:
        """Take the right to make one call when it is there at once; `done` must follow."""
        now = asyncio.get_running_loop().time()
        if lane.waiting or lane.free_at(now) > now or self._total.free_at(now) > now:
            return False
        self._let_go(lane)
        return True

    async def take(self, lane: Lane, *, first: bool = False, edit: Edit | None = None) -> bool:
        """Wait for the right to make one call; `done` must follow. `first`: ahead of the chat's others.

        False: a newer edit of the message like this one took its place, so there is nothing to do.
        """
        turn: Turn = asyncio.get_running_loop().create_future()
        older = _waiting_like(edit, lane) if edit else None
        if older is None:
            lane.waiting.insert(0 if first else len(lane.waiting), turn)
        elif first:  # a second try, and what waits came after the first one
            return False
        else:
            lane.waiting[lane.waiting.index(older)] = turn
            older.set_result(False)
        if edit:
            lane.edits[edit.message] = edit, turn
        self._queue.setdefault(lane)
        self._serve()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                with suppress(ValueError):  # passed over already
                    lane.waiting.remove(turn)
            elif turn.result():  # its turn had just come
                self.done(lane)
            raise
        finally:
            if edit and lane.edits.get(edit.message) == (edit, turn):
                del lane.edits[edit.message]

    def done(self, lane: Lane) -> None:
        """The call was answered or given up."""
        now = asyncio.get_running_loop().time()
        lane.done(now)
        self._total.done(now)
        if self._queue:
            self._serve()

    def hold(self, lane: Lane, seconds: float) -> None:
        """Nothing goes to this chat for so long."""
        lane.hold(asyncio.get_running_loop().time() + seconds)

    def hold_all(self, seconds: float) -> None:
        self.hold(self._total, seconds)

    def _limits(self, chat: int | str | None) -> tuple[Limit, ...]:
        rates = self._rates
        if chat is None:
            return ()
        bucket = Bucket(rates.chat_interval * rates.scale, rates.chat_burst)
        if isinstance(chat, int) and chat > 0:
            return (bucket,)
        return bucket, Window(rates.group_limit, rates.group_window * rates.scale)

    def _let_go(self, lane: Lane) -> None:
        lane.take()
        self._total.take()

    def _serve(self) -> None:
        """Let go whoever may, one of each chat in turn, and come back when the next one may."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._queue:
            wake = self._total.free_at(now)
            if wake <= now:
                lane = next((lane for lane in self._queue if lane.free_at(now) <= now), None)
                if lane is not None:
                    self._serve_one(lane)
                    continue
                wake = min(lane.free_at(now) for lane in self._queue)
            if wake < inf:  # otherwise an answer wakes us
                self._timer = loop.call_at(wake, self._serve)
            return

    def _serve_one(self, lane: Lane) -> None:
        del self._queue[lane]
        turn = next((turn for turn in _drained(lane.waiting) if not turn.cancelled()), None)
        if lane.waiting:
            self._queue[lane] = None  # behind the other chats
        if turn is not None:
            self._let_go(lane)
            turn.set_result(True)

    def _forget_idle(self) -> None:
        now = asyncio.get_running_loop().time()
        self._lanes = {chat: lane for chat, lane in self._lanes.items() if not lane.is_idle(now)}


def _waiting_like(edit: Edit, lane: Lane) -> Turn | None:
    """The turn of the last edit of this message, if that is of the same kind and waits still."""
    other, turn = lane.edits.get(edit.message, (None, None))
    return turn if turn is not None and other == edit and not turn.done() else None


def _drained(queue: deque[Turn]) -> Iterator[Turn]:
    while queue:
        yield queue.popleft()
