"""What a person asked for and does not get."""

from dataclasses import dataclass
from datetime import datetime

from services.errors.base import VakhtaError
from services.errors.hosts import HostSilent


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

    `name` is "" when a button stood for it. silent: hosts that do not answer, where it may be after all. unknown: all
    the names that are none, where several were typed.
    """

    name: str
    near: tuple[tuple[str, str], ...] = ()
    silent: tuple[HostSilent, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(eq=False)
class NoSuchHost(NotFound):
    name: str
    near: tuple[str, ...] = ()


@dataclass(eq=False)
class NoSuchRoute(NotFound):
    """`near`: (host, domain, `route_key`) of those that may have been meant, nearest first, all in the asker's scope.

    `name` is "" when a button stood for it. fits: the name fits each of them, so that nobody knows which is meant.
    hosts: those that may have been meant, where no route was.
    """

    name: str
    near: tuple[tuple[str, str, str], ...] = ()
    fits: bool = False
    hosts: tuple[str, ...] = ()


@dataclass(eq=False)
class NoSuchDomain(NotFound):
    """`near`: (key, domain) pairs that may have been meant, nearest first, all in the asker's scope.

    `name` is "" when a button stood for it.
    """

    name: str
    near: tuple[tuple[str, str], ...] = ()


@dataclass(eq=False)
class NoDomain(VakhtaError):
    """No domain leads to the container."""

    name: str


@dataclass(eq=False)
class TargetRefused(VakhtaError):
    """An address that is not asked. `oddity`: a `services.outside.targets.Oddity`; `text`: what it is about."""

    oddity: str
    text: str


@dataclass(eq=False)
class NoSuchProbe(NotFound):
    """near: names that may have been meant, nearest first, all in the asker's scope."""

    name: str
    near: tuple[str, ...] = ()


@dataclass(eq=False)
class NoSuchService(NotFound):
    """Of Traefik's. near: names that may have been meant, nearest first, all in the asker's scope. `name` is "" when a
    button stood for it."""

    name: str
    near: tuple[str, ...] = ()


@dataclass(eq=False)
class NoSuchMetric(NotFound):
    """near: ids that may have been meant, nearest first."""

    name: str
    near: tuple[str, ...] = ()


@dataclass(eq=False)
class MetricTooWide(VakhtaError):
    """It was asked of something smaller than it is about. hosts: of a container, and it is about hosts; else it is
    about everything."""

    name: str
    hosts: bool


@dataclass(eq=False)
class NoSource(VakhtaError):
    """Nothing of the settings knows the metric. source: what it is scraped from, "" where that is not known."""

    name: str
    source: str = ""


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
