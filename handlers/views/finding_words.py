"""What the rounds have found, as an alert's first line: which domain or probe, what is wrong there, and where.

The facts stand in labels and annotations, which anybody may have written: whatever is odd is left out.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from aiogram.utils.i18n import gettext as _

from handlers.views.alert_text import WORD, plain
from handlers.views.moments import day, duration
from handlers.views.probe_words import fault_words
from handlers.views.route_words import route_fault
from services.domain.alerts import Alert
from services.domain.certificates import CertificateFault
from services.domain.findings import CERTIFICATE_PROBLEM, PROBE_FAILED, ROUTE_DRIFT, SUBJECTS
from services.domain.probes import ProbeFault, ProbeResult
from services.domain.routes import RouteFault

T = TypeVar("T")

_MOST_FAULTS = 3
_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?")


def firing(alert: Alert) -> str:
    """`dir.tapbot.kz: no TLS · server2`; "" where it is none of theirs, or does not say what is wrong."""
    subject = _subject(alert)
    words = _WORDS[alert.name](alert) if subject else ""
    if not words:
        return ""
    line = f"{subject}: {words}"
    return f"{line} · {plain(alert.host, WORD)}" if alert.host and alert.name == ROUTE_DRIFT else line


def over(alert: Alert, lasted: timedelta) -> str:
    """When it is over: `dir.tapbot.kz is routed as it should be on server2 · after 11 min`."""
    if not firing(alert):
        return ""
    words = {
        ROUTE_DRIFT: _("{name} is routed as it should be on {host} · after {time}"),
        CERTIFICATE_PROBLEM: _("{name}: the certificate is in order · after {time}"),
        PROBE_FAILED: _("{name} answers again · away {time}"),
    }[alert.name]
    host = plain(alert.host, WORD) or "?"
    return words.format(name=_subject(alert), host=host, time=duration(lasted))


def _subject(alert: Alert) -> str:
    return plain(alert.labels.get(SUBJECTS.get(alert.name, ""), ""), WORD)


def _drift(alert: Alert) -> str:
    faults = [_known(RouteFault, word) for word in alert.annotations.get("faults", "").split(",")]
    return ", ".join(route_fault(fault) for fault in faults[:_MOST_FAULTS] if fault)


def _certificate(alert: Alert) -> str:
    fault, expires = _fault(CertificateFault, alert), _moment(alert.annotations.get("expires", ""))
    if fault is None:
        return ""
    if expires and fault is CertificateFault.EXPIRED:
        if expires > alert.last:  # its own is good still
            return _("a certificate of the chain has expired")
        return _("the certificate expired on {day}").format(day=day(expires))
    if expires and fault is CertificateFault.EXPIRES_SOON:
        return _("the certificate expires on {day}").format(day=day(expires))
    return {
        CertificateFault.NO_TLS: _("what listens there does not speak TLS"),
        CertificateFault.HANDSHAKE: _("no TLS handshake"),
        CertificateFault.DEFAULT: _("Traefik's default certificate, it has none for this name"),
        CertificateFault.EXPIRED: _("the certificate has expired"),
        CertificateFault.NOT_YET: _("the certificate is not valid yet"),
        CertificateFault.WRONG_NAME: _("the certificate is for another name"),
        CertificateFault.SELF_SIGNED: _("the certificate is self-signed"),
        CertificateFault.INCOMPLETE: _("the chain of certificates is incomplete"),
        CertificateFault.UNKNOWN_ISSUER: _("nobody knows the certificate's issuer"),
        CertificateFault.UNTRUSTED: _("the certificate is not trusted"),
        CertificateFault.EXPIRES_SOON: _("the certificate expires soon"),
    }[fault]


def _probe(alert: Alert) -> str:
    fault, detail = _fault(ProbeFault, alert), alert.annotations.get("detail", "")
    if fault is None or (fault is ProbeFault.TIMEOUT and not _SECONDS.fullmatch(detail)):
        return ""
    return fault_words(ProbeResult(alert.last, 0, fault, detail))


_WORDS: Mapping[str, Callable[[Alert], str]] = {
    ROUTE_DRIFT: _drift,
    CERTIFICATE_PROBLEM: _certificate,
    PROBE_FAILED: _probe,
}


def _fault(kind: Callable[[str], T], alert: Alert) -> T | None:
    return _known(kind, alert.annotations.get("fault", ""))


def _known(kind: Callable[[str], T], word: str) -> T | None:
    try:
        return kind(word)
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
