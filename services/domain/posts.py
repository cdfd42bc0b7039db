"""What chats are shown of incidents: messages, what they say now, what makes a sound, what the admins are told.

A `Post` is the message in one chat that shows one incident, or a digest of several; a `Bulletin` is what it says.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from services.domain.alerts import Alert, Evidence, Incident, Severity, Span, Tally


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
    delayed: by how much it came late, when that was over a minute.
    instead_of: the keys of the destinations that could not be reached.
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
    delayed: timedelta | None = None
    urgent: bool = False
    instead_of: tuple[str, ...] = ()
    why: str = ""

    @property
    def is_digest(self) -> bool:
        return len(self.incidents) > 1


@dataclass(frozen=True, slots=True)
class AlertChart:
    """A metric by its id, of a host, of a container there, or of all where both are ""."""

    metric: str
    host: str = ""
    container: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """One incident as a message shows it: `alerts` worst first, all of them or the worst ten.

    tally: as this destination sees it. names: the person's names of acknowledgers are in `incident.acks`.
    chart: the picture that belongs to it, if any.
    """

    incident: Incident
    tally: Tally
    alerts: tuple[Alert, ...]
    evidence: Evidence | None = None
    chart: AlertChart | None = None


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
    ANNOTATIONS = "annotations"  # Grafana takes none
    STUMBLED = "stumbled"  # a watch of ours met something that nobody foresaw, and begins anew
    STANDARDS = "standards"  # how the servers keep the standard, once a week


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that the admins are told, each privately. `facts`: for the view's sentence."""

    trouble: Trouble
    at: datetime
    facts: Mapping[str, str] = field(default_factory=dict)
