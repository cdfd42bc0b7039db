"""`/check`: the first step that is wrong, then all steps from the bot, then the servers side by side."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from aiogram.utils.formatting import Bold, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.callbacks import Open
from handlers.outside_callbacks import Check, CheckAgain, CheckList
from handlers.views.alert_text import inert, one_line
from handlers.views.answer import Answer, Row, button, in_pairs
from handlers.views.moments import clock
from handlers.views.outside_words import STEPS, days_left, issuer_of, milliseconds, status_words, wrong_words
from services.domain.certificates import CertificateFault, Domain
from services.domain.checks import CheckFault, CheckReport, Hop, Sight, Step, Wrong
from services.domain.containers import key_of

_PER_PAGE = 16
_LONGEST_URL = 120
_LABEL_UNITS = 40
_MOST_SERVERS, _MOST_NAMES = 10, 10
_WELL, _UNWELL, _DOWN, _UNKNOWN = "🟢", "🟡", "🔴", "⚠️"


def checking(what: str = "", again: CheckAgain | None = None) -> Answer:
    """Until it is done. again: the button that was pressed."""
    words = _("Checking {what} …").format(what=inert(_cut(what))) if what else _("Checking …")
    return Answer(Text("⏳ ", words), ([button("↻", again)],) if again else ())


def check(report: CheckReport, asker: str) -> Answer:
    servers = list(_servers(report))
    text = Text(
        _headline(report),
        *(Text("\n", line) for line in _steps(report.sights[0], report.at)),
        "\n",
        *servers,
        "\n" if servers else "",
        clock(report.at, seconds=True),
    )
    again = button("↻", CheckAgain(asker=asker, token=report.token))
    return Answer(text, ([*_behind(report, asker), again],))


def _behind(report: CheckReport, asker: str) -> Row:
    """To the container that the domain leads to, where one goes when something is wrong."""
    domain = report.domain
    if domain is None or not domain.container:
        return []
    opened = Open(asker=asker, act="card", host=domain.host, key=key_of(domain.host, domain.container))
    return [button(f"{one_line(domain.container, _LABEL_UNITS)} ▸", opened)]


def picker(domains: Sequence[Domain], asker: str, *, page: int = 0) -> Answer:
    if not domains:
        return Answer(Text(_("No domain to check: none is in your scope.")))
    pages = -(-len(domains) // _PER_PAGE)
    page = min(page, pages - 1)
    shown = domains[page * _PER_PAGE :][:_PER_PAGE]
    rows = in_pairs([button(each.domain, Check(asker=asker, key=each.key)) for each in shown])
    turns = [
        button(f"{other + 1}/{pages}", CheckList(asker=asker, page=other))
        for other in (page - 1, page + 1)
        if 0 <= other < pages
    ]
    return Answer(Text(_("Which domain?")), (*rows, turns))


def _headline(report: CheckReport) -> Text:
    """What the bot meets; where that is well, what a server does not."""
    own = report.sights[0]
    troubled = next((each for each in report.sights if _symbol(each) in (_DOWN, _UNWELL)), own)
    name = _name(report.url)
    words = _outcome(troubled, report.at)
    if troubled.wrong is None:
        return Text(_WELL, " ", Bold(name), ": ", words)
    place = "" if troubled is own else _("from {host}").format(host=troubled.host) + ": "
    symbol = _symbol(troubled) if troubled is own else _UNWELL
    return Text(symbol, " ", Bold(name), " · ", place, words)


def _symbol(sight: Sight) -> str:
    return _mark(sight.wrong, sight.hops) if sight.wrong else _WELL


def _mark(wrong: Wrong, hops: Sequence[Hop]) -> str:
    match wrong.fault:
        case CheckFault.FORBIDDEN | CheckFault.HOST_SILENT | CheckFault.REFUSED_ADDRESS:
            return _UNKNOWN
        case CheckFault.REFUSED_TARGET | CheckFault.NO_RESOLVER:
            return _UNKNOWN
        case CertificateFault.EXPIRES_SOON:
            return _UNWELL
        case CheckFault.STATUS if all(hop.status < 500 for hop in hops):
            return _UNWELL
    return _DOWN


def _outcome(sight: Sight, now: datetime) -> str:
    """The first that is wrong, or the last answer."""
    for hop in sight.hops:
        if hop.wrong:
            return wrong_words(hop, hop.wrong, now)
    return f"HTTP {status_words(sight.last)}"


def _steps(sight: Sight, now: datetime) -> Iterator[str]:
    """All of the first request, then a line for each one that it redirects to."""
    first, *further = sight.hops
    if not (first.wrong and first.wrong.step is Step.DNS):  # of which the headline says it all
        yield from _walked(first, now)
    before = first
    for hop in further:
        if before.downgrades:
            yield _UNKNOWN + " " + _("sends people from HTTPS to plain HTTP")
        words = wrong_words(hop, hop.wrong, now) if hop.wrong else status_words(hop)
        yield f"↪ {_cut(hop.url)}: {words} · {milliseconds(hop.total)}"
        before = hop


def _walked(hop: Hop, now: datetime) -> Iterator[str]:
    spent = dict(hop.seconds)
    for step in Step:
        took = f" · {milliseconds(spent[step])}" if step in spent else ""
        if hop.wrong and hop.wrong.step is step:
            yield f"{_mark(hop.wrong, [hop])} {wrong_words(hop, hop.wrong, now)}{took}"
        elif took:
            yield f"{STEPS[step]}: {_found(hop, step, now)}{took}"


def _found(hop: Hop, step: Step, now: datetime) -> str:
    """What the step came to."""
    match step:
        case Step.DNS:
            return ", ".join(hop.addresses[:3])
        case Step.TCP:
            address = f"[{hop.address}]" if ":" in hop.address else hop.address
            return f"{address}:{hop.port}"
        case Step.TLS if hop.handshake:
            certificate = hop.handshake.certificate
            version = hop.handshake.protocol.removeprefix("TLSv")
            return ", ".join((version, days_left(certificate, now), issuer_of(certificate)))
    return status_words(hop)


def _servers(report: CheckReport) -> Iterator[Text]:
    """Side by side, those that say the same in one line. Names were looked up by the bot, for all."""
    if (wrong := report.sights[0].hops[0].wrong) and wrong.step is Step.DNS:
        return
    said: dict[tuple[str, str], list[str]] = {}
    for sight in report.sights[1:]:
        said.setdefault((_symbol(sight), _seen(sight, report.at)), []).append(sight.host)
    rows = list(said.items())
    for (symbol, words), hosts in rows[:_MOST_SERVERS]:
        names = ", ".join(hosts[:_MOST_NAMES]) + (", …" if len(hosts) > _MOST_NAMES else "")
        yield Text("\n", symbol, " ", Bold(names), ": ", words)
    if (rest := len(rows) - _MOST_SERVERS) > 0:
        yield Text("\n", ngettext("and {count} more", "and {count} more", rest).format(count=rest))


def _seen(sight: Sight, now: datetime) -> str:
    """`HTTP 200 OK · 118 ms (TCP 20 ms, TLS 40 ms, HTTP 58 ms)`; where it redirects, of the first answer."""
    words = _outcome(sight, now)
    if sight.wrong is not None:
        return words
    spent = [(step, seconds) for step, seconds in sight.hops[0].seconds if step is not Step.DNS]
    parts = ", ".join(f"{STEPS[step]} {milliseconds(seconds)}" for step, seconds in spent)
    return f"{words} · {milliseconds(sum(seconds for _step, seconds in spent))} ({parts})"


def _name(url: str) -> str:
    """`dir.example.org` for what is asked by default, the whole address for anything else."""
    host = url.removeprefix("https://")
    return _cut(url if "/" in host or url == host else host)


def _cut(url: str) -> str:
    return url if len(url) <= _LONGEST_URL else url[:_LONGEST_URL] + "…"
