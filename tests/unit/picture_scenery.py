"""Drawings for tests, and what can be seen in the pictures."""

import math
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from io import BytesIO

from PIL import Image, ImageChops

from services.domain.metrics import Curve, Unit
from services.pictures.drawing import Drawing
from services.pictures.plot import drawn
from services.pictures.sheet import Sheet, packed, unpacked

NOW = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
DAY = timedelta(days=1)
STEP = DAY / 360

Colour = tuple[int, int, int]


def curve(name: str = "server1", values: Iterable[float] | None = None, start: datetime = NOW - DAY) -> Curve:
    """A point a step, from `start` on; a day's wave between 30 and 70 where nothing else is asked for."""
    found = values if values is not None else (50 + 20 * math.sin(number / 30) for number in range(361))
    return Curve(name, tuple((start + STEP * number, value) for number, value in enumerate(found)))


def drawing(*curves: Curve, title: str = "", unit: Unit = Unit.PERCENT, **more: object) -> Drawing:
    return Drawing(title, curves, unit, NOW - DAY, NOW, STEP.total_seconds(), **more)  # type: ignore[arg-type]


def picture(of: Drawing) -> Image.Image:
    """Drawn here, in the tests' own process, where a warning is an error."""
    sheet = unpacked(packed(of))
    assert isinstance(sheet, Sheet)
    found = Image.open(BytesIO(drawn(sheet)))
    assert found.format == "PNG"
    return found.convert("RGB")


def ink(found: Image.Image, colour: str) -> int:
    """How many pixels are of exactly this colour."""
    counts = Counter({shade: count for count, shade in found.getcolors(1 << 16) or ()})
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return counts[red, green, blue]


def place(found: Image.Image, colour: str) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of all that is of this colour."""
    apart = ImageChops.difference(found, Image.new("RGB", found.size, colour)).split()
    farthest = ImageChops.lighter(ImageChops.lighter(apart[0], apart[1]), apart[2])
    return farthest.point([255] + [0] * 255).getbbox()
