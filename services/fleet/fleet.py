"""The fleet as one person sees it: all hosts side by side, narrowed to that person's scope.

Nothing is cached: each question asks the engines. Every host has its own deadline, so a dead one
is a line in the answer and never a delay of the others.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.domain.access import Actor, Scope, Target
from services.domain.containers import (
    Container,
    ContainerKey,
    Details,
    Usage,
    diagnose,
    needs_details,
)
from services.domain.reports import Card, FleetReport, Observed, Selection
from services.errors import (
    Ambiguous,
    ContainerGone,
    HostError,
    HostSilent,
    NoSuchContainer,
    NoSuchHost,
)
from services.fleet import names
from services.fleet.protection import Protection
from services.fleet.sights import Judge, Sight, sight_of, silences
from services.fleet.turns import Turns
from services.plans import Plans
from services.ports import Clock, Engine
from services.sightings import Sightings

# Together under two seconds: what a silent host may cost an answer.
LIST_DEADLINE = 1.4
DETAILS_DEADLINE = 0.4
USAGE_DEADLINE = 3.0

# Of very many hosts, so many are asked at a time; one that has not answered by then waits beside the others.
ASKED_AT_A_TIME, LONGEST_ASKING = 16, 0.01


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
        self._judge = Judge()
        self._turns = Turns(ASKED_AT_A_TIME, LONGEST_ASKING)

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(self._engines)

    def engine(self, host: str) -> Engine:
        return self._engines[host]

    async def look_up(self, what: str | None, *, by: Actor) -> FleetReport | Container:
        """The whole fleet, one host or one container, whichever `what` names; a host's name wins."""
        if what is None:
            return await self.overview(by=by)
        host = names.exact_host(what, self.hosts)
        if host is None:
            return await self.find(what, by=by)
        if by.scope.covers_host(host):
            return await self.overview(by=by, host=host)
        # A host out of sight is not told apart from a word that names nothing, not even by the time it takes.
        report, found = await asyncio.gather(
            self.overview(by=by, host=host), self.find(what, by=by), return_exceptions=True
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
        sights = [sight for sight in await self._look(wanted, by.scope) if sight.visible(by.scope)]
        if host is not None and not sights:
            raise NoSuchHost(host)
        details = await asyncio.gather(*(self._details(sight) for sight in sights))
        visible = await self._judge.reports(sights, details, stops)
        visible.sort(key=lambda report: (report.silence is None, -len(report.troubled)))
        return FleetReport(tuple(visible), self._clock.now())

    async def card(self, container: Container) -> Card:
        """One container in full; it is one that the asker may see."""
        engine = self._engines[container.host]
        card, usage = await asyncio.gather(self.examine(container), self._usage(engine, container))
        return replace(card, usage=usage)

    async def examine(self, container: Container) -> Card:
        """As `card`, at once: without what it uses."""
        details, stops = await asyncio.gather(
            self._engines[container.host].inspect(container.id, deadline=USAGE_DEADLINE), self._plans.stops()
        )
        # The inspect is the newer word: the state may have changed since the list.
        container = replace(container, state=details.state, health=details.health)
        diagnosis = diagnose(container, details, stops.get((container.host, container.name)))
        protected = self._protection.covers(container)
        return Card(Observed(container, diagnosis), details, None, protected, self._clock.now())

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
            hosts = [sight.host for sight in sights]
            found = await asyncio.to_thread(names.resolve, what, containers, hosts)
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

    async def select(self, words: Sequence[str] | ContainerKey, *, by: Actor) -> Selection:
        """All containers that the words, or a button, mean, in the person's scope; without words the whole scope.

        A word is a name, a glob such as `server2/*`, or a compose project. Raises as `find` does. What a silent host
        may have of it is left out, and the host is named in the answer.
        """
        if isinstance(words, ContainerKey):
            return Selection((await self._find_by_key(words, by.scope),))
        sights = await self._look_for(words[0], by.scope) if len(words) == 1 else None
        sights = sights or [
            sight for sight in await self._look(self.hosts, by.scope) if sight.visible(by.scope)
        ]
        containers = [container for sight in sights for container in sight.containers]
        if not words:
            return Selection(tuple(containers), tuple(each.silence for each in sights if each.silence))
        silent = silences(sights, words)
        hosts = [sight.host for sight in sights]
        found: dict[str, Container] = {}
        missing: list[NoSuchContainer | NoSuchHost] = []
        for word in words:
            try:
                meant = await asyncio.to_thread(names.select, word, containers, hosts)
                found |= {each.id: each for each in meant}
            except (NoSuchContainer, NoSuchHost) as error:
                if not silences(sights, (word,)):
                    missing.append(error)
                elif len(words) == 1:
                    raise silent[0] from error
        if missing:
            raise _not_found(missing, sights)
        if not found and silent:
            raise silent[0]
        return Selection(tuple(found.values()), silent)

    async def glance(self, host: str, *, by: Actor) -> Sight | None:
        """One host's list and no more; None where the asker may see nothing of it."""
        (sight,) = await self._look((host,), by.scope)
        return sight if sight.visible(by.scope) else None

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
        if sight.silence and sight.visible(scope):
            raise sight.silence
        for container in sight.containers:
            if container.key == wanted.key:
                return container
        raise NoSuchContainer("")

    async def _look(self, hosts: Sequence[str], scope: Scope) -> list[Sight]:
        answers = await asyncio.gather(*map(self._ask, hosts))
        asked = dict(zip(hosts, answers, strict=True))
        listed = {host: found for host, found in asked.items() if not isinstance(found, HostError)}
        await self._sightings.note({host: [row.name for row in rows] for host, rows in listed.items()})
        last = await self._sightings.last([host for host in hosts if host not in listed])
        return [
            sight_of(host, found, last.get(host), scope, self._clock.now()) for host, found in asked.items()
        ]

    async def _ask(self, host: str) -> Sequence[Container] | HostError:
        try:
            async with self._turns.turn():
                return await self._engines[host].containers(deadline=LIST_DEADLINE)
        except HostError as error:
            return error

    async def _look_for(self, what: str, scope: Scope) -> list[Sight]:
        """All visible hosts; for one who sees the host named before the slash as a whole, that one alone."""
        host_part, slash, _ = what.partition("/")
        host = names.exact_host(host_part, self.hosts) if slash else None
        only = host is not None and scope.covers_host(host)
        sights = await self._look((host,) if host and only else self.hosts, scope)
        return [sight for sight in sights if sight.visible(scope)]

    async def _details(self, sight: Sight) -> Mapping[str, Details]:
        """Inspects side by side; one that fails or comes late leaves its row to be judged by the list alone."""
        rows = [row for row in sight.containers if needs_details(row)]
        if not rows:
            return {}
        engine = self._engines[sight.host]

        async def inspect(row: Container) -> Details | None:
            try:
                return await engine.inspect(row.id, deadline=DETAILS_DEADLINE)
            except HostError:
                return None

        async with self._turns.turn():
            found = await asyncio.gather(*(inspect(row) for row in rows))
        return {row.id: details for row, details in zip(rows, found, strict=True) if details}

    async def _usage(self, engine: Engine, container: Container) -> Usage | None:
        try:
            return await engine.usage(container.id, deadline=USAGE_DEADLINE)
        except HostError:
            return None


def _not_found(
    errors: Sequence[NoSuchContainer | NoSuchHost], sights: Sequence[Sight]
) -> NoSuchContainer | NoSuchHost | HostSilent:
    """The first, with the others' names and those hosts that could not be asked; where none could, that is wrong."""
    silent = tuple(sight.silence for sight in sights if sight.silence)
    first = errors[0]
    if silent and len(silent) == len(sights):
        return silent[0]
    if isinstance(first, NoSuchContainer):
        return replace(first, silent=silent, unknown=tuple(error.name for error in errors))
    return first
