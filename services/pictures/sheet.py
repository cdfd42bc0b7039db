"""A drawing on its way to the process that draws: points as plain numbers, in bytes. No pickle, either way."""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from services.domain.metrics import MarkKind, Point, Thresholds, Unit
from services.pictures.bars import Bars
from services.pictures.drawing import Drawing, Theme, Words
from services.pictures.scales import Notation

_SHORTEST = 60.0  # seconds that a picture's time is made to be at least
_POINTS = 360  # that are expected where no step is told


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
    subject: str
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
    notation: Notation


def packed(drawing: Drawing | Bars) -> bytes:
    """Some tens of milliseconds for fifty curves of four hundred points: to be called in a thread."""
    if isinstance(drawing, Bars):
        return _BARS + msgspec.msgpack.encode(drawing)
    return _SHEET + msgspec.msgpack.encode(_sheet(drawing))


def unpacked(frame: bytes) -> Sheet | Bars:
    """Raises msgspec.ValidationError."""
    decoder = _BAR_DECODER if frame[:1] == _BARS else _SHEET_DECODER
    return decoder.decode(memoryview(frame)[1:])


def _sheet(drawing: Drawing) -> Sheet:
    start = drawing.start.timestamp()
    end = max(drawing.end.timestamp(), start + _SHORTEST)
    return Sheet(
        _whole(drawing.title),
        _whole(drawing.subject),
        tuple(_line(_whole(curve.name), curve.points) for curve in drawing.curves),
        drawing.unit,
        start,
        end,
        drawing.step if drawing.step > 0 else (end - start) / _POINTS,
        drawing.zone,
        drawing.thresholds,
        tuple(Notch(mark.at.timestamp(), mark.kind, _whole(mark.text)) for mark in drawing.marks),
        Words(*(_whole(getattr(drawing.words, name)) for name in Words.__slots__)),
        drawing.theme,
        drawing.small,
        drawing.notation,
    )


def _whole(text: str) -> str:
    """Halves of characters, as broken JSON leaves them, would not get across."""
    return text.encode(errors="replace").decode()


def _line(name: str, points: Sequence[Point]) -> Line:
    times = array("d", (at.timestamp() for at, _value in points))
    values = array("d", (value if math.isfinite(value) else math.nan for _at, value in points))
    return Line(name, times.tobytes(), values.tobytes())


_SHEET, _BARS = b"s", b"b"  # what a frame begins with
_SHEET_DECODER, _BAR_DECODER = msgspec.msgpack.Decoder(Sheet), msgspec.msgpack.Decoder(Bars)
