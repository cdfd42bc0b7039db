"""Traefik's own metrics, as it serves them to Prometheus: what has gone through each service since it began."""

import asyncio
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from services.domain.traffic import Flow
from services.errors import ApiRefused, MetricsOff
from services.http import Api

_REQUESTS = "traefik_service_requests_total"
_SECONDS = "traefik_service_request_duration_seconds_bucket"
_LONGEST_LINE = 16 << 10  # characters; the library takes time with the square of them
_MARK = "traefik_config_"  # is there whether anybody has asked for anything or not


@dataclass(frozen=True, slots=True)
class Counters:
    """at: by the loop's time. flows: by service, since Traefik began."""

    at: float
    flows: Mapping[str, Flow]

    def since(self, earlier: "Counters") -> Mapping[str, Flow]:
        """What went through meanwhile; what has begun anew in between counts from there."""
        none = Flow({}, {})
        return {name: _less(flow, earlier.flows.get(name, none)) for name, flow in self.flows.items()}

    def began_after(self, earlier: "Counters") -> bool:
        """Whether Traefik has begun anew in between: something is less than it was."""
        none = Flow({}, {})
        return any(
            self.flows.get(name, none).statuses.get(status, 0) < count
            for name, flow in earlier.flows.items()
            for status, count in flow.statuses.items()
        )


async def counters(api: Api, path: str, *, deadline: float) -> Counters:
    """Of now; path: as in `Api.ask`. Raises MetricsOff, and ApiError of any other kind."""
    try:
        answer = await api.ask("GET", path, deadline=deadline)
    except ApiRefused as refusal:
        if refusal.status == 404:
            raise MetricsOff(api.name) from refusal
        raise
    at = asyncio.get_running_loop().time()
    with api.understanding():  # a page of very many services would hold the event loop
        flows = await asyncio.to_thread(_read, answer.body)
    if flows is None:
        raise MetricsOff(api.name)
    return Counters(at, flows)


def _read(page: bytes) -> Mapping[str, Flow] | None:
    """None where it is no page of Traefik's. Raises ValueError.

    Only the lines that count are taken apart: those of the Go runtime and the entry points are many more.
    """
    lines = [
        line for line in page.decode().splitlines() if line.startswith(("traefik_service_request", _MARK))
    ]
    if not lines:
        return None
    if max(map(len, lines)) > _LONGEST_LINE:
        raise ValueError("a line that is too long for a sample")
    statuses: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    buckets: dict[str, dict[float, float]] = defaultdict(lambda: defaultdict(float))
    for sample in _samples("\n".join(lines) + "\n"):
        service = sample.labels.get("service", "")
        if not service or not math.isfinite(sample.value):
            continue
        if sample.name == _REQUESTS:
            statuses[service][int(sample.labels["code"])] += sample.value
        elif sample.name == _SECONDS:
            buckets[service][float(sample.labels["le"])] += sample.value
    return {name: Flow(dict(found), dict(buckets.get(name, {}))) for name, found in statuses.items()}


def _samples(text: str) -> Iterator[Sample]:
    try:
        for family in text_string_to_metric_families(text):
            yield from family.samples
    except (IndexError, KeyError) as exc:  # the library's own, of a line that is none
        raise ValueError("a line that is no sample") from exc


def _less(flow: Flow, earlier: Flow) -> Flow:
    statuses = {code: _grown(count, earlier.statuses.get(code, 0)) for code, count in flow.statuses.items()}
    buckets = {bound: _grown(count, earlier.buckets.get(bound, 0)) for bound, count in flow.buckets.items()}
    return Flow({code: count for code, count in statuses.items() if count > 0}, buckets)


def _grown(count: float, earlier: float) -> float:
    return count - earlier if count >= earlier else count
