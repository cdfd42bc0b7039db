"""A bare command asks which container: trouble first, then what this person used last, then the rest."""

from collections.abc import Sequence

from aiogram.utils.formatting import Text
from aiogram.utils.i18n import gettext as _

from handlers.callbacks import Act, Open, Pick
from handlers.views.answer import Answer, Row, button, in_rows
from handlers.views.condition import SYMBOL
from services.domain.reports import FleetReport, Observed

_PER_PAGE = 16


def picker(
    report: FleetReport, recent: Sequence[tuple[str, str]], act: Act, asker: str, *, page: int = 0
) -> Answer:
    """`recent`: (host, name) pairs, newest first."""
    rows = [row for row in _ordered(report, recent) if _makes_sense(act, row)]
    if not rows and act == "up":
        return Answer(Text(_("Nothing is stopped.")))
    if not rows:
        return Answer(Text(_("Nothing to choose from: no container of your scope answers now.")))
    question = {
        "card": _("Which container?"),
        "logs": _("Whose log?"),
        "follow": _("Whose log, live?"),
        "restart": _("Restart which one?"),
        "stop": _("Stop which one?"),
        "up": _("Start which one?"),
    }[act]
    pages = -(-len(rows) // _PER_PAGE)
    page = min(max(page, 0), pages - 1)
    names = [row.container.name for row in rows]
    buttons = [
        button(
            f"{SYMBOL[row.diagnosis.condition]} "
            f"{row.container.full_name if names.count(row.container.name) > 1 else row.container.name}",
            Open(asker=asker, act=act, host=row.container.host, key=row.container.key),
        )
        for row in rows[page * _PER_PAGE : (page + 1) * _PER_PAGE]
    ]
    keyboard: list[Row] = in_rows(buttons, 2)
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


def _ordered(report: FleetReport, recent: Sequence[tuple[str, str]]) -> list[Observed]:
    rows = [row for host in report.hosts for row in host.containers]
    rank = {pair: place for place, pair in enumerate(recent)}

    def order(row: Observed) -> tuple[bool, int, str, str]:
        pair = (row.container.host, row.container.name)
        return not row.in_trouble, rank.get(pair, len(rank)), row.container.name, row.container.host

    return sorted(rows, key=order)
