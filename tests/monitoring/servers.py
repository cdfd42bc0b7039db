"""The shipped Prometheus and what it scrapes, as far as Debian has it, at once and on loopback.

Real: node-exporter, PostgreSQL and its exporter, Redis and its exporter, the blackbox exporter, Netdata, Traefik,
Alertmanager and Prometheus. Pages of figures stand for what cannot be had: cAdvisor, as it documents them, and the bot,
as `services.metrics.own` promises them.
"""

import contextlib
import http.client
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.metrics.own import FAMILIES, Family, Kind
from tests.lab.authority import Authority, Files
from tests.lab.exporters import (
    BlackboxExporter,
    Figures,
    NodeExporter,
    PostgresExporter,
    RedisExporter,
    WatchingNetdata,
)
from tests.lab.monitoring import AlertmanagerServer, PrometheusServer
from tests.lab.postgres import Postgres
from tests.lab.redis import Redis
from tests.lab.shipped import BLACKBOX, prometheus_config
from tests.lab.traefik import TraefikServer, guarded_api

_DIRECTUS = 'id="/docker/4c1",image="directus/directus:11",name="directus"'
_SLICE = 'id="/system.slice",image="",name=""'
CADVISOR = f"""\
container_cpu_usage_seconds_total{{cpu="total",{_SLICE}}} 900
container_cpu_usage_seconds_total{{cpu="total",{_DIRECTUS}}} 12.5
container_memory_working_set_bytes{{{_SLICE}}} 3e+09
container_memory_working_set_bytes{{{_DIRECTUS}}} 2.1e+08
container_network_receive_bytes_total{{interface="eth0",{_DIRECTUS}}} 5e+06
container_network_transmit_bytes_total{{interface="eth0",{_DIRECTUS}}} 7e+06
container_oom_events_total{{{_DIRECTUS}}} 0
machine_memory_bytes{{boot_id="x",machine_id="y",system_uuid="z"}} 8e+09
"""


@dataclass(frozen=True)
class Servers:
    """websecure: Traefik's port, where `localhost` leads to `directus`, and /login and /broken are refused or fail."""

    prometheus: PrometheusServer
    postgres: Postgres
    websecure: int

    def ask_directus(self) -> None:
        """An answer each: well, refused, not found, failed."""
        context = ssl._create_unverified_context()
        with contextlib.closing(
            http.client.HTTPSConnection("localhost", self.websecure, timeout=5, context=context)
        ) as connection:
            for path in ("/", "/login", "/broken", "/forbidden", "/often"):
                connection.request("GET", path)
                connection.getresponse().read()
            connection.request("GET", "/", headers={"Host": "nobody.example.org"})
            connection.getresponse().read()

    @contextlib.contextmanager
    def sessions(self, count: int) -> Iterator[None]:
        """So many at PostgreSQL."""
        with contextlib.ExitStack() as stack:
            for _ in range(count):
                sleeping = stack.enter_context(subprocess.Popen(self._psql("SELECT pg_sleep(60)")))
                stack.callback(sleeping.kill)
            deadline = time.monotonic() + 10
            while self.count_sessions() < count and time.monotonic() < deadline:
                time.sleep(0.05)
            yield

    def count_sessions(self) -> int:
        """As PostgreSQL says, without the one that asks."""
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL AND pid <> pg_backend_pid()"
        return int(subprocess.run(self._psql(query), check=True, capture_output=True, timeout=20).stdout)

    def _psql(self, query: str) -> Sequence[str]:
        url = f"postgresql://postgres:secret@127.0.0.1:{self.postgres.port}/postgres"
        return ("psql", "--no-psqlrc", "--tuples-only", url, "--command", query)


