"""Telegram's limits as arithmetic: given what went when, the earliest moment for one more call.

Every limit counts a call from the moment it is let go until it has been answered as "on its way", and
then as of its answer. Telegram saw it no later than that, so however long the network delays single
calls, the limits hold on Telegram's side too. Moments are seconds of any one clock.
"""

from collections import deque
from collections.abc import Iterable
from enum import IntEnum
from math import inf
from typing import Protocol


class Kind(IntEnum):
    """Whose call it is; the lower one goes first."""

    PEOPLE = 0  # somebody waits for the answer
    BACKGROUND = 1  # alerts: kept durably elsewhere, and welcome to only a part of each limit
    LIVE = 2  # what is shown as it happens: worth nothing later, and content with what the others leave


class Limit(Protocol):
    def free_at(self, now: float, kind: Kind = Kind.PEOPLE) -> float:
        """The earliest moment for one more call; infinite when only an answer can bring it about."""
        ...

    def take(self, kind: Kind = Kind.PEOPLE) -> None:
        """A call is on its way."""
        ...

    def done(self, now: float, kind: Kind = Kind.PEOPLE) -> None:
        """It was answered, or given up."""
        ...

    def is_idle(self, now: float) -> bool:
        """Whether it remembers nothing that could matter."""
        ...


class Bucket:
    """One call per `interval` seconds on average, `burst` of them at once after a pause.

    Background finds only `share` of the burst, so that people always find the rest. It cannot starve: what
    people leave of the average fills the bucket. `live`: what is live finds of it, by default as much as
    background. `answered`: earlier calls to begin with, oldest first.
    """

    def __init__(
        self,
        interval: float,
        burst: int,
        *,
        share: int | None = None,
        live: int | None = None,
        answered: Iterable[float] = (),
    ) -> None:
        share = burst if share is None else min(share, burst)
        self._interval = interval
        self._most = (burst, share, share if live is None else min(live, share))  # by kind
        self._full_at = 0.0  # when the bucket has all its tokens again
        self._on_way = 0
        for moment in answered:
            self._full_at = max(self._full_at, moment) + interval

    def free_at(self, now: float, kind: Kind = Kind.PEOPLE) -> float:
        slack = (self._most[kind] - 1 - self._on_way) * self._interval
        return self._full_at - slack if slack >= 0 else inf

    def take(self, kind: Kind = Kind.PEOPLE) -> None:
        self._on_way += 1

    def done(self, now: float, kind: Kind = Kind.PEOPLE) -> None:
        self._on_way -= 1
        self._full_at = max(self._full_at, now) + self._interval

    def is_idle(self, now: float) -> bool:
        return not self._on_way and self._full_at <= now


class _Tally:
    """How many calls fell into the last `seconds`."""

    def __init__(self, seconds: float, answered: Iterable[float] = ()) -> None:
        self._seconds = seconds
        self.answered = deque(answered)
        self.on_way = 0

    def below(self, most: int, now: float) -> float:
        """When there will be fewer than `most`."""
        answered = self.answered
        while answered and answered[0] + self._seconds <= now:
            answered.popleft()
        over = len(answered) + self.on_way - most
        if over < 0:
            return now
        return answered[over] + self._seconds if over < len(answered) else inf

    def done(self, now: float) -> None:
        self.on_way -= 1
        self.answered.append(now)


class Window:
    """At most `limit` calls in any `seconds`. `answered`: earlier calls to begin with, oldest first.

    Background goes while there are fewer than `share` in all: the rest is always there for people. And while
    it has had fewer than `floor` itself, it may take what people leave of the whole, so that no amount of
    talk keeps alerts away for ever. What is live goes while there are fewer than `live` in all, by default `share`.
    """

    def __init__(
        self,
        limit: int,
        seconds: float,
        *,
        share: int | None = None,
        floor: int = 0,
        live: int | None = None,
        answered: Iterable[float] = (),
    ) -> None:
        self._limit = limit
        self._share = limit if share is None else min(share, limit)
        self._live = self._share if live is None else min(live, self._share)
        self._floor = floor
        self._seconds = seconds
        self._all = _Tally(seconds, answered)
        self._background = _Tally(seconds)

    def free_at(self, now: float, kind: Kind = Kind.PEOPLE) -> float:
        at = self._all.below(self._limit, now)
        if kind is Kind.LIVE:
            return max(at, self._all.below(self._live, now))
        if kind is Kind.PEOPLE or self._share == self._limit:
            return at
        return max(at, min(self._all.below(self._share, now), self._background.below(self._floor, now)))

    def take(self, kind: Kind = Kind.PEOPLE) -> None:
        self._all.on_way += 1
        if kind is Kind.BACKGROUND:
            self._background.on_way += 1

    def done(self, now: float, kind: Kind = Kind.PEOPLE) -> None:
        self._all.done(now)
        if kind is Kind.BACKGROUND:
            self._background.done(now)

    def is_idle(self, now: float) -> bool:
        answered = self._all.answered
        return not self._all.on_way and (not answered or answered[-1] + self._seconds <= now)
