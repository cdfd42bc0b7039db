"""`/status`: the fleet or a host, trouble first, in as many pages as it takes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from aiogram.types import InlineKeyboardButton
from aiogram.utils.formatting import Text

from handlers.views.answer import Answer, Row, button, in_rows
from handlers.views.moments import clock
from handlers.views.paging import beside
from handlers.views.status_lines import headline, nothing_here
from handlers.views.status_pages import StatusPage, host_pages, pages
from handlers.views.ways import StatusWays, Ways
from services.domain.reports import FleetReport, Observed

_MOST_BUTTONS = 16
_MOST_HOSTS = 5


def overview(
    report: FleetReport, asker: str, *, host: str = "", page: int = 0, ways: Ways | None = None
) -> Answer:
    """Every name in scope is on some page. `ways`: those of `/status` unless told."""
    ways = ways or StatusWays(asker)
    if not report.hosts:
        return Answer(Text(nothing_here()))
    made = host_pages(report) if host else pages(report, page)
    count = len(made)
    if host or count == 1:  # a page of text may have several of buttons
        rows = [row for each in report.hosts for row in (each.containers if host else each.troubled)]
        count = max(count, -(-len(rows) // _MOST_BUTTONS))
        page = min(max(page, 0), count - 1)
        shown = replace(made[min(page, len(made) - 1)], rows=rows[page * _MOST_BUTTONS :][:_MOST_BUTTONS])
    else:
        page = min(max(page, 0), count - 1)
        shown = made[page]
    text = Text(*headline(report), *shown.body, "\n", clock(report.at, seconds=True))
    return Answer(text, tuple(_keyboard(shown, len(report.hosts) > 1, ways, host, page, count)))


def _keyboard(
    shown: StatusPage, several: bool, ways: Ways, host: str, page: int, count: int
) -> Iterator[Row]:
    names = names_of(shown.rows)
    yield from in_rows(
        [
            button(f"{name} ▸", ways.card(row.container, page))
            for name, row in zip(names, shown.rows, strict=True)
        ],
        2,
    )
    if count > 1:
        yield page_buttons(ways, host, page, count)
    last: list[InlineKeyboardButton] = []
    if host:
        last.append(ways.all())
    elif several:
        hosts = list(dict.fromkeys(each.host for each in shown.hosts))
        last += [button(f"{name} ▸", ways.page(name, 0)) for name in hosts[:_MOST_HOSTS]]
    last.append(button("↻", ways.page(host, page)))
    yield from in_rows(last, 3)


def names_of(rows: Sequence[Observed], among: Sequence[Observed] = ()) -> list[str]:
    """A name that stands on two hosts is told apart by its host. among: those that could be meant, if they are more."""
    count = Counter(row.container.name for row in among or rows)
    return [row.container.full_name if count[row.container.name] > 1 else row.container.name for row in rows]


def page_buttons(ways: Ways, host: str, page: int, pages: int) -> list[InlineKeyboardButton]:
    return beside(page, pages, lambda other: ways.page(host, other))
