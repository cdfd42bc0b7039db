"""How busy something is over time: with the hours of the day, with the week, and restlessly. The same at every look.

A rhythm is 1 on average and never below nothing. What has happened since some moment is the difference of its sums,
so that nothing needs to be counted meanwhile.
"""

import math
import time
from dataclasses import dataclass
from functools import lru_cache
from random import Random

_EPOCH = 1_700_000_000.0  # seconds; near enough for sums to stay exact
_DAY, _WEEK = 86_400.0, 604_800.0
_RESTLESS = (11_200.0, 4_700.0, 2_230.0, 701.0, 257.0, 71.0, 23.0)  # seconds: periods that never meet


@dataclass(frozen=True, slots=True)
class Night:
    """Each night: height at its middle, beside the 1 of the rest of the day. hour: where this machine is."""

    hour: float
    minutes: float
    height: float

    def at(self, moment: float) -> float:
        into = (moment - self._first()) % _DAY
        lasts = self.minutes * 60
        return self.height * math.sin(math.pi * into / lasts) ** 2 if into < lasts else 0.0

    def summed(self, moment: float) -> float:
        nights, into = divmod(moment - self._first(), _DAY)
        lasts = self.minutes * 60
        turn = math.tau / lasts
        share = min(into, lasts)
        return self.height / 2 * (nights * lasts + share - math.sin(turn * share) / turn)

    def _first(self) -> float:
        return _midnight() + self.hour * 3600


@dataclass(frozen=True, slots=True, eq=False)
class Rhythm:
    """parts: share, turns a second, phase."""

    parts: tuple[tuple[float, float, float], ...]
    night: Night | None = None

    def at(self, moment: float) -> float:
        since = moment - _EPOCH
        found = 1 + sum(share * math.sin(turn * since + phase) for share, turn, phase in self.parts)
        return found + self.night.at(moment) if self.night else found

    def summed(self, moment: float) -> float:
        """Seconds' worth of it since some moment."""
        return _summed(self, moment)


def rhythm(
    *seed: str, day: float = 0.4, restless: float = 0.3, peak: float = 15.0, night: Night | None = None
) -> Rhythm:
    """day: how much it goes up and down with the hours; restless: how much without any order. Both together < 0.75.

    peak: the hour of the day when there is most of it, where this machine is.
    """
    random = Random("/".join(seed))  # noqa: S311 - a play
    start = _midnight() - _EPOCH

    def part(share: float, period: float, top: float) -> tuple[float, float, float]:
        """top: when it is highest, seconds from that midnight."""
        turn = math.tau / period
        return share, turn, math.pi / 2 - turn * (start + top)

    top = (peak + random.uniform(-0.7, 0.7)) * 3600
    weights = [random.uniform(0.6, 1.4) / (1 + number * 0.4) for number in range(len(_RESTLESS))]
    parts = [part(day, _DAY, top), part(day / 4, _DAY / 2, top), part(day / 12, _WEEK, 2.5 * _DAY)]
    for weight, period in zip(weights, _RESTLESS, strict=True):
        exact = period * random.uniform(0.9, 1.1)
        parts.append(part(restless * weight / sum(weights), exact, random.uniform(0, exact)))
    return Rhythm(tuple(parts), night)


@lru_cache(50_000)
def _summed(rhythm: Rhythm, moment: float) -> float:
    since = moment - _EPOCH
    found = since - sum(share / turn * math.cos(turn * since + phase) for share, turn, phase in rhythm.parts)
    return found + rhythm.night.summed(moment) if rhythm.night else found


@lru_cache(1)
def _midnight() -> float:
    """A Monday's, where this machine is, long ago."""
    east = time.localtime().tm_gmtoff
    return 4 * _DAY + 2_800 * _WEEK - east
