"""What is known of a time in equal parts, as bars: how much of each part was well, and a figure below it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """share: 0 to 1, how much of it was well; None: not known. value: of the bar below, None: none."""

    share: float | None
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Bars:
    """At most 90 columns. ticks: below the first, the middle and the last one. most: what the highest value is, in
    figures.
    """

    columns: tuple[Column, ...]
    ticks: tuple[str, str, str]
    most: str
