"""Grafana's dashboards, from the bot's own catalogue of metrics: `python -m deploy.monitoring.generate`.

One figure has one query, one unit and one threshold, whether it is asked for in the chat, watched by a rule or drawn in
Grafana. What is on a dashboard beside the catalogue stands in `BESIDE`. Run it after each change of the catalogue.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.domain.metrics import Group, Level, Metric, Thresholds, Unit
from services.metrics.catalogue import Catalogue

DIRECTORY = Path(__file__).parent / "central/grafana/dashboards"
PROMETHEUS = {"type": "prometheus", "uid": "prometheus"}  # of provisioning/datasources
TAG = "vakhta"  # of the dashboards, and of the annotations that the bot writes

_UNITS = {
    Unit.PERCENT: "percent",
    Unit.BYTES: "bytes",
    Unit.BYTES_PER_SECOND: "Bps",
    Unit.SECONDS: "s",
    Unit.PER_SECOND: "suffix:/s",
    Unit.COUNT: "short",
}
_WIDTH, _HEIGHT, _LOW = 12, 8, 5  # Grafana's grid has 24 columns


@dataclass(frozen=True, slots=True)
class Dashboard:
    """rows: a heading, and the metrics below it."""

    uid: str
    title: str
    description: str
    rows: tuple[tuple[str, tuple[Metric, ...]], ...]


def _beside(name: str, title: str, unit: Unit, level: Level, promql: str, source: str) -> Metric:
    return Metric(name, title, unit, level, promql, source, own=False)


NETDATA = (
    _beside(
        "netdata_cpu", "CPU by Netdata", Unit.PERCENT, Level.HOST,
        'sum by (host, dimension) (netdata_system_cpu_percentage_average{host=~"$host",dimension!="idle"})', "Netdata",
    ),
    _beside(
        "netdata_io", "Disk reads and writes by Netdata", Unit.BYTES_PER_SECOND, Level.HOST,
        '1024 * abs(sum by (host, dimension) (netdata_system_io_KiB_persec_average{host=~"$host"}))', "Netdata",
    ),
    _beside(
        "netdata_net", "Network traffic by Netdata", Unit.BYTES_PER_SECOND, Level.HOST,
        '125 * abs(sum by (host, dimension) (netdata_system_net_kilobits_persec_average{host=~"$host"}))', "Netdata",
    ),
    _beside(
        "netdata_processes", "Processes by Netdata", Unit.COUNT, Level.HOST,
        'sum by (host, dimension) (netdata_system_processes_processes_average{host=~"$host"})', "Netdata",
    ),
)  # fmt: skip
TARGETS = (
    _beside(
        "targets", "What Prometheus does not reach", Unit.COUNT, Level.HOST,
        'sum by (host, job) (up{host=~"$host"} == bool 0)', "Prometheus",
    ),
)  # fmt: skip
OUTSIDE = (
    _beside(
        "domains", "Domains: how long they take", Unit.SECONDS, Level.CONTAINER,
        "max by (host, container, domain) "
        '(probe_duration_seconds{host=~"$host",container=~"$container",domain!=""})',
        "blackbox-exporter",
    ),
)  # fmt: skip
REDIS = (
    _beside(
        "redis_memory", "Redis: memory", Unit.BYTES, Level.HOST,
        'max by (host) (redis_memory_used_bytes{host=~"$host"})', "redis-exporter",
    ),
    _beside(
        "redis_clients", "Redis: clients", Unit.COUNT, Level.HOST,
        'max by (host) (redis_connected_clients{host=~"$host"})', "redis-exporter",
    ),
)  # fmt: skip
BOT = (
    _beside(
        "bot_commands", "Commands of the team", Unit.PER_SECOND, Level.TEAM,
        "sum by (outcome) (rate(vakhta_commands_total[$window]))", "vakhta",
    ),
    _beside(
        "bot_answers", "From a command to its answer, p95", Unit.SECONDS, Level.TEAM,
        "histogram_quantile(0.95, sum by (le) (rate(vakhta_command_duration_seconds_bucket[$window])))", "vakhta",
    ),
    _beside(
        "bot_waiting", "Alerts that a chat has yet to be shown", Unit.COUNT, Level.TEAM,
        "max(vakhta_delivery_waiting)", "vakhta",
    ),
    _beside(
        "bot_errors", "Calls to Telegram that failed", Unit.PER_SECOND, Level.TEAM,
        "sum by (kind) (rate(vakhta_telegram_errors_total[$window]))", "vakhta",
    ),
)  # fmt: skip
WATCH = (
    _beside(
        "denied", "Commands that were denied", Unit.COUNT, Level.TEAM,
        'sum by (command) (increase(vakhta_commands_total{outcome="denied"}[1h]))', "vakhta",
    ),
    _beside(
        "restarts", "Restarts of containers in an hour", Unit.COUNT, Level.CONTAINER,
        "sum by (host, container) "
        '(increase(vakhta_container_restarts_total{host=~"$host",container=~"$container"}[1h]))',
        "vakhta",
    ),
    _beside(
        "logins_ssh", "SSH connections that the bot lost and made again", Unit.COUNT, Level.HOST,
        'sum by (host) (increase(vakhta_ssh_reconnects_total{host=~"$host"}[1h]))', "vakhta",
    ),
)  # fmt: skip
BESIDE: tuple[Metric, ...] = (*NETDATA, *TARGETS, *OUTSIDE, *REDIS, *BOT, *WATCH)


def dashboards(metrics: Iterable[Metric]) -> tuple[Dashboard, ...]:
    """The four that the team's document names; each metric is on one of them."""
    by: dict[Group, tuple[Metric, ...]] = {
        group: tuple(each for each in metrics if each.group is group) for group in Group
    }
    system = by[Group.SYSTEM]
    return (
        Dashboard(
            "vakhta-infrastructure",
            "Infrastructure Overview",
            "The servers and their containers: CPU, memory, disks, network, latency, health.",
            (
                ("Hosts", tuple(each for each in system if each.level is not Level.CONTAINER)),
                ("Containers", tuple(each for each in system if each.level is Level.CONTAINER)),
                ("Reach", TARGETS),
                ("Netdata", NETDATA),
            ),
        ),
        Dashboard(
            "vakhta-applications",
            "Application Performance",
            "PostgreSQL, Redis, n8n, Directus, the APIs behind Traefik, and the bot.",
            (
                ("Applications", by[Group.APPLICATION]),
                ("From outside", OUTSIDE),
                ("Redis", REDIS),
                ("The bot", BOT),
            ),
        ),
        Dashboard(
            "vakhta-business",
            "Business Analytics",
            "Messages, registrations, bookings and regions, as the team's own programs export them.",
            (("Users", by[Group.BUSINESS]),),
        ),
        Dashboard(
            "vakhta-security",
            "Security",
            "Refused requests, certificates, denied commands and unexpected restarts.",
            (("Requests and certificates", by[Group.SECURITY]), ("The watch", WATCH)),
        ),
    )


