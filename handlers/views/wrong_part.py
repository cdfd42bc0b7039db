"""What in a pattern or a query is wrong, to be shown below the sentence that says so."""

from collections.abc import Iterator

from aiogram.utils.formatting import Code, Pre, Text
from aiogram.utils.i18n import gettext as _

from services.errors import PatternRefused, QueryRefused
from services.logs.text.presentable import presentable

_BEFORE, _AFTER = 28, 12  # characters of a query around the wrong one


def wrong_part(error: QueryRefused | PatternRefused) -> Iterator[Text | str]:
    if isinstance(error, QueryRefused):
        yield "\n"
        yield Pre(marked(error))
    elif error.plainer:
        yield " " + _("Try:") + " "
        yield Code(error.plainer)


def marked(error: QueryRefused) -> str:
    """The line of the query that is wrong, as far as a phone is wide, and below it where."""
    lines = error.query.split("\n")
    line = lines[error.line - 1] if error.line <= len(lines) else ""
    place = min(error.column - 1, len(line))
    start = max(place - _BEFORE, 0)
    before, after = line[start:place], line[place:][:_AFTER]
    cut_before, cut_after = "…" if start else "", "…" if place + _AFTER < len(line) else ""
    shown = presentable(f"{cut_before}{before}{after}{cut_after}".replace("\t", " "))
    return f"{shown}\n{' ' * len(cut_before + before)}^"
