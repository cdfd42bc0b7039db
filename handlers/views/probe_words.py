"""How a probe stands, in a symbol and a few words."""

from datetime import datetime

from aiogram.utils.i18n import gettext as _

from handlers.views.alert_text import plain
from handlers.views.moments import moment, seconds
from services.domain.probes import NO_ANSWER, NOT_ASKED, ProbeFault, ProbeResult
from services.domain.uptime import Standing

SYMBOL = {"up": "🟢", "down": "🔴", "unknown": "⚠️"}
_LONGEST = 80


def symbol(standing: Standing | None) -> str:
    if standing is None or standing.last.fault in NOT_ASKED:
        return SYMBOL["unknown"]
    return SYMBOL["up" if standing.last.ok else "down"]


def state_words(standing: Standing | None, now: datetime) -> str:
    """`no answer since 14:02 (timeout after 10 s)`."""
    if standing is None:
        return _("not asked yet")
    last, since = standing.last, moment(standing.since, now)
    if last.ok:
        return _("answers since {time}").format(time=since)
    words = _("wrong answer since {time} ({why})")
    if last.fault in NOT_ASKED:
        words = _("not asked since {time} ({why})")
    elif last.fault in NO_ANSWER:
        words = _("no answer since {time} ({why})")
    return words.format(time=since, why=fault_words(last))


def fault_words(result: ProbeResult) -> str:
    detail = plain(result.detail, _LONGEST)
    match result.fault:
        case ProbeFault.TIMEOUT:
            return _("timeout after {time}").format(time=seconds(float(result.detail or 0)))
        case ProbeFault.STATUS:
            return _("status {code}").format(code=detail)
        case ProbeFault.REDIRECT:
            return _("redirected to {place}").format(place=detail or "…")
        case ProbeFault.FORWARD_FORBIDDEN:
            return _("the SSH key does not permit {address}").format(address=detail)
        case ProbeFault.HOST_SILENT:
            return _("no contact with {host}").format(host=detail)
    words = {
        ProbeFault.UNRESOLVED: _("the name has no address"),
        ProbeFault.REFUSED: _("connection refused"),
        ProbeFault.UNREACHABLE: _("unreachable"),
        ProbeFault.TLS: _("TLS refused"),
        ProbeFault.BODY: _("not what was expected"),
        ProbeFault.PROTOCOL: _("not in its protocol"),
        ProbeFault.NOT_READY: _("not ready"),
    }[result.fault or ProbeFault.BODY]
    return f"{words}: {detail}" if detail else words
