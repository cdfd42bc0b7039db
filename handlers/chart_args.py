"""Text behind `/chart` and `/theme`. Syntax only."""

import re
from dataclasses import dataclass

from handlers.args import Usage, UsageError, words
from handlers.metric_callbacks import REACHES, ReachKey
from services.pictures.drawing import Theme

# A phone in the Russian layout has its own letters for hours and days.
_LETTERS = str.maketrans("чд", "hd")
_TIME = re.compile(r"\d+[smhdw]", re.ASCII)


@dataclass(frozen=True, slots=True)
class ChartArgs:
    metric: str
    reach: ReachKey = "1h"
    name: str | None = None


def chart_args(text: str | None) -> ChartArgs | None:
    """`METRIC [1h|6h|24h|7d] [HOST|NAME]`, the last two in either order; None when there is nothing."""
    found = words(text)
    if not found:
        return None
    reach: ReachKey | None = None
    name: str | None = None
    for word in found[1:]:
        if (key := _reach(word)) and reach is None:
            reach = key
        elif name is not None or key:
            raise UsageError(Usage.TOO_MANY, word)
        else:
            name = word
    return ChartArgs(found[0], reach or "1h", name)


def _reach(word: str) -> ReachKey | None:
    """None for what is no time at all."""
    plain = word.lower().translate(_LETTERS)
    if not _TIME.fullmatch(plain):
        return None
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
