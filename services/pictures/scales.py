"""Figures that can be read: one unit for several of them, such as MiB, and round steps between them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from services.domain.metrics import Unit

_Steps = tuple[tuple[float, str], ...]

_UNITS: dict[Unit, _Steps] = {
    Unit.PERCENT: ((1.0, "%"),),
    Unit.BYTES: (
        (2.0**50, "PiB"), (2.0**40, "TiB"), (2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"), (1.0, "B"),
    ),
    Unit.BYTES_PER_SECOND: ((1e12, "TB/s"), (1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s"), (1.0, "B/s")),
    Unit.SECONDS: (
        (86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"),
    ),
    Unit.PER_SECOND: ((1e12, "T/s"), (1e9, "G/s"), (1e6, "M/s"), (1e3, "k/s"), (1.0, "/s")),
    Unit.COUNT: ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")),
}  # fmt: skip
_CLOSE = (Unit.PERCENT, Unit.PER_SECOND, Unit.COUNT)  # 12%, 3k/s, but 4 MiB
_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)
_PLAIN = 1e5  # from here on, figures are written with powers of ten
_NOTHING = 0.005  # in a scale of its neighbours
MOST = 1e300  # what is greater is drawn as this much, and what is nearer to 0 than its inverse as 0


@dataclass(frozen=True, slots=True)
class Notation:
    """How a language writes figures. point: before the decimals. units: pairs of a unit as it is called here and as it
    is called there, with a blank before it where one belongs."""

    point: str = "."
    units: tuple[tuple[str, str], ...] = ()

    def unit(self, name: str) -> str:
        return dict(self.units).get(name, name)


ENGLISH = Notation()


@dataclass(frozen=True, slots=True)
class Scale:
    """size: what one of `name` is, in the metric's own unit. fine: all its figures are less than one of them."""

    size: float
    name: str
    close: bool = False
    fine: bool = False
    notation: Notation = ENGLISH

    def figure(self, value: float) -> str:
        """Three digits that matter, without the unit."""
        return figure(value / self.size, fine=self.fine).replace(".", self.notation.point)

    def told(self, value: float) -> str:
        return (
            self.figure(value) + ("" if self.close or not self.name else " ") + self.notation.unit(self.name)
        )


def scale(unit: Unit, values: Iterable[float], notation: Notation = ENGLISH) -> Scale:
    """For figures that are compared: it fits the greatest of them."""
    most = max((abs(value) for value in values), default=0.0)
    steps, close = _UNITS[unit], unit in _CLOSE
    for size, name in steps if most < _PLAIN * steps[0][0] else ():
        if most >= size:
            return Scale(size, name, close, notation=notation)
    size, name = steps[-1] if 0 < most < 1 else next(step for step in steps if step[0] == 1)
    return Scale(size, name, close, 0 < most < size, notation)


def figure(value: float, *, fine: bool = False) -> str:
    """fine: what is nearly nothing is told all the same."""
    size = abs(value)
    if size < (1 / MOST if fine else _NOTHING):
        return "0"
    if size >= _PLAIN or size < _NOTHING:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{_trimmed(mantissa)}e{int(exponent)}".replace("-", "−")
    decimals = 2 if size < 9.995 else 1 if size < 99.95 else 0
    return _trimmed(f"{value:.{decimals}f}").replace("-", "−")


def round_steps(low: float, high: float, most: int) -> list[float]:
    """At most so many multiples of a round figure, from `low` to `high`. low < high, neither beyond MOST."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in _ROUND:
        step = factor * power
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < most:
            break
    return [number * step for number in range(first, last + 1)]


def _trimmed(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number
