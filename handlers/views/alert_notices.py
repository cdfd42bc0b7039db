"""What the admins are told privately, beside alerts: each trouble a sentence with what to do."""

from datetime import datetime

from aiogram.utils.formatting import Text
from aiogram.utils.i18n import gettext as _

from handlers.views.alert_text import plain
from handlers.views.answer import Answer
from handlers.views.moments import moment
from services.domain.posts import Notice, Trouble

_NAMES = ("chat", "instead", "why", "key", "incident", "since", "rules", "watch", "hosts", "worst")
_SYMBOLS = {Trouble.WATCHDOG_BACK: "✅"}
_MAY_BE_BARE = (Trouble.RECONCILE, Trouble.ANNOTATIONS)  # the sentence says enough without the reason


def notice(notice: Notice) -> Answer:
    facts = {name: plain(value, 400) for name, value in notice.facts.items()}
    symbol = _SYMBOLS.get(notice.trouble, "⚠️")
    if notice.trouble is Trouble.STANDARDS:
        symbol = {"error": "🔴", "warning": "🟡"}.get(facts.get("weight", ""), "🟢")
    return Answer(Text(f"{symbol} {_sentence(notice, facts)}"))


def _sentence(notice: Notice, facts: dict[str, str]) -> str:
    detail = facts.get("why", "")
    match notice.trouble:
        case Trouble.CHAT_CLOSED:
            words = _("Chat {chat} does not let me write: {why}. Its alerts come here: {instead}.")
            words = words if facts.get("instead") else _("Chat {chat} does not let me write: {why}.")
        case Trouble.UNDECODABLE:
            words = _("Something came to the alert hook that is no notification: {why}. It is kept: {key}.")
        case Trouble.REFUSED:
            words = _("Telegram refused a message to chat {chat}: {why}. Its incident: {incident}.")
        case Trouble.WATCHDOG:
            words = _("The watchdog alert has stopped coming, since {since}: alerts may not reach me.")
            if not facts.get("since"):
                words = _("The watchdog alert does not come: alerts may not reach me.")
        case Trouble.WATCHDOG_BACK:
            words = _("The watchdog alert comes again.")
        case Trouble.CHANNELS:
            words = _("Rules name a channel that leads nowhere yet (sms): {rules}.")
        case Trouble.RECONCILE:
            words = _("Alertmanager cannot be asked: what is resolved may still read as firing. {why}")
        case Trouble.ANNOTATIONS:
            words = _("Grafana takes no annotations: acts and incidents are missing there. {why}")
        case Trouble.STUMBLED:
            words = _(
                "Something broke in the watch over {watch} ({why}). It begins anew; the log tells more."
            )
            facts["watch"] = _watched(facts.get("watch", ""))
        case Trouble.STANDARDS:
            words = _standards(facts)
    known = {
        **dict.fromkeys(
            ("chat", "instead", "why", "key", "incident", "since", "rules", "watch", "hosts", "worst"), "?"
        ),
        **facts,
    }
    known["why"] = detail.rstrip(".") or ("" if notice.trouble in _MAY_BE_BARE else "?")
    known["since"] = _time(notice.facts.get("since", ""), notice.at) or known["since"]
    return words.format_map(known).strip()


def _standards(facts: dict[str, str]) -> str:
    """With a week ago in brackets, where that is known."""
    words = _("The week's standard, of 100: {hosts}.")
    if facts.get("worst"):
        words += " " + _("Worst: {worst}.") + " /standards"
    return words


def _watched(name: str) -> str:
    known = {
        "routes": _("routes"),
        "certificates": _("certificates"),
        "probes": _("probes"),
        "logs": _("logs"),
        "standard": _("standard"),
        "annotations": _("annotations"),
        "pictures": _("pictures"),
    }
    return known.get(name, name)


def _time(stamp: str, now: datetime) -> str:
    """ISO 8601 as a time of day; "" for anything else."""
    try:
        then = datetime.fromisoformat(stamp)
    except ValueError:
        return ""
    return moment(then, now) if then.tzinfo else ""
