"""`/traffic`: what goes through Traefik to each service, the worst first, in as many pages as it takes."""

import math
from collections.abc import Iterator, Sequence
from copy import copy
from datetime import timedelta

from aiogram.types import InlineKeyboardButton
from aiogram.utils.formatting import Bold, ExpandableBlockQuote, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.metric_callbacks import Graph
from handlers.outside_callbacks import RouteCard, TrafficTurn
from handlers.views.alert_text import LINE, WORD, cut, one_line, plain
from handlers.views.answer import Answer, Row, button, in_pairs, in_rows
from handlers.views.condition import silence_words
from handlers.views.failures import sentence
from handlers.views.metric_words import figure
from handlers.views.moments import clock, duration
from handlers.views.paging import beside, to_page
from services.domain.metrics import Source, Unit
from services.domain.traffic import HostTraffic, Latency, ServiceTraffic, TrafficReport
from services.errors import ApiError, HostSilent, MetricsOff, VakhtaError

# As the team's rule about api_errors has it, and a fifth of that.
_CRITICAL, _WARNING = 0.05, 0.01
_SHARES = ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))

_PER_PAGE = 12
_QUIET_UNITS = 800
_REASON_UNITS = 300
_MOST_GRAPHS, _MOST_HOSTS = 3, 8


def looking() -> Answer:
    return Answer(Text("⏳ ", _("Watching what goes through Traefik …")))


def traffic(report: TrafficReport, asker: str, *, page: int = 0) -> Answer:
    if not report.hosts:
        return Answer(Text(_("No service behind Traefik is in your scope.")))
    busy = report.busy
    pages = max(math.ceil(len(busy) / _PER_PAGE), 1)
    page = min(page, pages - 1)
    shown = busy[page * _PER_PAGE : (page + 1) * _PER_PAGE]
    several = len(report.hosts) > 1
    text = Text(
        Bold(_headline(report, busy)),
        "\n",
        *(f"{line}\n" for line in _sources(report)),
        *(line for each in shown for line in _service(each, report, several=several)),
        *_quiet(report.quiet),
        "\n",
        clock(report.at, seconds=True),
    )
    here = TrafficTurn(asker=asker, host=report.host, key=report.key, page=page)
    return Answer(text, tuple(_keyboard(report, shown, here, pages)))


def _headline(report: TrafficReport, busy: Sequence[ServiceTraffic]) -> str:
    """For a lock screen."""
    if not busy:
        if all(host.trouble for host in report.hosts):
            names = ", ".join(host.host for host in report.hosts[:_MOST_HOSTS])
            return "⚠️ " + _("Traffic not known: {names}").format(names=names)
        longest = max(host.window for host in report.hosts)
        return _("No requests in the last {time}").format(time=_span(longest))
    worst = busy[0]
    share = worst.flow.share(500)
    if share < _WARNING:
        total = sum(_rate(each, report) for each in busy)
        words = _("All answer well: {rate}").format(rate=figure(total, Unit.PER_SECOND))
        return f"🟢 {words}"
    words = _("{name}: {share} of the requests fail (5xx)")
    return f"{_symbol(share)} " + words.format(name=_name(worst), share=_percent(share))


def _symbol(share: float) -> str:
    return "🔴" if share >= _CRITICAL else "🟡" if share >= _WARNING else "🟢"


def _sources(report: TrafficReport) -> Iterator[str]:
    """Where the figures are from, alike ones together; and what could not be asked."""
    alike: dict[tuple[Source, str], list[str]] = {}
    for host in report.hosts:
        if host.trouble is None and host.source is not None:
            alike.setdefault((host.source, _span(host.window)), []).append(host.host)
    for (source, span), hosts in alike.items():
        where = _("from {source}, the last {time}").format(source=source, time=span)
        yield f"{_names(hosts)}: {where}"
    # Of the better source: each once.
    failures = dict.fromkeys(sentence(host.failure, report.at) for host in report.hosts if host.failure)
    yield from ("⚠️ " + plain(failure, _REASON_UNITS) for failure in failures)
    for host in report.hosts:
        if host.trouble is not None:
            yield f"⚠️ {host.host}: {_reason(host, host.trouble, report)}"


