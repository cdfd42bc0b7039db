"""What `/status` is made of, line by line."""

from collections.abc import Iterator, Sequence

from aiogram.utils.formatting import Bold, ExpandableBlockQuote, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.views.answer import units
from handlers.views.condition import SYMBOL, silence_words, state_words
from services.domain.containers import Condition
from services.domain.reports import FleetReport, HostReport, Observed

_QUOTE_UNITS = 1500
_FEW_STOPPED = 5


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


def heading(host: HostReport) -> Text:
    return Text("\n", Bold(host.host), "\n")


def pieces(host: HostReport, report: FleetReport) -> Iterator[Text]:
    if host.silence:
        yield from _silent_host(host, report)
        return
    yield heading(host)
    stopped = [row for row in host.containers if row.diagnosis.condition is Condition.STOPPED]
    few = len(stopped) <= _FEW_STOPPED
    for row in host.containers:
        if row.in_trouble or (few and row in stopped):
            yield container_line(row, report)
    yield from _fine(host)
    if not few:
        words = ngettext("{count} stopped", "{count} stopped", len(stopped)).format(count=len(stopped))
        yield Text(SYMBOL[Condition.STOPPED], " ", words, "\n")
        yield from quotes([row.container.name for row in stopped])


def _silent_host(host: HostReport, report: FleetReport) -> Iterator[Text]:
    yield Text("\n", silent_line(host, report))
    yield from quotes(host.unknown)


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
    yield from quotes(names)


def quotes(names: Sequence[str]) -> Iterator[Text]:
    """Behind a tap, in as many quotes as it takes."""
    for chunk in chunks(names):
        yield Text(ExpandableBlockQuote(chunk), "\n")


def chunks(names: Sequence[str]) -> Iterator[str]:
    """Put together with commas, each as much as one quote may hold."""
    chunk: list[str] = []
    room = _QUOTE_UNITS
    for name in names:
        length = units(name) + 2
        if chunk and length > room:
            yield ", ".join(chunk)
            chunk, room = [], _QUOTE_UNITS
        chunk.append(name)
        room -= length
    if chunk:
        yield ", ".join(chunk)
