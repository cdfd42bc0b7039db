"""`/uptime`: the probes, trouble first; one of them as a photo of 90 bars with a caption."""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

from aiogram.types import InlineKeyboardButton
from aiogram.utils.formatting import Bold, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext
from aiogram.utils.i18n.context import get_i18n
from babel.numbers import format_decimal

from handlers.callbacks import Open
from handlers.outside_callbacks import ProbeList, ProbePicture
from handlers.views.alert_text import plain
from handlers.views.answer import Answer, File, Row, button, in_pairs
from handlers.views.moments import clock, duration, seconds
from handlers.views.paging import to_page, turns
from handlers.views.probe_words import SYMBOL, state_words, symbol
from handlers.words import zone
from services.domain.containers import key_of
from services.domain.uptime import History, Reach, Tally, Uptime, UptimeReport
from services.pictures.bars import Bars, Column
from services.probes.asking import shown

REACHES: dict[str, Reach] = {"24h": Reach.DAY, "7d": Reach.WEEK, "30d": Reach.MONTH}
_KEYS: dict[Reach, Literal["24h", "7d", "30d"]] = {
    Reach.DAY: "24h",
    Reach.WEEK: "7d",
    Reach.MONTH: "30d",
}
_A_PAGE = 20
_MOST_BUTTONS = 8


def overview(report: UptimeReport, asker: str, *, configured: bool, page: int = 0) -> Answer:
    """`configured`: whether there are probes at all."""
    if not report.probes:
        return Answer(
            Text(_("No probe is in your scope.") if configured else _("No probes configured (probes:)."))
        )
    pages = math.ceil(len(report.probes) / _A_PAGE)
    page = min(page, pages - 1)
    rows = report.probes[page * _A_PAGE : (page + 1) * _A_PAGE]
    lines = [Text(_line(each, report.at), "\n") for each in rows]
    text = Text(_headline(report), "\n\n", *lines, clock(report.at, seconds=True))
    return Answer(text, tuple(_list_buttons(rows, asker, page, pages)))


def card(history: History, asker: str, picture: bytes) -> Answer:
    """picture: of its `bars`."""
    uptime, at = history.uptime, history.at
    text = Text(
        Bold(_head(uptime, at)),
        "\n", _what(uptime), "\n",
        *(Text("\n", line) for line in _figures(history)),
        "\n\n", _legend(history),
        "\n", clock(at, seconds=True),
    )  # fmt: skip
    photo = File(f"{uptime.spec.name}-{_KEYS[history.reach]}.png", picture, photo=True)
    return Answer(text, tuple(_card_buttons(history, asker)), photo)


def bars(history: History) -> Bars:
    here, bar = zone.get(), history.reach.bar
    first = history.at - history.reach.value
    form = "%H:%M" if history.reach is Reach.DAY else "%d.%m"
    ends = (first, first + bar * (len(history.bars) / 2), history.at)
    begin, middle, end = (each.astimezone(here).strftime(form) for each in ends)
    columns = tuple(Column(each.share, each.latency) for each in history.bars)
    return Bars(columns, (begin, middle, end), _most(history))


def _headline(report: UptimeReport) -> Text:
    """Of those that have been asked; for a lock screen."""
    asked = [each for each in report.probes if each.standing]
    troubled, total = [each for each in asked if each.in_trouble], len(asked)
    if not asked:
        return Bold(symbol(None), " ", _("not asked yet"))
    if not troubled:
        words = ngettext("All well: {total}", "All well: {total}", total).format(total=total)
        return Bold(SYMBOL["up"], " ", words)
    words = ngettext("{count} of {total} needs you", "{count} of {total} need you", len(troubled))
    return Bold(symbol(troubled[0].standing), " ", words.format(count=len(troubled), total=total))


def _line(uptime: Uptime, now: datetime) -> str:
    standing = uptime.standing
    if standing is None or not standing.last.ok:
        return f"{symbol(standing)} {uptime.spec.name}: {state_words(standing, now)}"
    share, latency = _longest(uptime), _latency(standing.last.latency)
    return f"{SYMBOL['up']} {uptime.spec.name}: " + " · ".join(filter(None, (share, latency)))


def _head(uptime: Uptime, now: datetime) -> str:
    return f"{symbol(uptime.standing)} {uptime.spec.name}: {state_words(uptime.standing, now)}"


