"""A drawing on its way to the process that draws: points as plain numbers, in bytes. No pickle, either way."""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from services.domain.metrics import MarkKind, Point, Thresholds, Unit
from services.pictures.drawing import Drawing, Theme, Words


@dataclass(frozen=True, slots=True)
class Line:
    """A curve, in C doubles. times: seconds since 1970, oldest first; values: NaN where a source gave no number."""

    name: str
    times: bytes
    values: bytes


@dataclass(frozen=True, slots=True)
class Notch:
    """A mark, at seconds since 1970."""

    at: float
    kind: MarkKind
    text: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A `Drawing`, with moments as seconds since 1970."""

    title: str
    lines: tuple[Line, ...]
    unit: Unit
    start: float
    end: float
    step: float
    zone: str
    thresholds: Thresholds
    notches: tuple[Notch, ...]
    words: Words
    theme: Theme
    small: bool


def packed(drawing: Drawing) -> bytes:
    """Some tens of milliseconds for fifty curves of four hundred points: to be called in a thread."""
    return msgspec.msgpack.encode(
        Sheet(
            drawing.title,
            tuple(_line(curve.name, curve.points) for curve in drawing.curves),
            drawing.unit,
            drawing.start.timestamp(),
            drawing.end.timestamp(),
            drawing.step,
            drawing.zone,
            drawing.thresholds,
            tuple(Notch(mark.at.timestamp(), mark.kind, mark.text) for mark in drawing.marks),
            drawing.words,
            drawing.theme,
            drawing.small,
        )
    )


def unpacked(frame: bytes) -> Sheet:
    """Raises msgspec.ValidationError."""
    return _SHEETS.decode(frame)


def _line(name: str, points: Sequence[Point]) -> Line:
    times = array("d", (at.timestamp() for at, _value in points))
    values = array("d", (value if math.isfinite(value) else math.nan for _at, value in points))
    return Line(name, times.tobytes(), values.tobytes())


_SHEETS = msgspec.msgpack.Decoder(Sheet)
