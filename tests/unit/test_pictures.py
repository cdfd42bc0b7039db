"""Pictures come from a process of their own, which may be killed, hang, grow or rest."""

import math
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

import psutil
import pytest
from PIL import Image

from services.domain.metrics import Curve, Unit
from services.pictures.drawing import Drawing
from services.pictures.pictures import Pictures, open_pictures

NOW = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)


def curve(name: str = "server1", count: int = 360) -> Curve:
    step = timedelta(days=1) / count
    return Curve(name, tuple((NOW - step * (count - n), 50 + 20 * math.sin(n / 30)) for n in range(count)))


DRAWING = Drawing("CPU", (curve(),), Unit.PERCENT, NOW - timedelta(days=1), NOW, 240)
# A zone that nobody knows: the process stumbles over it, as over any defect.
BROKEN = replace(DRAWING, zone="Nowhere/Nothing")


@pytest.fixture
async def pictures() -> AsyncIterator[Pictures]:
    async with open_pictures() as opened:
        yield opened


def painters() -> list[psutil.Process]:
    """The processes of ours that draw now."""
    mine = psutil.Process().children()
    return [each for each in mine if "services.pictures.painter" in each.cmdline()]


def is_png(body: bytes) -> bool:
    return Image.open(BytesIO(body)).format == "PNG"


async def test_a_picture_comes_and_the_process_stays_for_the_next_one(pictures: Pictures) -> None:
    assert painters() == []
    assert is_png(await pictures.draw(DRAWING))
    (first,) = painters()
    assert is_png(await pictures.draw(DRAWING))
    assert painters() == [first]
