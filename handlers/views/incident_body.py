"""What stands below an incident's first line: facts, who has it, what is silenced, the alerts, the evidence."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from aiogram.utils.formatting import Pre, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.views.alert_text import WORD, clean, cut, inert, one_line, plain, tail
from handlers.views.answer import units
from handlers.views.incident_words import (
    alert_line,
    fallen,
    number,
    ordinal,
    severity_word,
    speaks_for_itself,
    what,
)
from handlers.views.log_lines import in_words
from handlers.views.moments import duration, moment, seconds
from services.domain.alerts import Ack, Alert, Evidence, Quiet, Tally
from services.domain.posts import Bulletin, Shown
from services.logs.text.levels import Level, level_of

EVIDENCE_UNITS = 1500
DESCRIPTION_UNITS = 500
_NOTE_UNITS = 200
_READ_UNITS = 2000
_ACKS = 3


def facts(shown: Shown, at: datetime) -> str:
    """`critical · service_down · since 14:02 · exit 137, out of memory · 3 restarts in 10 min`."""
    parts = []
    alerts, incident = shown.alerts, shown.incident
    if alerts:
        worst = shown.tally.worst or max(alert.severity for alert in alerts)
        names = list(dict.fromkeys(plain(alert.name, WORD) for alert in alerts))
        parts.append(severity_word(worst))
        if len(names) == 1 and names[0]:
            parts.append(names[0])
    starts = min((alert.starts for alert in alerts if alert.firing), default=incident.opened)
    parts.append(_("since {time}").format(time=moment(starts, at)))
    if incident.episode > 1:
        words = _("{ordinal} time since {time}")
        parts.append(words.format(ordinal=ordinal(incident.episode), time=moment(incident.received, at)))
    if incident.away:
        parts.append(_("while I was away"))
    if shown.evidence and shown.tally.firing:
        parts += _evidence_facts(shown.evidence)
    return " · ".join(parts)


def _evidence_facts(evidence: Evidence) -> Iterator[str]:
    causes = []
    if evidence.exit_code is not None:
        causes.append(_("exit {code}").format(code=evidence.exit_code))
    if evidence.out_of_memory:
        causes.append(_("out of memory"))
    if causes:
        yield ", ".join(causes)
    if evidence.deaths > 1 and evidence.within:
        words = ngettext("{count} restart in {time}", "{count} restarts in {time}", evidence.deaths)
        yield words.format(count=number(evidence.deaths), time=duration(evidence.within))


def remarks(bulletin: Bulletin) -> Iterator[str]:
    """About the message itself: late, or meant for another chat."""
    if bulletin.delayed is not None:
        heard = [
            max(one.incident.received, one.incident.held_until or one.incident.received)
            for one in bulletin.shown
        ]
        words = _("{time}, {span} late")
        yield "⏳ " + words.format(
            time=moment(min(heard) + bulletin.delayed, bulletin.at), span=duration(bulletin.delayed)
        )
    if bulletin.instead_of is not None:
        words = _("meant for chat {chat}, which does not let me write")
        yield "⚠️ " + words.format(chat=bulletin.instead_of)


def taken_line(acks: Sequence[Ack], tally: Tally, at: datetime) -> str:
    """`👤 Acknowledged 3 of 4: Aigerim, 14:05 · "looking at postgres"`; "" when nobody has."""
    if not acks:
        return ""
    who = "; ".join(_taker(ack, at) for ack in acks[-_ACKS:])
    if tally.firing and tally.uncovered:
        covered = tally.firing - tally.uncovered
        if not covered:
            words = _("Acknowledged before: {who}").format(who=who)
        else:
            words = _("Acknowledged {count} of {total}: {who}").format(
                count=number(covered), total=number(tally.firing), who=who
            )
    else:
        words = _("Acknowledged: {who}").format(who=who)
    return f"👤 {words}"


def _taker(ack: Ack, at: datetime) -> str:
    taker = f"{plain(ack.name, WORD) or ack.by}, {moment(ack.at, at)}"
    note = plain(ack.note, _NOTE_UNITS)
    return f"{taker} · " + _('"{note}"').format(note=note) if note else taker


def quiet_line(quiet: Quiet | None, at: datetime) -> str:
    """`🔕 until 15:05: Dias · directus`."""
    if quiet is None or quiet.until <= at:
        return ""
    words = _("until {time}: {who}").format(time=moment(quiet.until, at), who=plain(quiet.by, WORD) or "?")
    return f"🔕 {words} · {plain(quiet.what, WORD) or _('this group')}"


def alert_lines(shown: Shown) -> list[str]:
    """Where there are several. A name that all of them share stands among the facts already."""
    named = len({alert.name for alert in shown.alerts}) > 1
    return [alert_line(alert, named=named) for alert in shown.alerts] if len(shown.alerts) > 1 else []


def details(shown: Shown, room: int) -> list[Text]:
    """The engine's words, the description and the newest log lines, from the first that warns, as `room` reaches."""
    pieces: list[Text] = []
    evidence = shown.evidence
    texts = []
    if evidence and evidence.error:
        words = plain(evidence.error, DESCRIPTION_UNITS - 50)
        texts.append(_("Docker says: {words}").format(words=words))
    if len(shown.alerts) == 1:
        texts.append(fallen(shown.alerts[0], DESCRIPTION_UNITS))
        texts.append(_description(shown.alerts[0]))
    for whole in texts:
        text = cut(whole, min(DESCRIPTION_UNITS, room - 2))
        if text.strip() and room > 50:
            pieces.append(Text("\n", text))
            room -= units(text) + 1
    if evidence and evidence.lines and room > 50:
        written = clean("\n".join(evidence.lines)).split("\n")
        told = "\n".join(map(in_words, _serious(written)))
        lines = tail(tuple(told.split("\n")), min(EVIDENCE_UNITS, room - 2))
        if lines.strip():
            pieces.append(Text("\n\n", Pre(lines)))
    return pieces


def _serious(lines: Sequence[str]) -> Sequence[str]:
    """From the first that warns, or worse; all of them where none does."""
    for place, line in enumerate(lines):
        if (level_of(line) or Level.INFO) >= Level.WARN:
            return lines[place:]
    return lines


def _description(alert: Alert) -> str:
    """When it says more than the first line does; else the summary, when that has no room there."""
    annotations = alert.annotations
    words = annotations.get("description") or annotations.get("message", "")
    if not words and not speaks_for_itself(alert):
        words = alert.summary
    text = cut(clean(words), _READ_UNITS)
    if not text or inert(one_line(text, _READ_UNITS)) in what(alert):
        return ""
    return cut(
        inert("\n".join(line.rstrip() for line in text.split("\n") if line.strip())), DESCRIPTION_UNITS
    )


def span_between(first: datetime, last: datetime) -> str:
    """`in 40 s`, or nothing when all came at once."""
    apart = last - first
    if apart < timedelta(seconds=2):
        return ""
    exact = apart < timedelta(minutes=1)
    return _("in {time}").format(time=seconds(round(apart.total_seconds())) if exact else duration(apart))
