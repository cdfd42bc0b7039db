"""Alerts, the incidents that they form, and what a chat has been shown of them.

A source sends a `Notification` with `Report`s. Each becomes an `Alert` of an `Incident`: what one Alertmanager
group is to people. A `Post` is the message in one chat that shows one incident, or a digest of several.
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
    """A silence as an incident bears it. id: Alertmanager's, or ours when `ours`. what: `directus`, `server2`, …"""

    id: str
    until: datetime
    by: str
    what: str
    ours: bool = False


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


@dataclass(frozen=True, slots=True)
class Destination:
    """A chat, or a topic of one."""

    chat: int
    topic: int | None = None

    @property
    def key(self) -> str:
        return f"{self.chat}" if self.topic is None else f"{self.chat}:{self.topic}"

    @classmethod
    def of(cls, key: str) -> "Destination":
        chat, _, topic = key.partition(":")
        return cls(int(chat), int(topic) if topic else None)


class PostState(StrEnum):
    """PENDING: not out yet. FAILED: refused by Telegram as it was. DEAD: the chat is closed to us."""

    PENDING = "pending"
    SENT = "sent"
    EDITED = "edited"
    FAILED = "failed"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Menu:
    """The question that stands in place of a message's buttons: how wide, then how long to silence.

    span: chosen already. It folds up at `until`.
    """

    until: datetime
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """A message in a chat, for one incident or, as a digest, for several; and what it last showed.

    chat: where it really stands (a group may have moved since), with `message`; None: not sent.
    shown: incident id → revision; numbers: incident id → its highest alert number then.
    file: the message that carries the list of all alerts, made when the incident had `filed` numbers.
    document: the message is itself a document, and its text a caption.
    known, worst, episode: what has been announced with sound: the newest alert number, severity, episode; of a
    digest the sums of its incidents'. urgent: somebody waits for its next edit.
    rung: the last reply that rang; reminded: the last reminder. over_told: the end has been shown.
    instead_of: the key of the destination that could not be reached.
    """

    id: str
    to: Destination
    incidents: tuple[str, ...]
    state: PostState = PostState.PENDING
    chat: int | None = None
    message: int | None = None
    document: bool = False
    shown: Mapping[str, int] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    sent: datetime | None = None
    changed: datetime | None = None
    file: int | None = None
    filed: int = 0
    known: int = 0
    worst: Severity = Severity.INFO
    episode: int = 1
    rung: datetime | None = None
    reminded: datetime | None = None
    over_told: bool = False
    menu: Menu | None = None
    urgent: bool = False
    instead_of: str = ""
    why: str = ""

    @property
    def is_digest(self) -> bool:
        return len(self.incidents) > 1


@dataclass(frozen=True, slots=True)
class Shown:
    """One incident as a message shows it: `alerts` worst first, all of them or the worst ten.

    tally: as this destination sees it. names: the person's names of acknowledgers are in `incident.acks`.
    """

    incident: Incident
    tally: Tally
    alerts: tuple[Alert, ...]
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Bulletin:
    """What one message says now. One of `shown`: a living message; more: a digest. post: the id of its `Post`.

    roll: all alerts, worst first, when they do not fit into the message: for the file. delayed: set when it comes
    over a minute late. instead_of: the chat that could not be reached. silent: it makes no sound.
    compact: one message, file and all, though it is about one incident: many have gone there just now.
    spans: what the silence menu offers, with the words for the button (`directus`, `server2`, `service_down`).
    """

    to: Destination
    shown: tuple[Shown, ...]
    at: datetime
    post: str = ""
    roll: tuple[Alert, ...] = ()
    menu: Menu | None = None
    spans: tuple[tuple[Span, str], ...] = ()
    delayed: timedelta | None = None
    instead_of: int | None = None
    silent: bool = False
    compact: bool = False

    @property
    def is_digest(self) -> bool:
        return len(self.shown) > 1


class Ringing(StrEnum):
    """Why a reply to a message makes a sound. OVER makes none: it is silent."""

    NEW_ALERT = "new_alert"
    WORSE = "worse"
    AGAIN = "again"
    REMIND = "remind"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Ring:
    """A one-line reply to the living message. `count`: how many alerts it is about (new ones, those that wait).

    alerts: up to three of those it is about, worst first.
    """

    why: Ringing
    shown: Shown
    at: datetime
    count: int = 0
    alerts: tuple[Alert, ...] = ()

    @property
    def silent(self) -> bool:
        return self.why is Ringing.OVER


class Trouble(StrEnum):
    """What the admins are told of, beside alerts."""

    CHAT_CLOSED = "chat_closed"  # alerts of that chat go elsewhere
    UNDECODABLE = "undecodable"  # a body came that is no notification; it is kept
    REFUSED = "refused"  # Telegram refused a message as it was
    WATCHDOG = "watchdog"  # the Watchdog alert has stopped coming
    WATCHDOG_BACK = "watchdog_back"
    CHANNELS = "channels"  # rules name channels that do not exist yet
    RECONCILE = "reconcile"  # Alertmanager cannot be asked


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that the admins are told, each privately. `facts`: for the view's sentence."""

    trouble: Trouble
    at: datetime
    facts: Mapping[str, str] = field(default_factory=dict)
