"""Text behind `/chart` and `/theme`. Syntax only."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from handlers.args import Usage, UsageError, words
from handlers.metric_callbacks import REACHES, ReachKey
from services.pictures.drawing import Theme

# As they are written on a phone, in either language.
_UNITS = {each: each for each in "smhdw"} | {
    word: unit
    for unit, words in {
        "h": ("ч", "час", "часа", "часов", "hour", "hours"),
        "d": ("д", "дн", "день", "дня", "дней", "day", "days"),
    }.items()
    for word in words
}
_MOST_NAMES = 2  # the metric's, and of what
_TIME = re.compile(r"([0-9]+)([a-zа-я]+)")
_AS_LONG: dict[str, ReachKey] = {"1d": "24h", "1w": "7d"}


@dataclass(frozen=True, slots=True)
class ChartArgs:
    metric: str
    reach: ReachKey = "1h"
    name: str | None = None


def chart_args(text: str | None) -> ChartArgs | None:
    """`METRIC [1h|6h|24h|7d] [HOST|NAME]`, the time anywhere; None when there is no metric."""
    reach: ReachKey | None = None
    names: list[str] = []
    for word in _times_joined(words(text)):
        if (key := _reach(word)) and reach is None:
            reach = key
        elif key or len(names) == _MOST_NAMES:
            raise UsageError(Usage.TOO_MANY, word)
        else:
            names.append(word)
    return ChartArgs(names[0], reach or "1h", *names[1:]) if names else None


def _times_joined(found: Sequence[str]) -> Iterator[str]:
    """`24 h` is one word."""
    waiting = ""
    for word in found:
        if waiting and word.lower() not in _UNITS:
            yield waiting
            waiting = ""
        if word.isdecimal():
            waiting = word
        else:
            yield waiting + word
            waiting = ""
    if waiting:
        yield waiting


def _reach(word: str) -> ReachKey | None:
    """None for what is no time at all."""
    found = _TIME.fullmatch(word.lower())
    if not found or found[2] not in _UNITS:
        return None
    plain = found[1] + _UNITS[found[2]]
    plain = _AS_LONG.get(plain, plain)
    for key in REACHES:
        if key == plain:
            return key
    raise UsageError(Usage.REACH, word)


_THEMES = {
    Theme.LIGHT: ("light", "day", "светлая", "светлый", "день"),
    Theme.DARK: ("dark", "night", "тёмная", "темная", "тёмный", "темный", "ночь"),
}


def theme_named(text: str | None) -> Theme | None:
    """None for no word, and for one that names none."""
    found = {word.lower() for word in words(text)}
    return next((theme for theme, names in _THEMES.items() if found & set(names)), None)