def _longest(uptime: Uptime) -> str:
    """Of the longest time of which a good part is known: two hours say nothing about a month."""
    if _is_known(uptime.month, Reach.WEEK):
        return _("{share} in 30 d").format(share=_share(uptime.month))
    if _is_known(uptime.week, Reach.DAY):
        return _("{share} in 7 d").format(share=_share(uptime.week))
    return _("{share} in 24 h").format(share=_share(uptime.day)) if uptime.day.known else ""


def _told(uptime: Uptime) -> Iterator[tuple[str, Tally]]:
    """A longer time only where more of it is known than the shorter one has."""
    yield _("24 h"), uptime.day
    if _is_known(uptime.week, Reach.DAY):
        yield _("7 d"), uptime.week
    if _is_known(uptime.month, Reach.WEEK):
        yield _("30 d"), uptime.month


def _is_known(tally: Tally, beyond: Reach) -> bool:
    return tally.known > beyond.value.total_seconds()


def _share(tally: Tally) -> str:
    """Rounded down: what was away for a moment is not whole."""
    if tally.share is None:
        return "–"
    return f"{_decimal(math.floor(tally.share * 10_000) / 100)} %"


def _decimal(value: float) -> str:
    return format_decimal(value, format="0.##", locale=get_i18n().current_locale)


def _latency(span: float) -> str:
    return seconds(span) if span >= 1 else _("{count} ms").format(count=round(span * 1000))


def _what(uptime: Uptime) -> str:
    spec = uptime.spec
    parts = [plain_address(spec.address), _("every {time}").format(time=duration(spec.interval))]
    if spec.via:
        parts.append(_("via {host}").format(host=spec.via))
    return " · ".join(parts)


def plain_address(address: str) -> str:
    return plain(shown(address) if "://" in address else address)


def _figures(history: History) -> Iterator[str]:
    uptime = history.uptime
    yield " · ".join(f"{label}: {_share(tally)}" for label, tally in _told(uptime))
    if history.latest:
        latest = ", ".join(_latency(each.latency) if each.ok else "✗" for each in history.latest)
        yield _("Last answers: {latencies}").format(latencies=latest)
    if (mean := uptime.day.latency) is not None:
        words = _("In 24 h: {mean} on average, {most} at most")
        yield words.format(mean=_latency(mean), most=_latency(uptime.day.slowest / 1000))


def _legend(history: History) -> str:
    words = _("{reach}, a bar is {time}. Red: down; short: unknown. Below: latency in ms, {most} at most.")
    labels = {Reach.DAY: _("24 h"), Reach.WEEK: _("7 d"), Reach.MONTH: _("30 d")}
    bar = _("{count} min").format(count=round(history.reach.bar.total_seconds() / 60))
    if history.reach is Reach.MONTH:
        bar = _("{count} h").format(count=8)
    return words.format(reach=labels[history.reach], time=bar, most=_most(history) or "–")


def _most(history: History) -> str:
    means = [tally.latency for tally in history.bars if tally.latency is not None]
    return str(round(max(means) * 1000)) if means else ""


def _list_buttons(rows: Sequence[Uptime], asker: str, page: int, pages: int) -> Iterator[Row]:
    opening = [
        button(f"{each.spec.name} ▸", ProbePicture(asker=asker, name=each.spec.name, opens=True))
        for each in rows[:_MOST_BUTTONS]
    ]
    yield from in_pairs(opening)
    yield turns(page, pages, to_page(ProbeList(asker=asker)))


def _card_buttons(history: History, asker: str) -> Iterator[Row]:
    spec = history.uptime.spec
    labels = {Reach.DAY: _("24 h"), Reach.WEEK: _("7 d"), Reach.MONTH: _("30 d")}
    others = [
        button(label, ProbePicture(asker=asker, name=spec.name, reach=_KEYS[reach]))
        for reach, label in labels.items()
        if reach is not history.reach
    ]
    again = ProbePicture(asker=asker, name=spec.name, reach=_KEYS[history.reach])
    yield [*others, button("↻", again)]
    if spec.container:
        opened = Open(asker=asker, act="card", host=spec.host, key=key_of(spec.host, spec.container))
        yield [_to_container(spec.container, opened)]


def _to_container(name: str, opened: Open) -> InlineKeyboardButton:
    return button(f"{name} ▸", opened)
