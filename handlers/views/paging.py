"""Lists of lines in as many messages as it takes."""

from collections.abc import Callable, Sequence

from aiogram.filters.callback_data import CallbackData

from handlers.views.answer import MESSAGE_UNITS, Row, button, units

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


def turns(page: int, count: int, press: Callable[[int], CallbackData]) -> Row:
    """To the pages beside this one (from 0), of `count`, and this one again."""
    others = ((page - 1, f"‹ {page}/{count}"), (page + 1, f"{page + 2}/{count} ›"))
    return [
        *(button(label, press(other)) for other, label in others if 0 <= other < count),
        button("↻", press(page)),
    ]
