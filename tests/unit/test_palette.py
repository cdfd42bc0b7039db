"""Colours that can be told apart on their background, by people who see fewer of them, too."""

import itertools

import pytest

from services.pictures.drawing import NAMED, Theme
from services.pictures.palette import PALETTES, Palette

Triple = tuple[float, float, float]
Matrix = tuple[Triple, Triple, Triple]

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
EYES: dict[str, Matrix] = {
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900),
    ),
}  # fmt: skip
# Ottosson's Oklab: distances are as people see them.
_CONES: Matrix = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_LAB: Matrix = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)


def times(matrix: Matrix, vector: Triple) -> Triple:
    first, second, third = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return first, second, third


def linear(colour: str) -> Triple:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return red, green, blue


def seen(colour: str, eyes: Matrix) -> Triple:
    red, green, blue = (min(max(part, 0.0), 1.0) for part in times(eyes, linear(colour)))
    long, middle, short = (part ** (1 / 3) for part in times(_CONES, (red, green, blue)))
    return times(_LAB, (long, middle, short))


def contrast(one: str, other: str) -> float:
    """As WCAG defines it."""
    weights = (0.2126, 0.7152, 0.0722)
    dark, light = sorted(
        sum(a * b for a, b in zip(weights, linear(each), strict=True)) for each in (one, other)
    )
    return (light + 0.05) / (dark + 0.05)


@pytest.fixture(params=Theme)
def palette(request: pytest.FixtureRequest) -> Palette:
    return PALETTES[request.param]


def test_everything_stands_out_from_the_background(palette: Palette) -> None:
    assert len(palette.curves) == NAMED
    for colour in (*palette.curves, palette.warning, palette.critical, palette.restart, palette.incident):
        assert contrast(colour, palette.background) >= 3, colour
    assert contrast(palette.ink, palette.background) >= 12
    assert contrast(palette.quiet, palette.background) >= 4.5


@pytest.mark.parametrize("eyes", EYES)
def test_any_two_curves_can_be_told_apart(palette: Palette, eyes: str) -> None:
    for one, other in itertools.combinations(palette.curves, 2):
        ours, theirs = seen(one, EYES[eyes]), seen(other, EYES[eyes])
        distance = sum((a - b) ** 2 for a, b in zip(ours, theirs, strict=True)) ** 0.5
        assert distance > 0.09, f"{one} and {other}: {distance:.3f}; what can just be seen is about 0.02"