@contextlib.contextmanager
def servers(home: Path) -> Iterator[Servers]:
    """All at once. LabUnavailable: a package is missing."""
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        (home / "redis").mkdir()
        (home / "ca").mkdir()
        postgres, redis = enter(Postgres()), enter(Redis(home / "redis"))
        node = enter(NodeExporter(home / "node"))
        source = f"postgresql://postgres:secret@127.0.0.1:{postgres.port}/postgres?sslmode=disable"
        exporters = {
            "server1:9100": node.address,
            "server2:9100": node.address,
            "server2:9187": enter(PostgresExporter(home / "pg", source)).address,
            "server1:9121": enter(RedisExporter(home / "redis-exporter", redis.url)).address,
            "server1:9115": enter(BlackboxExporter(home / "blackbox", BLACKBOX.read_text())).address,
            "server1:19999": enter(WatchingNetdata(home / "netdata")).address,
            "server1:9180": enter(Figures(CADVISOR)).address,
            "vakhta:9464": enter(Figures("".join(map(_promised, FAMILIES)))).address,
        }
        exporters["server2:9115"] = exporters["server1:9115"]
        metrics = {"metrics": {"prometheus": {"entryPoint": "traefik"}}}
        certificate = Authority(home / "ca").files("localhost")
        traefik = enter(TraefikServer(home / "traefik", _routes(node.address, certificate), metrics))
        alertmanager = enter(AlertmanagerServer(home / "alertmanager"))
        prometheus = PrometheusServer(home / "prometheus")
        addresses = {
            **exporters,
            "server2:8082": f"127.0.0.1:{traefik.port}",
            "alertmanager:9093": f"127.0.0.1:{alertmanager.port}",
            "localhost:9090": f"127.0.0.1:{prometheus.port}",
            "dir.tapbot.kz": f"localhost:{traefik.websecure}",
        }
        quicker = (
            ("scrape_interval: 15s", "scrape_interval: 1s"),
            ("evaluation_interval: 15s", "evaluation_interval: 1s"),
            ("scrape_interval: 1m", "scrape_interval: 1s"),
        )
        prometheus.configure(prometheus_config(addresses, *quicker))
        yield Servers(enter(prometheus), postgres, traefik.websecure)


def _routes(backend: str, certificate: Files) -> Mapping[str, Any]:
    """Traefik's: `localhost` leads to what stands for Directus."""
    paths = {"/login": "401", "/broken": "502", "/forbidden": "403", "/often": "429"}
    router = {"rule": "Host(`localhost`)", "service": "directus", "entryPoints": ["websecure"], "tls": {}}
    routers = {"directus": router}
    routers |= {
        f"r{status}": {
            **router,
            "rule": f"Host(`localhost`) && Path(`{path}`)",
            "middlewares": [f"m{status}"],
        }
        for path, status in paths.items()
        if status != "502"
    }
    routers["r502"] = {**router, "rule": "Host(`localhost`) && Path(`/broken`)", "service": "broken"}
    login = guarded_api("x", "y")["http"]["middlewares"]["api-login"]
    return {
        "http": {
            "routers": routers,
            "services": {
                "directus": {"loadBalancer": {"servers": [{"url": f"http://{backend}"}]}},
                "broken": {"loadBalancer": {"servers": [{"url": "http://127.0.0.1:1"}]}},
            },
            "middlewares": {
                "m401": login,
                "m403": {"ipAllowList": {"sourceRange": ["192.0.2.1/32"]}},
                "m429": {"rateLimit": {"average": 1, "period": "1h", "burst": 1}},
            },
        },
        "tls": {
            "certificates": [{"certFile": str(certificate.certificate), "keyFile": str(certificate.key)}]
        },
    }


def _promised(family: Family) -> str:
    """A sample of it, of a container that runs."""
    values = {"host": "server2", "container": "directus", "state": "running", "health": "healthy"}
    labels = {label: values.get(label, "denied" if label == "outcome" else "x") for label in family.labels}
    if family.kind is not Kind.HISTOGRAM:
        return f"{family.name}{_written(labels)} 1\n"
    buckets = "".join(
        f"{family.name}_bucket{_written({**labels, 'le': edge})} {count}\n"
        for edge, count in (("1", 3), ("+Inf", 4))
    )
    return f"{buckets}{family.name}_sum{_written(labels)} 2\n{family.name}_count{_written(labels)} 4\n"


def _written(labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{{{pairs}}}"
