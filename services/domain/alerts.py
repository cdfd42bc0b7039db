"""Alerts, and the incidents that they form.

A source sends a `Notification` with `Report`s. Each becomes an `Alert` of an `Incident`: what one Alertmanager
group is to people. What chats are shown of them is in `services.domain.posts`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

REOPENS_WITHIN = timedelta(minutes=30)  # a group that fires again so soon after its end is the same incident
RETRY_WITHIN = timedelta(seconds=60)  # an equal identity heard again so soon is the sender's own retry


class Severity(IntEnum):
    """Ordered. A label that says something else, or is missing, counts as a warning."""

    INFO = 1
    WARNING = 2
    CRITICAL = 3


_CRITICAL = frozenset({"critical", "crit", "page", "emergency", "fatal", "disaster", "p1"})
_INFO = frozenset({"info", "information", "notice", "none", "debug"})


def severity_of(labels: Mapping[str, str]) -> Severity:
    word = labels.get("severity", "").lower()
    if word in _CRITICAL:
        return Severity.CRITICAL
    return Severity.INFO if word in _INFO else Severity.WARNING


class Status(StrEnum):
    FIRING = "firing"
    RESOLVED = "resolved"


class Origin(StrEnum):
    """Who says so: Alertmanager's webhook, our own watch over the hosts, or what was found by looking back."""

    ALERTMANAGER = "alertmanager"
    WATCH = "watch"
    CATCH_UP = "catch_up"


@dataclass(frozen=True, slots=True)
class Report:
    """One alert as its source tells it. `fingerprint`: 16 hex digits, the same for equal labels."""

    fingerprint: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    status: Status
    starts: datetime
    ends: datetime | None = None
    generator: str = ""


