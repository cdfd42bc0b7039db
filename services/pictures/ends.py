"""Numbers (in a small picture: names) at the curves' right ends, which tell them apart without their colours."""

from collections.abc import Sequence

from services.pictures.drawing import NAMED
from services.pictures.field import Field
from services.pictures.lettering import BOLD, PLAIN, SIZE
from services.pictures.sheet import Sheet
from services.pictures.strokes import Stroke

_APART = SIZE - 2  # pixels between the middles of two labels
_GAP = 16
_WIDEST = 330


class Ends:
    """room: pixels that they take beside the field. One curve alone needs no label."""

    def __init__(self, found: Sequence[Stroke], sheet: Sheet) -> None:
        self._lettering = PLAIN if sheet.small else BOLD
        self._labelled = [
            (stroke, place, self._label(stroke, place, small=sheet.small))
            for place, stroke in enumerate(found[:NAMED])
            if stroke.figures and len(found) > 1
        ]
        self.room = max((self._lettering.width(label) + _GAP for *_, label in self._labelled), default=0.0)

    def _label(self, stroke: Stroke, place: int, *, small: bool) -> str:
        return self._lettering.fitted(stroke.name, _WIDEST) if small else str(place + 1)

    def draw(self, field: Field) -> None:
        _left, bottom, right, top = field.box
        ends = sorted(
            (field.y(stroke.last[1]), place, stroke, label) for stroke, place, label in self._labelled
        )
        heights = spread([end for end, *_ in ends], _APART, bottom + SIZE / 2, top - SIZE / 2)
        for height, (end, place, stroke, label) in zip(heights, ends, strict=True):
            colour = field.palette.curves[place]
            begin = min(field.x(stroke.last[0]), right)
            field.board.line((begin, right + _GAP - 4), (end, height), colour, 2, dashes=(1, 2))
            field.board.write(right + _GAP, height, label, colour, bold=self._lettering is BOLD)


def spread(wanted: Sequence[float], apart: float, low: float, high: float) -> list[float]:
    """In the same order, as near to where they are wanted as can be; closer where there is no room. wanted: sorted.

    Those that would touch stand together, their middle where the mean of their wishes is.
    """
    apart = min(apart, (high - low) / max(len(wanted) - 1, 1))
    blocks: list[
        tuple[float, int]
    ] = []  # where its first one would stand, were the others not before it; how many
    for number, place in enumerate(wanted):
        mean, count = place - number * apart, 1
        while blocks and blocks[-1][0] >= mean:
            before, others = blocks.pop()
            mean, count = (before * others + mean * count) / (others + count), others + count
        blocks.append((mean, count))
    last = high - (len(wanted) - 1) * apart
    firsts = [min(max(mean, low), last) for mean, count in blocks for _ in range(count)]
    return [first + number * apart for number, first in enumerate(firsts)]
