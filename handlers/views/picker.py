"""A bare command asks which container: trouble first, then what this person used last, then the rest."""

from collections.abc import Iterable, Sequence
from heapq import nsmallest

from aiogram.utils.formatting import Text
from aiogram.utils.i18n import gettext as _

from handlers.callbacks import Act, Open, Pick
from handlers.views.answer import Answer, Row, button, in_pairs
from handlers.views.condition import SYMBOL
from handlers.views.status import names_of
from services.domain.reports import FleetReport, Observed

_PER_PAGE = 16


def picker(
    report: FleetReport, recent: Sequence[tuple[str, str]], act: Act, asker: str, *, page: int = 0
) -> Answer:
    """`recent`: (host, name) pairs, newest first."""
    rows = [row for host in report.hosts for row in host.containers if _makes_sense(act, row)]
    if not rows and act == "up":
        return Answer(Text(_("Nothing is stopped.")))
    if not rows:
        return Answer(Text(_("Nothing to choose from: no container of your scope answers now.")))
    question = {
        "card": _("Which container?"),
        "logs": _("Whose log?"),
        "follow": _("Whose log, live?"),
        "stats": _("Whose figures?"),
        "restart": _("Restart which one?"),
        "stop": _("Stop which one?"),
        "up": _("Start which one?"),
    }[act]
    pages = -(-len(rows) // _PER_PAGE)
    page = min(max(page, 0), pages - 1)
    shown = trouble_then_recent(rows, recent, most=(page + 1) * _PER_PAGE)[page * _PER_PAGE :]
    buttons = [
        button(
            f"{SYMBOL[row.diagnosis.condition]} {name}",
            Open(asker=asker, act=act, host=row.container.host, key=row.container.key),
        )
        for name, row in zip(names_of(shown, among=rows), shown, strict=True)
    ]
    keyboard: list[Row] = in_pairs(buttons)
    if pages > 1:
        keyboard.append(
            [
                button(f"{other + 1}/{pages}", Pick(asker=asker, act=act, page=other))
                for other in (page - 1, page + 1)
                if 0 <= other < pages
            ]
        )
    return Answer(Text(question), tuple(keyboard))


def _makes_sense(act: Act, row: Observed) -> bool:
    """Only what runs can be stopped, and only what does not can be started."""
    return act not in ("stop", "up") or row.container.runs is (act == "stop")


def trouble_then_recent(
    rows: Iterable[Observed], recent: Sequence[tuple[str, str]], *, most: int
) -> list[Observed]:
    """The first in the order in which a choice offers them. `recent`: (host, name) pairs, newest first."""
    rank = {pair: place for place, pair in enumerate(recent)}

    def order(row: Observed) -> tuple[bool, int, str, str]:
        pair = (row.container.host, row.container.name)
        return not row.in_trouble, rank.get(pair, len(rank)), row.container.name, row.container.host

    return nsmallest(most, rows, key=order)
