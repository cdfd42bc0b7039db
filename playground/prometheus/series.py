"""A figure over time, worked out when somebody asks: nothing is kept."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from playground.prometheus.promql.tree import Matcher

SCRAPE = 5.0  # seconds; all targets at the same moments
STALE = 300.0  # seconds that a sample is good for
RETAINED = 30 * 86_400.0
_FOREVER = math.inf


@dataclass(frozen=True, slots=True)
class Life:
    """While something is there to be scraped. Seconds since 1970; the end is none of it."""

    start: float = 0.0
    end: float = _FOREVER


ALWAYS = (Life(),)


@dataclass(frozen=True, slots=True)
class Series:
    """value: of a moment, within its lives. counter: each life begins with nothing; what counts is how much `value` has
    risen since. whole: it counts things, of which there are no halves. lives: in order.
    """

    labels: Mapping[str, str]
    value: Callable[[float], float]
    lives: Sequence[Life] = ALWAYS
    counter: bool = False
    whole: bool = False

    def at(self, moment: float, now: float) -> float | None:
        """What Prometheus has for it: the last sample, if it is not too old and there was one at the last scrape."""
        scraped = _grid(min(moment, now))
        if not now - RETAINED < scraped or moment - scraped >= STALE:
            return None
        life = next((each for each in self.lives if each.start <= scraped < each.end), None)
        return None if life is None else self.sample(scraped, life)

    def spans(self, start: float, end: float, now: float) -> list[tuple[float, float, Life]]:
        """The first and last scrapes from `start` to `end`, both of it, in each of its lives that had any."""
        found = []
        for life in self.lives:
            first = _grid_up(max(start, life.start, now - RETAINED + SCRAPE))
            last = _grid(min(end, now, life.end))
            if last >= life.end:
                last -= SCRAPE
            if first <= last:
                found.append((first, last, life))
        return found

    def samples(self, start: float, end: float, now: float) -> Iterator[tuple[float, float]]:
        """Moment and figure of each scrape."""
        for first, last, life in self.spans(start, end, now):
            for number in range(round((last - first) / SCRAPE) + 1):
                moment = first + number * SCRAPE
                yield moment, self.sample(moment, life)

    def sample(self, moment: float, life: Life) -> float:
        found = self.value(moment)
        if self.counter:
            found -= self.value(max(life.start, 0.0))
        return float(math.floor(found)) if self.whole else found


class Storage(Protocol):
    def now(self) -> float:
        """Seconds since 1970: nothing has been scraped later."""
        ...

    def select(self, matchers: Sequence[Matcher]) -> Sequence[Series]: ...


def _grid(moment: float) -> float:
    return math.floor(moment / SCRAPE) * SCRAPE


def _grid_up(moment: float) -> float:
    return math.ceil(moment / SCRAPE) * SCRAPE
