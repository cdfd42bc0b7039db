"""What `/status` shows on which page: all in one where it fits, else the trouble of all hosts before the rest."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby

from aiogram.utils.formatting import Bold, ExpandableBlockQuote, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.views.answer import MESSAGE_ENTITIES, MESSAGE_UNITS, units
from handlers.views.condition import silence_cause
from handlers.views.status_lines import container_line, heading, pieces, silent_line
from services.domain.reports import FleetReport, HostReport, Observed

# Room is kept for the headline and the time.
_PAGE_UNITS = MESSAGE_UNITS - 400
_PAGE_ENTITIES = MESSAGE_ENTITIES - 5
# Of trouble, so many lines on a page, each of which has a button; whatever they hold, they fit.
_LINES = 14
# More hosts than that which are silent for the same reason are told together, which takes the room of so many lines.
_ALIKE, _ALIKE_LINES, _ALIKE_UNITS = 3, 4, 600


@dataclass(slots=True)
class StatusPage:
    """hosts: those that it tells of. rows: the containers that have buttons there."""

    body: list[Text] = field(default_factory=list)
    hosts: list[HostReport] = field(default_factory=list)
    rows: list[Observed] = field(default_factory=list)


def pages(report: FleetReport, shown: int) -> list[StatusPage]:
    """All of them, of which `shown` has its text, or the last where there are not so many."""
    whole = host_pages(report)
    return whole if len(whole) == 1 else [*_trouble(report, shown), *whole]


def host_pages(report: FleetReport) -> list[StatusPage]:
    """Host after host. Pieces put together greedily; a piece is never broken, and each page says whose it is."""
    made = [StatusPage()]
    room, entities = _PAGE_UNITS, _PAGE_ENTITIES
    for host in report.hosts:
        for number, piece in enumerate(pieces(host, report)):
            text, marks = piece.render()
            length = units(text)
            if made[-1].body and (length > room or len(marks) > entities):
                made.append(StatusPage([heading(host)] if number else []))
                room, entities = _PAGE_UNITS, _PAGE_ENTITIES
            made[-1].body.append(piece)
            if host not in made[-1].hosts[-1:]:
                made[-1].hosts.append(host)
            room -= length
            entities -= len(marks)
    return made


@dataclass(frozen=True, slots=True)
class _Item:
    """lines: how much of a page's room it takes. make: its text, which is made for the page that is shown alone."""

    lines: int
    make: Callable[[], Text]
    host: HostReport
    row: Observed | None = None


def _trouble(report: FleetReport, shown: int) -> list[StatusPage]:
    """Of all hosts. shown: the page whose text is made; the others are but counted."""
    items = [*_silent(report), *_troubled(report)]
    made: list[StatusPage] = []
    room = 0
    for told, item in enumerate(items):
        if item.lines > room:
            if len(made) == shown + 1:
                made[-1].body.append(_rest(len(items) - told))
            made.append(StatusPage([Text("\n")]))
            room = _LINES
        page = made[-1]
        if len(made) == shown + 1:
            page.body.append(item.make())
        page.hosts.append(item.host)
        page.rows += [item.row] if item.row else []
        room -= item.lines
    return made


def _rest(count: int) -> Text:
    return Text(ngettext("and {count} more", "and {count} more", count).format(count=count), "\n")


def _silent(report: FleetReport) -> Iterator[_Item]:
    """Those that are silent for the same reason are told in one."""
    silent = sorted((host for host in report.hosts if host.silence), key=_reason)
    for (cause, met), group in groupby(silent, key=_reason):
        alike = list(group)
        if len(alike) > _ALIKE:
            yield _Item(_ALIKE_LINES, partial(_alike, alike, cause, met=met), alike[0])
        else:
            yield from (_Item(1, partial(silent_line, host, report), host) for host in alike)


def _reason(host: HostReport) -> tuple[str, bool]:
    """Why, in words, and whether there was ever contact."""
    assert host.silence is not None
    return silence_cause(host.silence.reason), host.silence.since is not None or host.silence.seen is not None


def _alike(hosts: Sequence[HostReport], cause: str, *, met: bool) -> Text:
    words = _("no contact") if met else _("no contact yet")
    count = ngettext("{count} host", "{count} hosts", len(hosts)).format(count=len(hosts))
    names = ", ".join(host.host for host in hosts)
    if len(names) > _ALIKE_UNITS:
        names = names[:_ALIKE_UNITS].rpartition(", ")[0] + ", …"
    line = f"{words}: {cause}" if cause else words
    return Text("⚠️ ", Bold(count), ": ", line, "\n", ExpandableBlockQuote(names), "\n")


def _troubled(report: FleetReport) -> Iterator[_Item]:
    for host in report.hosts:
        for row in host.troubled:
            yield _Item(1, partial(container_line, row, report, full=True), host, row)
