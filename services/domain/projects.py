"""Compose projects: which containers belong together, what waits for what, and a restart of all, one after another."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.domain.containers import Condition, Container, Reason, State, key_of
from services.domain.plans import Outcome, Phase, Place
from services.domain.reports import Observed
from services.errors import HostSilent

_LABEL = "com.docker.compose."
_COMPLETED = "service_completed_successfully"
_WORST_FIRST = tuple(Condition)
_NAMELESS = 10**6  # a container without a number comes after those that have one


@dataclass(frozen=True, slots=True)
class ProjectKey:
    """A project as a button names it: its host, and `key_of` host and name."""

    host: str
    key: str


@dataclass(frozen=True, slots=True)
class Project:
    """Of one host; the same name on another host is another project.

    containers: of its services, those first that others wait for. once: made for one run by hand (`compose run`).
    """

    host: str
    name: str
    containers: tuple[Observed, ...]
    once: tuple[Observed, ...] = ()

    @property
    def key(self) -> str:
        return key_of(self.host, self.name)

    @property
    def running(self) -> int:
        return sum(row.container.state is State.RUNNING for row in self.containers)

    @property
    def labels(self) -> Mapping[str, str]:
        """What each container is called here, by its id: as its service, where that has no other one."""
        return _labels(
            [(each.container.id, service_of(each.container), each.container.name) for each in self.containers]
        )

    @property
    def condition(self) -> Condition:
        """That of the worst; STOPPED where nothing else is."""
        return _WORST_FIRST[self.rank]

    @property
    def rank(self) -> int:
        """Trouble first."""
        ranks = (_WORST_FIRST.index(row.diagnosis.condition) for row in self.containers)
        return min(ranks, default=len(_WORST_FIRST) - 1)


@dataclass(frozen=True, slots=True)
class ProjectList:
    """Trouble first. silent: hosts that do not answer."""

    projects: tuple[Project, ...]
    silent: tuple[HostSilent, ...]
    at: datetime


def is_once(container: Container) -> bool:
    return container.labels.get(_LABEL + "oneoff", "").lower() == "true"


def needs_of(container: Container) -> Mapping[str, str]:
    """The services that its own waits for, each with the condition that it must meet, "" where none is told."""
    parts = [part.split(":") for part in container.labels.get(_LABEL + "depends_on", "").split(",") if part]
    return {part[0]: part[1] if len(part) > 1 else "" for part in parts}


def in_order(needs: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """All keys, what is needed before what needs it, else by name. In a circle somebody must be first: that is no
    error, and neither is a need that is no key."""
    found: dict[str, None] = {}
    opened: set[str] = set()
    for first in sorted(needs):
        ahead = [first]
        while ahead:
            name = ahead[-1]
            if name in opened:
                found.setdefault(ahead.pop())
                continue
            opened.add(name)
            ahead += sorted({each for each in needs[name] if each in needs} - opened, reverse=True)
    return tuple(found)


def projects_of(host: str, rows: Iterable[Observed]) -> tuple[Project, ...]:
    """All of one host, by name."""
    found: defaultdict[str, list[Observed]] = defaultdict(list)
    for row in rows:
        if row.container.project:
            found[row.container.project].append(row)
    return tuple(_project(host, name, found[name]) for name in sorted(found))


def _project(host: str, name: str, rows: Iterable[Observed]) -> Project:
    parts: list[Observed] = []
    once: list[Observed] = []
    for row in sorted(rows, key=_number_and_name):
        (once if is_once(row.container) else parts).append(row)
    needs: defaultdict[str, set[str]] = defaultdict(set)
    for row in parts:
        needs[service_of(row.container)].update(needs_of(row.container))
    place = {service: number for number, service in enumerate(in_order(needs))}
    parts.sort(key=lambda row: place[service_of(row.container)])
    return Project(host, name, tuple(parts), tuple(once))


def _labels(rows: Sequence[tuple[str, str, str]]) -> Mapping[str, str]:
    count = Counter(service for _id, service, _name in rows)
    return {each: service if count[service] == 1 else name for each, service, name in rows}


def service_of(container: Container) -> str:
    return container.service or container.name


def _number_and_name(row: Observed) -> tuple[int, str]:
    number = row.container.labels.get(_LABEL + "container-number", "")
    plain = number.isascii() and number.isdigit() and len(number) < 6
    return int(number) if plain else _NAMELESS, row.container.name


@dataclass(frozen=True, slots=True)
class Member:
    """One container that is restarted. ends: others wait until it has ended well, not until it stands."""

    id: str
    name: str
    service: str
    ends: bool = False


def members_of(project: Project) -> tuple[Member, ...]:
    """In their order. What is stopped on purpose is none, and stays so."""
    ended_well = {
        service
        for row in project.containers
        for service, condition in needs_of(row.container).items()
        if condition == _COMPLETED
    }
    return tuple(
        Member(
            row.container.id,
            row.container.name,
            service_of(row.container),
            service_of(row.container) in ended_well,
        )
        for row in project.containers
        if row.diagnosis.condition is not Condition.STOPPED
    )


@dataclass(frozen=True, slots=True)
class ProjectPlan:
    """What a person has been shown and may confirm, once, within two minutes. members: one after another.

    stays: services that are stopped on purpose. protected: names of containers that are.
    """

    token: str
    host: str
    project: str
    members: tuple[Member, ...]
    asker: int
    asker_name: str
    asked: datetime
    stays: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()

    @property
    def labels(self) -> Mapping[str, str]:
        """As `Project.labels`."""
        return _labels([(each.id, each.service, each.name) for each in self.members])


@dataclass(frozen=True, slots=True)
class Begun:
    """A restart that has been begun and has no result yet. done: so many members, at least, are up again."""

    plan: ProjectPlan
    place: Place
    done: int = 0


class Stand(StrEnum):
    """What has come of one member."""

    UP = "up"
    WAITING = "waiting"
    DOWN = "down"
    UNKNOWN = "unknown"


def stand_of(member: Member, outcome: Outcome) -> Stand:
    if outcome.phase in (Phase.UNCONFIRMED, Phase.CHECKED, Phase.INTERRUPTED):
        return Stand.UNKNOWN
    if outcome.phase is Phase.FAILED:
        return Stand.DOWN
    if outcome.phase is not Phase.DONE or outcome.now is None:
        return Stand.WAITING
    reason = outcome.now.reason
    if reason is Reason.FINISHED:
        return Stand.UP if member.ends else Stand.DOWN
    if reason is Reason.STARTING or (member.ends and reason is Reason.RUNNING):
        return Stand.WAITING
    return Stand.UP if outcome.now.condition is Condition.WELL else Stand.DOWN


@dataclass(frozen=True, slots=True)
class Rolling:
    """How far a restart has come, in full. done: so many members are up, the first ones.

    step: of the next one, None where nothing has been done to it. over: nothing more happens. stopped_by: the name of
    whoever wants no more to be restarted, "" also where it is the bot that ends. failure: why the next one was not
    touched.
    """

    plan: ProjectPlan
    done: int
    at: datetime
    step: Outcome | None = None
    over: bool = False
    stopped_by: str = ""
    failure: Exception | None = None

    @property
    def current(self) -> Member | None:
        """The one that is being restarted, or that it ended with."""
        return self.plan.members[self.done] if self.step and self.done < len(self.plan.members) else None

    @property
    def stand(self) -> Stand | None:
        return stand_of(self.current, self.step) if self.current and self.step else None

    @property
    def goes_on(self) -> bool:
        """Whether more is to be learned of it."""
        unconfirmed = self.step is not None and self.step.phase is Phase.UNCONFIRMED
        return self.stand is Stand.WAITING or unconfirmed

    @property
    def untouched(self) -> tuple[Member, ...]:
        return self.plan.members[self.done + (self.current is not None) :]
