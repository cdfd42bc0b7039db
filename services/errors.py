"""Every error a service raises. Each carries facts, never prose: words are put to it in `handlers/views`.

VakhtaError
├── Denied                 the person may not do this (role or protection; what is out of scope is NotFound)
├── NotFound
│   ├── NoSuchContainer    with the nearest names
│   └── NoSuchHost         with the nearest names
├── Ambiguous              the name fits several containers
├── NotUnderstood          a word that is no name, nor anything else that may stand there
├── PlanGone               the confirmation was used, cancelled or has expired
├── NotYourPlan            somebody else asked
├── Forgotten              what a button stands for is not known any more: the message is too old
├── PatternRefused         what is looked for is no pattern, or one that would cost too much
├── SearchesFull           too many searches run already
├── NotYourSearch          somebody else's is not ended
├── FollowsFull            too many logs are followed already
├── NotYourFollow          somebody else's is not stopped
├── NotFollowed            it has ended already, or never was
├── TooManyLogs            more containers than can be followed at a time
├── OwnContainer           the bot would stop itself
├── AlreadySo              it runs, or is stopped, as asked
├── HostError              something about one host
│   ├── HostSilent         no contact, with the reason and since when
│   ├── EngineRefused      the engine answered with an error
│   ├── ContainerGone      the id is not there any more
│   ├── LogsUnreadable     the container's log driver keeps nothing to read
│   └── DeadlineExceeded   no answer in time; the act may still be under way
├── NoSuchIncident         it is over, or not in the person's sight
├── AlreadyTaken           somebody has acknowledged it
├── NoSuchSilence          it has ended, or never was
├── DeliveryError          something about one message to a chat
│   ├── ChatClosed         the chat is gone, or does not let us write
│   ├── MessageLost        the message cannot be edited or answered any more
│   ├── MessageRefused     Telegram does not take it as it is
│   └── NotDelivered       it may go later
├── ApiError               something about one of the HTTP APIs, which `api` names
│   ├── ApiUnreachable     no contact, or it was lost before the answer was whole
│   ├── ApiTimeout         no whole answer in time; what was asked may still be carried out
│   ├── ApiRefusedLogin    401 or 403: the credentials are missing, wrong, or not enough
│   ├── ApiRefused         any other error answer, with the API's own words
│   └── ApiNotUnderstood   an answer, but none of this API's: a login page, a redirect, broken JSON
└── StoreError
    ├── StoreUnavailable   could not be read or written
    │   └── RecordUnreadable   one record, by its bytes: the others can be
    └── StoreTooNew        written by a newer Vakhta
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class VakhtaError(Exception):
    """The root: whatever a service foresees to go wrong. Its text is for the log alone."""

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({facts})"


@dataclass(eq=False)
class Denied(VakhtaError):
    """`who`: the names of those who may, empty when nobody may be named."""

    action: str
    name: str
    who: tuple[str, ...] = ()


class NotFound(VakhtaError):
    """Not there, or not for this person's eyes: the two are never told apart."""


@dataclass(eq=False)
class NoSuchContainer(NotFound):
    """`near`: (host, name) pairs that may have been meant, nearest first, all in the asker's scope.

    `name` is "" when a button stood for it.
    """

    name: str
    near: tuple[tuple[str, str], ...] = ()


@dataclass(eq=False)
class NoSuchHost(NotFound):
    name: str
    near: tuple[str, ...] = ()


@dataclass(eq=False)
class Ambiguous(VakhtaError):
    """`choices`: the (host, name) pairs that the name fits."""

    name: str
    choices: tuple[tuple[str, str], ...]


@dataclass(eq=False)
class NotUnderstood(VakhtaError):
    """`word`: of a command, where a name or something else could stand."""

    word: str


@dataclass(eq=False)
class PlanGone(VakhtaError):
    """Single use, 120 s: it is over."""


@dataclass(eq=False)
class NotYourPlan(VakhtaError):
    owner: str


class Forgotten(VakhtaError):
    """The question behind a button is a week old."""


