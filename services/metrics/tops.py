"""Hosts and what they are busy with, as one person may see them.

Prometheus, each host's Netdata and each host's engine are asked side by side, so that whichever is dead costs the
answer no more than its own deadline; of what has come the best is told. It always answers.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from services.domain.access import Actor
from services.domain.containers import Container, Machine, State
from services.domain.figures import ContainerLoad, HostFigures, HostTop, Limits, Strain, TopReport
from services.domain.metrics import Source, Thresholds
from services.errors import HostError, NoSuchHost, NoSuchMetric
from services.fleet import names
from services.fleet.fleet import Fleet
from services.fleet.sights import Sight
from services.metrics.catalogue import Catalogue
from services.metrics.curves import in_sight
from services.metrics.figures import Figures, Known, is_about
from services.metrics.sampling import Sampler, loads
from services.ports import Clock

# In seconds, for the whole. An engine gathers once a second, and is asked for two samples.
LONGEST = 1.8
# Containers that are sampled for one answer: each costs its engine some milliseconds.
MOST_SAMPLED = 200


@dataclass(frozen=True, slots=True)
class _Question:
    """samples: how many of each host's containers. ends: by the loop's time."""

    by: Actor
    known: "asyncio.Task[Known]"
    samples: int
    ends: float


class Tops:
    """Nothing is cached, but for the samples that a next one is compared with."""

    def __init__(self, fleet: Fleet, figures: Figures, catalogue: Catalogue, clock: Clock) -> None:
        self._fleet = fleet
        self._figures = figures
        self._catalogue = catalogue
        self._clock = clock
        self._sampler = Sampler()

    async def top(self, host: str | None, *, by: Actor) -> TopReport:
        """host: as a person types it; None for all. Raises NoSuchHost for one that is not there or out of sight."""
        hosts = self._fleet.hosts if host is None else (await self._meant(host, by),)
        ends = asyncio.get_running_loop().time() + LONGEST
        async with asyncio.TaskGroup() as group:
            known = group.create_task(self._figures.of_prometheus(hosts if host else ()))
            question = _Question(by, known, MOST_SAMPLED // max(len(hosts), 1), ends)
            tasks = [group.create_task(self._host(each, question)) for each in hosts]
        found = [task.result() for task in tasks]
        limits = self._limits()
        seen = [each for each in found if each]
        if host and not seen:
            raise NoSuchHost(host)
        faults = known.result().faults if any(each.whole for each in seen) else ()
        faults = tuple(in_sight(fault, by.scope) for fault in faults)
        return TopReport(tuple(sorted(seen, key=partial(_calm, limits))), limits, self._clock.now(), faults)

    async def _meant(self, typed: str, by: Actor) -> str:
        """One out of sight is not told from one that does not exist, not even by the time it takes."""
        host = names.exact_host(typed, self._fleet.hosts)
        if host and by.scope.covers_host(host):
            return host
        selection = await self._fleet.select((), by=by)
        seen = {container.host for container in selection.containers}
        seen |= {silence.host for silence in selection.silent}
        if host in seen:
            assert host
            return host
        raise NoSuchHost(typed, tuple(names.nearest(typed, seen)))

    async def _host(self, host: str, question: _Question) -> HostTop | None:
        whole = question.by.scope.covers_host(host)
        async with asyncio.TaskGroup() as group:
            netdata = group.create_task(self._figures.of_netdata(host)) if whole else None
            machine = group.create_task(self._machine(host)) if whole else None
            sight = await self._fleet.glance(host, by=question.by)
            running = [each for each in sight.containers if each.state is State.RUNNING] if sight else []
            some = running[: question.samples]
            sampling = group.create_task(self._sampled(host, some, question))
            await asyncio.wait({question.known})
            known = question.known.result()
            measured = _measured(known, host, sight, question.by)
            if measured:
                sampling.cancel()
            figures = known.hosts.get(host) if whole else None
            for needless in (netdata, machine):
                if needless and figures:
                    needless.cancel()
            await asyncio.wait({each for each in (netdata, machine, sampling) if each})
        if sight is None:
            return None
        source, faults = (Source.PROMETHEUS if figures else None), []
        if netdata and not figures:
            told = netdata.result()
            if isinstance(told, HostFigures):
                figures, source = told, Source.NETDATA
            elif told and not is_about(told, sight.silence):
                faults.append(told)
        by_engine = () if measured or sampling.cancelled() else sampling.result()
        return HostTop(
            host, whole, figures, source, _kept(machine), measured or by_engine,
            Source.PROMETHEUS if measured else Source.DOCKER if by_engine else None,
            len(running), 0 if measured else len(some), sight.silence, tuple(faults),
        )  # fmt: skip

    async def _sampled(
        self, host: str, some: Sequence[Container], question: _Question
    ) -> tuple[ContainerLoad, ...]:
        if not some:
            return ()
        return loads(await self._sampler.sampled(self._fleet.engine(host), some, until=question.ends))

    async def _machine(self, host: str) -> Machine | None:
        try:
            return await self._fleet.engine(host).machine(deadline=LONGEST)
        except HostError:
            return None

    def _limits(self) -> Limits:
        return Limits(*(self._thresholds(name) for name in ("cpu", "memory", "disk")))

    def _thresholds(self, name: str) -> Thresholds:
        try:
            return self._catalogue.metric(name).thresholds
        except NoSuchMetric:
            return Thresholds()


def _measured(known: Known, host: str, sight: Sight | None, by: Actor) -> tuple[ContainerLoad, ...]:
    """What Prometheus knows of the asker's containers that run; of a silent engine's, of all that are the asker's."""
    rows = known.containers.get(host, {})
    if sight is None or not rows:
        return ()
    if sight.silence:
        return tuple(row for name, row in rows.items() if by.scope.covers(host, name))
    return tuple(
        rows[each.name] for each in sight.containers if each.state is State.RUNNING and each.name in rows
    )


def _kept(machine: "asyncio.Task[Machine | None] | None") -> Machine | None:
    return machine.result() if machine and not machine.cancelled() else None


def _calm(limits: Limits, top: HostTop) -> tuple[bool, int, float]:
    """The greater, the later its turn."""
    worst = limits.worst(top.figures) if top.figures else Strain.NONE
    cpu = top.figures.cpu if top.figures else None
    return top.silence is None, -worst, -(cpu or 0.0)