def query(metric: Metric) -> str:
    """With Grafana's own variables: `$host` and `$container` are named so there, too."""
    return metric.promql.replace("$window", "$__rate_interval")


def written(dashboard: Dashboard) -> str:
    """The file: stable, so that a change of the catalogue shows as just that."""
    return json.dumps(_dashboard(dashboard), indent=2, ensure_ascii=False) + "\n"


def _dashboard(dashboard: Dashboard) -> Mapping[str, Any]:
    queries = " ".join(metric.promql for _title, metrics in dashboard.rows for metric in metrics)
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.description,
        "tags": [TAG],
        "schemaVersion": 39,
        "editable": False,
        "graphTooltip": 1,  # a crosshair that all panels share
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "links": [
            {"type": "dashboards", "title": "Vakhta", "tags": [TAG], "asDropdown": True, "keepTime": True,
             "includeVars": True},
        ],
        "annotations": {"list": [_marks()]},
        "templating": {"list": [each for each in _variables() if f"${each['name']}" in queries]},
        "panels": list(_panels(dashboard)),
    }  # fmt: skip


def _marks() -> Mapping[str, Any]:
    """Restarts and incidents, which the bot writes as annotations of Grafana."""
    return {
        "name": "Restarts and incidents",
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "iconColor": "orange",
        "target": {"type": "tags", "tags": [TAG], "matchAny": True, "limit": 100},
    }


def _variables() -> Iterator[Mapping[str, Any]]:
    containers = '{__name__=~"vakhta_container_running|container_memory_working_set_bytes",host=~"$host"}'
    for name, label, values in (
        ("host", "Host", "label_values(up, host)"),
        ("container", "Container", f"label_values({containers}, container)"),
    ):
        yield {
            "name": name,
            "label": label,
            "type": "query",
            "datasource": PROMETHEUS,
            "definition": values,
            "query": {"query": values, "refId": name},
            "refresh": 2,  # whenever the range of time changes
            "sort": 1,
            "multi": True,
            "includeAll": True,
            "allValue": ".+",
            "current": {"text": ["All"], "value": ["$__all"]},
        }


