"""What the ready-made HTTP probes ask, and what must come back. Each as its own source or documentation says:

n8n           packages/cli/src/abstract-server.ts: /healthz answers {"status":"ok"} whatever its database does
Directus      docs/reference/system/server.md: status ok, warn or error, the last one with 503
Traefik       documentation, "Ping": OK, and 503 while it ends
Grafana       pkg/api/http_server.go, apiHealthHandler: {"database":"ok"}, or "failing" with 503
Prometheus    web/web.go: 200 and a sentence that ends in "is Healthy."
Alertmanager  documentation, "Management API": 200, OK
Netdata       /api/v1/info: an object with its version
Dozzle        internal/web/healthcheck.go: 200 and no body, 500 when a container list cannot be had
Portainer     api/http/handler/system/status.go: /api/system/status, and /api/status before 2.17; both are public
pgAdmin       web/pgadmin/misc/__init__.py: PING
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

from services.domain.probes import ProbeKind

Judge = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class HttpKind:
    """paths: the first that does not answer 404 counts. well: whether a body is that of a healthy one."""

    paths: tuple[str, ...]
    well: Judge


def _says(key: str, *values: str) -> Judge:
    """A JSON object with one of these texts under `key`; with none given, with any."""

    def judge(body: bytes) -> bool:
        try:
            found = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        said = found.get(key) if isinstance(found, dict) else None
        return isinstance(said, str) and (not values or said in values)

    return judge


def _is(word: bytes) -> Judge:
    return lambda body: body.strip() == word


def _anything(_body: bytes) -> bool:
    return True


KINDS: dict[ProbeKind, HttpKind] = {
    ProbeKind.HTTP: HttpKind(("",), _anything),
    ProbeKind.N8N: HttpKind(("/healthz",), _says("status", "ok")),
    ProbeKind.DIRECTUS: HttpKind(("/server/health",), _says("status", "ok", "warn")),
    ProbeKind.TRAEFIK: HttpKind(("/ping",), _is(b"OK")),
    ProbeKind.GRAFANA: HttpKind(("/api/health",), _says("database", "ok")),
    ProbeKind.PROMETHEUS: HttpKind(("/-/healthy",), lambda body: body.strip().endswith(b"is Healthy.")),
    ProbeKind.ALERTMANAGER: HttpKind(("/-/healthy",), _is(b"OK")),
    ProbeKind.NETDATA: HttpKind(("/api/v1/info",), _says("version")),
    ProbeKind.DOZZLE: HttpKind(("/healthcheck",), _is(b"")),
    ProbeKind.PORTAINER: HttpKind(("/api/system/status", "/api/status"), _says("Version")),
    ProbeKind.PGADMIN: HttpKind(("/misc/ping",), _is(b"PING")),
}


def urls_of(kind: ProbeKind, url: str) -> Sequence[str]:
    """Where to ask: `url` with the kind's path behind it, or as it is where it ends in that path already."""
    whole = urlsplit(url)
    below = whole.path.rstrip("/")
    if any(path and below.endswith(path) for path in KINDS[kind].paths):
        return [url]
    return [whole._replace(path=below + path).geturl() if path else url for path in KINDS[kind].paths]
