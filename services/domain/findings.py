"""What our own watch over the hosts has found out."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.domain.alerts import Evidence, Severity

SERVICE_DOWN = "service_down"
OOM_KILLED = "oom_killed"
UNHEALTHY = "unhealthy"
CRASH_LOOP = "crash_loop"
HOST_UNREACHABLE = "host_unreachable"

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

    name: one of SEVERITIES, or that of a rule over logs, which has `hits`. container: "" when it is about the host as a
    whole, or about the several `containers` that died at once. started, ended: the host's own time where the host
    tells it; ended None: open. channels: where they are not the usual ones.
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

    @property
    def key(self) -> str:
        return f"{self.name}/{self.host}/{self.container}"
