"""The team's containers by name, as the document about their two servers implies them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from playground.engine.team.member import routed


@dataclass(frozen=True)
class Service:
    """One container. `says`: what it logs at its start; `probe`: seconds between health checks, None for no check.

    A container with a check is healthy until the file /tmp/sick appears in it.
    """

    name: str
    image: str
    project: str
    service: str = ""
    says: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    exposes: tuple[int, ...] = ()
    publishes: tuple[str, ...] = ()
    probe: float | None = None

    def all_labels(self) -> dict[str, str]:
        return {
            "com.docker.compose.project": self.project,
            "com.docker.compose.service": self.service or self.name,
            "com.docker.compose.container-number": "1",
            "com.docker.compose.oneoff": "False",
            **self.labels,
        }


def _traefik(project: str, domain: str) -> Service:
    return Service(
        "traefik",
        "traefik:v3.0",
        project,
        labels=routed("dashboard", domain, 8080, service="api@internal", login=True),
        publishes=("80:80", "443:443"),
        exposes=(8080,),
        says=(
            "INF Traefik version 3.0.4 built on 2024-07-02",
            "INF Starting provider aggregator *aggregator.ProviderAggregator",
            "INF Starting provider *docker.Provider",
        ),
    )


TEAM_SERVER1 = (
    _traefik("automation", "traefik1.tapbot.kz"),
    Service(
        "n8n",
        "n8nio/n8n:1.70",
        "automation",
        labels=routed("n8n", "n8n.tapbot.kz", 5678),
        exposes=(5678,),
        says=(
            "Initializing n8n process",
            "n8n ready on ::, port 5678",
            "Version: 1.70.3",
            "Editor is now accessible via: https://n8n.tapbot.kz",
        ),
    ),
    Service(
        "redis",
        "redis:7",
        "automation",
        exposes=(6379,),
        says=(
            "1:C 02 Nov 2026 09:14:07.113 * oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo",
            "1:M 02 Nov 2026 09:14:07.115 * Ready to accept connections tcp",
        ),
    ),
    Service(
        "redis-commander",
        "rediscommander/redis-commander:0.9",
        "automation",
        exposes=(8081,),
        says=("Using scan instead of keys", "listening on 0.0.0.0:8081", "Redis Connection redis:6379 ready"),
    ),
    Service(
        "vakhta",
        "vakhta:0.1",
        "automation",
        labels={"vakhta.self": "true"},
        says=("INFO vakhta: 2 hosts, 4 users",),
    ),
)

TEAM_SERVER2 = (
    _traefik("platform", "traefik2.tapbot.kz"),
    Service(
        "directus",
        "directus/directus:11.5",
        "platform",
        labels=routed("directus", "dir.tapbot.kz", 80),
        exposes=(80,),
        probe=1,
        says=(
            "INFO: Initializing bootstrap...",
            "INFO: Database already initialized, skipping install",
            "INFO: Extensions loaded",
            "INFO: Server started at http://0.0.0.0:80",
        ),
    ),
    Service(
        "postgres",
        "postgres:16",
        "platform",
        service="database",
        exposes=(5432,),
        probe=2,
        says=(
            "PostgreSQL Database directory appears to contain a database; Skipping initialization",
            "LOG:  starting PostgreSQL 16.4 (Debian 16.4-1.pgdg120+1) on x86_64-pc-linux-gnu",
            'LOG:  listening on IPv4 address "0.0.0.0", port 5432',
            "LOG:  database system is ready to accept connections",
        ),
    ),
    Service(
        "pgadmin",
        "dpage/pgadmin4:8",
        "platform",
        labels=routed("pgadmin", "pg.tapbot.kz", 80),
        exposes=(80, 443),
        says=("[INFO] Starting gunicorn 22.0.0", "[INFO] Listening at: http://[::]:80 (1)"),
    ),
    Service(
        "dozzle",
        "amir20/dozzle:v8",
        "platform",
        service="logs",
        labels=routed("dozzle", "logs2.tapbot.kz", 8080, login=True),
        exposes=(8080,),
        says=("INF Dozzle version v8.12.0", "INF Accepting connections on :8080"),
    ),
    Service(
        "portainer",
        "portainer/portainer-ce:2.21",
        "platform",
        labels=routed("portainer", "portainer2.tapbot.kz", 9000),
        exposes=(8000, 9000, 9443),
        says=("INF starting Portainer | version=2.21.4", "INF starting HTTP server | bind_address=:9000"),
    ),
)
