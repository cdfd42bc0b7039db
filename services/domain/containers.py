"""Containers as the engine reports them, and the pure judgement of how each is doing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2s
from itertools import islice

from services.domain.routing import domains_of


class State(StrEnum):
    """The engine's own word for a container's state (`State` of `GET /containers/json`)."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    REMOVING = "removing"
    EXITED = "exited"
    DEAD = "dead"


class Health(StrEnum):
    """The engine's health word; a container without a healthcheck has None instead."""

    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


_MOST_RULES = 100


def key_of(host: str, name: str) -> str:
    """Twelve hex digits that stand for `host/name` where space is short (a button's data).

    Made from the name, not the id, so a button outlives the container's re-creation.
    """
    return blake2s(f"{host}/{name}".encode(), digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True)
class ContainerKey:
    """A container as a button names it: its host, and `key_of` host and name."""

    host: str
    key: str


@dataclass(frozen=True, slots=True)
class Port:
    """One exposed port; `public` is None when it is not published on the host. `protocol`: tcp, udp or sctp."""

    private: int
    protocol: str
    public: int | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Container:
    """One row of a host's list. Costs one call for the whole host; what needs an inspect is in `Details`.

    addresses: its own in the host's networks, IPv4 and IPv6; none while it does not run, or on the host's own network.
    """

    host: str
    id: str  # 64 hex digits
    name: str  # without the leading slash
    image: str
    state: State
    health: Health | None
    created: datetime
    exit_code: int | None = None  # None unless the engine's status text tells it
    ports: tuple[Port, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()

    @property
    def project(self) -> str | None:
        return self.labels.get("com.docker.compose.project")

    @property
    def service(self) -> str | None:
        return self.labels.get("com.docker.compose.service")

    @property
    def runs(self) -> bool:
        """Whether there is something to stop."""
        return self.state in (State.RUNNING, State.PAUSED, State.RESTARTING)

    @property
    def domains(self) -> tuple[str, ...]:
        """Names that its own Traefik labels route to it, twenty at most; whether it works is another question."""
        rules = (
            rule
            for label, rule in self.labels.items()
            if label.startswith("traefik.http.routers.") and label.endswith(".rule")
        )
        return domains_of(tuple(islice(rules, _MOST_RULES)))

    @property
    def key(self) -> str:
        return key_of(self.host, self.name)

    @property
    def full_name(self) -> str:
        return f"{self.host}/{self.name}"


@dataclass(frozen=True, slots=True)
class Probe:
    """One run of a container's healthcheck: when it started, its exit code, its output (cut to 4 kB by the engine)."""

    at: datetime
    exit_code: int
    output: str


@dataclass(frozen=True, slots=True)
class Details:
    """What only an inspect tells. Environment values are deliberately not among it, but for `hidden`: those that
    look secret, to be hidden wherever they stand.

    name: "" where the engine tells none. started, finished: None when it never did. restart_policy: no, always,
    on-failure, unless-stopped.
    stop_timeout: seconds between SIGTERM and SIGKILL (engine default 10). memory_limit: bytes, None = none.
    health_interval: the time between two probes. error: the engine's own words about a failed start, or "".
    assumed: inspections are refused, so this is no more than the list tells, with usual values for the rest.
    """

    id: str
    state: State
    health: Health | None
    started: datetime | None
    finished: datetime | None
    exit_code: int
    oom_killed: bool
    error: str
    restart_count: int
    restart_policy: str
    stop_timeout: int
    tty: bool
    log_driver: str
    memory_limit: int | None
    probes: tuple[Probe, ...] = ()  # oldest first, at most five
    failing_streak: int = 0
    health_interval: timedelta = timedelta(seconds=30)
    name: str = ""
    hidden: tuple[str, ...] = field(default=(), repr=False)
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU and memory now. cpu_percent: 100 is one whole core. memory: bytes without the page cache."""

    cpu_percent: float
    memory: int
    memory_limit: int | None


@dataclass(frozen=True, slots=True)
class Sample:
    """What a container has used up to a moment of its engine's, to be compared with a later one.

    cpu: seconds. cpu_percent: over the second before, where the engine tells that too. received, sent: bytes, None
    where the network is not its own. read, written: bytes of block devices, None where the engine does not know.
    """

    at: datetime
    cpu: float
    memory: int
    memory_limit: int | None
    cpu_percent: float | None = None
    received: int | None = None
    sent: int | None = None
    read: int | None = None
    written: int | None = None
    processes: int | None = None
    most_processes: int | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """What an engine runs on. memory: bytes."""

    cores: int
    memory: int


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop through the bot, remembered until the container is started again: the expected absence."""

    by: str
    at: datetime


class Condition(StrEnum):
    """How a container is doing, worst first. STOPPED is on purpose and no trouble."""

    DOWN = "down"
    UNWELL = "unwell"
    WELL = "well"
    STOPPED = "stopped"


class Reason(StrEnum):
    """Why a container is in its condition; the views put words to it."""

    OUT_OF_MEMORY = "out_of_memory"
    START_FAILED = "start_failed"
    EXITED = "exited"
    DEAD = "dead"
    UNHEALTHY = "unhealthy"
    RESTARTING = "restarting"
    PAUSED = "paused"
    REMOVING = "removing"
    STARTING = "starting"
    RUNNING = "running"
    STOPPED_BY = "stopped_by"
    FINISHED = "finished"
    NEVER_STARTED = "never_started"
    NOT_EXPECTED = "not_expected"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The judgement, its reason, since when (None: not known), the exit code and who stopped it where that matters."""

    condition: Condition
    reason: Reason
    since: datetime | None = None
    exit_code: int | None = None
    by: str | None = None


def needs_details(container: Container) -> bool:
    """Whether the list row alone cannot tell how it is doing: all but the running and not unhealthy."""
    return container.state is not State.RUNNING or container.health is Health.UNHEALTHY


def diagnose(container: Container, details: Details | None = None, stop: Stop | None = None) -> Diagnosis:
    """Pure. `details` may be missing when the container vanished between list and inspect."""
    match container.state:
        case State.RUNNING:
            return _diagnose_running(container, details)
        case State.PAUSED:
            return Diagnosis(Condition.UNWELL, Reason.PAUSED)
        case State.RESTARTING:
            since = details.finished if details else None
            code = details.exit_code if details else container.exit_code
            return Diagnosis(Condition.DOWN, Reason.RESTARTING, since, code)
        case State.REMOVING:
            return Diagnosis(Condition.STOPPED, Reason.REMOVING)
        case State.DEAD:
            return Diagnosis(Condition.DOWN, Reason.DEAD, details.finished if details else None)
        case State.CREATED | State.EXITED:
            return _diagnose_absent(container, details, stop)


def _diagnose_running(container: Container, details: Details | None) -> Diagnosis:
    if container.health is Health.UNHEALTHY:
        return Diagnosis(Condition.UNWELL, Reason.UNHEALTHY, _unhealthy_since(details))
    reason = Reason.STARTING if container.health is Health.STARTING else Reason.RUNNING
    return Diagnosis(Condition.WELL, reason, details.started if details else None)


def _unhealthy_since(details: Details | None) -> datetime | None:
    """The first failed probe of the streak; the engine keeps five, so an older start is reckoned from the interval."""
    if details is None or not details.probes:
        return None
    streak = min(max(details.failing_streak, 1), len(details.probes))
    unseen = max(details.failing_streak - len(details.probes), 0)
    return details.probes[-streak].at - unseen * details.health_interval


def _started_after(stop: Stop, details: Details | None) -> bool:
    """Whether somebody started it since, past the bot: then its absence now is another one."""
    return details is not None and details.started is not None and details.started > stop.at


def _diagnose_absent(container: Container, details: Details | None, stop: Stop | None) -> Diagnosis:
    since = details.finished if details else None
    code = details.exit_code if details else container.exit_code
    if stop is not None and not _started_after(stop, details):
        return Diagnosis(Condition.STOPPED, Reason.STOPPED_BY, stop.at, code, stop.by)
    if container.labels.get("vakhta.expected", "").lower() == "false":
        return Diagnosis(Condition.STOPPED, Reason.NOT_EXPECTED, since, code)
    if details is not None and details.error:
        return Diagnosis(Condition.DOWN, Reason.START_FAILED, since, code)
    if container.state is State.CREATED:
        return Diagnosis(Condition.STOPPED, Reason.NEVER_STARTED)
    if details is not None and details.oom_killed:
        return Diagnosis(Condition.DOWN, Reason.OUT_OF_MEMORY, since, code)
    if code == 0 and details is not None and details.restart_policy in ("", "no"):
        return Diagnosis(Condition.STOPPED, Reason.FINISHED, since, code)
    return Diagnosis(Condition.DOWN, Reason.EXITED, since, code)
