"""The lines below a plot: each curve's colour, number and name, and its figures in a column each."""

from collections.abc import Sequence

from services.pictures.board import Board
from services.pictures.drawing import NAMED
from services.pictures.lettering import BOLD, LINE, PLAIN
from services.pictures.palette import Palette
from services.pictures.scales import scale
from services.pictures.sheet import Sheet
from services.pictures.strokes import Stroke

_SWATCH, _GAP = 36, 26
_NONE = "–"


class Legend:
    def __init__(self, found: Sequence[Stroke], sheet: Sheet, palette: Palette) -> None:
        self._strokes = found[:NAMED]
        self._palette = palette
        thin = f"+{len(found) - NAMED}" if len(found) > NAMED else ""
        self._thin = bool(thin)
        self._more = "  ".join(filter(None, (thin, sheet.words.more)))
        rows = [_cells(stroke, sheet) for stroke in self._strokes]
        units = {unit for unit, _figures in rows if unit is not None}
        self._unit = units.pop() if len(units) == 1 else ""
        words = sheet.words
        heads = ("", words.now, words.least, words.mean, words.most)
        self._heads = [PLAIN.fitted(head, 200) for head in heads]
        self._rows = [["" if self._unit else unit or "", *figures] for unit, figures in rows]
        self._widths = [
            max((PLAIN.width(cell) for cell in column), default=0)
            for column in zip(self._heads, *self._rows, strict=True)
        ]

    @property
    def height(self) -> int:
        return LINE * ((len(self._rows) + 1 if self._rows else 0) + (1 if self._more else 0))

    def draw(self, board: Board, left: float, right: float, top: float) -> None:
        y = top - LINE / 2
        if self._rows:
            names = right - sum(width + _GAP for width in self._widths if width)
            board.write(left, y, self._unit, self._palette.quiet)
            self._write(board, self._heads, right, y, self._palette.quiet)
            begin = left + _SWATCH + 10 + (BOLD.width("8") + 14 if len(self._rows) > 1 else 0)
            fitted = PLAIN.told_apart([stroke.name for stroke in self._strokes], names - begin)
            for number, (name, cells) in enumerate(zip(fitted, self._rows, strict=True)):
                y -= LINE
                self._key(board, number, left, y)
                board.write(begin, y, name or _NONE, self._palette.ink)
                self._write(board, cells, right, y, self._palette.ink)
            y -= LINE
        if self._thin:
            board.line((left + 4, left + _SWATCH - 4), (y, y), self._palette.rest, 5)
            left += _SWATCH + 10
        board.write(left, y, PLAIN.fitted(self._more, right - left), self._palette.quiet)

    def _key(self, board: Board, number: int, x: float, y: float) -> None:
        colour = self._palette.curves[number]
        board.line((x + 4, x + _SWATCH - 4), (y, y), colour, 10)
        if len(self._rows) > 1:
            board.write(x + _SWATCH + 10, y, str(number + 1), colour, bold=True)

    def _write(self, board: Board, cells: Sequence[str], right: float, y: float, colour: str) -> None:
        """From the right, each column to its right edge."""
        for cell, width in zip(reversed(cells), reversed(self._widths), strict=True):
            board.write(right, y, cell, colour, side="right")
            right -= width + _GAP if width else 0


def _cells(stroke: Stroke, sheet: Sheet) -> tuple[str | None, list[str]]:
    """Its unit, None where it has no figures; and those."""
    figures = stroke.figures
    if figures is None:
        return None, [_NONE] * 4
    values = (figures.now, figures.least, figures.mean, figures.most)
    own = scale(sheet.unit, [value for value in values if value is not None], sheet.notation)
    return sheet.notation.unit(own.name).strip(), [
        _NONE if value is None else own.figure(value) for value in values
    ]
