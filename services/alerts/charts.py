"""Which picture belongs to alerts: the metric that they are about, and of what."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.domain.alerts import Alert
from services.domain.metrics import Level, Metric
from services.domain.posts import AlertChart

# By the alert's name without case and signs: high_cpu and HighCPU are the same.
_BY_NAME: dict[str, str] = {
    "highcpu": "cpu",
    "highmemory": "memory",
    "memory": "memory",
    "databaseconnections": "postgres_connections",
    "apierrors": "api_errors",
}
_DISK = "disk"
_OF_CONTAINERS = ("container_memory", "container_cpu")  # what a container died of is mostly memory


@dataclass(frozen=True, slots=True)
class AlertCharts:
    """metrics: the catalogue, by id. prometheus: whether there is one; netdatas: the hosts that have one."""

    metrics: Mapping[str, Metric] = field(default_factory=dict)
    prometheus: bool = False
    netdatas: frozenset[str] = frozenset()

    def of(self, alerts: Sequence[Alert]) -> AlertChart | None:
        """alerts: of one incident, the worst first; its metric counts. None where none fits, or no source knows it."""
        if not alerts:
            return None
        metric = next(filter(None, map(self.metrics.get, _named(alerts[0]))), None)
        if metric is None:
            return None
        host, container = _shared(alerts)
        if metric.level is not Level.CONTAINER:
            container = ""
        if metric.level is Level.TEAM:
            host = ""
        return AlertChart(metric.id, host, container) if self._is_known(metric, host) else None

    def _is_known(self, metric: Metric, host: str) -> bool:
        if self.prometheus:
            return True
        return metric.netdata is not None and (host in self.netdatas if host else bool(self.netdatas))


def _named(alert: Alert) -> Sequence[str]:
    """Ids that may be meant, the surest first."""
    said = alert.labels.get("metric") or alert.annotations.get("metric")
    if said:
        return (said.lower(),)
    plain = re.sub(r"[^a-z0-9]", "", alert.name.lower())
    if plain in _BY_NAME:
        return (_BY_NAME[plain],)
    if plain.startswith(_DISK):
        return (_DISK,)
    return _OF_CONTAINERS if alert.host and alert.container else ()


def _shared(alerts: Sequence[Alert]) -> tuple[str, str]:
    """The host and the container that they are all about; "" where they differ."""
    hosts, containers = {alert.host for alert in alerts}, {alert.container for alert in alerts}
    host = hosts.pop() if len(hosts) == 1 else ""
    return host, containers.pop() if host and len(containers) == 1 else ""
