"""The catalogue that the project ships: every metric that a team's dashboards and rules stand on.

What is scraped bears the label `host`, what is about a container `container` too: deploy/monitoring sees
to both. Where a rule fires on a figure, its query is the rule's. Nothing is made up where nothing is scraped:
what the team's own programs must export is named in `source`.
"""

from services.domain.certificates import SOON, VERY_SOON
from services.domain.metrics import Group, Level, Metric, NetdataChart, Thresholds, Unit

# Disks that fill up: no memory, no overlay, no read-only image, which is always full.
_DISKS = (
    'host=~"$host",fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660|nsfs",'
    'mountpoint!~"/(dev|proc|sys|run|var/lib/docker)(/.*)?"'
)
# Cards that lead outside, not what Docker puts between them and its containers; nor what a disk is made of.
_CARDS = 'host=~"$host",device!~"lo|veth.*|br-.*|docker.*|virbr.*|cali.*"'
_WHOLE_DISKS = 'host=~"$host",device!~"loop.*|ram.*|dm-.*|md.*|sr.*"'
_CONTAINERS = 'host=~"$host",container=~"$container"'

_KILOBIT = 125  # bytes


def _both(direction: tuple[str, str], one: str, other: str) -> str:
    """Two curves of each, told apart by the label `direction`."""
    first, second = direction
    return (
        f'label_replace({one}, "direction", "{first}", "", "") or '
        f'label_replace({other}, "direction", "{second}", "", "")'
    )


def _rate(name: str, labels: str, by: str = "host") -> str:
    return f"sum by ({by}) (rate({name}{{{labels}}}[$window]))"


def _answered(code: str) -> str:
    """At the entry points, where a middleware's own answers count too: a refused login never gets to a service."""
    return _rate("traefik_entrypoint_requests_total", f'host=~"$host",code="{code}"')


def _service(query: str) -> str:
    """Without the provider that Traefik puts behind a service's name."""
    return f'label_replace({query}, "service", "$1", "service", "(.+)@.+")'


_REQUESTS = _service(_rate("traefik_service_requests_total", 'host=~"$host"', "host, service"))
_FAILED = _service(_rate("traefik_service_requests_total", 'host=~"$host",code=~"5.."', "host, service"))

SYSTEM: tuple[Metric, ...] = (
    Metric(
        "cpu",
        "CPU",
        Unit.PERCENT,
        Level.HOST,
        '100 * (1 - avg by (host) (rate(node_cpu_seconds_total{mode="idle",host=~"$host"}[$window])))',
        "node-exporter",
        thresholds=Thresholds(warning=80),
        netdata=NetdataChart("system.cpu"),
    ),
    Metric(
        "load",
        "Load average over 1 min",
        Unit.COUNT,
        Level.HOST,
        'max by (host) (node_load1{host=~"$host"})',
        "node-exporter",
        netdata=NetdataChart("system.load", ("load1",)),
    ),
    Metric(
        "memory",
        "Memory",
        Unit.PERCENT,
        Level.HOST,
        '100 * (1 - min by (host) (node_memory_MemAvailable_bytes{host=~"$host"}) '
        '/ min by (host) (node_memory_MemTotal_bytes{host=~"$host"}))',
        "node-exporter",
        thresholds=Thresholds(warning=85),
        netdata=NetdataChart("system.ram", ("used",), share=True),
    ),
    Metric(
        "disk",
        "Disk space used",
        Unit.PERCENT,
        Level.HOST,
        f"100 * (1 - min by (host, mountpoint) (node_filesystem_avail_bytes{{{_DISKS}}}) "
        f"/ min by (host, mountpoint) (node_filesystem_size_bytes{{{_DISKS}}}))",
        "node-exporter",
        thresholds=Thresholds(critical=90),
        # That of `/`. What is reserved for root counts as used, as in the query and in `df`.
        netdata=NetdataChart("disk_space._", ("used", "reserved for root"), share=True),
    ),
    Metric(
        "disk_io",
        "Disk reads and writes",
        Unit.BYTES_PER_SECOND,
        Level.HOST,
        _both(
            ("read", "write"),
            _rate("node_disk_read_bytes_total", _WHOLE_DISKS),
            _rate("node_disk_written_bytes_total", _WHOLE_DISKS),
        ),
        "node-exporter",
        netdata=NetdataChart("system.io", factor=1024),
    ),
    Metric(
        "network",
        "Network traffic",
        Unit.BYTES_PER_SECOND,
        Level.HOST,
        _both(
            ("in", "out"),
            _rate("node_network_receive_bytes_total", _CARDS),
            _rate("node_network_transmit_bytes_total", _CARDS),
        ),
        "node-exporter",
        netdata=NetdataChart("system.net", factor=_KILOBIT),
    ),
    Metric(
        "latency",
        "Network latency",
        Unit.SECONDS,
        Level.HOST,
        # From server to server; what stands for a container is how long its pages take.
        'max by (host, instance) (probe_duration_seconds{host=~"$host",container=""})',
        "blackbox-exporter",
    ),
    Metric(
        "health",
        "Containers by state",
        Unit.COUNT,
        Level.HOST,
        # An unhealthy one runs, too: it counts as both.
        'sum by (host, state) (vakhta_container_state{host=~"$host"} or '
        'label_replace(vakhta_container_health{host=~"$host",health="unhealthy"}, "state", "$1", "health", "(.*)"))',
        "vakhta",
    ),
    Metric(
        "container_cpu",
        "CPU of containers",
        Unit.PERCENT,
        Level.CONTAINER,
        f"100 * {_rate('container_cpu_usage_seconds_total', _CONTAINERS, 'host, container')}",
        "cAdvisor",
    ),
    Metric(
        "container_memory",
        "Memory of containers",
        Unit.BYTES,
        Level.CONTAINER,
        f"max by (host, container) (container_memory_working_set_bytes{{{_CONTAINERS}}})",
        "cAdvisor",
    ),
    Metric(
        "container_network",
        "Network traffic of containers",
        Unit.BYTES_PER_SECOND,
        Level.CONTAINER,
        _both(
            ("in", "out"),
            _rate("container_network_receive_bytes_total", _CONTAINERS, "host, container"),
            _rate("container_network_transmit_bytes_total", _CONTAINERS, "host, container"),
        ),
        "cAdvisor",
    ),
)

