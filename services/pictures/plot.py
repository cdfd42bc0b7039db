"""A sheet as a PNG: a title, the plot with its axes, and below it a line for each curve."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from services.pictures.axes import Heights, heights, time_steps
from services.pictures.board import Board
from services.pictures.drawing import NAMED
from services.pictures.ends import Ends
from services.pictures.field import Field
from services.pictures.legend import Legend
from services.pictures.lettering import BOLD, LINE, PLAIN, SIZE
from services.pictures.marks import STRIP, draw_marks, seen, tell_marks
from services.pictures.palette import PALETTES, Palette
from services.pictures.sheet import Sheet
from services.pictures.strokes import Stroke, strokes

WIDTH, HEIGHT, SMALL_HEIGHT = 1280, 840, 480
PAD = 24
_TITLE, _HOURS = 66, 68
_LEAST = 400  # of the plot's height, however many lines stand below
_A_STEP = 80  # between two lines of the grid, at least
_BESIDE = 31  # from a limit's line to the middle of its words
_CURVE, _REST, _DOT = 5.0, 2.5, 20.0


def drawn(sheet: Sheet) -> bytes:
    """Raises ZoneInfoNotFoundError."""
    zone = ZoneInfo(sheet.zone)
    palette = PALETTES[sheet.theme]
    found = strokes(sheet)
    marks = seen(sheet)
    legend = None if sheet.small else Legend(found, sheet, palette)
    above = PAD + (_TITLE if sheet.title or sheet.subject else 0) + (STRIP if marks else 0)
    below = PAD + _HOURS + (legend.height if legend else 0) + (LINE if marks and legend else 0)
    height = SMALL_HEIGHT if sheet.small else max(HEIGHT, above + _LEAST + below)
    board = Board(WIDTH, height, palette.background)
    _head(board, sheet, palette)
    scaled = _heights(found, sheet, height - above - below)
    ends = Ends(found, sheet)
    left = PAD + max((PLAIN.width(label) for _at, label in _labels(scaled, found)), default=0) + 16
    field = Field(board, (left, below, WIDTH - PAD - ends.room, height - above), sheet, palette, scaled)
    _grid(field, found, zone)
    _limits(field)
    draw_marks(field, marks)
    _curves(field, found)
    if not any(stroke.figures for stroke in found):
        middle, centre = (field.box[0] + field.box[2]) / 2, (field.box[1] + field.box[3]) / 2
        words = PLAIN.fitted(sheet.words.empty, field.box[2] - field.box[0])
        board.write(middle, centre, words, palette.quiet, side="center")
    ends.draw(field)
    if legend:
        legend.draw(board, PAD, WIDTH - PAD, below - _HOURS)
        tell_marks(field, marks, zone, PAD, WIDTH - PAD, PAD + LINE / 2)
    return board.png()


def _head(board: Board, sheet: Sheet, palette: Palette) -> None:
    y, room = board.height - PAD - _TITLE / 2 + 4, WIDTH - 2 * PAD
    title = BOLD.fitted(sheet.title, room)
    board.write(PAD, y, title, palette.ink, bold=True)
    taken = BOLD.width(title) + SIZE * 0.6 if title else 0
    board.write(PAD + taken, y, PLAIN.fitted(sheet.subject, room - taken), palette.quiet)


def _heights(found: Sequence[Stroke], sheet: Sheet, pixels: int) -> Heights:
    values = [
        value for stroke in found if stroke.figures for value in (stroke.figures.least, stroke.figures.most)
    ]
    words = (_BESIDE + SIZE / 2) / pixels
    return heights(
        sheet.unit, values, sheet.thresholds, max(pixels // _A_STEP, 2), words / (1 - words), sheet.notation
    )


def _labels(scaled: Heights, found: Sequence[Stroke]) -> list[tuple[float, str]]:
    """Beside the grid's lines: the uppermost with its unit, and all where it is but a letter. None where there is
    nothing to measure.
    """
    if not any(stroke.figures for stroke in found):
        return []
    *lower, top = scaled.steps
    own = scaled.scale
    told = own.told if own.close and own.size != 1 else own.figure
    return [*((step, told(step) if step else "0") for step in lower), (top, own.told(top))]


def _grid(field: Field, found: Sequence[Stroke], zone: ZoneInfo) -> None:
    left, bottom, right, _top = field.box
    board, palette = field.board, field.palette
    for step, label in _labels(field.heights, found):
        y = field.y(step)
        board.line((left, right), (y, y), palette.faint, 2)
        board.write(left - 14, y, label, palette.quiet, side="right")
    zero = max(field.y(0.0), bottom)
    board.line((left, right), (zero, zero), palette.quiet, 2)
    widest = PLAIN.width("00:00")
    most = int((right - left) // (widest * 1.4))
    for at, label in time_steps(field.sheet.start, field.sheet.end, zone, most):
        x = field.x(at)
        board.line((x, x), (bottom, bottom - 10), palette.quiet, 2)
        if widest / 2 - PAD <= x - left and x <= right + PAD - widest / 2:
            board.write(x, bottom - _HOURS / 2, label, palette.quiet, side="center")


def _limits(field: Field) -> None:
    """Dashed, each with its figure: the upper one's above its line, the lower one's below where both are close."""
    left, _bottom, right, _top = field.box
    scaled, palette = field.heights, field.palette
    shown = sorted(
        (limit, colour)
        for limit, colour in ((scaled.warning, palette.warning), (scaled.critical, palette.critical))
        if limit is not None
    )
    crowded = len(shown) > 1 and field.y(shown[1][0]) - field.y(shown[0][0]) < LINE
    for number, (limit, colour) in enumerate(shown):
        y = field.y(limit)
        field.board.line((left, right), (y, y), colour, 4, dashes=(3, 2.5))
        beside = -_BESIDE if crowded and number == 0 else _BESIDE
        field.board.write(left + 10, y + beside, scaled.scale.told(limit), colour, backed=True)


def _curves(field: Field, found: Sequence[Stroke]) -> None:
    """Those without a name first, so that they hide nothing; the first one lies above all others."""
    named = list(zip(found[:NAMED], field.palette.curves, strict=False))
    for stroke in found[NAMED:]:
        _curve(field, stroke, field.palette.rest, _REST)
    for stroke, colour in reversed(named):
        _curve(field, stroke, colour, _CURVE)


def _curve(field: Field, stroke: Stroke, colour: str, width: float) -> None:
    xs, ys = field.x(stroke.times), field.y(stroke.values)
    left, bottom, right, top = field.box
    field.board.line(xs, ys, colour, width, within=(left - width, bottom - width, right + width, top + width))
    if stroke.lone.any():
        size = _DOT * width / _CURVE
        field.board.dots(
            xs[stroke.lone],
            ys[stroke.lone],
            colour,
            size,
            (left - size, bottom - size, right + size, top + size),
        )
