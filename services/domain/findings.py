"""What our own watch over the hosts, and over what leads to them from outside, has found out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.domain.alerts import Evidence, Severity

SERVICE_DOWN = "service_down"
OOM_KILLED = "oom_killed"
UNHEALTHY = "unhealthy"
CRASH_LOOP = "crash_loop"
HOST_UNREACHABLE = "host_unreachable"

ROUTE_DRIFT = "route_drift"
CERTIFICATE_PROBLEM = "certificate_problem"
PROBE_FAILED = "probe_failed"

# What is found out on rounds, and the label that names what each is about.
SUBJECTS = {ROUTE_DRIFT: "domain", CERTIFICATE_PROBLEM: "domain", PROBE_FAILED: "probe"}

SEVERITIES = {
    SERVICE_DOWN: Severity.CRITICAL,
    OOM_KILLED: Severity.WARNING,
    UNHEALTHY: Severity.WARNING,
    CRASH_LOOP: Severity.CRITICAL,
    HOST_UNREACHABLE: Severity.CRITICAL,
}


@dataclass(frozen=True, slots=True)
class LogHits:
    """What a rule over a log has found: `count` lines like `pattern` within `within`."""

    pattern: str
    count: int
    within: timedelta


@dataclass(frozen=True, slots=True)
class Finding:
    """One trouble, from its start to its end; told again while it is open when more is known of it.

    name: one of SEVERITIES or SUBJECTS, or that of a rule over logs, which has `hits`. host: "" for what is on none.
    container: "" when it is about the host as a whole, or about the several `containers` that died at once.
    started, ended: the host's own time where the host tells it; ended None: open. channels: where they are not the
    usual ones. subject: the domain or probe, of those of SUBJECTS. notes: more about it, as annotations; no prose.
    """

    name: str
    host: str
    container: str
    severity: Severity
    started: datetime
    ended: datetime | None = None
    containers: tuple[str, ...] = ()
    evidence: Evidence | None = None
    hits: LogHits | None = None
    channels: str = ""
    subject: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What a warning has become when it is critical is another finding: severity is part of an alert's identity."""
        key = f"{self.name}/{self.host}/{self.container}"
        return f"{key}/{self.subject}/{self.severity.name.lower()}" if self.subject else key
