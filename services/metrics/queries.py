"""PromQL as an admin asks it. An answer may be about anything, so only who may see everything is given one."""

from dataclasses import dataclass
from datetime import datetime

from services.asked import Asked
from services.domain.access import Action, Actor, may
from services.errors import Denied, NotConfigured, StoreUnavailable
from services.ports import Clock, Store
from services.prometheus import Evaluated, Prometheus

DEADLINE = 10.0  # seconds


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
    """prometheus: None where the settings name none."""

    def __init__(self, prometheus: Prometheus | None, store: Store, clock: Clock) -> None:
        self._prometheus = prometheus
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

    def _allowed(self, by: Actor) -> Prometheus:
        if may(by, Action.QUERY) or not by.scope.covers_everything():
            raise Denied(Action.QUERY, "")
        if self._prometheus is None:
            raise NotConfigured("prometheus")
        return self._prometheus
