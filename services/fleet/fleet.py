"""The fleet as one person sees it: all hosts side by side, narrowed to that person's scope.

Nothing is cached: each question asks the engines. Every host has its own deadline, so a dead one
is a line in the answer and never a delay of the others.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.domain.access import Actor, Scope, Target
from services.domain.containers import (
    Condition,
    Container,
    ContainerKey,
    Details,
    Stop,
    Usage,
    diagnose,
    needs_details,
)
from services.domain.reports import Card, FleetReport, HostReport, Observed, Selection
from services.errors import (
    Ambiguous,
    ContainerGone,
    DeadlineExceeded,
    EngineRefused,
    HostError,
    HostSilent,
    NoSuchContainer,
    NoSuchHost,
    Silence,
)
from services.fleet import names
from services.fleet.protection import Protection
from services.plans import Plans
from services.ports import Clock, Engine
from services.sightings import Sightings

# Together under two seconds: what a silent host may cost an answer.
LIST_DEADLINE = 1.4
DETAILS_DEADLINE = 0.4
USAGE_DEADLINE = 3.0

_WORST_FIRST = {Condition.DOWN: 0, Condition.UNWELL: 1, Condition.WELL: 2, Condition.STOPPED: 3}


@dataclass(frozen=True, slots=True)
class _Sight:
    """One host's raw answer within a scope: its containers, or the silence and the names last seen."""

    host: str
    containers: tuple[Container, ...] = ()
    silence: HostSilent | None = None
    unknown: tuple[str, ...] = ()


