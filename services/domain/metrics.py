"""Metrics by name: what may be asked for, and the curves that come back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, StrEnum

from services.errors.base import VakhtaError

Point = tuple[datetime, float]


class Unit(StrEnum):
    """What a metric's figures are in."""

    PERCENT = "percent"  # 0 to 100, or more of several cores
    BYTES = "bytes"
    BYTES_PER_SECOND = "bytes/s"
    SECONDS = "seconds"
    PER_SECOND = "1/s"
    COUNT = "count"


class Level(StrEnum):
    """What a curve is about. Its labels say which: `host`, and `container` where it is about one. A curve without
    them is about everything, so only who may see all of it sees that."""

    HOST = "host"
    CONTAINER = "container"
    TEAM = "team"


class Group(StrEnum):
    """Where a metric stands in lists, and on which dashboard."""

    SYSTEM = "system"
    APPLICATION = "application"
    BUSINESS = "business"
    SECURITY = "security"


class Reach(Enum):
    """How far a picture goes back."""

    HOUR = timedelta(hours=1)
    QUARTER = timedelta(hours=6)
    DAY = timedelta(days=1)
    WEEK = timedelta(days=7)

    @property
    def step(self) -> timedelta:
        """Between two points: some 360 of them, which is what a phone can show."""
        return max(self.value / 360, timedelta(seconds=15))


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on it is a warning, and critical; None: never. below: it is what lies below them that is bad."""

    warning: float | None = None
    critical: float | None = None
    below: bool = False


NEVER = Thresholds()


@dataclass(frozen=True, slots=True)
class NetdataChart:
    """What stands for a metric of hosts where there is no Prometheus.

    chart: its id, such as "system.cpu". dimensions: those that are added up, by their names, all when empty; each
    without its sign, for what goes out is below zero there. factor: what the sum is multiplied by. share: the sum is
    told as a percentage of that of all dimensions.
    """

    chart: str
    dimensions: tuple[str, ...] = ()
    factor: float = 1
    share: bool = False


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the catalogue.

    title: a msgid where it is ours, else as the settings have it. promql: `$host` and `$container` stand for regular
    expressions to match those labels with, `$window` for a duration that rates are taken over. source: what must be
    scraped for it, such as "node-exporter", to be told when nothing comes.
    """

    id: str
    title: str
    unit: Unit
    level: Level
    promql: str
    source: str
    group: Group = Group.SYSTEM
    thresholds: Thresholds = Thresholds()
    netdata: NetdataChart | None = None
    own: bool = True  # shipped with the project, not of the settings


@dataclass(frozen=True, slots=True)
class Curve:
    """name: what tells it from the others of its picture. points: oldest first; none where nothing is known."""

    name: str
    points: tuple[Point, ...]
    labels: Mapping[str, str] = field(default_factory=dict)


class MarkKind(StrEnum):
    RESTART = "restart"
    INCIDENT = "incident"


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, to be seen in the picture. text: the container, or the alert's name."""

    at: datetime
    kind: MarkKind
    text: str


class Source(StrEnum):
    """Where figures are from, which is always said."""

    PROMETHEUS = "Prometheus"
    NETDATA = "Netdata"
    DOCKER = "Docker"
    TRAEFIK = "Traefik"


@dataclass(frozen=True, slots=True)
class Graph:
    """A metric over a time. subject: the host or host/container that it was asked of, "" for all in scope.

    more: how many curves are left out, those with the lowest figures. warnings: what the source says of its answer:
    it may not be all there is. failure: why a source that would have come first is not the one, or a part is missing.
    query: as it was asked, for who wants to know why nothing came. narrow: the asker may not see everything.
    """

    metric: Metric
    reach: Reach
    start: datetime
    end: datetime
    step: timedelta
    curves: tuple[Curve, ...]
    source: Source
    subject: str = ""
    marks: tuple[Mark, ...] = ()
    more: int = 0
    warnings: tuple[str, ...] = ()
    failure: VakhtaError | None = None
    query: str = ""
    narrow: bool = False

    @property
    def known(self) -> bool:
        """Whether there is a single point."""
        return any(curve.points for curve in self.curves)
