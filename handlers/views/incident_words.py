"""An alert and an incident in a few words: what is wrong and where, for a lock screen."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext
from aiogram.utils.i18n.context import get_i18n
from babel.numbers import format_decimal

from handlers.views import finding_words
from handlers.views.alert_text import LINE, WORD, cut, inert, plain
from handlers.views.moments import duration
from services.domain.alerts import Alert, Severity, Tally
from services.domain.posts import Shown

HEADLINE = 140  # units, of which a lock screen shows about 100
SYMBOL = {Severity.CRITICAL: "🔴", Severity.WARNING: "🟡", Severity.INFO: "🔹"}
_NAMES_IN_HEADLINE = 4
_FIGURE = re.compile(r"[0-9]{1,8}")


@dataclass(frozen=True, slots=True)
class Sentences:
    """What stands for a rule whose name is known: while it fires, and when it is over."""

    firing: Callable[[], str]
    over: Callable[[], str]


# Where both a host and a container are known.
_ON_CONTAINER: Mapping[str, Sentences] = {
    "servicedown": Sentences(
        lambda: _("{name} is down on {host}"), lambda: _("{name} is back on {host} · down {time}")
    ),
    "oomkilled": Sentences(
        lambda: _("{name} ran out of memory on {host}"),
        lambda: _("{name} has enough memory again on {host} · after {time}"),
    ),
    "unhealthy": Sentences(
        lambda: _("{name} is unhealthy on {host}"),
        lambda: _("{name} is healthy again on {host} · after {time}"),
    ),
    "crashloop": Sentences(
        lambda: _("{name} keeps crashing on {host}"),
        lambda: _("{name} runs steadily again on {host} · after {time}"),
    ),
}
_ON_HOST: Mapping[str, Sentences] = {
    "hostunreachable": Sentences(
        lambda: _("{host} does not answer"), lambda: _("{host} answers again · away {time}")
    ),
}


def severity_word(severity: Severity) -> str:
    return {
        Severity.CRITICAL: _("critical"),
        Severity.WARNING: _("warning"),
        Severity.INFO: _("info"),
    }[severity]


def number(count: int) -> str:
    """`1,000`."""
    return format_decimal(count, locale=get_i18n().current_locale)


def ordinal(count: int) -> str:
    """`4th`."""
    if get_i18n().current_locale != "en":
        return f"{count}-й"
    ending = "th" if count % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return f"{count}{ending}"


def name_of(alert: Alert) -> str:
    """`high_cpu` reads `high cpu`."""
    name = plain(alert.name, WORD).replace("_", " ").strip()
    return name or _("nameless alert")


def place(alert: Alert) -> str:
    """`server2/directus`, as far as it is known; else what the labels call it."""
    parts = [plain(part, WORD) for part in (alert.host, alert.container)]
    return inert("/".join(part for part in parts if part)) or plain(alert.labels.get("instance", ""), WORD)


def what(alert: Alert, most: int = HEADLINE) -> str:
    """What is wrong and where, without a symbol."""
    if sentences := _sentences(alert):
        return cut(_filled(sentences.firing(), alert), most)
    if words := _several(_listed(alert), alert) or _log_hits(alert) or finding_words.firing(alert):
        return cut(words, most)
    words = plain(alert.summary, most) or name_of(alert)
    return _with_place(words, alert, most)


def _with_place(words: str, alert: Alert, most: int) -> str:
    where = place(alert)
    host = plain(alert.host, WORD).lower()
    if not where or (host and alert.summary and host in words.lower()):
        return cut(words, most)
    return f"{cut(words, max(most - len(where) - 3, most // 2))} · {where}"


def _sentences(alert: Alert) -> Sentences | None:
    known = _key(alert)
    if not alert.host:
        return None
    return _ON_CONTAINER.get(known) if alert.container else _ON_HOST.get(known)


def _filled(words: str, alert: Alert, lasted: timedelta | None = None) -> str:
    time = duration(lasted) if lasted is not None else ""
    return words.format(name=plain(alert.container, WORD), host=plain(alert.host, WORD), time=time)


def _key(alert: Alert) -> str:
    return alert.name.lower().replace("_", "").replace("-", "")


def _listed(alert: Alert) -> list[str]:
    """The containers that went down at once, as the annotation names them."""
    if _key(alert) != "servicedown" or alert.container:
        return []
    return [
        name.strip() for name in alert.annotations.get("containers", "")[:5000].split(",") if name.strip()
    ]


def _several(names: Sequence[str], alert: Alert) -> str:
    if not names:
        return ""
    words = ngettext(
        "{count} container is down on {host}: {names}",
        "{count} containers are down on {host}: {names}",
        len(names),
    )
    return words.format(count=number(len(names)), host=plain(alert.host, WORD) or "?", names=_some(names))


def _log_hits(alert: Alert) -> str:
    """What a rule over a log has found, as the relay's annotations tell it."""
    count, within = (alert.annotations.get(key, "") for key in ("log_hits", "log_within"))
    if not (alert.host and alert.container and _FIGURE.fullmatch(count) and _FIGURE.fullmatch(within)):
        return ""
    words = _('{name} on {host}: {count} × "{pattern}" in {time}')
    return words.format(
        name=plain(alert.container, WORD),
        host=plain(alert.host, WORD),
        count=number(int(count)),
        pattern=plain(alert.annotations.get("log_pattern", ""), WORD),
        time=duration(timedelta(seconds=int(within))),
    )


