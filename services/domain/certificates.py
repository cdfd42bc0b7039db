"""Certificates as servers show them, and the pure judgement of each."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2s

from services.domain.alerts import Severity

SOON, VERY_SOON = timedelta(days=21), timedelta(days=7)


class CertificateFault(StrEnum):
    """What is wrong, worst first. The values go into alerts' annotations: never rename one."""

    NO_TLS = "no_tls"  # something listens, and does not speak TLS
    HANDSHAKE = "handshake_failed"  # it does, but refuses this name, or breaks off
    DEFAULT = "default_certificate"  # Traefik's own stopgap, where it has none for the name
    EXPIRED = "expired"
    NOT_YET = "not_yet_valid"
    WRONG_NAME = "wrong_name"
    SELF_SIGNED = "self_signed"
    INCOMPLETE = "incomplete_chain"  # an intermediate is not sent along: many clients cannot verify it
    UNKNOWN_ISSUER = "unknown_issuer"
    UNTRUSTED = "untrusted"  # anything else that a client would refuse
    EXPIRES_SOON = "expires_soon"


@dataclass(frozen=True, slots=True)
class Certificate:
    """names: that it is for, as they stand in it. issuer: its common name, or else its organisation. fingerprint:
    SHA-256 in hex. default: it is Traefik's own stopgap. authorities: it says where its issuer's is to be had."""

    names: tuple[str, ...]
    issuer: str
    not_before: datetime
    not_after: datetime
    fingerprint: str
    self_signed: bool = False
    default: bool = False
    authorities: bool = False

    def covers(self, host: str) -> bool:
        """A name of one label may stand for any one label, as browsers have it."""
        return covers(self.names, host)

    def left(self, now: datetime) -> timedelta:
        """Negative when it has expired."""
        return self.not_after - now


def covers(names: tuple[str, ...], host: str) -> bool:
    """host: in ASCII. A wildcard means exactly one label, and never stands in a number."""
    wanted = host.lower().rstrip(".")
    for name in (each.lower().rstrip(".") for each in names):
        if name == wanted:
            return True
        label, _, rest = wanted.partition(".")
        if name == f"*.{rest}" and label and "." in rest and not rest.rpartition(".")[2].isdigit():
            return True
    return False


@dataclass(frozen=True, slots=True)
class Handshake:
    """One that came to an end, whatever the certificate was worth. protocol: such as `TLSv1.3`.

    fault: worst first; None: any client is content. sent: how many certificates came.
    """

    certificate: Certificate
    protocol: str
    sent: int
    fault: CertificateFault | None


@dataclass(frozen=True, slots=True)
class Objections:
    """What OpenSSL says against a chain, apart from dates. depth 0 is the certificate itself.

    unknown: at this depth an issuer is missing, None where none is. self_signed: the root that was sent is not
    believed. other: anything else.
    """

    unknown: int | None = None
    self_signed: bool = False
    other: bool = False
    expired: bool = False


def judge(
    certificate: Certificate, objections: Objections, sent: int, host: str, now: datetime
) -> CertificateFault | None:
    """The worst that is wrong with it for `host`."""
    if certificate.default:
        return CertificateFault.DEFAULT
    if certificate.not_after <= now:
        return CertificateFault.EXPIRED
    if certificate.not_before > now:
        return CertificateFault.NOT_YET
    if not certificate.covers(host):
        return CertificateFault.WRONG_NAME
    if certificate.self_signed and (objections.self_signed or objections.unknown is not None):
        return CertificateFault.SELF_SIGNED
    if objections.unknown is not None:
        # Its issuer was not sent along: an intermediate, unless a private authority signs with its root directly.
        alone = objections.unknown == 0 and (sent > 1 or certificate.authorities)
        return CertificateFault.INCOMPLETE if alone else CertificateFault.UNKNOWN_ISSUER
    if objections.self_signed:
        return CertificateFault.UNKNOWN_ISSUER
    if objections.expired:
        return CertificateFault.EXPIRED
    if objections.other:
        return CertificateFault.UNTRUSTED
    return CertificateFault.EXPIRES_SOON if certificate.left(now) <= SOON else None


def severity_of(fault: CertificateFault, expires: datetime | None, now: datetime) -> Severity:
    """Critical is what keeps people out, or will within a week."""
    soon = fault is CertificateFault.EXPIRES_SOON
    return Severity.WARNING if soon and expires and expires - now > VERY_SOON else Severity.CRITICAL


@dataclass(frozen=True, slots=True)
class Domain:
    """One that people outside know, and whom it belongs to. container: its name, "" where none is known to be.

    url: to be asked in place of https://domain/, "" for that one. secure: TLS is expected.
    """

    domain: str
    host: str
    container: str = ""
    url: str = ""
    secure: bool = True

    @property
    def key(self) -> str:
        """Twelve hex digits, for buttons."""
        return blake2s(f"{self.host}/{self.domain}".encode(), digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True)
class Domains:
    """All in somebody's scope, each once, by name. silent: hosts that do not answer, where there may be more."""

    rows: tuple[Domain, ...]
    silent: tuple[str, ...] = ()
