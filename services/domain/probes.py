"""Probes: what is asked again and again, and what must come back."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from services.domain.alerts import Severity


class ProbeKind(StrEnum):
    """How it is asked. The named services are HTTP with a path and an answer of their own; postgres and redis are
    asked in their own protocol, without a login."""

    HTTP = "http"
    TCP = "tcp"
    N8N = "n8n"
    DIRECTUS = "directus"
    TRAEFIK = "traefik"
    GRAFANA = "grafana"
    PROMETHEUS = "prometheus"
    ALERTMANAGER = "alertmanager"
    NETDATA = "netdata"
    DOZZLE = "dozzle"
    PORTAINER = "portainer"
    PGADMIN = "pgadmin"
    POSTGRES = "postgres"
    REDIS = "redis"

    @property
    def speaks_http(self) -> bool:
        return self not in (ProbeKind.TCP, ProbeKind.POSTGRES, ProbeKind.REDIS)


@dataclass(frozen=True, slots=True)
class ProbeSpec:
    """A row of the settings. address: a URL, or HOST:PORT for what is no HTTP. via: the host through whose SSH
    connection it is asked, "" from where the bot runs. host, container: what it is about, for scope and alerts; ""
    where it is about none. statuses: what is well, empty for what the kind says. body: that the answer must hold.
    retries: more tries before it is an alarm.
    """

    name: str
    kind: ProbeKind
    address: str = field(repr=False)  # may hold a password
    via: str = ""
    host: str = ""
    container: str = ""
    interval: timedelta = timedelta(minutes=1)
    timeout: timedelta = timedelta(seconds=10)
    statuses: frozenset[int] = field(default_factory=frozenset)
    body: str = ""
    retries: int = 2
    severity: Severity = Severity.CRITICAL


class ProbeFault(StrEnum):
    """Why it is not well. What `ProbeResult.detail` holds stands behind it; "" where nothing does."""

    UNRESOLVED = "unresolved"  # its name has no address
    REFUSED = "refused"  # nobody listens there
    UNREACHABLE = "unreachable"  # the system's words
    TIMEOUT = "timeout"  # seconds that were waited, as a number
    TLS = "tls"  # OpenSSL's words
    STATUS = "status"  # the HTTP status
    REDIRECT = "redirect"  # to where, without a query: another host, a login page, or in circles
    BODY = "body"  # an answer, but not the one that is expected
    PROTOCOL = "protocol"  # no answer of this protocol: what came instead, or that it was cut off
    NOT_READY = "not_ready"  # it says itself that it is starting, or cannot work: its own words
    FORWARD_FORBIDDEN = "forward_forbidden"  # the key of `via` does not permit the address, HOST:PORT
    HOST_SILENT = "host_silent"  # no contact with `via`, by name


# Nobody was asked, so nothing is known of who should have answered.
NOT_ASKED = frozenset({ProbeFault.FORWARD_FORBIDDEN, ProbeFault.HOST_SILENT})
# Nothing came back at all; of the others an answer is known, and is wrong.
NO_ANSWER = frozenset({ProbeFault.UNRESOLVED, ProbeFault.REFUSED, ProbeFault.UNREACHABLE, ProbeFault.TIMEOUT})


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """at: when it was asked. latency: seconds until all was known. detail: at most 200 characters, presentable."""

    at: datetime
    latency: float
    fault: ProbeFault | None = None
    detail: str = ""

    @property
    def ok(self) -> bool:
        return self.fault is None
