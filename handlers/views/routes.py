"""`/routes`: where domains lead, host by host, trouble first, in as many pages as it takes."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import groupby

from aiogram.types import InlineKeyboardButton
from aiogram.utils.formatting import Bold, ExpandableBlockQuote, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.callbacks import Overview
from handlers.outside_callbacks import RouteCard, RouteList
from handlers.views.alert_text import cut, plain
from handlers.views.answer import (
    MESSAGE_ENTITIES,
    MESSAGE_UNITS,
    Answer,
    Row,
    button,
    in_pairs,
    in_rows,
    units,
)
from handlers.views.condition import silence_words
from handlers.views.failures import sentence
from handlers.views.moments import clock
from handlers.views.paging import beside, to_page
from handlers.views.route_words import (
    in_trouble,
    is_planned,
    is_unknown,
    label_of,
    name_of,
    route_words,
    symbol,
    target,
)
from services.domain.routes import HostRoutes, Route, RoutesReport, route_key
from services.errors import ApiError, HostSilent, VakhtaError

# Room is kept for the headline and the time.
_PAGE_UNITS = MESSAGE_UNITS - 400
_PAGE_ENTITIES = MESSAGE_ENTITIES - 5
_PER_PAGE = 24
_MOST_PAGES = 1000  # that buttons can name
_LINE_UNITS = 600
_REASON_UNITS = 300
_HEADING_UNITS = 100  # a host's name and what stands above a quote, at most
_NAMES_IN_HEADLINE = 3
_MOST_HOSTS = 5


class _Kind(Enum):
    """What a line tells of; those of a kind stand together."""

    SILENT = "silent"
    TROUBLE = "trouble"
    NONE = "none"
    FINE = "fine"
    PLANNED = "planned"
    UNCHECKED = "unchecked"


_FIRST = (_Kind.SILENT, _Kind.TROUBLE)
_ORDER = (_Kind.TROUBLE, _Kind.UNCHECKED, _Kind.FINE, _Kind.PLANNED)


@dataclass(frozen=True, slots=True)
class _Line:
    host: HostRoutes
    kind: _Kind
    words: str
    route: Route | None = None


def route_list(report: RoutesReport, asker: str, *, host: str = "", page: int = 0) -> Answer:
    """Every route in scope is on some page. host: the one that it is of, "" for all."""
    if not report.hosts:
        return Answer(Text(_("No routes in your scope, or no Traefik in the settings (hosts.NAME.traefik).")))
    alone = len(report.hosts) == 1
    pages = _pages(report, alone=alone)[:_MOST_PAGES]
    page = min(page, len(pages) - 1)
    text = Text(
        Bold(_headline(report)),
        "\n",
        *_body(pages[page], several=not alone),
        "\n",
        clock(report.at, seconds=True),
    )
    here = RouteList(asker=asker, host=host, page=page)
    return Answer(text, tuple(_keyboard(report, pages[page], here, len(pages))))


def _headline(report: RoutesReport) -> str:
    """For a lock screen: how much needs somebody, and which hosts nobody knows of."""
    counts = [_counts(host) for host in report.hosts]
    total = sum(count[kind] for count in counts for kind in (_Kind.TROUBLE, _Kind.FINE))
    troubled = [route for host in report.hosts for route in host.routes if in_trouble(route)]
    silent = [host.host for host in report.hosts if host.trouble]
    names = ", ".join(silent[:_NAMES_IN_HEADLINE]) + (", …" if len(silent) > _NAMES_IN_HEADLINE else "")
    if troubled:
        worst = "🔴" if any(route.is_down for route in troubled) else "🟡"
        words = ngettext(
            "{count} of {total} routes needs you", "{count} of {total} routes need you", len(troubled)
        ).format(count=len(troubled), total=total)
        unknown = " · " + _("not known: {names}").format(names=names) if silent else ""
        return f"{worst} {words}{unknown}"
    if silent:
        return "⚠️ " + _("Routes not known: {names}").format(names=names)
    if not total:
        return _("No routes")
    return "🟢 " + _("All routes fine: {total}").format(total=total)


def _pages(report: RoutesReport, *, alone: bool) -> list[list[_Line]]:
    """Host after host where it fits in one, else the trouble of all hosts before the rest."""
    lines = [line for host in report.hosts for line in _lines(host, report.at)]
    pages = _packed(lines, alone=alone)
    if len(pages) > 1:
        pages = _packed(sorted(lines, key=lambda line: line.kind not in _FIRST), alone=alone)
    return pages


def _lines(host: HostRoutes, now: datetime) -> Iterator[_Line]:
    if host.trouble:
        yield _Line(host, _Kind.SILENT, _reason(host, host.trouble, now))
    elif not host.routes:
        yield _Line(host, _Kind.NONE, _("no routes"))
    kinds = [(_kind(host, route), route) for route in host.routes]
    for wanted in _ORDER:
        alike = [route for kind, route in kinds if kind is wanted]
        if wanted is _Kind.TROUBLE:
            alike.sort(key=lambda route: not route.is_down)
            yield from (_Line(host, wanted, _trouble_words(route, now), route) for route in alike)
        else:
            alike.sort(key=lambda route: not route.domain)
            yield from (_Line(host, wanted, _quiet_words(route), route) for route in alike)


def _kind(host: HostRoutes, route: Route) -> _Kind:
    if host.trouble or is_unknown(route):
        return _Kind.UNCHECKED
    if in_trouble(route):
        return _Kind.TROUBLE
    return _Kind.PLANNED if is_planned(route) else _Kind.FINE


def _counts(host: HostRoutes) -> Counter[_Kind]:
    return Counter(_kind(host, route) for route in host.routes)


def _reason(host: HostRoutes, trouble: VakhtaError, now: datetime) -> str:
    """Why its Traefik could not be asked; the host's name stands before it."""
    if isinstance(trouble, HostSilent):
        return silence_words(trouble, now)
    if isinstance(trouble, ApiError):
        trouble = copy(trouble)
        trouble.host = ""
    return plain(sentence(trouble, now).removeprefix(f"{host.host}: "), _REASON_UNITS)


