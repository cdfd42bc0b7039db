"""`/status`: the fleet or a host, trouble first, in as many pages as it takes."""

from collections import Counter
from collections.abc import Iterator, Sequence

from aiogram.types import InlineKeyboardButton
from aiogram.utils.formatting import Bold, ExpandableBlockQuote, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.views.answer import MESSAGE_ENTITIES, MESSAGE_UNITS, Answer, Row, button, in_rows, units
from handlers.views.condition import SYMBOL, silence_words, state_words
from handlers.views.moments import clock
from handlers.views.ways import StatusWays, Ways
from services.domain.containers import Condition
from services.domain.reports import FleetReport, HostReport, Observed

# Room is kept for the headline and the time.
_PAGE_UNITS = MESSAGE_UNITS - 400
_PAGE_ENTITIES = MESSAGE_ENTITIES - 5
_QUOTE_UNITS = 1500
_MOST_BUTTONS = 16
_FEW_STOPPED = 5


def overview(
    report: FleetReport, asker: str, *, host: str = "", page: int = 0, ways: Ways | None = None
) -> Answer:
    """Every name in scope is on some page. `ways`: those of `/status` unless told."""
    ways = ways or StatusWays(asker)
    if not report.hosts:
        return Answer(Text(nothing_here()))
    pages = _pages(report)
    rows = [row for each in report.hosts for row in (each.containers if host else each.troubled)]
    count = max(len(pages), -(-len(rows) // _MOST_BUTTONS))
    page = min(max(page, 0), count - 1)
    body = pages[min(page, len(pages) - 1)]
    text = Text(*headline(report), *body, "\n", clock(report.at, seconds=True))
    tappable = rows[page * _MOST_BUTTONS : (page + 1) * _MOST_BUTTONS]
    return Answer(text, tuple(_keyboard(report, tappable, ways, host, page, count)))


def nothing_here() -> str:
    return _("Nothing to watch here: no container is in your scope.")


def headline(report: FleetReport) -> tuple[Text | str, ...]:
    """How many need somebody, of how many; its line's end included."""
    count, total = report.troubled, report.total
    if count == 0:
        words = ngettext("All well: {total}", "All well: {total}", total).format(total=total)
        return Bold("🟢 ", words), "\n"
    words = ngettext("{count} of {total} needs you", "{count} of {total} need you", count)
    return Bold(_worst_symbol(report), " ", words.format(count=count, total=total)), "\n"


def _worst_symbol(report: FleetReport) -> str:
    rows = [row for host in report.hosts for row in host.troubled]
    if any(row.diagnosis.condition is Condition.DOWN for row in rows):
        return SYMBOL[Condition.DOWN]
    return "⚠️" if any(host.silence for host in report.hosts) else SYMBOL[Condition.UNWELL]


def _pages(report: FleetReport) -> list[list[Text]]:
    """Pieces put together greedily; a piece is never broken, and each page says whose it is."""
    pages: list[list[Text]] = [[]]
    room, entities = _PAGE_UNITS, _PAGE_ENTITIES
    for host in report.hosts:
        for number, piece in enumerate(_pieces(host, report)):
            text, marks = piece.render()
            length = units(text)
            if pages[-1] and (length > room or len(marks) > entities):
                pages.append([_heading(host)] if number else [])
                room, entities = _PAGE_UNITS, _PAGE_ENTITIES
            pages[-1].append(piece)
            room -= length
            entities -= len(marks)
    return pages


def _heading(host: HostReport) -> Text:
    return Text("\n", Bold(host.host), "\n")


def _pieces(host: HostReport, report: FleetReport) -> Iterator[Text]:
    if host.silence:
        yield from _silent_host(host, report)
        return
    yield _heading(host)
    stopped = [row for row in host.containers if row.diagnosis.condition is Condition.STOPPED]
    few = len(stopped) <= _FEW_STOPPED
    for row in host.containers:
        if row.in_trouble or (few and row in stopped):
            yield container_line(row, report)
    yield from _fine(host)
    if not few:
        words = ngettext("{count} stopped", "{count} stopped", len(stopped)).format(count=len(stopped))
        yield Text(SYMBOL[Condition.STOPPED], " ", words, "\n")
        yield from _quotes([row.container.name for row in stopped])


def _silent_host(host: HostReport, report: FleetReport) -> Iterator[Text]:
    yield Text("\n", silent_line(host, report))
    yield from _quotes(host.unknown)


def silent_line(host: HostReport, report: FleetReport) -> Text:
    assert host.silence is not None
    line = Text("⚠️ ", Bold(host.host), ": ", silence_words(host.silence, report.at))
    if host.unknown:
        unknown = ngettext("{count} unknown", "{count} unknown", len(host.unknown))
        line = Text(line, ", ", unknown.format(count=len(host.unknown)))
    return Text(line, "\n")


def container_line(row: Observed, report: FleetReport, *, full: bool = False) -> Text:
    """`full`: with its host."""
    name = row.container.full_name if full else row.container.name
    words = state_words(row.diagnosis, report.at)
    return Text(SYMBOL[row.diagnosis.condition], " ", name, ": ", words, "\n")


def _fine(host: HostReport) -> Iterator[Text]:
    names = [row.container.name for row in host.containers if row.diagnosis.condition is Condition.WELL]
    if not names:
        if not host.containers:
            yield Text(_("no containers"), "\n")
        return
    words = ngettext("{count} fine", "{count} fine", len(names)).format(count=len(names))
    yield Text(SYMBOL[Condition.WELL], " ", words, "\n")
    yield from _quotes(names)


def _quotes(names: Sequence[str]) -> Iterator[Text]:
    """Behind a tap, in as many quotes as it takes."""
    chunk: list[str] = []
    for name in names:
        if chunk and units(", ".join([*chunk, name])) > _QUOTE_UNITS:
            yield Text(ExpandableBlockQuote(", ".join(chunk)), "\n")
            chunk = []
        chunk.append(name)
    if chunk:
        yield Text(ExpandableBlockQuote(", ".join(chunk)), "\n")


def _keyboard(
    report: FleetReport, tappable: list[Observed], ways: Ways, host: str, page: int, pages: int
) -> Iterator[Row]:
    names = names_of(tappable)
    yield from in_rows(
        [
            button(f"{name} ▸", ways.card(row.container, page))
            for name, row in zip(names, tappable, strict=True)
        ],
        2,
    )
    if pages > 1:
        yield page_buttons(ways, host, page, pages)
    last: list[InlineKeyboardButton] = []
    if host:
        last.append(ways.all())
    elif len(report.hosts) > 1:
        last += [button(f"{each.host} ▸", ways.page(each.host, 0)) for each in report.hosts[:5]]
    last.append(button("↻", ways.page(host, page)))
    yield from in_rows(last, 3)


def names_of(rows: Sequence[Observed]) -> list[str]:
    """A name that stands on two hosts is told apart by its host."""
    count = Counter(row.container.name for row in rows)
    return [row.container.full_name if count[row.container.name] > 1 else row.container.name for row in rows]


def page_buttons(ways: Ways, host: str, page: int, pages: int) -> list[InlineKeyboardButton]:
    """Back and forth; the ends are left out."""
    found = []
    if page > 0:
        found.append(button(f"‹ {page}/{pages}", ways.page(host, page - 1)))
    if page < pages - 1:
        found.append(button(f"{page + 2}/{pages} ›", ways.page(host, page + 1)))
    return found
