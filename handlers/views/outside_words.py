"""What went wrong on the way in from outside, in words: a step and its fault."""

import re
from datetime import datetime, timedelta

from aiogram.utils.i18n import gettext as _

from handlers.views.alert_text import inert
from handlers.views.moments import day, duration, seconds
from services.domain.certificates import Certificate, CertificateFault, Handshake
from services.domain.checks import MOST_HOPS, CheckFault, Hop, Step, Wrong
from services.outside.addresses import AddressKind
from services.outside.walking import ANSWERING, SHAKING

STEPS = {Step.DNS: "DNS", Step.TCP: "TCP", Step.TLS: "TLS", Step.HTTP: "HTTP"}
_MOST_NAMES = 3
_LONGEST = 60
_DOMAIN = re.compile(r"[A-Za-z0-9.*_:-]+")


def wrong_words(hop: Hop, wrong: Wrong, now: datetime) -> str:
    """`TLS: the certificate is for *.example.org`."""
    if wrong.fault is CheckFault.FORBIDDEN:
        return _("the SSH key does not permit this")
    if wrong.fault is CheckFault.HOST_SILENT:
        return _("no contact with the server")
    if isinstance(wrong.fault, CertificateFault):
        words = certificate_words(wrong.fault, hop.handshake, wrong.detail, now)
    else:
        words = _fault_words(hop, wrong, wrong.fault)
    return f"{STEPS[wrong.step]}: {words}"


def _fault_words(hop: Hop, wrong: Wrong, fault: CheckFault) -> str:
    match fault:
        case CheckFault.NO_NAME:
            return _("no such name")
        case CheckFault.NO_RESOLVER:
            return _("the name server does not answer")
        case CheckFault.REFUSED_ADDRESS:
            return _("not asked, it leads to {kind}").format(kind=_kind(wrong.detail))
        case CheckFault.NOTHING_LISTENS:
            return _("nothing listens on port {port}").format(port=hop.port)
        case CheckFault.NO_CONNECTION:
            return _("no answer on port {port}, perhaps a firewall").format(port=hop.port)
        case CheckFault.NO_WAY:
            return _("no route to {address}").format(address=wrong.detail)
        case CheckFault.BROKEN_OFF:
            return _("the connection was cut off")
        case CheckFault.NO_ANSWER:
            limit = SHAKING if wrong.step is Step.TLS else ANSWERING
            return _("no answer within {time}").format(time=seconds(limit))
        case CheckFault.NOT_HTTP:
            return _("the answer is not HTTP")
        case CheckFault.REFUSED_TARGET:
            return _("it redirects to an address that is not asked")
        case CheckFault.TOO_MANY_HOPS:
            return _("more than {count} redirects").format(count=MOST_HOPS)
        case CheckFault.LOOP:
            return _("it redirects in a circle")
    return status_words(hop)


def _kind(kind: str) -> str:
    known: dict[str, str] = {
        AddressKind.LOOPBACK: _("the bot's own machine"),
        AddressKind.PRIVATE: _("a private network"),
        AddressKind.LINK_LOCAL: _("a link-local address"),
        AddressKind.METADATA: _("a cloud's metadata"),
        AddressKind.MULTICAST: _("a multicast address"),
    }
    return known.get(kind, _("a reserved address"))


def status_words(hop: Hop) -> str:
    """`502 Bad Gateway`, and what it means where that is not plain."""
    words = f"{hop.status} {inert(hop.reason)}".strip()
    return _("{status}, asks for a login").format(status=words) if hop.status == 401 else words


def certificate_words(
    fault: CertificateFault, handshake: Handshake | None, detail: str, now: datetime
) -> str:
    """handshake: None only for the two faults before there is one."""
    if fault is CertificateFault.NO_TLS:
        return _("what listens there does not speak TLS")
    if handshake is None or fault is CertificateFault.HANDSHAKE:
        return _("the handshake failed: {words}").format(words=detail or "?")
    certificate = handshake.certificate
    match fault:
        case CertificateFault.DEFAULT:
            return _("Traefik's default certificate, it has none for this name")
        case CertificateFault.EXPIRED if certificate.not_after <= now:
            return _("the certificate expired on {day}").format(day=day(certificate.not_after))
        case CertificateFault.EXPIRED:
            return _("a certificate of the chain has expired")
        case CertificateFault.NOT_YET:
            return _("the certificate is valid only from {day}").format(day=day(certificate.not_before))
        case CertificateFault.WRONG_NAME:
            return _("the certificate is for {names}").format(names=_names(certificate))
        case CertificateFault.SELF_SIGNED:
            return _("the certificate is self-signed")
        case CertificateFault.INCOMPLETE:
            words = _("incomplete chain, the intermediate certificate is not sent: {issuer}")
            return words.format(issuer=issuer_of(certificate))
        case CertificateFault.UNKNOWN_ISSUER:
            return _("nobody knows the issuer: {issuer}").format(issuer=issuer_of(certificate))
        case CertificateFault.EXPIRES_SOON:
            return _("the certificate {expires}").format(expires=expiry(certificate.not_after, now))
    return _("the certificate is not trusted")


def _names(certificate: Certificate) -> str:
    names = [_shown(name) for name in certificate.names[:_MOST_NAMES]]
    more = ", …" if len(certificate.names) > _MOST_NAMES else ""
    return ", ".join(names) + more if names else "?"


def _shown(name: str) -> str:
    """A domain as it is; what is none may be a command or a mention, and nobody shall be made to tap it."""
    return name[:_LONGEST] if _DOMAIN.fullmatch(name) else inert(name[:_LONGEST])


def issuer_of(certificate: Certificate) -> str:
    return inert(certificate.issuer[:_LONGEST]) or "?"


def expiry(moment: datetime, now: datetime) -> str:
    """`expires in 63 d · 28 Jan`."""
    left = moment - now
    if left <= timedelta(0):
        return _("expired · {day}").format(day=day(moment))
    span = _("{count} d").format(count=left.days) if left >= timedelta(days=1) else duration(left)
    return _("expires in {time} · {day}").format(time=span, day=day(moment))


def days_left(certificate: Certificate, now: datetime) -> str:
    """`63 d left`."""
    return _("{count} d left").format(count=max(certificate.left(now).days, 0))


def milliseconds(span: float) -> str:
    """`12 ms`, from a second on `1.2 s`."""
    return seconds(span) if span >= 1 else _("{count} ms").format(count=max(round(span * 1000), 1))
