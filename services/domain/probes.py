"""Probes: what is asked again and again, and what must come back."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from services.domain.alerts import Severity


class ProbeKind(StrEnum):
    """How it is asked. The named services are HTTP with a path and an answer of their own; postgres and redis are
    asked in their own protocol, without a login."""

    HTTP = "http"
    TCP = "tcp"
    N8N = "n8n"
    DIRECTUS = "directus"
    TRAEFIK = "traefik"
    GRAFANA = "grafana"
    PROMETHEUS = "prometheus"
    ALERTMANAGER = "alertmanager"
    NETDATA = "netdata"
    DOZZLE = "dozzle"
    PORTAINER = "portainer"
    PGADMIN = "pgadmin"
    POSTGRES = "postgres"
    REDIS = "redis"


@dataclass(frozen=True, slots=True)
class ProbeSpec:
    """A row of the settings. address: a URL, or HOST:PORT for what is no HTTP. via: the host through whose SSH
    connection it is asked, "" from where the bot runs. host, container: what it is about, for scope and alerts; ""
    where it is about none. statuses: what is well, empty for what the kind says. body: that the answer must hold.
    retries: more tries before it is an alarm.
    """

    name: str
    kind: ProbeKind
    address: str
    via: str = ""
    host: str = ""
    container: str = ""
    interval: timedelta = timedelta(minutes=1)
    timeout: timedelta = timedelta(seconds=10)
    statuses: frozenset[int] = field(default_factory=frozenset)
    body: str = ""
    retries: int = 2
    severity: Severity = Severity.CRITICAL
