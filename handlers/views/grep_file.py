"""All hits of a search as a file: oldest first, with names and moments, and where they come from above."""

from collections.abc import Iterator
from datetime import datetime

from aiogram.utils.formatting import Text
from aiogram.utils.i18n import gettext as _

from handlers.views.answer import Answer, File
from handlers.views.grep import head, notes
from handlers.views.grep_rows import rows_of
from handlers.words import zone
from services.logs.search.hits import Found


def search_file(found: Found) -> Answer:
    """Takes a while for many hits: not for the event loop."""
    lines = notes(found)
    if len(found.hits) < found.count:
        lines.append(_("Too many for a file: the oldest are left out."))
    caption = Text(head(found), *(part for line in lines for part in ("\n", line)))
    stamp = found.at.astimezone(zone.get()).strftime("%Y%m%d-%H%M%S")
    content = "".join(f"{line}\n" for line in (*_preface(found), "", *_body(found)))
    return Answer(caption, (), File(f"grep-{stamp}.log", content.encode(errors="replace")))


def _preface(found: Found) -> Iterator[str]:
    question = found.question
    flags = [*["-i"] * question.ignore_case, *["-v"] * question.invert]
    yield " ".join(("#", question.pattern, *flags))
    for tally in found.tallies:
        back = f" · … {_moment(tally.back_to)}" if tally.back_to else ""
        yield f"# {tally.host}/{tally.name} · {tally.count}{back}"


def _body(found: Found) -> Iterator[str]:
    """As grep does it: where there is context, a hit has a colon behind its name, any other line a dash."""
    rows = rows_of(found.hits)
    for number, group in enumerate(reversed(rows.groups)):
        if number and rows.has_context:
            yield "--"
        for place, line in enumerate(group.lines):
            sign = ":" if place in group.hits or not rows.has_context else "-"
            yield (f"{_moment(line.at)} {line.host}/{line.name} {line.stream.name.lower()}{sign} {line.text}")


def _moment(at: datetime) -> str:
    return at.astimezone(zone.get()).isoformat(" ", "milliseconds")
