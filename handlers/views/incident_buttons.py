"""The buttons below an incident's message. They are nobody's: whoever presses acts for himself."""

import re
from collections.abc import Sequence
from datetime import time

from aiogram.types import InlineKeyboardButton
from aiogram.utils.i18n import gettext as _

from handlers.callbacks import NOBODY, Ack, AckAll, AckListed, Act, Mute, Open, Release, Unmute
from handlers.metric_callbacks import Graph
from handlers.outside_callbacks import Check
from handlers.views.alert_text import WORD, inert, one_line, web_link
from handlers.views.answer import Row, button, in_rows
from services.domain.alerts import Incident, Span
from services.domain.certificates import Domain
from services.domain.containers import key_of
from services.domain.findings import CERTIFICATE_PROBLEM, SUBJECTS
from services.domain.posts import Bulletin, Menu, Shown

MORNING = time(9)
_HOST = re.compile(r"[\w.-]{1,30}", re.ASCII)  # more would not fit into a button's data
_RUNBOOKS = ("runbook_url", "runbook")


def keyboard(bulletin: Bulletin) -> tuple[Row, ...]:
    """Of a living message, in the state that it is in."""
    shown = bulletin.shown[0]
    incident = shown.incident
    if not shown.tally.firing:
        silenced = incident.quiet is not None and incident.quiet.until > bulletin.at
        return ([_silence(bulletin)] if silenced else [], next_row(shown, "logs"))
    if bulletin.menu is not None:
        return tuple(_menu(incident, bulletin.menu, bulletin.spans))
    return (
        [_take(shown), _silence(bulletin)],
        next_row(shown, "logs", "restart"),
        _links(shown),
    )


def _take(shown: Shown) -> InlineKeyboardButton:
    identity = shown.incident.id
    if shown.incident.acks and not shown.tally.uncovered:
        return button(_("Release"), Release(incident=identity))
    return ack(_("Acknowledge"), shown)


def ack(label: str, shown: Shown, *, listed: bool = False) -> InlineKeyboardButton:
    """It covers the alerts that are shown now. `listed`: below a list of what waits."""
    kind = AckListed if listed else Ack
    return button(label, kind(incident=shown.incident.id, upto=shown.tally.newest))


def _silence(bulletin: Bulletin) -> InlineKeyboardButton:
    incident = bulletin.shown[0].incident
    if incident.quiet and incident.quiet.until > bulletin.at:
        return button(_("Undo"), Unmute(incident=incident.id))
    return button(_("Silence"), Mute(incident=incident.id))


def next_row(shown: Shown, *acts: Act) -> Row:
    """What is looked at or done next. No container mends a certificate, so there the domain alone is offered."""
    known = {
        (alert.name, alert.host, alert.labels.get(SUBJECTS.get(alert.name, ""), "")) for alert in shown.alerts
    }
    checks: list[InlineKeyboardButton] = []
    if len(known) == 1:
        ((name, host, subject),) = known
        if subject and SUBJECTS.get(name) == "domain":
            checks.append(button(_("Check"), Check(asker=NOBODY, key=Domain(subject, host).key)))
        if checks and name == CERTIFICATE_PROBLEM:
            return checks
    return [*container_row(shown.incident, *acts), *graph_row(shown), *checks]


def graph_row(shown: Shown) -> Row:
    """Nothing where no metric fits."""
    chart = shown.chart
    if chart is None or not _HOST.fullmatch(chart.host or "any"):
        return ()
    key = key_of(chart.host, chart.container) if chart.container else ""
    return [button(_("Graph"), Graph(asker=NOBODY, metric=chart.metric, host=chart.host, key=key))]


def container_row(incident: Incident, *acts: Act) -> Row:
    """Nothing when the incident is not about just one container."""
    if incident.target is None:
        return ()
    host, name = incident.target
    if not _HOST.fullmatch(host) or not name.isprintable():
        return ()
    labels: dict[Act, str] = {"logs": _("Logs"), "restart": _("Restart")}
    key = key_of(host, name)
    return [button(labels[act], Open(asker=NOBODY, act=act, host=host, key=key)) for act in acts]


def _links(shown: Shown) -> Row:
    """The first ones that Telegram takes."""
    runbooks = (alert.annotations.get(name, "") for alert in shown.alerts for name in _RUNBOOKS)
    sources = (alert.generator for alert in shown.alerts)
    found = []
    for label, addresses in ((_("Runbook"), runbooks), (_("Source"), sources)):
        if url := next(filter(None, map(web_link, addresses)), None):
            found.append(InlineKeyboardButton(text=label, url=url))
    return found


def _menu(incident: Incident, menu: Menu, spans: Sequence[tuple[Span, str]]) -> list[Row]:
    if menu.span is None:
        wide = [
            button(span_label(span, word), Mute(incident=incident.id, span=span.value))
            for span, word in spans
        ]
        return [*in_rows(wide, 3), [button("‹", Mute(incident=incident.id, fold=True))]]
    till = _("till {time}").format(time=MORNING.strftime("%H:%M"))
    holds = {"1h": _("1 h"), "4h": _("4 h"), "24h": _("24 h"), "morning": till}
    long = [
        button(label, Mute(incident=incident.id, span=menu.span.value, hold=hold))
        for hold, label in holds.items()
    ]
    return [long, [button("‹", Mute(incident=incident.id))]]


def question(menu: Menu, spans: Sequence[tuple[Span, str]]) -> str:
    """The line above the silence menu."""
    if menu.span is None:
        return "🔕 " + _("Silence what?")
    words = _("{what}: how long?")
    return "🔕 " + words.format(what=inert(span_label(menu.span, dict(spans).get(menu.span, ""))))


def span_label(span: Span, word: str) -> str:
    word = one_line(word, WORD // 2)
    if span is Span.GROUP or not word:
        return _("this group")
    return _("all of {host}").format(host=word) if span is Span.HOST else word


def acknowledge_all(bulletin: Bulletin) -> tuple[Row, ...]:
    """Of a digest; nothing once somebody has all of it."""
    if not bulletin.post or not any(one.tally.uncovered for one in bulletin.shown):
        return ()
    return ([button(_("Acknowledge all"), AckAll(post=bulletin.post))],)
