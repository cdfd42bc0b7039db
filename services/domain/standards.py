"""The standard that containers, networks, volumes and engines are held against, and what breaks it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum, StrEnum

from services.domain.containers import key_of


class Weight(IntEnum):
    """How bad a breach is, the mild first."""

    INFO = 1
    WARNING = 2
    ERROR = 3


class About(StrEnum):
    """What a rule looks at."""

    CONTAINER = "container"
    NETWORK = "network"
    VOLUME = "volume"
    ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class Breach:
    """Something is not as a rule wants it.

    host: "" for a compose file. subject: the container, network or volume; "" for the engine itself. facts: what the
    words are made with, never a value of an environment. mend: a snippet of compose, or of the engine's daemon.json, to
    copy; "" where words must do.
    """

    rule: str
    about: About
    weight: Weight
    subject: str
    facts: Mapping[str, str] = field(default_factory=dict)
    mend: str = ""
    host: str = ""


@dataclass(frozen=True, slots=True)
class Exemption:
    """A breach that the team has agreed to. subject: a glob of host/subject. until: None for always."""

    rule: str
    subject: str
    reason: str
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Norms:
    """What the team says of its own servers. projects: of a host, by the project's name, the services that its compose
    files have."""

    exemptions: tuple[Exemption, ...] = ()
    projects: Mapping[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Excused:
    """A breach that is agreed to, and how."""

    breach: Breach
    exemption: Exemption


_COST = {Weight.ERROR: 25, Weight.WARNING: 10, Weight.INFO: 2}


def score(breaches: Sequence[Breach]) -> int:
    """0 to 100, which is a subject that keeps all rules. An error costs a quarter of it."""
    return max(100 - sum(_COST[breach.weight] for breach in breaches), 0)


def audited_key(host: str, about: About, name: str) -> str:
    """Twelve hex digits that stand for a subject in a button."""
    return key_of(host, f"{about}:{name}")


@dataclass(frozen=True, slots=True)
class Audited:
    """One subject that was looked at, with what it breaks, the worst first."""

    host: str
    about: About
    name: str
    breaches: tuple[Breach, ...] = ()
    excused: tuple[Excused, ...] = ()

    @property
    def score(self) -> int:
        return score(self.breaches)

    @property
    def key(self) -> str:
        return audited_key(self.host, self.about, self.name)

    @property
    def worst(self) -> Weight | None:
        return max((breach.weight for breach in self.breaches), default=None)


@dataclass(frozen=True, slots=True)
class HostAudit:
    """host: "" for a compose file. silent: it could not be asked, so nothing is known. barred: for it lets nobody
    inspect. subjects: the worst first.
    """

    host: str
    subjects: tuple[Audited, ...]
    at: datetime
    silent: bool = False
    barred: bool = False

    @property
    def score(self) -> int:
        """The mean of its subjects: one bad container among many good ones is seen, and does not hide them. 100 is of
        those alone that have nothing to mend."""
        if not self.subjects:
            return 100
        return sum(each.score for each in self.subjects) // len(self.subjects)


@dataclass(frozen=True, slots=True)
class StandardsReport:
    """hosts: silent ones first, then the worst. before: scores of about a week ago, where they are known."""

    hosts: tuple[HostAudit, ...]
    at: datetime
    before: Mapping[str, int] = field(default_factory=dict)