class Fault(StrEnum):
    """What is wrong with a pattern; each has its own sentence."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    TOO_LARGE = "too_large"
    LOOK_AHEAD = "look_ahead"
    NOT_AHEAD = "not_ahead"
    LOOK_BEHIND = "look_behind"
    NOT_BEHIND = "not_behind"
    BACKREFERENCE = "backreference"
    ATOMIC = "atomic"
    POSSESSIVE = "possessive"
    GROUP = "group"
    ESCAPE = "escape"
    NOT_CLOSED = "not_closed"
    NOT_OPENED = "not_opened"
    NOTHING_TO_REPEAT = "nothing_to_repeat"
    REPEATED_TWICE = "repeated_twice"
    REPEATED_TOO_OFTEN = "repeated_too_often"
    RANGE = "range"
    TRAILING_BACKSLASH = "trailing_backslash"
    OTHER = "other"


@dataclass(eq=False)
class PatternRefused(VakhtaError):
    """`part`: of the pattern, what is objected to; `place`: of its first character, from 1; 0: not known.

    plainer: a pattern that says nearly the same and is understood, "" when there is none.
    """

    fault: Fault
    part: str = ""
    place: int = 0
    plainer: str = ""


@dataclass(eq=False)
class SearchesFull(VakhtaError):
    """`most`: how many may run at a time, of one person where it is `own`, else of all."""

    most: int
    own: bool


@dataclass(eq=False)
class NotYourSearch(VakhtaError):
    """`owner`: the name of whoever asked."""

    owner: str


@dataclass(eq=False)
class FollowsFull(VakhtaError):
    """`most`: how many follows there may be at a time, of one person where it is `own`, else of all."""

    most: int
    own: bool


@dataclass(eq=False)
class NotYourFollow(VakhtaError):
    """`owner`: the name of whoever asked."""

    owner: str


class NotFollowed(VakhtaError):
    """Nothing runs behind the button any more."""


@dataclass(eq=False)
class TooManyLogs(VakhtaError):
    """`count`: how many containers were meant."""

    count: int
    most: int


@dataclass(eq=False)
class OwnContainer(VakhtaError):
    """The target is the bot's own container."""

    name: str


@dataclass(eq=False)
class AlreadySo(VakhtaError):
    """Nothing to do. `running`: which of the two it already is; `since`: None when not known."""

    name: str
    running: bool
    since: datetime | None = None


@dataclass(eq=False)
class HostError(VakhtaError):
    host: str


class Silence(StrEnum):
    """Why a host does not answer; each has its own sentence with the mend."""

    CONNECTING = "connecting"
    UNREACHABLE = "unreachable"
    HOST_KEY = "host_key"
    LOGIN = "login"
    KEY_FILE = "key_file"
    KNOWN_HOSTS = "known_hosts"
    FORWARD = "forward"
    NO_SOCKET = "no_socket"
    NO_PERMISSION = "no_permission"
    ENGINE = "engine"
    TLS = "tls"
    TIMEOUT = "timeout"


@dataclass(eq=False)
class HostSilent(HostError):
    """`since`: when this run of the bot lost contact, None when it never had any.

    detail: the library's words, no secrets. seen: when an earlier run saw the host at the latest.
    """

    reason: Silence
    since: datetime | None = None
    detail: str = ""
    seen: datetime | None = None


@dataclass(eq=False)
class EngineRefused(HostError):
    """`status`: the engine's HTTP status; `message`: its own words."""

    status: int
    message: str


@dataclass(eq=False)
class ContainerGone(HostError):
    name: str


@dataclass(eq=False)
class LogsUnreadable(HostError):
    name: str
    driver: str


@dataclass(eq=False)
class DeadlineExceeded(HostError):
    seconds: float


@dataclass(eq=False)
class NoSuchIncident(VakhtaError):
    """`name`: what was asked for, "" for a button."""

    name: str = ""


class NoSuchSilence(VakhtaError):
    """It has ended, or not for this person's eyes."""


@dataclass(eq=False)
class AlreadyTaken(VakhtaError):
    """By `name` (a person's), since `at`."""

    name: str
    at: datetime


@dataclass(eq=False)
class DeliveryError(VakhtaError):
    """`detail`: Telegram's own words."""

    detail: str = ""


class ChatClosed(DeliveryError):
    """Blocked, kicked out, deleted, or never started."""


class MessageLost(DeliveryError):
    """Deleted, too old, or left behind in a group that has moved."""


class MessageRefused(DeliveryError):
    """The same call can only fail again."""


@dataclass(eq=False)
class NotDelivered(DeliveryError):
    """No answer, a flood, trouble at Telegram. `after`: seconds to wait at least."""

    after: float = 0.0


@dataclass(eq=False)
class ApiError(VakhtaError):
    """`api`: which one, in lower case, such as "alertmanager" or "prometheus"."""

    api: str


@dataclass(eq=False)
class ApiUnreachable(ApiError):
    """`detail`: the library's words, no secrets."""

    detail: str


@dataclass(eq=False)
class ApiTimeout(ApiError):
    seconds: float


@dataclass(eq=False)
class ApiRefusedLogin(ApiError):
    """Whoever looks after the settings must mend it: asking again does not help."""


@dataclass(eq=False)
class ApiRefused(ApiError):
    """`status`: of HTTP; `message`: the API's own words on one line, at most 500 characters, perhaps none."""

    status: int
    message: str


@dataclass(eq=False)
class ApiNotUnderstood(ApiError):
    """`detail`: what came instead, at most 500 characters."""

    detail: str


class StoreError(VakhtaError):
    """The store's own trouble."""


@dataclass(eq=False)
class StoreUnavailable(StoreError):
    detail: str


class RecordUnreadable(StoreUnavailable):
    """It was written by a newer version, or is damaged. Trying again does not help."""


@dataclass(eq=False)
class StoreTooNew(StoreError):
    found: int
    known: int
