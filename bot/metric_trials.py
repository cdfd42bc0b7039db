"""Trials of the settings' own metrics: whether Prometheus takes their queries, and where one is wrong."""

import asyncio
from datetime import timedelta

from bot.finding import Finding
from bot.settings import Settings
from services.domain.metrics import Metric
from services.errors import ApiRefused, QueryRefused, VakhtaError
from services.metrics.catalogue import column_as_written, rendered
from services.prometheus import Kind, Prometheus, open_prometheus

WINDOW = timedelta(minutes=5)
DEADLINE = 15.0


async def tried_metrics(settings: Settings) -> list[Finding]:
    """In the settings' order. None where Prometheus cannot be asked at all, which its own line tells."""
    metrics = [block.metric(name) for name, block in settings.metrics.items()]
    api = settings.prometheus
    if api is None:
        text = "there is no Prometheus to ask: set prometheus, or give it a chart of Netdata's (netdata)"
        return [Finding(_name(metric), text, ok=False) for metric in metrics if metric.netdata is None]
    async with open_prometheus(api.url, *api.login) as prometheus:
        found = await asyncio.gather(*(_metric(metric, prometheus, api.url) for metric in metrics))
    return [each for each in found if each]


async def _metric(metric: Metric, prometheus: Prometheus, url: str) -> Finding | None:
    name, mend = _name(metric), f"correct metrics.{metric.id}.promql"
    try:
        found = await prometheus.evaluate(rendered(metric, window=WINDOW), deadline=DEADLINE)
    except QueryRefused as error:
        column = column_as_written(metric, error.line, error.column, window=WINDOW)
        place = f"line {error.line}, character {column}" if "\n" in metric.promql else f"character {column}"
        return Finding(name, f"its query is none, {place}: {error.reason}; {mend}", ok=False)
    except ApiRefused as error:
        if error.status in (400, 422):
            return Finding(name, f"Prometheus refused its query: {error.message}; {mend}", ok=False)
        return None
    except VakhtaError:
        return None
    if found.kind not in (Kind.VECTOR, Kind.SCALAR):
        text = f"its query yields a {found.kind}, of which there is no curve; {mend}"
        return Finding(name, text, ok=False)
    count = len(found.samples)
    return Finding(name, f"{count} series now" if count else f"no series now; is it scraped, at {url}?")


def _name(metric: Metric) -> str:
    return f"metric {metric.id}"
