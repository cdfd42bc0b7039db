"""Curves as they are drawn: in order, with their gaps, and with the figures that are told of each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.pictures.scales import MOST
from services.pictures.sheet import Line, Sheet

Numbers = NDArray[np.float64]

_GAP = 2.5  # steps; what is further apart is not joined
_NOW = 3  # steps before the end


@dataclass(frozen=True, slots=True)
class Figures:
    """now: None where the curve ends before."""

    now: float | None
    least: float
    mean: float
    most: float


@dataclass(frozen=True, slots=True)
class Stroke:
    """values: NaN between what is not joined. lone: points that nothing joins. figures: None without a point."""

    name: str
    times: Numbers
    values: Numbers
    lone: NDArray[np.bool_]
    figures: Figures | None

    @property
    def last(self) -> tuple[float, float]:
        """When and how much; of one that has figures."""
        place = np.flatnonzero(np.isfinite(self.values))[-1]
        return float(self.times[place]), float(self.values[place])


def strokes(sheet: Sheet) -> list[Stroke]:
    return [_stroke(line, sheet) for line in sheet.lines]


def _stroke(line: Line, sheet: Sheet) -> Stroke:
    times, values = np.frombuffer(line.times), np.frombuffer(line.values)
    inside = (times >= sheet.start - sheet.step) & (times <= sheet.end + sheet.step)
    times, values = times[inside], np.clip(values[inside], -MOST, MOST)
    order = np.argsort(times, kind="stable")
    times, values = times[order], values[order]
    values = np.where(np.abs(values) < 1 / MOST, 0.0, values)
    figures = _figures(times, values, sheet)
    breaks = np.flatnonzero(np.diff(times) > _GAP * sheet.step) + 1
    times, values = np.insert(times, breaks, times[breaks]), np.insert(values, breaks, np.nan)
    return Stroke(line.name, times, values, _lone(values), figures)


def _lone(values: Numbers) -> NDArray[np.bool_]:
    there = np.pad(np.isfinite(values), 1)
    return np.asarray(there[1:-1] & ~there[:-2] & ~there[2:])


def _figures(times: Numbers, values: Numbers, sheet: Sheet) -> Figures | None:
    there = np.isfinite(values)
    if not there.any():
        return None
    times, values = times[there], values[there]
    size = float(np.abs(values).max()) or 1.0
    return Figures(
        now=float(values[-1]) if sheet.end - times[-1] <= _NOW * sheet.step else None,
        least=float(values.min()),
        mean=float((values / size).mean() * size),  # their sum might be too great for a number
        most=float(values.max()),
    )
