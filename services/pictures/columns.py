"""Bars as a PNG, on a background that is dark in either theme, by Pillow: in some ten milliseconds.

They hold words of digits alone: the font that is built into Pillow has no others that everybody could read.
"""

from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from services.pictures.bars import Bars

_SIZE = (1280, 480)
_MARGIN, _BAR, _STEP = 10, 10, 14
_TOP, _BOTTOM = 30, 236  # of the bars that show what was well
_STUB, _NOTCH, _LEAST = 12, 16, 30
_LINE_TOP, _LINE_BOTTOM = 300, 410  # of the bars below
_TEXT = 40

_BACKGROUND, _INK, _FAINT = "#20262d", "#dfe4ea", "#59636e"
_GOOD, _BAD, _VALUE = "#3fb950", "#f85149", "#6ea8fe"


def bars_drawn(bars: Bars) -> bytes:
    """Not by colour alone: what was not well stands out above, what is not known is short."""
    picture = Image.new("RGB", _SIZE, _BACKGROUND)
    draw = ImageDraw.Draw(picture)
    highest = max((each.value for each in bars.columns if each.value is not None), default=0) or 1
    for number, each in enumerate(bars.columns):
        left = _MARGIN + number * _STEP
        _share(draw, left, each.share)
        if each.value is not None:
            height = max(round((_LINE_BOTTOM - _LINE_TOP) * each.value / highest), 2)
            draw.rectangle((left, _LINE_BOTTOM - height, left + _BAR - 1, _LINE_BOTTOM), _VALUE)
    draw.line((_MARGIN, _LINE_BOTTOM + 2, _SIZE[0] - _MARGIN, _LINE_BOTTOM + 2), _FAINT, 2)
    font = ImageFont.load_default(_TEXT)
    if bars.most:
        draw.text((_MARGIN, _LINE_TOP - 8), bars.most, _INK, font, anchor="ls")
    for text, (place, anchor) in zip(
        bars.ticks, ((_MARGIN, "ls"), (_SIZE[0] // 2, "ms"), (_SIZE[0] - _MARGIN, "rs")), strict=True
    ):
        draw.text((place, _SIZE[1] - 18), text, _INK, font, anchor=anchor)
    out = BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _share(draw: ImageDraw.ImageDraw, left: int, share: float | None) -> None:
    right = left + _BAR - 1
    if share is None:
        draw.rectangle((left, _BOTTOM - _STUB, right, _BOTTOM), _FAINT)
        return
    height = _BOTTOM - _TOP
    if share >= 1:
        draw.rectangle((left, _TOP, right, _BOTTOM), _GOOD)
        return
    bad = min(max(round(height * (1 - share)), _LEAST), height)
    draw.rectangle((left, _TOP - _NOTCH, right, _TOP + bad), _BAD)
    if share > 0 and bad < height:
        draw.rectangle((left, _TOP + bad + 4, right, _BOTTOM), _GOOD)