def _some(names: Sequence[str]) -> str:
    shown = [plain(name, 30) for name in names[:_NAMES_IN_HEADLINE]]
    return ", ".join(shown) + (", …" if len(names) > _NAMES_IN_HEADLINE else "")


def speaks_for_itself(alert: Alert) -> bool:
    """Whether there are words of ours for it, in the reader's language."""
    return bool(_sentences(alert) or _listed(alert) or _log_hits(alert) or finding_words.firing(alert))


def over(alert: Alert) -> str:
    """One alert that is over, without a symbol: `directus is back on server2 · down 11 min`."""
    lasted = max((alert.ends or alert.last) - alert.starts, timedelta())
    if sentences := _sentences(alert):
        return cut(_filled(sentences.over(), alert, lasted), HEADLINE)
    if words := finding_words.over(alert, lasted):
        return cut(words, HEADLINE)
    words = _("resolved: {what} · lasted {time}")
    return words.format(what=what(alert, HEADLINE - 30), time=duration(lasted))


def headline(shown: Shown, *, filed: bool = False) -> str:
    """The first line with its symbol. `filed`: all alerts are in a file."""
    alerts, tally = shown.alerts, shown.tally
    if not alerts:
        return "⚠️ " + _("nameless alert")
    if max(tally.total, len(alerts)) == 1:
        return f"🔥 {what(alerts[0])}" if alerts[0].firing else f"✅ {over(alerts[0])}"
    subject = _subject(shown)
    if tally.firing:
        line = f"🔥 {_containers(shown) or f'{_counted(tally)}: {subject}'}"
    else:
        ends = shown.incident.resolved or alerts[0].last
        lasted = duration(max(ends - shown.incident.opened, timedelta()))
        words = _("resolved: {what} · lasted {time}")
        line = "✅ " + words.format(what=f"{_count(tally)}: {subject}", time=lasted)
    if filed and tally.total > len(alerts):
        few = ngettext("{count} shown, all in the file", "{count} shown, all in the file", len(alerts))
        line += " · " + few.format(count=len(alerts))
    return line


def _count(tally: Tally) -> str:
    words = ngettext("{count} alert", "{count} alerts", tally.total)
    return words.format(count=number(tally.total))


def _counted(tally: Tally) -> str:
    if not tally.resolved:
        return _count(tally)
    return _("{count} of {total}").format(count=number(tally.firing), total=number(tally.total))


def _containers(shown: Shown) -> str:
    """Several alerts that say the same of containers of one host read as one sentence."""
    alerts = shown.alerts
    hosts = {alert.host for alert in alerts}
    fitting = all(_key(alert) == "servicedown" and alert.container and alert.firing for alert in alerts)
    if not fitting or len(hosts) != 1 or not alerts[0].host or shown.tally.total != len(alerts):
        return ""
    return _several([alert.container for alert in alerts], alerts[0])


def _subject(shown: Shown) -> str:
    """The common name, or the names, and the common place."""
    alerts = shown.alerts
    names = list(dict.fromkeys(name_of(alert) for alert in alerts))
    words = cut(", ".join(names[:3]), HEADLINE // 2) + (", …" if len(names) > 3 else "")
    places = {place(alert) for alert in alerts}
    hosts = {alert.host for alert in alerts}
    where = place(alerts[0]) if len(places) == 1 else ""
    if not where and len(hosts) == 1:
        where = plain(alerts[0].host, WORD)
    return f"{words} · {where}" if where and where not in words else words


def fallen(alert: Alert, most: int) -> str:
    """All the containers of one host that went down at once, where the first line has no room for them."""
    names = _listed(alert)
    return plain(", ".join(names), most) if len(names) > _NAMES_IN_HEADLINE else ""


def alert_line(alert: Alert, most: int = LINE, *, named: bool = True) -> str:
    """One of several: its symbol, what it is, and, when `named`, its name where those words do not hold it."""
    symbol = SYMBOL[alert.severity] if alert.firing else "✅"
    name = name_of(alert)
    words = what(alert, max(most - len(name) - 8, most // 2))
    if named and name not in words:
        words = f"{words} · {name}"
    return f"{symbol} {words}"