def _leads(route: Route) -> str:
    return f"{name_of(route)} → {target(route)}"


def _trouble_words(route: Route, now: datetime) -> str:
    return cut(f"{symbol(route)} {_leads(route)} · {route_words(route, now)}", _LINE_UNITS)


def _quiet_words(route: Route) -> str:
    return f"{_leads(route)} · {_('login')}" if route.secured else _leads(route)


def _packed(lines: Sequence[_Line], *, alone: bool) -> list[list[_Line]]:
    """Greedily. What has a button is counted, too."""
    pages: list[list[_Line]] = [[]]
    room, entities, buttons = _PAGE_UNITS, _PAGE_ENTITIES, _PER_PAGE
    for line in lines:
        page = pages[-1]
        new = not page or (page[-1].host, page[-1].kind) != (line.host, line.kind)
        cost = units(line.words) + 1 + (_HEADING_UNITS if new else 0)
        marks = 2 if new else 0
        pressed = int(_has_button(line, alone=alone))
        if page and (cost > room or marks > entities or pressed > buttons):
            pages.append([])
            room, entities, buttons = _PAGE_UNITS, _PAGE_ENTITIES, _PER_PAGE
            cost, marks = units(line.words) + 1 + _HEADING_UNITS, 2
        pages[-1].append(line)
        room, entities, buttons = room - cost, entities - marks, buttons - pressed
    return pages


def _has_button(line: _Line, *, alone: bool) -> bool:
    """Of one host, all; of several, what is in trouble. What was not checked has no card of its own."""
    return line.route is not None and (
        line.kind is _Kind.TROUBLE or (alone and line.kind in (_Kind.FINE, _Kind.PLANNED))
    )


def _body(page: Sequence[_Line], *, several: bool) -> Iterator[Text]:
    told = ""
    for _group, alike in groupby(page, key=lambda line: (line.host.host, line.kind)):
        lines = list(alike)
        host, kind = lines[0].host, lines[0].kind
        if kind is _Kind.SILENT:
            yield Text("\n⚠️ ", Bold(host.host), ": ", lines[0].words, "\n")
        elif host.host != told:
            yield Text("\n", Bold(host.host), _needing(host) if several else "", "\n")
        told = host.host
        if kind in (_Kind.TROUBLE, _Kind.NONE):
            yield Text(*(f"{line.words}\n" for line in lines))
        elif kind is not _Kind.SILENT:
            yield Text(_quiet(host, kind), "\n")
            yield Text(ExpandableBlockQuote("\n".join(line.words for line in lines)), "\n")


def _needing(host: HostRoutes) -> str:
    """Beside the host's name."""
    counts = _counts(host)
    if not (count := counts[_Kind.TROUBLE]):
        return ""
    words = ngettext("{count} of {total} needs you", "{count} of {total} need you", count)
    return " · " + words.format(count=count, total=count + counts[_Kind.FINE])


def _quiet(host: HostRoutes, kind: _Kind) -> str:
    """Above the names in a quote: how many of the host's are like this, on whatever pages."""
    count = _counts(host)[kind]
    if kind is _Kind.UNCHECKED:
        return "⚠️ " + ngettext("{count} not checked", "{count} not checked", count).format(count=count)
    if kind is _Kind.PLANNED:
        words = ngettext("{count} planned, not there yet", "{count} planned, not there yet", count)
        return "⚪ " + words.format(count=count)
    return "🟢 " + ngettext("{count} fine", "{count} fine", count).format(count=count)


def _keyboard(report: RoutesReport, page: Sequence[_Line], here: RouteList, pages: int) -> Iterator[Row]:
    alone = len(report.hosts) == 1
    shown = [line.route for line in page if line.route and _has_button(line, alone=alone)]
    yield from in_pairs(_route_buttons(shown, here))
    if pages > 1:
        yield beside(here.page, pages, to_page(here))
    first = RouteList(asker=here.asker)
    last: list[InlineKeyboardButton] = []
    if here.host:
        last.append(button("‹ " + _("All hosts"), first))
        if report.hosts[0].trouble:  # is its Traefik running?
            last.append(button(f"{here.host} ▸", Overview(asker=here.asker, host=here.host)))
    elif not alone:
        hosts = dict.fromkeys([line.host.host for line in page] + [host.host for host in report.hosts])
        last += [
            button(f"{name} ▸", first.model_copy(update={"host": name})) for name in list(hosts)[:_MOST_HOSTS]
        ]
    yield from in_rows([*last, button("↻", here)], 3)


def _route_buttons(routes: Sequence[Route], here: RouteList) -> list[InlineKeyboardButton]:
    """A domain that is on two hosts is told apart by its host."""
    hosts: dict[str, set[str]] = defaultdict(set)
    for route in routes:
        hosts[route.domain].add(route.host)
    several = (len(hosts[route.domain]) > 1 for route in routes)
    labels = (
        f"{route.host}/{label_of(route)} ▸" if told else f"{label_of(route)} ▸"
        for route, told in zip(routes, several, strict=True)
    )
    return [
        button(
            label,
            RouteCard(
                asker=here.asker, host=route.host, key=route_key(route), page=here.page, alone=bool(here.host)
            ),
        )
        for route, label in zip(routes, labels, strict=True)
    ]
