"""`/targets` and `/rules`: trouble first, what is well in few words."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from aiogram.utils.formatting import Bold, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.query_callbacks import RuleList, TargetList
from handlers.views.alert_text import WORD, plain
from handlers.views.answer import Answer
from handlers.views.moments import clock, duration, moment, seconds
from handlers.views.paging import pages, to_page, turns
from handlers.views.query import number
from services.domain.scraping import EvaluatedRule, Health, RuleAlert, RuleState
from services.metrics.scrapes import RulesReport, SeenTarget, TargetsReport

_ERROR = 300
_LABELS = 120
_MOST_ALERTS = 10  # of one rule
_MOST_WARNINGS = 3
_SYMBOL = {Health.BROKEN: "🔴", Health.UNKNOWN: "⏳", Health.WELL: "🟢"}
_STATE = {RuleState.FIRING: "🔥", RuleState.PENDING: "⏳"}


def target_list(report: TargetsReport, here: TargetList) -> Answer:
    if not report.targets:
        words = _("Nothing that Prometheus scrapes is in your scope.")
        if report.host:
            words = _("Prometheus scrapes nothing on {host}.").format(host=report.host)
        return Answer(Text(words), (turns(0, 1, lambda _page: here),))
    lines = [_target(each, report.at) for each in report.targets]
    return _listed(
        _targets_head(report),
        lines,
        report.warnings,
        report.at,
        here,
    )


def rule_list(report: RulesReport, here: RuleList) -> Answer:
    if not report.rules:
        words = _("Prometheus has no rules, or none about what is in your scope.")
        return Answer(Text(words), (turns(0, 1, lambda _page: here),))
    lines = [line for rule in report.rules for line in _rule(rule, report.at)]
    return _listed(_rules_head(report), lines, report.warnings, report.at, here)


def _listed(
    head: str, lines: Sequence[str], warnings: Sequence[str], at: datetime, here: TargetList | RuleList
) -> Answer:
    listed = pages(lines)
    page = min(here.page, len(listed) - 1)
    text = Text(
        Bold(head),
        "\n\n",
        "\n".join(listed[page]),
        *(f"\n⚠️ {plain(warning)}" for warning in warnings[:_MOST_WARNINGS]),
        "\n",
        clock(at, seconds=True),
    )
    row = turns(page, len(listed), to_page(here))
    return Answer(text, (row,))


def _targets_head(report: TargetsReport) -> str:
    total = len(report.targets)
    broken = sum(each.target.health is Health.BROKEN for each in report.targets)
    unknown = sum(each.target.health is Health.UNKNOWN for each in report.targets)
    if broken:
        words = ngettext(
            "{count} of {total} targets is not scraped", "{count} of {total} targets are not scraped", broken
        )
        return "🔴 " + words.format(count=broken, total=total)
    if unknown:
        words = ngettext("{count} of {total} not scraped yet", "{count} of {total} not scraped yet", unknown)
        return "⏳ " + words.format(count=unknown, total=total)
    return "🟢 " + ngettext("{count} target, scraped", "All {count} targets are scraped", total).format(
        count=total
    )


def _target(seen: SeenTarget, now: datetime) -> str:
    """`🔴 server2 · node: connection refused · 14:02:31`; the address only where it is needed."""
    target = seen.target
    where = seen.host or target.labels.get("instance", "") or target.url
    name = " · ".join(plain(part, WORD) for part in (where, target.container, target.pool) if part)
    line = f"{_SYMBOL[target.health]} {name}"
    if target.health is Health.WELL:
        return f"{line} · {_took(target.took.total_seconds())}"
    if target.health is Health.UNKNOWN or target.at is None:
        return f"{line}: " + _("not scraped yet")
    told = plain(target.error, _ERROR) or _("no reason given")
    asked = _("asked {time}").format(time=moment(target.at, now))
    return f"{line}: {told} · {asked}\n  {plain(target.url, _ERROR)}"


def _took(span: float) -> str:
    return seconds(span) if span >= 1 else _("{count} ms").format(count=round(span * 1000))


def _rules_head(report: RulesReport) -> str:
    """The worst of it."""
    total = len(report.rules)
    states = Counter(rule.state for rule in report.rules)
    broken = sum(rule.health is Health.BROKEN for rule in report.rules)
    if count := states[RuleState.FIRING]:
        words = "🔥 " + ngettext("{count} of {total} rules fires", "{count} of {total} rules fire", count)
    elif count := broken:
        words = "⚠️ " + ngettext(
            "{count} of {total} rules is broken", "{count} of {total} rules are broken", count
        )
    elif count := states[RuleState.PENDING]:
        words = "⏳ " + ngettext("{count} of {total} rules waits", "{count} of {total} rules wait", count)
    else:
        count = total
        words = "🟢 " + ngettext("{count} rule, quiet", "All {count} rules are quiet", count)
    return words.format(count=count, total=total)


def _rule(rule: EvaluatedRule, now: datetime) -> Iterator[str]:
    """Its own line, then its alerts."""
    name = plain(rule.name, WORD)
    patience = _("for {time}").format(time=duration(rule.patience)) if rule.patience else ""
    if rule.state in _STATE:
        count = len(rule.alerts)
        yield " · ".join(
            filter(None, (f"{_STATE[rule.state]} {name}", str(count) if count > 1 else "", patience))
        )
        yield from (_alert(alert, rule, now) for alert in rule.alerts[:_MOST_ALERTS])
        if (rest := len(rule.alerts) - _MOST_ALERTS) > 0:
            yield "  " + ngettext("and {count} more", "and {count} more", rest).format(count=rest)
    if rule.health is Health.BROKEN:
        yield f"⚠️ {name}: {plain(rule.error, _ERROR) or _('it cannot be evaluated')}"
    elif rule.state is RuleState.INACTIVE:
        kind = _("records") if rule.records else patience
        symbol = _SYMBOL[rule.health]
        yield " · ".join(filter(None, (f"{symbol} {name}", kind)))


def _alert(alert: RuleAlert, rule: EvaluatedRule, now: datetime) -> str:
    """`server2/directus · since 14:02 · 93.4`."""
    parts = [_subject(alert, rule)]
    if alert.since is not None:
        parts.append(_("since {time}").format(time=moment(alert.since, now)))
        if alert.state is RuleState.PENDING:
            parts.append(_("fires at {time}").format(time=moment(alert.since + rule.patience, now)))
    if alert.value is not None:
        parts.append(number(alert.value))
    return "  " + " · ".join(filter(None, parts))


def _subject(alert: RuleAlert, rule: EvaluatedRule) -> str:
    """What tells it from the rule's others."""
    place = "/".join(filter(None, (alert.host, alert.container)))
    others = _own(alert.labels, rule.labels)
    return plain(", ".join(filter(None, (place, *others))), _LABELS)


def _own(labels: Mapping[str, str], of_rule: Mapping[str, str]) -> Iterator[str]:
    told = {"alertname", "host", "container", "job", *of_rule, *(["instance"] if "host" in labels else [])}
    yield from (value for name, value in sorted(labels.items()) if name not in told)