def _names(hosts: Sequence[str]) -> str:
    rest = len(hosts) - _MOST_HOSTS
    more = " " + ngettext("and {count} more", "and {count} more", rest).format(count=rest) if rest > 0 else ""
    return ", ".join(hosts[:_MOST_HOSTS]) + more


def _reason(host: HostTraffic, trouble: VakhtaError, report: TrafficReport) -> str:
    """The host's name stands before it."""
    if isinstance(trouble, HostSilent):
        return silence_words(trouble, report.at)
    if isinstance(trouble, ApiError) and not isinstance(trouble, MetricsOff):  # which names the setting
        trouble = copy(trouble)
        trouble.host = ""
    return plain(sentence(trouble, report.at).removeprefix(f"{host.host}: "), _REASON_UNITS)


def _service(each: ServiceTraffic, report: TrafficReport, *, several: bool) -> Iterator[Text | str]:
    flow = each.flow
    where = f" · {each.host}" if several else ""
    parts = [figure(_rate(each, report), Unit.PER_SECOND)]
    parts += [
        f"{label} {_percent(share)}"
        for label, share in (("5xx", flow.share(500)), ("4xx", flow.share(400)))
        if share
    ]
    yield Text("\n", f"{_symbol(flow.share(500))} ", Bold(_name(each)), where, ": ", " · ".join(parts), "\n")
    told = [(label, flow.latency(share)) for share, label in _SHARES]
    if waits := " · ".join(f"{label} {_latency(found)}" for label, found in told if found):
        yield f"{waits}\n"


def _name(each: ServiceTraffic) -> str:
    """The container's, which people know; of a service without one its own, whole."""
    return plain(each.container or each.service, WORD) or "?"


def _rate(each: ServiceTraffic, report: TrafficReport) -> float:
    window = report.window(each).total_seconds()
    return each.flow.requests / window if window else 0.0


def _percent(share: float) -> str:
    return figure(100 * share, Unit.PERCENT)


def _latency(found: Latency) -> str:
    return (">" if found.beyond else "") + figure(found.seconds, Unit.SECONDS)


def _span(window: timedelta) -> str:
    return duration(timedelta(seconds=round(window.total_seconds())))


def _quiet(rows: Sequence[ServiceTraffic]) -> Iterator[Text | str]:
    if not rows:
        return
    words = ngettext("{count} without requests", "{count} without requests", len(rows)).format(
        count=len(rows)
    )
    names = ", ".join(dict.fromkeys(_name(each) for each in rows))
    yield f"\n⚪ {words}\n"
    yield Text(ExpandableBlockQuote(cut(names, _QUIET_UNITS)), "\n")


def _keyboard(
    report: TrafficReport, shown: Sequence[ServiceTraffic], here: TrafficTurn, pages: int
) -> Iterator[Row]:
    yield from in_pairs(
        [
            button(
                cut(one_line(each.domain or _name(each), LINE), WORD) + " ▸",
                RouteCard(asker=here.asker, host=each.host, key=each.route),
            )
            for each in shown
            if each.route
        ]
    )
    if pages > 1:
        yield beside(here.page, pages, to_page(here))
    charted = list(dict.fromkeys(each.host for each in shown if each.host in report.charted))
    graphs = [
        button(
            _("Graph: {host}").format(host=host) + " ▸" if len(charted) > 1 else _("Graph") + " ▸",
            Graph(asker=here.asker, metric="api_errors", host=host),
        )
        for host in charted[:_MOST_GRAPHS]
    ]
    last: list[InlineKeyboardButton] = [*graphs]
    if here.host or here.key:
        last.append(button("‹ " + _("All services"), TrafficTurn(asker=here.asker)))
    yield from in_rows([*last, button("↻", here)], 3)
