"""`/standards`: how far the servers keep the team's standard, the worst first; each breach with its mend to copy."""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aiogram.types import CopyTextButton, InlineKeyboardButton
from aiogram.utils.formatting import Bold, Pre, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.callbacks import Open
from handlers.standard_callbacks import StandardsCard, StandardsFile, StandardsList
from handlers.views.alert_text import cut, plain
from handlers.views.answer import Answer, File, Row, button, in_pairs, in_rows
from handlers.views.moments import clock
from handlers.views.paging import beside, to_page
from handlers.views.standard_words import SYMBOL, subject_name, what, why
from services.domain.containers import key_of
from services.domain.standards import About, Audited, Breach, Excused, HostAudit, StandardsReport, Weight

_A_PAGE, _MOST_WORDS = 8, 160  # each of a page has its button
_LINE_UNITS = 100  # three lines of a phone
_BREACHES_A_PAGE = 5
_COPIED_UNITS = 256  # Telegram's limit of what a button copies
_HOSTS_SHOWN = 20


def looking() -> Answer:
    return Answer(Text("⏳ ", _("Looking at every container …")))


def overview(report: StandardsReport, asker: str, *, host: str = "", page: int = 0) -> Answer:
    """host: the one that it is of, "" for all."""
    if not report.hosts:
        return Answer(Text(_("Nothing to hold against the standard in your scope.")))
    flawed = sorted(
        (one for each in report.hosts for one in each.subjects if one.breaches),
        key=lambda one: (one.score, -(one.worst or 0), one.host, one.name),
    )
    pages = max(math.ceil(len(flawed) / _A_PAGE), 1)
    page = min(page, pages - 1)
    shown = flawed[page * _A_PAGE : (page + 1) * _A_PAGE]
    alone = len(report.hosts) == 1
    text = Text(
        Bold(_headline(report)),
        "\n",
        *(
            Text("\n", _host_line(each, report))
            for each in report.hosts[:_HOSTS_SHOWN]
            if not alone or each.silent
        ),
        "" if alone else "\n",
        *(Text("\n", _line(one, alone=alone)) for one in shown),
        "\n" if shown else "",
        _agreed(report),
        "\n",
        clock(report.at, seconds=True),
    )
    return Answer(
        text, tuple(_buttons(report, shown, StandardsList(asker=asker, host=host, page=page), pages))
    )


def _headline(report: StandardsReport) -> str:
    known = [each for each in report.hosts if not each.silent]
    if not known and any(each.barred for each in report.hosts):
        return "⚠️ " + _("Nothing could be looked at")
    if not known:
        return "⚠️ " + _("Not known: no contact with {names}").format(names=_names(report.hosts))
    breaches = [breach for each in known for one in each.subjects for breach in one.breaches]
    mean = sum(each.score for each in known) // len(known)
    worst = max((breach.weight for breach in breaches), default=None)
    if worst is None:
        return "🟢 " + _("All keep the standard")
    errors = sum(breach.weight is Weight.ERROR for breach in breaches)
    words = _("Standard: {score} of 100").format(score=mean)
    if len(report.hosts) == 1:
        words = _("Standard on {host}: {score} of 100").format(host=known[0].host, score=mean)
    if errors:
        words += " · " + ngettext("{count} error", "{count} errors", errors).format(count=errors)
    if len(report.hosts) == 1:
        words += _before(known[0], report)
    return f"{SYMBOL[worst]} {words}"


def _names(hosts: Sequence[HostAudit]) -> str:
    return ", ".join(each.host for each in hosts[:_HOSTS_SHOWN])


def _host_line(found: HostAudit, report: StandardsReport) -> str:
    """`🔴 server2: 62 · 3 errors, 8 warnings · a week ago 58`."""
    if found.barred:
        return "⚠️ " + _("{host}: no right to inspect there").format(host=found.host)
    if found.silent:
        return "⚠️ " + _("{host}: no contact").format(host=found.host)
    count = Counter(breach.weight for one in found.subjects for breach in one.breaches)
    worst = max(count, default=None)
    parts = [
        ngettext("{count} error", "{count} errors", count[Weight.ERROR]).format(count=count[Weight.ERROR]),
        ngettext("{count} warning", "{count} warnings", count[Weight.WARNING]).format(
            count=count[Weight.WARNING]
        ),
    ]
    told = [part for part, weight in zip(parts, (Weight.ERROR, Weight.WARNING), strict=True) if count[weight]]
    words = f"{found.host}: {found.score}" + (f" · {', '.join(told)}" if told else "")
    return f"{SYMBOL[worst] if worst else '🟢'} {words}{_before(found, report)}"


def _before(found: HostAudit, report: StandardsReport) -> str:
    """Where it has changed since."""
    before = report.before.get(found.host)
    if before is None or before == found.score:
        return ""
    return " · " + _("a week ago {score}").format(score=before)


def _line(one: Audited, *, alone: bool) -> Text:
    """`🔴 directus 40: no memory limit; privileged`."""
    symbol = SYMBOL[one.worst] if one.worst else "🟢"
    where = subject_name(one.about, one.name) + ("" if alone else f" · {one.host}")
    words = cut("; ".join(plain(what(breach), _MOST_WORDS) for breach in one.breaches), _LINE_UNITS)
    return Text(symbol, " ", Bold(plain(where, _MOST_WORDS)), f" {one.score}: ", words)


def _agreed(report: StandardsReport) -> str:
    count = sum(len(one.excused) for each in report.hosts for one in each.subjects)
    words = ngettext("{count} exception agreed to", "{count} exceptions agreed to", count).format(count=count)
    return f"\n{words}" if count else ""


