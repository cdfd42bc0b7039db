"""Which metrics have figures now that a person may see."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from services.domain.access import Scope
from services.domain.metrics import Metric
from services.errors import ApiError, ApiRefused, ApiTimeout, NotConfigured, VakhtaError
from services.metrics.catalogue import Catalogue, rendered
from services.metrics.curves import HostNamed, Sight
from services.metrics.graphs import WINDOW
from services.metrics.subjects import Subject
from services.netdatas import Netdatas
from services.ports import Clock
from services.prometheus import API, Prometheus, Sample

PATIENCE = 3.0  # seconds for all of them
_AT_A_TIME = 4


@dataclass(frozen=True, slots=True)
class Available:
    """In the catalogue's order. failure: why it is not known of all; then those count as having none."""

    all: tuple[Metric, ...]
    known: tuple[Metric, ...]
    at: datetime
    failure: VakhtaError | None = None


class Availability:
    """Asks for one figure of each."""

    def __init__(
        self,
        catalogue: Catalogue,
        prometheus: Prometheus | None,
        netdatas: Netdatas,
        host_named: HostNamed,
        clock: Clock,
    ) -> None:
        self._catalogue = catalogue
        self._prometheus = prometheus
        self._netdatas = netdatas
        self._host_named = host_named
        self._clock = clock

    async def of(self, scope: Scope) -> Available:
        metrics = tuple(self._catalogue)
        known = {metric.id for metric in metrics if self._has_netdata(metric, scope)}
        failure: VakhtaError | None = None
        if self._prometheus is None:
            failure = NotConfigured("prometheus")
        else:
            failure = await self._ask(self._prometheus, metrics, scope, known)
        having = tuple(metric for metric in metrics if metric.id in known)
        return Available(metrics, having, self._clock.now(), failure)

    async def _ask(
        self, prometheus: Prometheus, metrics: Sequence[Metric], scope: Scope, known: set[str]
    ) -> ApiError | None:
        """Adds those that have figures; None where all could be asked."""
        sight = Sight(scope, Subject(), cache(self._host_named))
        waiting = list(reversed(metrics))
        failures: list[ApiError] = []

        async def ask() -> None:
            while waiting and not failures:
                metric = waiting.pop()
                try:
                    found = await prometheus.query(rendered(metric, window=WINDOW), deadline=PATIENCE)
                except ApiRefused:  # a query of the settings that is none: the picture tells why
                    continue
                except ApiError as failure:
                    failures.append(failure)
                    return
                # Of very many series that are all somebody else's it takes some 100 ms.
                if await asyncio.to_thread(_seen, found, sight):
                    known.add(metric.id)

        try:
            async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
                for _ in range(_AT_A_TIME):
                    group.create_task(ask())
        except TimeoutError:
            return ApiTimeout(API, PATIENCE)
        return failures[0] if failures else None

    def _has_netdata(self, metric: Metric, scope: Scope) -> bool:
        return metric.netdata is not None and any(map(scope.covers_host, self._netdatas.hosts))


def _seen(found: Sequence[Sample], sight: Sight) -> bool:
    return any(sight.labels(sample.labels) is not None for sample in found)
