"""Flood control: how much a bot may send before 429.

Telegram publishes no exact figures; these are its documented ones ("about one a second in a chat, 20 a minute in a
group, some 30 a second in all"). Sends and edits count alike.
"""

import math
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass

from playground.telegram.state import names

COUNTED = names(
    "sendMessage sendDocument sendPhoto editMessageText editMessageCaption editMessageMedia "
    "editMessageReplyMarkup"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """`per_chat` a second with bursts of `burst`, `per_group` in 60 s, `total` in one second.

    `scale` divides time: with 60, a minute of Telegram is a second here. `retry_after` is in real seconds all
    the same, an integer and at least 1 (aiogram does not see a zero), so at scale 60 it is never long.
    """

    per_chat: float = 1.0
    burst: int = 3
    per_group: int = 20
    total: int = 30
    scale: float = 1.0
    on: bool = True

    @classmethod
    def none(cls) -> "Limits":
        return cls(on=False)


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Gate:
    """Lets calls through or names the seconds to wait. A chat that was refused stays shut for that time."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self.limits = limits
        self._clock = clock
        self._buckets: dict[int, _Bucket] = {}
        self._group: dict[int, deque[float]] = defaultdict(deque)
        self._all: deque[float] = deque()
        self._shut: dict[int | None, float] = {}

    def admit(self, chat: int, *, group: bool) -> int | None:
        """None: go on, and it is counted. Otherwise `retry_after`."""
        limits, now = self.limits, self._clock()
        if not limits.on:
            return None
        for key in (None, chat):
            if (until := self._shut.get(key, 0.0)) > now:
                return _whole(until - now)
        if wait := self._window(self._all, limits.total, 1 / limits.scale, now):
            return self._shut_for(None, wait, now)
        if group and (wait := self._window(self._group[chat], limits.per_group, 60 / limits.scale, now)):
            return self._shut_for(chat, wait, now)
        rate = limits.per_chat * limits.scale
        bucket = self._buckets.setdefault(chat, _Bucket(limits.burst, now))
        bucket.tokens = min(limits.burst, bucket.tokens + (now - bucket.at) * rate)
        bucket.at = now
        if bucket.tokens < 1:
            return self._shut_for(chat, (1 - bucket.tokens) / rate, now)
        bucket.tokens -= 1
        self._all.append(now)
        if group:
            self._group[chat].append(now)
        return None

    @staticmethod
    def _window(times: deque[float], most: int, seconds: float, now: float) -> float:
        """Seconds until there is room; 0 when there is."""
        while times and times[0] <= now - seconds:
            times.popleft()
        return times[0] + seconds - now if len(times) >= most else 0.0

    def _shut_for(self, key: int | None, wait: float, now: float) -> int:
        seconds = _whole(wait)
        self._shut[key] = now + seconds
        return seconds


def _whole(seconds: float) -> int:
    return max(1, math.ceil(seconds))