def _buttons(
    report: StandardsReport, shown: Sequence[Audited], here: StandardsList, pages: int
) -> Iterator[Row]:
    asker = here.asker
    count = Counter(
        subject_name(one.about, one.name) for each in report.hosts for one in each.subjects if one.breaches
    )
    yield from in_pairs(
        [
            button(_named(one, count) + " ▸", StandardsCard(asker=asker, host=one.host, key=one.key))
            for one in shown
        ]
    )
    if not here.host and len(report.hosts) > 1:
        yield from in_rows(
            [
                button(f"{each.host} ▸", StandardsList(asker=asker, host=each.host))
                for each in report.hosts[:6]
            ],
            3,
        )
    turns = beside(here.page, pages, to_page(here))
    back = [button("‹ " + _("All hosts"), StandardsList(asker=asker))] if here.host else []
    yield [*back, *turns, button("JSON", StandardsFile(asker=asker, host=here.host)), button("↻", here)]


def _named(one: Audited, count: Mapping[str, int]) -> str:
    """With its host where there is another of this name."""
    name = subject_name(one.about, one.name)
    return cut(name, 30) + (f" · {one.host}" if count[name] > 1 else "")


def card(one: Audited, here: StandardsCard) -> Answer:
    """What it breaks, why that matters, and the mend to copy."""
    pages = max(math.ceil(len(one.breaches) / _BREACHES_A_PAGE), 1)
    page = min(here.page, pages - 1)
    shown = one.breaches[page * _BREACHES_A_PAGE : (page + 1) * _BREACHES_A_PAGE]
    symbol = SYMBOL[one.worst] if one.worst else "🟢"
    name = subject_name(one.about, one.name)
    where = _("{name} on {host}").format(name=plain(name, _MOST_WORDS), host=one.host)
    words = _("{score} of 100").format(score=one.score) if one.breaches else _("keeps the standard")
    text = Text(
        symbol, " ", Bold(where), f": {words}",
        *(Text("\n\n", _breach(breach, shown)) for breach in shown),
        *(Text("\n\n", _excused(each)) for each in one.excused if page == pages - 1),
    )  # fmt: skip
    return Answer(text, tuple(_card_buttons(one, shown, here.model_copy(update={"page": page}), pages)))


def _breach(breach: Breach, shown: Sequence[Breach]) -> Text:
    """A mend that serves several stands below the last of them."""
    words = Text(SYMBOL[breach.weight], " ", Bold(plain(what(breach), 300)), "\n", why(breach))
    last = [each for each in shown if each.mend == breach.mend][-1]
    if not breach.mend or last is not breach:
        return words
    language = "json" if breach.mend.startswith("{") else "yaml"
    return Text(words, "\n", Pre(cut(breach.mend, 500), language=language))


def _excused(each: Excused) -> Text:
    words = f"{plain(what(each.breach), 200)}: {plain(each.exemption.reason, 200)}"
    if each.exemption.until:
        words += " · " + _("until {day}").format(day=each.exemption.until.isoformat())
    return Text("⚪ ", _("Agreed to:"), " ", words)


def _card_buttons(one: Audited, shown: Sequence[Breach], here: StandardsCard, pages: int) -> Iterator[Row]:
    mends = dict.fromkeys(
        breach.mend for breach in shown if breach.mend and len(breach.mend) <= _COPIED_UNITS
    )
    copies = [InlineKeyboardButton(text=_label(mend), copy_text=CopyTextButton(text=mend)) for mend in mends]
    yield from in_pairs(copies)
    turns = beside(here.page, pages, to_page(here))
    opens = []
    if one.about is About.CONTAINER:
        key = key_of(one.host, one.name)
        opens = [button(_("Card"), Open(asker=here.asker, act="card", host=one.host, key=key))]
    back = button("‹ " + one.host, StandardsList(asker=here.asker, host=one.host))
    yield [back, *turns, *opens, button("↻", here)]


def _label(mend: str) -> str:
    return _("Copy: {what}").format(what=cut(mend.partition("\n")[0].strip("{ :}"), 24))


def export(report: StandardsReport) -> Answer:
    """All of it as a file."""
    name = f"standards-{report.at:%Y-%m-%d}.json"
    return Answer(Text(_headline(report)), (), File(name, as_json(report).encode()))


def as_json(report: StandardsReport) -> str:
    """For other programs: keys and rule ids are the same in every language. Half a character becomes "?"."""
    tree = {"at": report.at.isoformat(), "hosts": [_exported(each, report) for each in report.hosts]}
    return json.dumps(tree, ensure_ascii=False, indent=2).encode(errors="replace").decode()


def _exported(found: HostAudit, report: StandardsReport) -> dict[str, Any]:
    return {
        "host": found.host,
        "silent": found.silent,
        "score": None if found.silent else found.score,
        "week_ago": report.before.get(found.host),
        "subjects": [
            {
                "about": one.about.value,
                "name": one.name,
                "score": one.score,
                "breaches": [
                    {"rule": b.rule, "weight": b.weight.name.lower(), "facts": dict(b.facts), "mend": b.mend}
                    for b in one.breaches
                ],
                "exceptions": [
                    {
                        "rule": each.breach.rule,
                        "reason": each.exemption.reason,
                        "until": each.exemption.until.isoformat() if each.exemption.until else None,
                    }
                    for each in one.excused
                ],
            }
            for one in found.subjects
        ],
    }
