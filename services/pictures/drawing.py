"""What is to be drawn, complete with its words: a picture knows neither languages nor where figures come from."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from services.domain.metrics import Curve, Mark, Thresholds, Unit
from services.pictures.scales import ENGLISH, Notation

NAMED = 8  # so many curves have a colour and a line of the legend; the others are thin, and counted


class Theme(StrEnum):
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Words:
    """In the person's language. empty: stands in a picture without a single point. more: of curves that were left out
    of the drawing, such as "and 10 more"; those that are in it without a name are counted as +42.
    """

    now: str = "now"
    least: str = "min"
    mean: str = "avg"
    most: str = "max"
    empty: str = "no data"
    more: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    """Curves over time. subject: what it is about, beside the title. zone: an IANA name, in which the times below are
    told. small: for the side of a card, without a legend."""

    title: str
    curves: tuple[Curve, ...]
    unit: Unit
    start: datetime
    end: datetime
    step: float  # seconds; two points that are further apart than a few of them have a gap between them
    zone: str = "UTC"
    thresholds: Thresholds = field(default_factory=Thresholds)
    marks: tuple[Mark, ...] = ()
    words: Words = Words()
    theme: Theme = Theme.LIGHT
    small: bool = False
    subject: str = ""
    notation: Notation = ENGLISH
