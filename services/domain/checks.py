"""A check from outside in: name → connection → certificate → answer, from one place or from several."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.domain.certificates import CertificateFault, Domain, Handshake
from services.domain.routing import StoredCertificate

MOST_HOPS = 10


class Step(StrEnum):
    """In the order in which they are gone."""

    DNS = "dns"
    TCP = "tcp"
    TLS = "tls"
    HTTP = "http"


class CheckFault(StrEnum):
    """What went wrong at a step; each has its own words. Of TLS the certificate's own faults come on top."""

    NO_NAME = "no_name"
    NO_RESOLVER = "no_resolver"
    REFUSED_ADDRESS = "refused_address"  # of the address that the name leads to; `detail`: an AddressKind
    NOTHING_LISTENS = "nothing_listens"
    NO_CONNECTION = "no_connection"  # within the deadline
    NO_WAY = "no_way"  # the network says so; `detail`: the address
    FORBIDDEN = "forbidden"  # the host's SSH key does not permit it
    HOST_SILENT = "host_silent"
    BROKEN_OFF = "broken_off"
    NO_ANSWER = "no_answer"
    NOT_HTTP = "not_http"
    STATUS = "status"
    REFUSED_TARGET = "refused_target"  # a redirect leads where nothing is asked; `detail`: an Oddity
    TOO_MANY_HOPS = "too_many_hops"
    LOOP = "loop"


@dataclass(frozen=True, slots=True)
class Wrong:
    """The first step that failed. detail: a machine word, see the fault; or presentable words, or ""."""

    step: Step
    fault: CheckFault | CertificateFault
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Hop:
    """One request. url: without its query. seconds: what each step took, of those that ended in time.

    addresses: that the name led to. address: the one that was asked. status: 0 where no answer came; reason: of HTTP.
    to: where it redirects, without the query, or "".
    """

    url: str
    host: str
    port: int
    seconds: tuple[tuple[Step, float], ...] = ()
    addresses: tuple[str, ...] = ()
    address: str = ""
    handshake: Handshake | None = None
    status: int = 0
    reason: str = ""
    to: str = ""
    wrong: Wrong | None = None

    @property
    def total(self) -> float:
        return sum(seconds for _, seconds in self.seconds)

    @property
    def downgrades(self) -> bool:
        """From HTTPS to plain HTTP."""
        return self.url.startswith("https:") and self.to.startswith("http:")


@dataclass(frozen=True, slots=True)
class Sight:
    """From one place. host: through whose SSH connection; "" from the bot itself. hops: one at least."""

    host: str
    hops: tuple[Hop, ...]

    @property
    def wrong(self) -> Wrong | None:
        """The first that is wrong, of all hops; a certificate that soon expires counts as such."""
        return next((hop.wrong for hop in self.hops if hop.wrong), None)

    @property
    def last(self) -> Hop:
        return self.hops[-1]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """url: what was asked, without its query. sights: the bot's first. token: with which the same is asked again.
    domain: that the asker knows it as."""

    url: str
    sights: tuple[Sight, ...]
    at: datetime
    token: str
    domain: Domain | None = None


@dataclass(frozen=True, slots=True)
class Certified:
    """handshake: None where there was none; `wrong` then tells what came instead, or why nothing did. stored: what that
    host's Traefik holds for the domain."""

    domain: Domain
    handshake: Handshake | None = None
    wrong: Wrong | None = None
    stored: StoredCertificate | None = None

    @property
    def fault(self) -> CertificateFault | None:
        """None also where nobody could tell."""
        return self.wrong.fault if self.wrong and isinstance(self.wrong.fault, CertificateFault) else None

    @property
    def expires(self) -> datetime | None:
        if self.handshake:
            return self.handshake.certificate.not_after
        return self.stored.not_after if self.stored else None


@dataclass(frozen=True, slots=True)
class CertificatesReport:
    """Of all domains that the asker may see: trouble first, then what expires first. silent: hosts whose Traefik could
    not be asked."""

    rows: tuple[Certified, ...]
    at: datetime
    silent: tuple[str, ...] = ()

    @property
    def troubled(self) -> tuple[Certified, ...]:
        return tuple(row for row in self.rows if row.wrong)
