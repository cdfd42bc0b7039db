"""What a picture's axes are to show: pure arithmetic, without a pixel."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.domain.metrics import Thresholds, Unit
from services.pictures.scales import ENGLISH, MOST, Notation, Scale, round_steps, scale

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
# In seconds: a week and more begin on a fixed day, as every other step divides the day.
_TIME_STEPS = (
    *(_MINUTE * count for count in (1, 2, 5, 10, 15, 30)),
    *(_HOUR * count for count in (1, 2, 3, 4, 6, 12)),
    *(_DAY * count for count in (1, 2, 7, 14, 28, 56, 112, 364)),
)
_HEADROOM = 0.06  # of the whole height


@dataclass(frozen=True, slots=True)
class Heights:
    """From `low` to `high`, with round `steps` between them; all in the metric's own unit.

    warning, critical: only where what is shown comes near enough for them to matter.
    """

    low: float
    high: float
    steps: Sequence[float]
    scale: Scale
    warning: float | None = None
    critical: float | None = None


def heights(
    unit: Unit,
    values: Sequence[float],
    thresholds: Thresholds,
    most: int,
    words: float,
    notation: Notation = ENGLISH,
) -> Heights:
    """values: what must be in sight, beside 0. most: how many steps there may be. words: what a limit's words take
    above its line, as a share of the height below it.
    """
    low, high = min((0.0, *values)), max((0.0, *values))
    if high - low < 1 / MOST:
        low, high = 0.0, 1.0
    span = high - low
    warning, critical = (
        limit if values and limit is not None and low - span <= limit <= high + span else None
        for limit in (thresholds.warning, thresholds.critical)
    )
    shown = [limit for limit in (warning, critical) if limit is not None]
    low, high = min(low, *shown, high), max(high, *shown, low)
    span = high - low
    own = scale(unit, (low, high), notation)
    high += span * (words if high in shown else _HEADROOM)
    if low < 0:
        low -= span * (words if low in shown else _HEADROOM)
    steps = [step * own.size for step in round_steps(low / own.size, high / own.size, most)]
    return Heights(low, high, steps, own, warning, critical)


def time_steps(start: float, end: float, zone: ZoneInfo, most: int) -> list[tuple[float, str]]:
    """At most so many round moments of the zone's clocks, as seconds since 1970, with their words: HH:MM or dd.mm."""
    finer: list[tuple[float, str]] = []
    for step in _TIME_STEPS:
        if (end - start) / step < 4 * most:
            found = list(_moments(start, end, zone, step))
            if len(found) <= most:
                return found or finer[:: math.ceil(len(finer) / most) or 1]  # weeks may all begin elsewhere
            finer = found
    return []


def _moments(start: float, end: float, zone: ZoneInfo, step: int) -> Iterator[tuple[float, str]]:
    """By the clock on the wall: an hour that it leaves out has no moment, and one that it repeats has one."""
    first = datetime.fromtimestamp(start, zone)
    wall = datetime(first.year, first.month, first.day)  # noqa: DTZ001  (no zone: that is the wall's)
    wall -= timedelta(days=wall.toordinal() % max(step // _DAY, 1))
    while (at := wall.replace(tzinfo=zone).timestamp()) <= end:
        if at >= start and datetime.fromtimestamp(at, zone).replace(tzinfo=None) == wall:
            yield at, wall.strftime("%d.%m" if step >= _HOUR and not wall.hour else "%H:%M")
        wall += timedelta(seconds=step)
