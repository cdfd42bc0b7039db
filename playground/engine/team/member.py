"""How a container of the team is made: by compose, and as the team's standard wants it unless it says otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from playground.engine.container import identity
from playground.engine.program import Program
from playground.engine.spec import Bind, Healthcheck, Policy, Spec

HOUR, DAY = 3600.0, 86400.0
WEB, DATABASE, REDIS = "traefik-network", "database-network", "redis-network"
LOGS = (("max-size", "10m"), ("max-file", "3"), ("compress", "true"))
SOCKET = Bind("/var/run/docker.sock", "/var/run/docker.sock", writable=False)
_USERS = "student:$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/"  # invented, as htpasswd writes it


@dataclass(frozen=True, slots=True)
class Member:
    """A container and its past. up: seconds since it was created. kept: hours of its log that are left.

    restarted: how many seconds ago somebody did that; None: never.
    """

    spec: Spec
    up: float
    kept: float = 6.0
    restarted: float | None = None


def seldom(test: str) -> Healthcheck:
    """On a new engine: looked at soon after a start, and then seldom, for an engine remembers each look among its 256
    events."""
    return Healthcheck(test, interval=120, timeout=5, start_period=30, start_interval=2)


def composed(
    name: str,
    image: str,
    program: Program,
    project: str,
    *,
    service: str = "",
    needs: Mapping[str, str] = MappingProxyType({}),
    log_options: tuple[tuple[str, str], ...] = LOGS,
    **more: Any,
) -> Spec:
    """needs: service → the condition on which it is waited for. `more` are fields of Spec; labels are added."""
    labels: dict[str, str] = more.pop("labels", {})
    prefix, home = "com.docker.compose", f"/opt/{project}"
    compose = {
        f"{prefix}.config-hash": identity("compose", project, name),
        f"{prefix}.container-number": "1",
        f"{prefix}.depends_on": ",".join(f"{each}:{condition}:false" for each, condition in needs.items()),
        f"{prefix}.oneoff": "False",
        f"{prefix}.project": project,
        f"{prefix}.project.config_files": f"{home}/compose.yaml",
        f"{prefix}.project.working_dir": home,
        f"{prefix}.service": service or name,
        f"{prefix}.version": "2.40.3",
    }
    return Spec(
        name=name,
        image=image,
        program=program,
        labels=compose | labels,
        restart=Policy("unless-stopped"),
        log_options=log_options,
        **more,
    )


def routed(router: str, domain: str, port: int, *, service: str = "", login: bool = False) -> dict[str, str]:
    """service: where it leads, its own by default. login: it asks for one."""
    prefix = f"traefik.http.routers.{router}"
    labels = {
        "traefik.enable": "true",
        f"{prefix}.rule": f"Host(`{domain}`)",
        f"{prefix}.entrypoints": "websecure",
        f"{prefix}.tls.certresolver": "letsencrypt",
        f"traefik.http.services.{router}.loadbalancer.server.port": str(port),
    }
    if service:
        labels[f"{prefix}.service"] = service
    if login:
        labels[f"{prefix}.middlewares"] = f"{router}-login"
        labels[f"traefik.http.middlewares.{router}-login.basicauth.users"] = _USERS
    return labels
