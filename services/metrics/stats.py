"""One container in figures: now, by its engine, and over the last hour where Prometheus or Netdata remembers."""

import asyncio
from collections.abc import Awaitable
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

from services.domain.access import Actor
from services.domain.containers import Container, ContainerKey, Machine, Sample
from services.domain.figures import ContainerStats, History
from services.domain.metrics import Graph, Metric, NetdataChart, Point, Reach, Source
from services.errors import HostError, VakhtaError
from services.fleet.fleet import Fleet
from services.metrics.sampling import Sampling
from services.netdatas import Netdatas
from services.outcomes import settled, value_of
from services.ports import Clock

# In seconds: for figures of now, which take an engine two, and for what stands beside them.
LONGEST = 2.5
CPU, MEMORY = "container_cpu", "container_memory"
_MIB = 1 << 20

T = TypeVar("T")


class _Pasts(NamedTuple):
    """CPU in percent of one core, memory in bytes."""

    cpu: tuple[Point, ...]
    memory: tuple[Point, ...]
    source: Source


class Curves(Protocol):
    """`services.metrics.graphs.Graphs`."""

    def metric(self, name: str) -> Metric: ...

    async def graph(
        self, metric: str, reach: Reach, name: str | ContainerKey | None, *, by: Actor
    ) -> Graph: ...


class Stats:
    """Nothing is cached. Engine, Prometheus and Netdata are asked side by side."""

    def __init__(self, fleet: Fleet, curves: Curves, netdatas: Netdatas, clock: Clock) -> None:
        self._fleet = fleet
        self._curves = curves
        self._netdatas = netdatas
        self._clock = clock

    async def stats(self, what: str | ContainerKey, *, by: Actor) -> ContainerStats:
        """what: a name as a person types it, or a button's. Raises as `Fleet.find`, and HostError."""
        container = await self._fleet.find(what, by=by)
        engine = self._fleet.engine(container.host)
        sampling = Sampling(engine, container)
        card, _, machine, pasts = await asyncio.gather(
            settled(partial(self._fleet.examine, container)),
            _within(LONGEST, sampling.run()),
            self._machine(container.host),
            _within(LONGEST, self._pasts(container, by)),
        )
        examined = value_of(card)
        sample = sampling.last if examined.observed.container.runs else None
        history = self._history(pasts, sample, machine) if pasts else None
        high = self._curves.metric("memory").thresholds
        return ContainerStats(examined, sample, sampling.pace, machine, history, high)

    async def _machine(self, host: str) -> Machine | None:
        try:
            return await self._fleet.engine(host).machine(deadline=LONGEST)
        except HostError:
            return None

    async def _pasts(self, container: Container, by: Actor) -> _Pasts | None:
        """Over the last hour. None where nobody knows."""
        key = ContainerKey(container.host, container.key)
        found = await asyncio.gather(
            *(
                settled(partial(self._curves.graph, metric, Reach.HOUR, key, by=by))
                for metric in (CPU, MEMORY)
            )
        )
        graphs = [each for each in found if isinstance(each, Graph)]
        if any(each.curves for each in graphs):
            cpu, memory = (() if isinstance(each, VakhtaError) else _points(each) for each in found)
            return _Pasts(cpu, memory, graphs[0].source)
        return await self._netdata_pasts(container)

    async def _netdata_pasts(self, container: Container) -> _Pasts | None:
        """A cgroup goes by the container's name where Netdata may ask Docker for it, else by its id."""
        host = container.host
        if host not in self._netdatas.hosts:
            return None
        netdata = self._netdatas.of(host)
        patterns = [f"cgroup_{name}.cpu" for name in (container.name, f"*{container.id}*")]
        charts = await settled(partial(netdata.charts, *patterns, deadline=LONGEST))
        if isinstance(charts, VakhtaError) or not charts:
            return None
        cgroup = charts[0].id.removesuffix(".cpu")
        end = self._clock.now()
        start, count = end - Reach.HOUR.value, round(Reach.HOUR.value / Reach.HOUR.step)
        wanted = (NetdataChart(f"{cgroup}.cpu"), NetdataChart(f"{cgroup}.mem_usage", ("ram",), _MIB))
        found = await asyncio.gather(
            *(settled(partial(netdata.data, chart, start, end, count, deadline=LONGEST)) for chart in wanted)
        )
        cpu, memory = (() if isinstance(each, VakhtaError) else each for each in found)
        return _Pasts(cpu, memory, Source.NETDATA) if cpu or memory else None

    def _history(self, pasts: _Pasts, sample: Sample | None, machine: Machine | None) -> History:
        limit = sample.memory_limit if sample else None
        limit = limit or (machine.memory if machine else None)
        share = tuple((at, 100 * value / limit) for at, value in pasts.memory) if limit else ()
        end = self._clock.now()
        return History(end - Reach.HOUR.value, end, Reach.HOUR.step, pasts.cpu, share, pasts.source)


def _points(graph: Graph) -> tuple[Point, ...]:
    """Of a container that was made anew there may be several curves; each moment counts once."""
    return tuple(sorted({at: value for curve in graph.curves for at, value in curve.points}.items()))


async def _within(seconds: float, work: Awaitable[T]) -> T | None:
    """None where it is not done by then."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        return None
