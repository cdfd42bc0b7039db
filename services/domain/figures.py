"""Figures of now: of hosts and of containers, and how bad they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from services.domain.containers import Machine, Sample, key_of
from services.domain.metrics import NEVER, Point, Source, Thresholds
from services.domain.reports import Card
from services.errors import HostSilent, VakhtaError


class Strain(IntEnum):
    """Ordered: the higher, the worse."""

    NONE = 0
    WARNING = 1
    CRITICAL = 2


def strain(figure: float | None, thresholds: Thresholds) -> Strain:
    """Of what is not known, none."""
    if figure is None:
        return Strain.NONE
    sign = -1 if thresholds.below else 1
    for limit, found in ((thresholds.critical, Strain.CRITICAL), (thresholds.warning, Strain.WARNING)):
        if limit is not None and sign * figure >= sign * limit:
            return found
    return Strain.NONE


@dataclass(frozen=True, slots=True)
class Disk:
    """used: percent."""

    mountpoint: str
    used: float


@dataclass(frozen=True, slots=True)
class HostFigures:
    """What is not known is None. cpu, memory: percent of the whole machine. memory_size: bytes. load: processes that
    want to run, over a minute. disk: the fullest. received, sent: bytes a second, to and from the outside."""

    cpu: float | None = None
    load: float | None = None
    cores: int | None = None
    memory: float | None = None
    memory_size: float | None = None
    disk: Disk | None = None
    received: float | None = None
    sent: float | None = None

    @property
    def known(self) -> bool:
        return not (self.cpu is None and self.memory is None and self.load is None and self.disk is None)


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on a host's figures are trouble."""

    cpu: Thresholds
    memory: Thresholds
    disk: Thresholds

    def strains(self, figures: HostFigures) -> tuple[Strain, Strain, Strain]:
        """Of CPU, memory and disk."""
        disk = figures.disk.used if figures.disk else None
        return strain(figures.cpu, self.cpu), strain(figures.memory, self.memory), strain(disk, self.disk)

    def worst(self, figures: HostFigures) -> Strain:
        return max(self.strains(figures))


@dataclass(frozen=True, slots=True)
class ContainerLoad:
    """cpu: percent of one core. memory: bytes. Either may be unknown."""

    host: str
    name: str
    cpu: float | None
    memory: float | None

    @property
    def key(self) -> str:
        return key_of(self.host, self.name)


@dataclass(frozen=True, slots=True)
class HostTop:
    """One host. whole: whether the asker may see it as such.

    figures: None where the asker may not see it as a whole, or nobody knows them; source: who does. machine: by its
    engine. containers: the asker's, in no order; measured_by: who knows. running: how many of the asker's run;
    sampled: of how many of them the engine was asked, whose answer may not have come. silence: its engine's. faults:
    what did not answer as it should.
    """

    host: str
    whole: bool
    figures: HostFigures | None = None
    source: Source | None = None
    machine: Machine | None = None
    containers: tuple[ContainerLoad, ...] = ()
    measured_by: Source | None = None
    running: int = 0
    sampled: int = 0
    silence: HostSilent | None = None
    faults: tuple[VakhtaError, ...] = ()

    @property
    def unfinished(self) -> bool:
        """Whether the engine will tell more if it is asked once more."""
        return self.sampled > sum(each.cpu is not None for each in self.containers) and not self.silence

    def by_cpu(self, most: int) -> Sequence[ContainerLoad]:
        known = [each for each in self.containers if each.cpu is not None]
        return sorted(known, key=lambda each: (-(each.cpu or 0), each.name))[:most]

    def by_memory(self, most: int) -> Sequence[ContainerLoad]:
        known = [each for each in self.containers if each.memory is not None]
        return sorted(known, key=lambda each: (-(each.memory or 0), each.name))[:most]


@dataclass(frozen=True, slots=True)
class TopReport:
    """All hosts that the asker may see, trouble first, at one moment. faults: what was wrong with Prometheus."""

    hosts: tuple[HostTop, ...]
    limits: Limits
    at: datetime
    faults: tuple[VakhtaError, ...] = ()

    @property
    def unfinished(self) -> bool:
        return any(each.unfinished for each in self.hosts)

    def worst(self, top: HostTop) -> Strain:
        return self.limits.worst(top.figures) if top.figures else Strain.NONE


@dataclass(frozen=True, slots=True)
class Pace:
    """What a container does now. cpu: percent of one core; the others bytes a second."""

    cpu: float | None = None
    received: float | None = None
    sent: float | None = None
    read: float | None = None
    written: float | None = None


def pace(before: Sample | None, after: Sample | None) -> Pace:
    """Between two samples; where there is but one, what it tells itself."""
    last = after or before
    if last is None:
        return Pace()
    if before is None or after is None or after.at <= before.at or after.cpu < before.cpu:
        return Pace(cpu=last.cpu_percent)
    seconds = (after.at - before.at).total_seconds()

    def rate(first: int | None, second: int | None) -> float | None:
        return None if first is None or second is None or second < first else (second - first) / seconds

    return Pace(
        cpu=100 * (after.cpu - before.cpu) / seconds,
        received=rate(before.received, after.received),
        sent=rate(before.sent, after.sent),
        read=rate(before.read, after.read),
        written=rate(before.written, after.written),
    )


@dataclass(frozen=True, slots=True)
class ContainerStats:
    """One container now, and over the last hour where anybody knows. card: its `usage` is left out.

    sample: None where it does not run or did not answer in time. machine: None where not known. history: CPU and
    memory, each in percent: of one core, and of the limit or else of the machine's; only what has points. high: from
    which share of its own limit on its memory is trouble.
    """

    card: Card
    sample: Sample | None
    pace: Pace
    machine: Machine | None
    history: "History | None" = None
    high: Thresholds = NEVER

    @property
    def memory_strain(self) -> Strain:
        """Of what has no limit of its own, none: it is the host's that counts."""
        return strain(self.memory_share if self.card.details.memory_limit else None, self.high)

    @property
    def memory_share(self) -> float | None:
        """Percent of what it may have."""
        limit = self.sample.memory_limit if self.sample else None
        return 100 * self.sample.memory / limit if self.sample and limit else None


@dataclass(frozen=True, slots=True)
class History:
    """step: between two points, unless there is a gap."""

    start: datetime
    end: datetime
    step: timedelta
    cpu: tuple[Point, ...]
    memory: tuple[Point, ...]
    source: Source