class Fleet:
    """Reads; what changes containers is `services.fleet.control.Control`."""

    def __init__(
        self,
        engines: Mapping[str, Engine],
        *,
        sightings: Sightings,
        plans: Plans,
        protection: Protection,
        clock: Clock,
    ) -> None:
        self._engines = engines
        self._sightings = sightings
        self._plans = plans
        self._protection = protection
        self._clock = clock

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(self._engines)

    def engine(self, host: str) -> Engine:
        return self._engines[host]

    async def status(self, what: str | ContainerKey | None, *, by: Actor) -> FleetReport | Card:
        """The whole fleet, one host or one container, whichever `what` names; a host's name wins."""
        if what is None:
            return await self.overview(by=by)
        host = names.exact_host(what, self.hosts) if isinstance(what, str) else None
        if host is None:
            return await self.card(what, by=by)
        if by.scope.covers_host(host):
            return await self.overview(by=by, host=host)
        # A host out of sight is not told apart from a word that names nothing, not even by the time it takes.
        report, found = await asyncio.gather(
            self.overview(by=by, host=host), self.card(what, by=by), return_exceptions=True
        )
        answer = found if isinstance(report, NoSuchHost) else report
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def overview(self, *, by: Actor, host: str | None = None) -> FleetReport:
        """Trouble first: silent hosts, then those with most trouble. Raises NoSuchHost for one out of sight."""
        if host is not None and host not in self._engines:
            raise NoSuchHost(host)
        stops = await self._plans.stops()
        wanted = self.hosts if host is None else (host,)
        reports = await asyncio.gather(*(self._report(each, by.scope, stops) for each in wanted))
        visible = [report for report in reports if report is not None]
        if host is not None and not visible:
            raise NoSuchHost(host)
        visible.sort(key=lambda report: (report.silence is None, -len(report.troubled)))
        return FleetReport(tuple(visible), self._clock.now())

    async def card(self, what: str | ContainerKey, *, by: Actor) -> Card:
        """One container in full."""
        container = await self.find(what, by=by)
        engine = self._engines[container.host]
        details, usage, stops = await asyncio.gather(
            engine.inspect(container.id, deadline=USAGE_DEADLINE),
            self._usage(engine, container),
            self._plans.stops(),
        )
        # The inspect is the newer word: the state may have changed since the list.
        container = replace(container, state=details.state, health=details.health)
        diagnosis = diagnose(container, details, stops.get((container.host, container.name)))
        protected = self._protection.covers(container)
        return Card(Observed(container, diagnosis), details, usage, protected, self._clock.now())

    async def find(self, what: str | ContainerKey, *, by: Actor) -> Container:
        """The one container meant, in the person's scope.

        Raises NoSuchContainer (with near names), Ambiguous, and HostSilent when the name was last
        seen on a host that does not answer now.
        """
        if isinstance(what, ContainerKey):
            return await self._find_by_key(what, by.scope)
        sights = await self._look_for(what, by.scope)
        containers = [container for sight in sights for container in sight.containers]
        silent = [
            sight for sight in sights if sight.silence and names.names_one_of(what, sight.host, sight.unknown)
        ]
        try:
            found = names.resolve(what, containers, [sight.host for sight in sights])
        except (NoSuchContainer, NoSuchHost) as error:
            host_part, slash, _ = what.partition("/")
            named = [sight for sight in sights if slash and sight.host.lower() == host_part.lower()]
            for sight in silent or named:
                if sight.silence:
                    raise sight.silence from error
            raise _not_found([error], sights) from error
        if silent:  # a namesake on a host that does not answer may be the one meant
            pairs = [(found.host, found.name), *((sight.host, found.name) for sight in silent)]
            raise Ambiguous(what, tuple(sorted(pairs)))
        return found

    async def select(self, words: Sequence[str], *, by: Actor) -> Selection:
        """All containers that the words mean, in the person's scope; without words the whole scope.

        A word is a name, a glob such as `server2/*`, or a compose project. Raises as `find` does. What a silent host
        may have of it is left out, and the host is named in the answer.
        """
        sights = await self._look_for(words[0], by.scope) if len(words) == 1 else None
        sights = sights or [
            sight for sight in await self._look(self.hosts, by.scope) if _visible(sight, by.scope)
        ]
        containers = [container for sight in sights for container in sight.containers]
        if not words:
            return Selection(tuple(containers), tuple(each.silence for each in sights if each.silence))
        silent = _silences(sights, words)
        hosts = [sight.host for sight in sights]
        found: dict[str, Container] = {}
        missing: list[NoSuchContainer | NoSuchHost] = []
        for word in words:
            try:
                found |= {each.id: each for each in names.select(word, containers, hosts)}
            except (NoSuchContainer, NoSuchHost) as error:
                if not _silences(sights, (word,)):
                    missing.append(error)
                elif len(words) == 1:
                    raise silent[0] from error
        if missing:
            raise _not_found(missing, sights)
        if not found and silent:
            raise silent[0]
        return Selection(tuple(found.values()), silent)

    def target(self, container: Container) -> Target:
        """The container as the rule of access sees it."""
        return Target(container.host, container.name, self._protection.covers(container))

    async def observe(
        self, host: str, container_id: str, *, deadline: float
    ) -> tuple[Container, Details] | None:
        """A container by id as it is now; None when it is gone. Raises HostError when it cannot be told."""
        engine = self._engines.get(host)
        if engine is None:
            return None
        try:
            rows, details = await asyncio.gather(
                engine.containers(deadline=deadline), engine.inspect(container_id, deadline=deadline)
            )
        except ContainerGone:
            return None
        row = next((row for row in rows if row.id == container_id), None)
        return None if row is None else (replace(row, state=details.state, health=details.health), details)

    async def _find_by_key(self, wanted: ContainerKey, scope: Scope) -> Container:
        if wanted.host not in self._engines:
            raise NoSuchContainer("")
        (sight,) = await self._look((wanted.host,), scope)
        if sight.silence and _visible(sight, scope):
            raise sight.silence
        for container in sight.containers:
            if container.key == wanted.key:
                return container
        raise NoSuchContainer("")

    async def _look(self, hosts: Sequence[str], scope: Scope) -> list[_Sight]:
        return list(await asyncio.gather(*(self._look_at(host, scope) for host in hosts)))

    async def _look_for(self, what: str, scope: Scope) -> list[_Sight]:
        """All visible hosts; for one who sees the host named before the slash as a whole, that one alone."""
        host_part, slash, _ = what.partition("/")
        host = names.exact_host(host_part, self.hosts) if slash else None
        only = host is not None and scope.covers_host(host)
        sights = await self._look((host,) if host and only else self.hosts, scope)
        return [sight for sight in sights if _visible(sight, scope)]

    async def _look_at(self, host: str, scope: Scope) -> _Sight:
        try:
            found = await self._engines[host].containers(deadline=LIST_DEADLINE)
        except HostError as error:
            last = await self._sightings.last(host)
            unknown = tuple(name for name in last.names if scope.covers(host, name)) if last else ()
            silence = _as_silence(error, self._clock.now())
            silence.seen = last.at if last else None
            return _Sight(host, silence=silence, unknown=unknown)
        await self._sightings.note(host, [container.name for container in found])
        return _Sight(host, tuple(row for row in found if scope.covers(host, row.name)))

    async def _report(
        self, host: str, scope: Scope, stops: Mapping[tuple[str, str], Stop]
    ) -> HostReport | None:
        sight = await self._look_at(host, scope)
        if not _visible(sight, scope):
            return None
        if sight.silence:
            return HostReport(host, silence=sight.silence, unknown=sight.unknown)
        details = await self._details(host, [row for row in sight.containers if needs_details(row)])
        rows = [
            Observed(row, diagnose(row, details.get(row.id), stops.get((host, row.name))))
            for row in sight.containers
        ]
        rows.sort(key=lambda row: (_WORST_FIRST[row.diagnosis.condition], row.container.name))
        return HostReport(host, tuple(rows))

    async def _details(self, host: str, rows: Sequence[Container]) -> dict[str, Details]:
        """Inspects side by side; one that fails or comes late leaves its row to be judged by the list alone."""
        engine = self._engines[host]

        async def inspect(row: Container) -> Details | None:
            try:
                return await engine.inspect(row.id, deadline=DETAILS_DEADLINE)
            except HostError:
                return None

        found = await asyncio.gather(*(inspect(row) for row in rows))
        return {row.id: details for row, details in zip(rows, found, strict=True) if details}

    async def _usage(self, engine: Engine, container: Container) -> Usage | None:
        try:
            return await engine.usage(container.id, deadline=USAGE_DEADLINE)
        except HostError:
            return None


