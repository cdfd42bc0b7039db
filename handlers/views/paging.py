"""Lists of lines in as many messages as it takes."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton

from handlers.views.answer import MESSAGE_UNITS, Row, button, units

P = TypeVar("P", bound=CallbackData)

_ROOM = MESSAGE_UNITS - 600  # for what stands above and below them
_MOST_LINES = 40
_MOST_PAGES = 1000  # that buttons can name


def pages(lines: Sequence[str]) -> list[list[str]]:
    """Greedily; one page at least. A line is shorter than a page."""
    made: list[list[str]] = [[]]
    room = _ROOM
    for line in lines:
        cost = units(line) + 1
        if made[-1] and (cost > room or len(made[-1]) == _MOST_LINES):
            made.append([])
            room = _ROOM
        made[-1].append(line)
        room -= cost
    return made[:_MOST_PAGES]


def beside(page: int, count: int, press: Callable[[int], CallbackData]) -> list[InlineKeyboardButton]:
    """To the pages beside this one (from 0), of `count`; the ends are left out."""
    others = ((page - 1, f"‹ {page}/{count}"), (page + 1, f"{page + 2}/{count} ›"))
    return [button(label, press(other)) for other, label in others if 0 <= other < count]


def turns(page: int, count: int, press: Callable[[int], CallbackData]) -> Row:
    """To those beside it, and to this one again."""
    return [*beside(page, count, press), button("↻", press(page))]


def to_page(here: P) -> Callable[[int], P]:
    """The same press, at another page."""
    return lambda page: here.model_copy(update={"page": page})