def _panels(dashboard: Dashboard) -> Iterator[Mapping[str, Any]]:
    top = 0
    limited = [each for _title, metrics in dashboard.rows for each in metrics if _limited(each.thresholds)]
    if limited:
        yield {"type": "row", "title": "Now", "collapsed": False, "gridPos": _place(0, top, 24, 1)}
        width = max(24 // len(limited), 4)
        for number, metric in enumerate(limited):
            row, column = divmod(number * width, 24 - 24 % width)
            yield _panel(metric, "bargauge", _place(column, top + 1 + row * _LOW, width, _LOW))
        top += 1 + -(-len(limited) * width // 24) * _LOW
    for title, metrics in dashboard.rows:
        yield {"type": "row", "title": title, "collapsed": False, "gridPos": _place(0, top, 24, 1)}
        for number, metric in enumerate(metrics):
            row, column = divmod(number, 24 // _WIDTH)
            yield _panel(
                metric, "timeseries", _place(column * _WIDTH, top + 1 + row * _HEIGHT, _WIDTH, _HEIGHT)
            )
        top += 1 + -(-len(metrics) // (24 // _WIDTH)) * _HEIGHT


def _place(x: int, y: int, w: int, h: int) -> Mapping[str, int]:
    return {"x": x, "y": y, "w": w, "h": h}


def _panel(metric: Metric, kind: str, place: Mapping[str, int]) -> Mapping[str, Any]:
    now = kind == "bargauge"
    defaults: dict[str, Any] = {"unit": _UNITS[metric.unit], "thresholds": _steps(metric.thresholds)}
    if metric.unit is Unit.PERCENT:
        defaults["min"] = 0
    if now:
        defaults["color"] = {"mode": "thresholds"}
        options: Mapping[str, Any] = {
            "orientation": "horizontal",
            "reduceOptions": {"calcs": ["lastNotNull"]},
        }
    else:
        lines = "dashed" if _limited(metric.thresholds) else "off"
        defaults["custom"] = {"lineWidth": 1, "fillOpacity": 5, "thresholdsStyle": {"mode": lines}}
        options = {
            "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"]},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    about = f"From {metric.source}."
    if metric.own:
        about += f" In the chat: /chart {metric.id}"
    return {
        "type": kind,
        "title": metric.title,
        "description": about,
        "datasource": PROMETHEUS,
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
        "targets": [
            {"refId": "A", "datasource": PROMETHEUS, "expr": query(metric), "legendFormat": _legend(metric),
             "instant": now, "range": not now},
        ],
    }  # fmt: skip


def _limited(thresholds: Thresholds) -> bool:
    return thresholds.warning is not None or thresholds.critical is not None


def _steps(thresholds: Thresholds) -> Mapping[str, Any]:
    """Grafana's colours count upwards, each from its value on."""
    warning, critical = thresholds.warning, thresholds.critical
    rising = [(None, "green"), (warning, "yellow"), (critical, "red")]
    if thresholds.below:
        rising = [(None, "red"), (critical, "yellow"), (warning, "green")]
        if critical is None:
            rising = [(None, "yellow"), (warning, "green")]
        elif warning is None:
            rising = [(None, "red"), (critical, "green")]
    steps = [
        {"color": color, "value": value}
        for number, (value, color) in enumerate(rising)
        if number == 0 or value is not None
    ]
    return {"mode": "absolute", "steps": steps}


def _legend(metric: Metric) -> str:
    """The labels that tell its curves apart: those of its sums, and of what is added to them."""
    found = re.search(r"\bby \(([^)]*)\)", metric.promql)
    labels: Sequence[str] = found[1].replace(" ", "").split(",") if found else ()
    if '"direction"' in metric.promql:
        labels = [*labels, "direction"]
    return " ".join(f"{{{{{label}}}}}" for label in labels if label != "le") or metric.title


def main() -> None:
    """Writes each, and says which."""
    for each in dashboards(tuple(Catalogue())):
        (DIRECTORY / f"{each.uid}.json").write_text(written(each), "utf-8")
        sys.stdout.write(f"{each.uid}\n")


if __name__ == "__main__":
    main()