def _silences(sights: Sequence[_Sight], words: Sequence[str]) -> tuple[HostSilent, ...]:
    """Of those hosts that may have something of what the words mean."""
    return tuple(
        sight.silence
        for sight in sights
        if sight.silence and any(names.may_mean(word, sight.host, sight.unknown) for word in words)
    )


def _not_found(
    errors: Sequence[NoSuchContainer | NoSuchHost], sights: Sequence[_Sight]
) -> NoSuchContainer | NoSuchHost | HostSilent:
    """The first, with the others' names and those hosts that could not be asked; where none could, that is wrong."""
    silent = tuple(sight.silence for sight in sights if sight.silence)
    first = errors[0]
    if silent and len(silent) == len(sights):
        return silent[0]
    if isinstance(first, NoSuchContainer):
        return replace(first, silent=silent, unknown=tuple(error.name for error in errors))
    return first


def _visible(sight: _Sight, scope: Scope) -> bool:
    """A host of which nothing is in scope is not shown, dead or alive."""
    return bool(sight.containers or sight.unknown) or scope.covers_host(sight.host)


def _as_silence(error: HostError, now: datetime) -> HostSilent:
    match error:
        case HostSilent():
            return error
        case EngineRefused():
            return HostSilent(error.host, Silence.ENGINE, detail=error.message)
        case DeadlineExceeded():
            return HostSilent(error.host, Silence.TIMEOUT, since=now)
        case _:
            return HostSilent(error.host, Silence.UNREACHABLE)
