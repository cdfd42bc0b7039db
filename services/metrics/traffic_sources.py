"""Who can tell what goes through Traefik: Prometheus of all that it scrapes, or each Traefik of itself."""

import asyncio
import math
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache

from services.domain.metrics import Source
from services.domain.traffic import Flow
from services.errors import ApiError, HostError, VakhtaError
from services.metrics.curves import HostNamed
from services.prometheus import Prometheus, Sample
from services.traefik_metrics import Counters
from services.traefiks import Traefiks

WINDOW = timedelta(minutes=5)
PATIENCE = 3.0  # seconds, for Prometheus' answers together
LOOK_PATIENCE = 1.4  # seconds, for one look at a Traefik
# Between two looks at a Traefik, at least, in seconds.
APART = 5.0
# One that was looked at earlier, by whomever, need not be waited for: that is the first look.
_KEPT_APART = 15.0

_SECONDS = f"{round(WINDOW.total_seconds())}s"
_BY = "host, instance, service"
REQUESTS = f"sum by ({_BY}, code) (increase(traefik_service_requests_total[{_SECONDS}]))"
BUCKETS = f"sum by ({_BY}, le) (increase(traefik_service_request_duration_seconds_bucket[{_SECONDS}]))"
# There whether anybody asks for anything or not.
SCRAPED = "group by (host, instance) (traefik_config_reloads_total)"


@dataclass(frozen=True, slots=True)
class Told:
    """Of one host: by service. trouble, failure: as in `HostTraffic`."""

    source: Source
    window: timedelta
    flows: Mapping[str, Flow] = field(default_factory=dict)
    trouble: VakhtaError | None = None
    failure: VakhtaError | None = None


class OfPrometheus:
    """host_named: see `HostNamed`."""

    def __init__(self, prometheus: Prometheus, host_named: HostNamed) -> None:
        self._prometheus = prometheus
        self._host_named = host_named

    async def told(self) -> Mapping[str, Told]:
        """By host, of those whose Traefik is scraped. Raises ApiError."""
        scraped, requests, buckets = await asyncio.gather(
            *(self._prometheus.query(each, deadline=PATIENCE) for each in (SCRAPED, REQUESTS, BUCKETS))
        )
        # Of hundreds of services it takes some 10 ms.
        return await asyncio.to_thread(self._made, scraped, requests, buckets)

    def _made(
        self, scraped: Sequence[Sample], requests: Sequence[Sample], buckets: Sequence[Sample]
    ) -> Mapping[str, Told]:
        named = cache(self._host_named)

        def host_of(sample: Sample) -> str:
            labels = (sample.labels.get(label, "") for label in ("host", "instance"))
            return next(filter(None, (named(value) for value in labels if value)), "")

        statuses: dict[tuple[str, str], dict[int, float]] = defaultdict(lambda: defaultdict(float))
        seconds: dict[tuple[str, str], dict[float, float]] = defaultdict(lambda: defaultdict(float))
        for sample in requests:
            code = sample.labels.get("code", "")
            if sample.value > 0 and math.isfinite(sample.value) and code.isdecimal():
                statuses[host_of(sample), sample.labels.get("service", "")][int(code)] += sample.value
        for sample in buckets:
            bound = _bound(sample.labels.get("le", ""))
            if bound is not None and math.isfinite(sample.value):
                seconds[host_of(sample), sample.labels.get("service", "")][bound] += sample.value
        flows: dict[str, dict[str, Flow]] = {host_of(sample): {} for sample in scraped}
        for (host, service), found in statuses.items():
            if service:
                flows.setdefault(host, {})[service] = Flow(
                    dict(found), dict(seconds.get((host, service), {}))
                )
        return {host: Told(Source.PROMETHEUS, WINDOW, each) for host, each in flows.items() if host}


class OfTraefiks:
    """sleep: between two looks."""

    def __init__(self, traefiks: Traefiks, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self.hosts = traefiks.hosts
        self._traefiks = traefiks
        self._sleep = sleep
        self._looks: dict[str, deque[Counters]] = {host: deque() for host in traefiks.hosts}

    async def told(self, host: str) -> Told:
        """Since the earliest look of the last minutes; without one it takes APART seconds."""
        try:
            now = await self._look(host)
            if (since := self._since(host, now)) is None:
                await self._sleep(APART)
                since, now = now, await self._look(host)
        except (ApiError, HostError) as trouble:
            return Told(Source.TRAEFIK, timedelta(), trouble=trouble)
        return Told(Source.TRAEFIK, timedelta(seconds=now.at - since.at), now.since(since))

    def _since(self, host: str, now: Counters) -> Counters | None:
        """The earliest look that still counts and is long enough ago."""
        looks = self._looks[host]
        return looks[0] if looks and now.at - looks[0].at >= APART else None

    async def _look(self, host: str) -> Counters:
        now = await self._traefiks.counters(host, deadline=LOOK_PATIENCE)
        looks = self._looks[host]
        if looks and now.began_after(looks[-1]):
            looks.clear()
        while looks and now.at - looks[0].at > WINDOW.total_seconds():
            looks.popleft()
        if not looks or now.at - looks[-1].at >= _KEPT_APART:
            looks.append(now)
        return now


def _bound(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
