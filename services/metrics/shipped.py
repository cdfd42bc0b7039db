"""The catalogue that the project ships: every metric that a team's dashboards and rules stand on."""

from services.domain.metrics import Level, Metric, NetdataChart, Thresholds, Unit

SHIPPED: tuple[Metric, ...] = (
    Metric(
        "cpu",
        "CPU",
        Unit.PERCENT,
        Level.HOST,
        '100 * (1 - avg by (host) (rate(node_cpu_seconds_total{mode="idle", host=~"$host"}[$window])))',
        "node-exporter",
        thresholds=Thresholds(warning=80),
        netdata=NetdataChart("system.cpu"),
    ),
    Metric(
        "memory",
        "Memory",
        Unit.PERCENT,
        Level.HOST,
        '100 * (1 - node_memory_MemAvailable_bytes{host=~"$host"} / node_memory_MemTotal_bytes{host=~"$host"})',
        "node-exporter",
        thresholds=Thresholds(warning=85),
    ),
)
