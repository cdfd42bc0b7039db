"""Alerts in the chat: the living message, the digest, the reply that rings, and what a press is answered."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from aiogram.utils.formatting import Bold, Text, TextLink
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.views.alert_file import roll_file
from handlers.views.alert_text import cut, one_line
from handlers.views.answer import CAPTION_UNITS, MESSAGE_UNITS, Answer, units
from handlers.views.incident_body import (
    alert_lines,
    details,
    facts,
    quiet_line,
    remarks,
    span_between,
    taken_line,
)
from handlers.views.incident_buttons import acknowledge_all, keyboard, question
from handlers.views.incident_words import alert_line, headline, number, ordinal, what
from handlers.views.moments import clock, duration, moment
from services.domain.alerts import Ack, Alert, Quiet, Tally
from services.domain.posts import Bulletin, Ring, Ringing, Shown

_WORST = 10
_FACTS_UNITS = 300


def living(bulletin: Bulletin) -> Answer:
    """One incident. Its first line says what is wrong and where, or that it is over."""
    shown = bulletin.shown[0]
    first = headline(shown, filed=bool(bulletin.roll))
    lines = [cut(facts(shown, bulletin.at), _FACTS_UNITS), *remarks(bulletin), *alert_lines(shown)]
    lines.append(taken_line(shown.incident.acks, shown.tally, bulletin.at))
    firing = shown.tally.firing > 0
    lines.append(quiet_line(shown.incident.quiet, bulletin.at))  # it holds for the next outage, too
    if firing:
        lines.append(question(bulletin.menu, bulletin.spans) if bulletin.menu else "")
    body = [Text("\n", line) for line in lines if line]
    room = MESSAGE_UNITS - units(first) - sum(units(piece.render()[0]) for piece in body)
    rest = details(shown, room) if firing else []
    return Answer(Text(Bold(first), *body, *rest), keyboard(bulletin))


def digest(bulletin: Bulletin, *, document: bool | None = None) -> Answer:
    """Many incidents at once, or a large one alone: the worst ten alerts, and all in a file when there are more.

    `document`: whether the message that is edited is one; None: a new message. An edit never has the file anew.
    """
    filed = bool(bulletin.roll) if document is None else document
    limit = CAPTION_UNITS if filed else MESSAGE_UNITS
    alone = None if bulletin.is_digest else bulletin.shown[0]
    first = headline(alone, filed=filed) if alone else _digest_headline(bulletin, filed=filed)
    lines = [_counts(bulletin), *remarks(bulletin), _takers(bulletin)]
    if alone and alone.tally.firing:
        lines.append(quiet_line(alone.incident.quiet, bulletin.at))
        lines.append(question(bulletin.menu, bulletin.spans) if bulletin.menu else "")
    head = [Text("\n", line) for line in lines if line]
    room = limit - units(first) - sum(units(piece.render()[0]) for piece in head) - 1
    alerts = _worst(bulletin)
    share = max(room // max(len(alerts), 1) - 1, 20)
    body = []
    for alert in alerts:
        line = cut(alert_line(alert, min(share - 4, 200)), share)
        if units(line) + 1 > room:
            break
        room -= units(line) + 1
        body.append(Text("\n", line))
    text = Text(Bold(first), *head, *body)
    file = roll_file(bulletin) if filed and document is None else None
    return Answer(text, keyboard(bulletin) if alone else acknowledge_all(bulletin), file)


def _worst(bulletin: Bulletin) -> Sequence[Alert]:
    if bulletin.roll:
        return bulletin.roll[:_WORST]
    alerts = [alert for one in bulletin.shown for alert in one.alerts]
    return sorted(alerts, key=lambda alert: (not alert.firing, -alert.severity, alert.starts))[:_WORST]


def _sum(bulletin: Bulletin) -> Tally:
    tallies = [one.tally for one in bulletin.shown]
    return Tally(
        critical=sum(tally.critical for tally in tallies),
        warning=sum(tally.warning for tally in tallies),
        info=sum(tally.info for tally in tallies),
        resolved=sum(tally.resolved for tally in tallies),
        uncovered=sum(tally.uncovered for tally in tallies),
    )


def _digest_headline(bulletin: Bulletin, *, filed: bool) -> str:
    """`🔥 12 alerts in 40 s`."""
    tally = _sum(bulletin)
    heard = [one.incident.received for one in bulletin.shown]
    words = ngettext("{count} alert", "{count} alerts", tally.total).format(count=number(tally.total))
    if not tally.firing:
        return "✅ " + _("resolved: {what}").format(what=words)
    if span := span_between(min(heard), max(heard)):
        words = f"{words} {span}"
    if filed and tally.total > _WORST:
        few = ngettext("{count} shown, all in the file", "{count} shown, all in the file", _WORST)
        words = f"{words} · {few.format(count=_WORST)}"
    return f"🔥 {words}"


def _counts(bulletin: Bulletin) -> str:
    """How many still fire, once that are not all."""
    tally = _sum(bulletin)
    taken = tally.firing - tally.uncovered if any(one.incident.acks for one in bulletin.shown) else 0
    parts = []
    if tally.firing and (tally.resolved or taken):
        firing = ngettext("{count} firing", "{count} firing", tally.firing)
        parts.append("🔥 " + firing.format(count=number(tally.firing)))
        if tally.resolved:
            resolved = ngettext("{count} resolved", "{count} resolved", tally.resolved)
            parts.append("✅ " + resolved.format(count=number(tally.resolved)))
        if taken:
            acked = ngettext("{count} acknowledged", "{count} acknowledged", taken)
            parts.append("👤 " + acked.format(count=number(taken)))
    away = _("while I was away") if all(one.incident.away for one in bulletin.shown) else ""
    return " · ".join([*parts, *([away] if away else [])])


def _takers(bulletin: Bulletin) -> str:
    """Who has some of it, each once."""
    latest: dict[str, Ack] = {}
    for each in sorted((each for one in bulletin.shown for each in one.incident.acks), key=lambda a: a.at):
        latest[each.name] = Ack(each.by, each.name, each.at, each.upto)
    return taken_line(tuple(latest.values()), Tally(), bulletin.at)


# A reply below the message


def ringing(ring: Ring) -> Answer:
    """One line. It makes the sound that an edit cannot."""
    return Answer(Text(cut(_ringing_words(ring), 400)))


def _ringing_words(ring: Ring) -> str:
    about = _about(ring)
    incident = ring.shown.incident
    match ring.why:
        case Ringing.OVER:
            return headline(ring.shown)
        case Ringing.NEW_ALERT:
            words = ngettext("{count} new alert: {what}", "{count} new alerts: {what}", max(ring.count, 1))
            return "🔥 " + words.format(count=number(max(ring.count, 1)), what=about)
        case Ringing.WORSE:
            words = _("critical now: {what}") if ring.shown.tally.critical else _("worse now: {what}")
            return "🔥 " + words.format(what=about)
        case Ringing.AGAIN:
            words = _("{ordinal} time since {time}")
            times = words.format(ordinal=ordinal(incident.episode), time=moment(incident.received, ring.at))
            return f"🔥 {about} · {times}"
        case Ringing.REMIND:
            words = _("nobody has it, {time} already: {what}")
            return "⏳ " + words.format(time=duration(_waits(ring)), what=about)


def _waits(ring: Ring) -> timedelta:
    starts = min((alert.heard for alert in ring.alerts), default=ring.shown.incident.opened)
    return max(ring.at - starts, timedelta())


def _about(ring: Ring) -> str:
    """Its alerts in a few words; how many more."""
    alerts = ring.alerts or ring.shown.alerts[:1]
    named = "; ".join(_unique(what(alert, 110) for alert in alerts))
    more = ring.count - len(alerts)
    if more <= 0:
        return named or headline(ring.shown)
    return f"{named} · " + ngettext("and {count} more", "and {count} more", more).format(count=number(more))


def _unique(words: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(words)


def redirected(link: str | None) -> Answer:
    """What a second copy of a message becomes. `link`: to the one that lives."""
    words = _("See the newer message")
    return Answer(Text("⬇️ ", TextLink(words, url=link) if link else words))


# What a press or a command is answered


def toast_taken(count: int | None = None) -> str:
    if count is None:
        return _("It is yours.")
    words = ngettext("{count} incident is yours.", "{count} incidents are yours.", count)
    return words.format(count=number(count))


def toast_released() -> str:
    return _("Nobody has it now.")


def toast_silenced(quiet: Quiet) -> str:
    return "🔕 " + _("Silenced until {time}").format(time=clock(quiet.until))


def toast_unmuted() -> str:
    return _("It may sound again.")


def taken(name: str, at: datetime) -> str:
    """To whoever presses second."""
    return _("{name} has it since {time}.").format(name=one_line(name), time=clock(at))


def taken_by_command(shown: Shown, ack: Ack) -> Answer:
    about = what(shown.alerts[0]) if shown.alerts else ""
    line = taken_line((ack,), Tally(), ack.at)
    return Answer(Text(cut(f"{line} · {about}" if about else line, 600)))


def taken_by_reply(count: int, name: str, at: datetime) -> Answer:
    """`count`: incidents that it was about; 0: all of them were somebody's already, or over."""
    if not count:
        return Answer(Text(_("Nothing waits there: it is over, or somebody has it.")))
    return Answer(Text(taken_line((Ack(0, name, at, 0),), Tally(), at)))
