"""`/events`: what the engines report, host by host, trouble first, each host's news newest first."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from aiogram.types import InlineKeyboardButton
from aiogram.utils.formatting import Bold, Text
from aiogram.utils.i18n import gettext as _

from handlers.callbacks import News, Open
from handlers.views.alert_text import cut
from handlers.views.answer import MESSAGE_ENTITIES, MESSAGE_UNITS, Answer, Row, button, in_rows, units
from handlers.views.failures import sentence
from handlers.views.moments import clock, day, moment
from handlers.views.paging import beside, to_page
from handlers.views.stories import SYMBOL, subject, words
from services.domain.containers import key_of
from services.domain.news import Gravity, HostNews, NewsReport, Story
from services.errors import NoSuchHost

# Room is kept for the headline and the time.
_PAGE_UNITS = MESSAGE_UNITS - 400
_PAGE_ENTITIES = MESSAGE_ENTITIES - 5
_HEADLINE = 200
_NAMES_IN_HEADLINE = 3
_NAMES_IN_LINE = 12
_MOST_BUTTONS = 6


def news(report: NewsReport, asked: News) -> Answer:
    """`asked`: what the message answers; its buttons are made from it. Every story is on some page."""
    if not report.hosts:
        return Answer(Text(_("Nothing to watch here: no container is in your scope.")))
    pages = _pages(report)
    page = min(asked.page, len(pages) - 1)
    text = Text(
        Bold(cut(_headline(report), _HEADLINE)), "\n", *pages[page], "\n", clock(report.at, seconds=True)
    )
    return Answer(text, tuple(_keyboard(report, asked, page, len(pages))))


def unknown_host(error: NoSuchHost, asked: News, now: datetime) -> Answer:
    """The same of the nearest ones, or of all, is a tap away."""
    buttons = [button(host, asked.model_copy(update={"host": host})) for host in error.near]
    return Answer(Text(sentence(error, now)), tuple(in_rows(buttons or [button(_("All hosts"), asked)], 2)))


def _headline(report: NewsReport) -> str:
    """For a lock screen: what is wrong and where."""
    period = _period(report)
    if troubled := _troubled(report):
        hosts = list(dict.fromkeys(host for host, _story in troubled))
        whole = [
            subject(story) if len(hosts) == 1 else f"{host}/{subject(story)}" for host, story in troubled
        ]
        names = list(dict.fromkeys(whole))
        listed = ", ".join(names[:_NAMES_IN_HEADLINE]) + (", …" if len(names) > _NAMES_IN_HEADLINE else "")
        told = _("Trouble on {host}: {names}") if len(hosts) == 1 else _("Trouble: {names}")
        symbol = SYMBOL[troubled[0][1].gravity]
        reach = _("news {period}").format(period=period)
        return f"{symbol} {told.format(host=hosts[0], names=listed)} · {reach}"
    if silent := [host.host for host in report.hosts if host.error]:
        told = _("News {period}; no answer: {names}").format(period=period, names=", ".join(silent))
        return f"⚠️ {told}"
    told = _("News {period}") if any(host.stories for host in report.hosts) else _("No news {period}")
    return told.format(period=period)


def _troubled(report: NewsReport) -> list[tuple[str, Story]]:
    """With their hosts, those that are down first."""
    found = [(host.host, story) for host in report.hosts for story in host.troubled]
    return sorted(found, key=lambda pair: pair[1].gravity is not Gravity.DOWN)


def _period(report: NewsReport) -> str:
    first, last = report.span.since, report.span.until
    since, until = (moment(end, report.at) if end else "" for end in (first, last))
    if first and last and day(first) == day(last) and last - first < timedelta(days=1):
        until = clock(last)
    if until:
        return f"{since}–{until}" if since else _("until {time}").format(time=until)
    return _("since {time}").format(time=since)


def _pages(report: NewsReport) -> list[list[Text]]:
    """Pieces put together greedily; a piece is never broken, and each page says whose it is."""
    pages: list[list[Text]] = [[]]
    room, entities = _PAGE_UNITS, _PAGE_ENTITIES
    for host in report.hosts:
        for number, piece in enumerate(_pieces(host, report)):
            text, marks = piece.render()
            if pages[-1] and (units(text) > room or len(marks) > entities):
                pages.append([_heading(host)] if number else [])
                room, entities = _PAGE_UNITS, _PAGE_ENTITIES
            pages[-1].append(piece)
            room -= units(text)
            entities -= len(marks)
    return pages


def _heading(host: HostNews) -> Text:
    return Text("\n", Bold(host.host), "\n")


def _pieces(host: HostNews, report: NewsReport) -> Iterator[Text]:
    if host.error:
        told = sentence(host.error, report.at)
        yield Text("\n", told if told.startswith("⚠️") else f"⚠️ {told}", "\n")
        return
    yield _heading(host)
    shown = day(report.at)
    for date, stories in groupby(host.stories, key=lambda story: day(story.at)):
        if date != shown:
            yield Text(Bold(date), "\n")
            shown = date
        yield from _lines(list(stories), report.at)
    yield from _remarks(host, report)


def _lines(stories: Sequence[Story], now: datetime) -> Iterator[Text]:
    """What happened to several in the same minute stands in one line."""
    told = [(clock(story.at), SYMBOL[story.gravity], words(story, now), subject(story)) for story in stories]
    for (time, symbol, what), alike in groupby(told, key=lambda row: row[:3]):
        counts = Counter(row[3] for row in alike)
        names = [name if count == 1 else f"{count} × {name}" for name, count in counts.items()]
        for start in range(0, len(names), _NAMES_IN_LINE):
            who = ", ".join(names[start : start + _NAMES_IN_LINE])
            yield Text(" ".join(filter(None, (time, symbol, f"{who}: {what}"))), "\n")


def _remarks(host: HostNews, report: NewsReport) -> Iterator[Text]:
    """What is known where nothing is new, and how far back anything is."""
    if not host.stories and host.before:
        last = f"{moment(host.before.at, report.at)}, {subject(host.before)}: {words(host.before, report.at)}"
        yield Text(_("Nothing. Last: {what}").format(what=last), "\n")
    elif not host.stories:
        yield Text(_("Nothing."), "\n")
    since = report.span.since
    if host.in_part:
        yield Text(_("Docker remembers only the last 256 events of the host."), "\n")
    elif host.oldest is None:
        yield Text(_("Docker remembers nothing: it has just been started."), "\n")
    elif since is None or host.oldest > since:
        yield Text(_("Docker remembers only since {time}.").format(time=moment(host.oldest, report.at)), "\n")


def _keyboard(report: NewsReport, asked: News, page: int, pages: int) -> Iterator[Row]:
    yield from in_rows(_container_buttons(report, asked), 2)
    if pages > 1:
        yield beside(page, pages, to_page(asked))
    first = asked.model_copy(update={"page": 0})
    labels = {1: _("1 h"), 6: _("6 h"), 24: _("24 h")}
    yield [
        button(label, News(asker=asked.asker, host=asked.host, hours=hours))
        for hours, label in labels.items()
        if hours != asked.hours
    ]
    last: list[InlineKeyboardButton] = []
    if asked.host:
        last.append(button("‹ " + _("All hosts"), first.model_copy(update={"host": ""})))
    elif len(report.hosts) > 1:
        last += [
            button(f"{each.host} ▸", first.model_copy(update={"host": each.host}))
            for each in report.hosts[:5]
        ]
    yield from in_rows([*last, button("↻", first)], 3)


def _container_buttons(report: NewsReport, asked: News) -> list[InlineKeyboardButton]:
    """To the containers that are in trouble, as far as they are still there."""
    found = dict.fromkeys(
        (host, story.name) for host, story in _troubled(report) if story.container and not story.removed
    )
    names = [name for _host, name in found]
    return [
        button(
            f"{host}/{name} ▸" if names.count(name) > 1 else f"{name} ▸",
            Open(asker=asked.asker, act="card", host=host, key=key_of(host, name)),
        )
        for host, name in list(found)[:_MOST_BUTTONS]
    ]
