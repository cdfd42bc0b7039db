"""PromQL as an admin asks it. An answer may be about anything, so only who may see everything is given one."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.asked import Asked
from services.domain.access import Action, Actor, may
from services.domain.metrics import Graph, Group, Level, Metric, Reach, Source, Unit
from services.errors import Denied, NotConfigured, StoreUnavailable
from services.metrics.curves import HostNamed, Sight, drawn
from services.metrics.subjects import Subject
from services.ports import Clock, Store
from services.prometheus import Evaluated, Prometheus, Series

DEADLINE = 10.0  # seconds
ID = "query"  # of what stands for a metric
LONGEST_TITLE = 40  # the query itself stands below the picture


@dataclass(frozen=True, slots=True)
class Query:
    """As it is kept for buttons."""

    promql: str


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """token: of the kept query, "" while the store does not work: then nothing can be pressed."""

    promql: str
    token: str
    at: datetime
    found: Evaluated


class Queries:
    """prometheus: None where the settings name none. host_named: see `HostNamed`."""

    def __init__(
        self, prometheus: Prometheus | None, host_named: HostNamed, store: Store, clock: Clock
    ) -> None:
        self._prometheus = prometheus
        self._host_named = host_named
        self._asked = Asked(Query, "query", store, clock)
        self._clock = clock

    async def answer(self, promql: str, *, by: Actor) -> QueryAnswer:
        """What it yields now. Raises Denied, NotConfigured, ApiError; QueryRefused for a query that is none."""
        prometheus = self._allowed(by)
        found = await prometheus.evaluate(promql, deadline=DEADLINE)
        try:
            token = await self._asked.keep(Query(promql))
        except StoreUnavailable:
            token = ""
        return QueryAnswer(promql, token, self._clock.now(), found)

    async def again(self, token: str, *, by: Actor) -> QueryAnswer:
        """Raises Forgotten and StoreUnavailable, too."""
        prometheus = self._allowed(by)
        promql = (await self._asked.of(token)).promql
        found = await prometheus.evaluate(promql, deadline=DEADLINE)
        return QueryAnswer(promql, token, self._clock.now(), found)

    async def graph(self, token: str, reach: Reach, *, by: Actor) -> Graph:
        """What it yields over time, as a metric without a unit or thresholds. Raises as `again` does."""
        prometheus = self._allowed(by)
        promql = (await self._asked.of(token)).promql
        end = self._clock.now()
        start = end - reach.value
        found = await prometheus.range(promql, start, end, reach.step, deadline=DEADLINE)
        title = promql if len(promql) <= LONGEST_TITLE else promql[: LONGEST_TITLE - 1] + "…"
        metric = Metric(ID, title, Unit.COUNT, Level.TEAM, promql, "", Group.APPLICATION, own=False)
        series = [Series(_named(each.labels), each.points) for each in found]
        sight = Sight(by.scope, Subject(), self._host_named)
        curves, more = await asyncio.to_thread(drawn, series, metric, sight)
        return Graph(
            metric, reach, start, end, reach.step, curves, Source.PROMETHEUS,
            more=more, warnings=found.warnings, query=promql,
        )  # fmt: skip

    def _allowed(self, by: Actor) -> Prometheus:
        if may(by, Action.QUERY) or not by.scope.covers_everything():
            raise Denied(Action.QUERY, "")
        if self._prometheus is None:
            raise NotConfigured("prometheus")
        return self._prometheus


def _named(labels: Mapping[str, str]) -> Mapping[str, str]:
    """Of several metrics each is told by its name."""
    name = labels.get("__name__")
    return {"metric": name, **labels} if name else labels
