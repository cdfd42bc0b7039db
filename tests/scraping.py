"""A scrape as Prometheus makes it, taken apart by prometheus-client's own parsers."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

OPENMETRICS = "application/openmetrics-text"


@dataclass(frozen=True)
class Scrape:
    """samples: by name and sorted labels. families: their types by name."""

    content_type: str
    text: str
    samples: Mapping[tuple[str, tuple[tuple[str, str], ...]], float]
    families: Mapping[str, str]

    def value(self, name: str, **labels: str) -> float | None:
        return self.samples.get((name, tuple(sorted(labels.items()))))

    def of(self, name: str) -> list[dict[str, str]]:
        """The labels of all its samples."""
        return [dict(labels) for each, labels in self.samples if each == name]

    @property
    def label_values(self) -> set[str]:
        return {value for _name, labels in self.samples for _label, value in labels}


async def scrape(port: int, accept: str = OPENMETRICS) -> Scrape:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{port}/metrics", headers={"Accept": accept}, timeout=10)
    assert answer.status_code == 200
    read = openmetrics if OPENMETRICS in answer.headers["Content-Type"] else plain
    families = list(read(answer.text))
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }
    types = {family.name: family.type for family in families}
    return Scrape(answer.headers["Content-Type"], answer.text, samples, types)


async def until(port: int, holds: Callable[[Scrape], bool], seconds: float = 20) -> Scrape:
    """The first scrape of which that is so."""
    last: Scrape | None = None
    try:
        async with asyncio.timeout(seconds):
            while True:
                with contextlib.suppress(httpx.TransportError):  # it does not listen yet
                    last = await scrape(port)
                    if holds(last):
                        return last
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"not within {seconds} s; the last scrape: {last and last.text}") from None
