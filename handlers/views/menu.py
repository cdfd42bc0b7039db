"""`/menu`, its first screen: what is in trouble, what was used last, the hosts, and all other subjects."""

from collections.abc import Iterable, Iterator, Sequence

from aiogram.types import InlineKeyboardButton
from aiogram.utils.formatting import Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.callbacks import Go
from handlers.declare import Declaration, offered
from handlers.views.answer import Answer, Row, button, in_rows
from handlers.views.condition import SYMBOL
from handlers.views.moments import clock
from handlers.views.picker import trouble_then_recent
from handlers.views.status import names_of, page_buttons
from handlers.views.status_lines import container_line, headline, nothing_here, silent_line
from handlers.views.ways import MenuWays
from services.domain.access import Actor
from services.domain.reports import FleetReport, Observed

_MOST_TOLD = 8
_MOST_CONTAINERS = 8
_HOSTS_PER_PAGE = 12


def entries(declarations: Iterable[Declaration], actor: Actor, asker: str) -> list[InlineKeyboardButton]:
    """What there is besides containers, as far as this person may use it."""
    return [
        button(_(each.entry[0]), each.entry[1](asker=asker))
        for each in offered(declarations, actor.role)
        if each.entry
    ]


def home(
    report: FleetReport,
    recent: Sequence[tuple[str, str]],
    entries: Sequence[InlineKeyboardButton],
    screen: Go,
) -> Answer:
    """`recent`: (host, name) pairs, newest first."""
    ways = MenuWays(screen.asker)
    wanted = [*_troubled(report), *_used(report, recent)]
    rows = trouble_then_recent(wanted, recent, most=_MOST_CONTAINERS)
    pages = max(-(-len(report.hosts) // _HOSTS_PER_PAGE), 1)
    page = min(screen.page, pages - 1)
    keyboard: list[Row] = in_rows(_containers(rows, ways), 2)
    hosts = report.hosts[page * _HOSTS_PER_PAGE : (page + 1) * _HOSTS_PER_PAGE]
    keyboard += in_rows([button(f"{each.host} ▸", ways.page(each.host, 0)) for each in hosts], 3)
    if pages > 1:
        keyboard.append(page_buttons(ways, "", page, pages))
    keyboard += [*in_rows(entries, 3), [button("↻", ways.page("", page))]]
    return Answer(Text(*_text(report)), tuple(keyboard))


def _text(report: FleetReport) -> Iterator[Text | str]:
    if not report.hosts:
        yield nothing_here() + "\n"
    else:
        yield from headline(report)
        yield from _trouble(report)
    yield clock(report.at, seconds=True)


def _trouble(report: FleetReport) -> Iterator[Text | str]:
    several = len(report.hosts) > 1
    silent = [host for host in report.hosts if host.silence]
    troubled = _troubled(report)
    yield from (silent_line(host, report) for host in silent[:_MOST_TOLD])
    room = max(_MOST_TOLD - len(silent), 0)
    yield from (container_line(row, report, full=several) for row in troubled[:room])
    if (rest := len(silent) + len(troubled) - _MOST_TOLD) > 0:
        yield ngettext("and {count} more", "and {count} more", rest).format(count=rest) + "\n"


def _containers(rows: Sequence[Observed], ways: MenuWays) -> list[InlineKeyboardButton]:
    return [
        button(f"{SYMBOL[row.diagnosis.condition]} {name} ▸", ways.card(row.container, 0))
        for name, row in zip(names_of(rows), rows, strict=True)
    ]


def _troubled(report: FleetReport) -> list[Observed]:
    return [row for host in report.hosts for row in host.troubled]


def _used(report: FleetReport, recent: Sequence[tuple[str, str]]) -> Iterator[Observed]:
    """Those of them that are not in trouble."""
    hosts = {host for host, _ in recent}
    for host in report.hosts:
        if host.host in hosts:
            rows = (row for row in host.containers if not row.in_trouble)
            yield from (row for row in rows if (host.host, row.container.name) in recent)
