"""What `/status` is made of: containers with their diagnosis, host by host."""

from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from services.domain.containers import Condition, Container, Details, Diagnosis, Usage
from services.errors import HostSilent


@dataclass(frozen=True, slots=True)
class Observed:
    """A container and the judgement of it."""

    container: Container
    diagnosis: Diagnosis

    @property
    def in_trouble(self) -> bool:
        return self.diagnosis.condition in (Condition.DOWN, Condition.UNWELL)


@dataclass(frozen=True, slots=True)
class HostReport:
    """One host: either its containers, worst first, or the silence with the names that were last seen there."""

    host: str
    containers: tuple[Observed, ...] = ()
    silence: HostSilent | None = None
    unknown: tuple[str, ...] = ()

    @property
    def troubled(self) -> tuple[Observed, ...]:
        return tuple(takewhile(lambda row: row.in_trouble, self.containers))


@dataclass(frozen=True, slots=True)
class FleetReport:
    """All hosts that the asker may see, trouble first, at one moment."""

    hosts: tuple[HostReport, ...]
    at: datetime

    @property
    def troubled(self) -> int:
        """Containers that need somebody; the unknown ones of a silent host count, at least one for the host itself."""
        return sum(max(len(host.unknown), 1) if host.silence else len(host.troubled) for host in self.hosts)

    @property
    def total(self) -> int:
        return sum(max(len(host.unknown), 1) if host.silence else len(host.containers) for host in self.hosts)


@dataclass(frozen=True, slots=True)
class Selection:
    """What some words mean: containers, and the hosts that do not answer though they may have more of them."""

    containers: tuple[Container, ...]
    silent: tuple[HostSilent, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """One container in full. `usage` is None when it does not run or the figures did not come in time."""

    observed: Observed
    details: Details
    usage: Usage | None
    protected: bool
    at: datetime
