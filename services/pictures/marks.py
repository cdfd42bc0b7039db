"""What happened meanwhile: a triangle above the plot and a thin line through it. A restart's is hollow, its line
dotted; an incident's is full.
"""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from services.domain.metrics import MarkKind
from services.pictures.field import Field
from services.pictures.lettering import PLAIN
from services.pictures.palette import Palette
from services.pictures.sheet import Notch, Sheet

STRIP = 44  # pixels above the plot
_SYMBOLS = {MarkKind.RESTART: "▽", MarkKind.INCIDENT: "▼"}
_TOGETHER = 36  # pixels: what is closer is one triangle, an incident's before a restart's
_MOST_LINES = 12
_GAP = 34
_LONGEST = 420


def seen(sheet: Sheet) -> list[Notch]:
    """Within the picture's time, oldest first."""
    return sorted(
        (each for each in sheet.notches if sheet.start <= each.at <= sheet.end), key=lambda each: each.at
    )


def draw_marks(field: Field, marks: Sequence[Notch]) -> None:
    """Many of them have no lines: they would hide the curves."""
    _left, bottom, _right, top = field.box
    drawn: list[tuple[float, MarkKind]] = []
    for mark in sorted(marks, key=lambda each: (each.kind is not MarkKind.INCIDENT, each.at)):
        x = field.x(mark.at)
        if all(abs(x - other) >= _TOGETHER for other, _kind in drawn):
            drawn.append((x, mark.kind))
    for x, kind in drawn:
        colour = _colour(kind, field.palette)
        if len(drawn) <= _MOST_LINES:
            dashes = (1, 3) if kind is MarkKind.RESTART else ()
            field.board.line((x, x), (bottom, top), colour, 2.5, dashes=dashes)
        field.board.write(x, top + STRIP / 2, _SYMBOLS[kind], colour, side="center")


def tell_marks(
    field: Field, marks: Sequence[Notch], zone: ZoneInfo, left: float, right: float, y: float
) -> None:
    """The newest ones, as many as there is room for, and how many there are besides."""
    told: list[tuple[str, str]] = []
    room = right - left - PLAIN.width("+999") - _GAP
    for mark in reversed(marks):
        form = "%H:%M" if field.sheet.end - field.sheet.start <= 90_000 else "%d.%m %H:%M"
        moment = datetime.fromtimestamp(mark.at, zone).strftime(form)
        text = f"{_SYMBOLS[mark.kind]} {moment} {PLAIN.fitted(mark.text, _LONGEST)}".rstrip()
        if (room := room - PLAIN.width(text) - _GAP) < -_GAP:
            break
        told.append((text, _colour(mark.kind, field.palette)))
    if len(told) < len(marks):
        told.append((f"+{len(marks) - len(told)}", field.palette.quiet))  # older ones, so before the others
    for text, colour in reversed(told):
        field.board.write(left, y, text, colour)
        left += PLAIN.width(text) + _GAP


def _colour(kind: MarkKind, palette: Palette) -> str:
    return palette.restart if kind is MarkKind.RESTART else palette.incident