APPLICATION: tuple[Metric, ...] = (
    Metric(
        "postgres_connections",
        "PostgreSQL connections",
        Unit.COUNT,
        Level.HOST,
        'sum by (host) (pg_stat_activity_count{host=~"$host"})',
        "postgres-exporter",
        Group.APPLICATION,
        Thresholds(warning=80),
    ),
    Metric(
        # How long a query takes on average would need the extension pg_stat_statements; this needs nothing.
        "postgres_queries",
        "Longest PostgreSQL transaction",
        Unit.SECONDS,
        Level.HOST,
        'max by (host, datname) (pg_stat_activity_max_tx_duration{host=~"$host"})',
        "postgres-exporter",
        Group.APPLICATION,
    ),
    Metric(
        "n8n_workflows",
        "n8n workflow time, p95",
        Unit.SECONDS,
        Level.HOST,
        "histogram_quantile(0.95, "
        + _rate("n8n_workflow_execution_duration_seconds_bucket", 'host=~"$host"', "host, le")
        + ")",
        "n8n (N8N_METRICS=true)",  # a version of 2026: older ones count workflows, but do not time them
        Group.APPLICATION,
    ),
    Metric(
        "directus_response",
        "Directus response time, p95",
        Unit.SECONDS,
        Level.HOST,
        "histogram_quantile(0.95, "
        + _rate(
            "traefik_service_request_duration_seconds_bucket",
            'host=~"$host",service=~"directus(-.+)?@.+"',
            "host, le",
        )
        + ")",
        "Traefik",
        Group.APPLICATION,
    ),
    Metric(
        # A service whose requests all went well has no 5xx series: that is nought, not unknown.
        "api_errors",
        "API errors (5xx)",
        Unit.PERCENT,
        Level.HOST,
        f"100 * ({_FAILED} or 0 * {_REQUESTS}) / ({_REQUESTS} > 0)",
        "Traefik",
        Group.APPLICATION,
        Thresholds(critical=5),
    ),
    Metric(
        "external_api_limits",
        "External API limits used",
        Unit.PERCENT,
        Level.TEAM,
        "100 * max by (api) (tapbot_external_api_limit_used_ratio)",
        "tapbot_external_api_limit_used_ratio",
        Group.APPLICATION,
    ),
)

BUSINESS: tuple[Metric, ...] = (
    Metric(
        "bot_messages",
        "Messages to the bot in an hour",
        Unit.COUNT,
        Level.TEAM,
        "sum(increase(tapbot_messages_total[1h]))",
        "tapbot_messages_total",
        Group.BUSINESS,
    ),
    Metric(
        "registrations",
        "Registrations in 24 hours",
        Unit.COUNT,
        Level.TEAM,
        "sum(increase(tapbot_registrations_total[1d]))",
        "tapbot_registrations_total",
        Group.BUSINESS,
    ),
    Metric(
        "booking_conversion",
        "Booking conversion in 24 hours",
        Unit.PERCENT,
        Level.TEAM,
        "100 * sum(increase(tapbot_bookings_completed_total[1d])) "
        "/ (sum(increase(tapbot_bookings_started_total[1d])) > 0)",
        "tapbot_bookings_started_total, tapbot_bookings_completed_total",
        Group.BUSINESS,
    ),
    Metric(
        "geography",
        "Users by region",
        Unit.COUNT,
        Level.TEAM,
        "sum by (region) (tapbot_users)",
        "tapbot_users",
        Group.BUSINESS,
    ),
)

SECURITY: tuple[Metric, ...] = (
    *(
        Metric(name, title, Unit.PER_SECOND, Level.HOST, _answered(code), "Traefik", Group.SECURITY)
        for name, title, code in (
            ("logins_refused", "Logins refused (401)", "401"),
            ("access_denied", "Access denied (403)", "403"),
            ("not_found", "Not found (404)", "404"),  # many of them: somebody looks for what is open
            ("throttled", "Too many requests (429)", "429"),
        )
    ),
    Metric(
        "certificates",
        "Time until certificates expire",
        Unit.SECONDS,
        Level.HOST,
        'min by (host, cn) (traefik_tls_certs_not_after{host=~"$host"}) - time()',
        "Traefik",
        Group.SECURITY,
        Thresholds(SOON.total_seconds(), VERY_SOON.total_seconds(), below=True),
    ),
)

SHIPPED: tuple[Metric, ...] = (*SYSTEM, *APPLICATION, *BUSINESS, *SECURITY)