@dataclass(frozen=True, slots=True)
class Notification:
    """What came in at once. `key`: Alertmanager's groupKey, or one of our own. `truncated`: alerts left out."""

    origin: Origin
    key: str
    received: datetime
    reports: tuple[Report, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    receiver: str = ""
    url: str = ""
    truncated: int = 0


class Why(StrEnum):
    """Every decision that the pipeline takes about an alert; `/why` has a sentence for each."""

    ON_CONTAINER = "on_container"  # match: labels name a host and a container
    ON_HOST = "on_host"  # match: labels name a host only
    ON_NOTHING = "on_nothing"  # match: no label names a host that is known here
    AUDIBLE = "audible"  # mute: nothing holds it back
    CRITICAL = "critical"  # mute: quiet hours, but it is critical
    QUIET_HOURS = "quiet_hours"  # mute: held back until they end
    SILENCED = "silenced"  # mute: held back by a silence of ours
    GROUPED = "grouped"  # group: by the group key
    NEW = "new"  # deduplicate: not known in this incident
    RETRY = "retry"  # deduplicate: the same identity within a minute, nothing changes
    REPEAT = "repeat"  # deduplicate: the same identity later, counted
    AGAIN = "again"  # deduplicate: was resolved, fires again
    RESOLVED = "resolved"  # deduplicate: was firing
    RESOLVED_UNSEEN = "resolved_unseen"  # deduplicate: heard of only when it was over
    ROUTED = "routed"  # deliver: to these chats
    NO_ROUTE = "no_route"  # deliver: no chat of the settings takes it


@dataclass(frozen=True, slots=True)
class Decision:
    """`detail`: what it was decided by, such as `container=directus` or a chat's id. No prose."""

    why: Why
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of an incident, as last heard of.

    number: grows within the incident; firing again takes a new one, so an acknowledgement covers what had a number
    when it was given. heard: when this identity (labels, start, status) was first received; last: when last.
    fired, over: when "firing" and "resolved" of the present start were last received.
    muted_until: held back by quiet hours or a silence of ours.
    host, container: as the settings and the host name them; "" where no label tells.
    """

    fingerprint: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    status: Status
    starts: datetime
    severity: Severity
    number: int
    heard: datetime
    last: datetime
    ends: datetime | None = None
    generator: str = ""
    host: str = ""
    container: str = ""
    repeats: int = 0
    fired: datetime | None = None
    over: datetime | None = None
    muted_until: datetime | None = None
    trace: tuple[Decision, ...] = ()

    @property
    def name(self) -> str:
        return self.labels.get("alertname", "")

    @property
    def summary(self) -> str:
        annotations = self.annotations
        return annotations.get("summary") or annotations.get("description") or annotations.get("message", "")

    @property
    def firing(self) -> bool:
        return self.status is Status.FIRING


@dataclass(frozen=True, slots=True)
class Tally:
    """An incident's alerts as one destination sees them. critical, warning, info: firing ones.

    uncovered: firing and not acknowledged. audible: firing and not held back. newest: the highest number
    of one that fires or fired.
    """

    critical: int = 0
    warning: int = 0
    info: int = 0
    resolved: int = 0
    uncovered: int = 0
    audible: int = 0
    newest: int = 0

    @property
    def firing(self) -> int:
        return self.critical + self.warning + self.info

    @property
    def total(self) -> int:
        return self.firing + self.resolved

    @property
    def worst(self) -> Severity | None:
        """Of what fires."""
        if self.critical:
            return Severity.CRITICAL
        if self.warning:
            return Severity.WARNING
        return Severity.INFO if self.info else None


@dataclass(frozen=True, slots=True)
class Ack:
    """Covers the alerts numbered up to `upto`: those that the pressed message showed. `by`: a person's id."""

    by: int
    name: str
    at: datetime
    upto: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label. `regex`: anchored, RE2, as Alertmanager's are. Not `equal`: it must not fit."""

    name: str
    value: str
    regex: bool = False
    equal: bool = True


class Span(StrEnum):
    """How wide a silence reaches, as its button says."""

    CONTAINER = "container"
    HOST = "host"
    NAME = "name"  # alerts of this name, wherever
    GROUP = "group"  # the incident's own group labels


@dataclass(frozen=True, slots=True)
class Quiet:
    """A silence as an incident bears it, for its alerts numbered up to `upto`.

    id: Alertmanager's, or ours when `ours`. what: `directus`, `server2`, …
    """

    id: str
    until: datetime
    by: str
    what: str
    ours: bool = False
    upto: int = 10**15


@dataclass(frozen=True, slots=True)
class Incident:
    """One group of alerts from its first firing to its end.

    id: 8 hex digits. opened: the start of the present episode; received: when we first heard of it.
    revision: grows with every change that a message should show. numbers: the highest `Alert.number` given.
    episode: 1, and one more each time it fires again. resolved: when the last alert ended, None while one fires.
    tallies: by destination key; without an entry the chat is not shown it.
    targets: distinct (host, container) pairs of its alerts, at most MOST_TARGETS; wide: there were more.
    bound: `key` is Alertmanager's own. away: it began (and maybe ended) while the bot was not there to hear it.
    """

    id: str
    key: str
    origin: Origin
    opened: datetime
    received: datetime
    labels: Mapping[str, str]
    revision: int = 1
    numbers: int = 0
    episode: int = 1
    resolved: datetime | None = None
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    total: Tally = Tally()
    targets: tuple[tuple[str, str], ...] = ()
    wide: bool = False
    acks: tuple[Ack, ...] = ()
    quiet: Quiet | None = None
    held_until: datetime | None = None
    bound: bool = True
    away: bool = False
    url: str = ""

    @property
    def covered(self) -> int:
        """The highest alert number that somebody has acknowledged."""
        return max((ack.upto for ack in self.acks), default=0)

    @property
    def acknowledged(self) -> bool:
        """Wholly: nothing that fires waits for somebody."""
        return bool(self.acks) and self.total.firing > 0 and self.total.uncovered == 0

    @property
    def target(self) -> tuple[str, str] | None:
        """The one (host, container) that it is all about, when there is just one and it names a container."""
        if self.wide or len(self.targets) != 1 or not self.targets[0][1]:
            return None
        return self.targets[0]


MOST_TARGETS = 200


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the host told about a container that failed; kept here and never sent to Alertmanager.

    error: the engine's own words about a failed start, or "". lines: its last log lines, redacted.
    deaths: how often it died within `within`, where that says something.
    """

    at: datetime
    exit_code: int | None = None
    out_of_memory: bool = False
    error: str = ""
    lines: tuple[str, ...] = ()
    deaths: int = 0
    within: timedelta = timedelta()
