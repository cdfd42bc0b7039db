"""A host's Traefik and containers in few words, for the tests of routes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from services.domain.containers import Container, Health, Port, State, diagnose
from services.domain.reports import Observed
from services.domain.routes import ExpectedRoute, Route
from services.domain.routing import (
    Backend,
    EntryPoint,
    Middleware,
    Protocol,
    Router,
    RouterTls,
    Routing,
    Service,
)
from services.routes.behind import Containers
from services.routes.drift import judged

HOST = "server2"
MADE = datetime(2026, 11, 23, 14, tzinfo=UTC)
TLS = RouterTls("letsencrypt")

WEB = EntryPoint("web", ":80", Protocol.TCP, 80, redirects_to="websecure", scheme="https")
PLAIN = EntryPoint("web", ":80", Protocol.TCP, 80)
SECURE = EntryPoint("websecure", ":443", Protocol.TCP, 443)
API = EntryPoint("traefik", ":8080", Protocol.TCP, 8080)

TO_HTTPS = Middleware(Protocol.HTTP, "https@docker", "redirectscheme", "https")


def router(name: str, rule: str, service: str = "", **more: Any) -> Router:
    """On `websecure`, with TLS, unless `more` says otherwise. A rule without brackets is a domain."""
    rule = rule if "(" in rule or not rule else f"Host(`{rule}`)"
    whole = name if "@" in name else f"{name}@docker"
    provider = whole.rpartition("@")[2]
    service = service or whole.rpartition("@")[0]
    given: dict[str, Any] = {"entry_points": ("websecure",), "tls": TLS} | more
    service = service if "@" in service else f"{service}@{provider}"
    return Router(given.pop("protocol", Protocol.HTTP), whole, provider, rule, service, **given)


def plain(name: str, rule: str, service: str = "", **more: Any) -> Router:
    """On `web`, without TLS."""
    return router(name, rule, service, **{"entry_points": ("web",), "tls": None} | more)


def service(name: str, *servers: str | Backend, **more: Any) -> Service:
    whole = name if "@" in name else f"{name}@docker"
    backends = tuple(each if isinstance(each, Backend) else Backend(each, up=True) for each in servers)
    given: dict[str, Any] = {"kind": "loadbalancer"} | more
    return Service(
        given.pop("protocol", Protocol.HTTP), whole, whole.rpartition("@")[2], servers=backends, **given
    )


def routing(*parts: Router | Service | Middleware | EntryPoint) -> Routing:
    """Entry points that are not among the parts are the usual ones, where `web` sends all to HTTPS."""
    points = {each.name: each for each in (WEB, SECURE, API)}
    points |= {each.name: each for each in parts if isinstance(each, EntryPoint)}
    return Routing(
        "3.7.15",
        tuple(each for each in parts if isinstance(each, Router)),
        tuple(each for each in parts if isinstance(each, Service)),
        tuple(each for each in parts if isinstance(each, Middleware)),
        tuple(points.values()),
    )


def container(
    name: str,
    address: str = "",
    *,
    domain: str = "",
    port: int | None = None,
    state: State = State.RUNNING,
    health: Health | None = None,
    compose: str = "",
    published: Mapping[int, int] | None = None,
    labels: Mapping[str, str] | None = None,
) -> Container:
    """domain: that its labels route to it, by a router of its name. published: outer ports by inner ones."""
    made = {"traefik.enable": "true"} if domain else {}
    made |= {f"traefik.http.routers.{name}.rule": f"Host(`{domain}`)"} if domain else {}
    made |= {f"traefik.http.services.{name}.loadbalancer.server.port": str(port)} if port else {}
    made |= {"com.docker.compose.service": compose} if compose else {}
    ports = tuple(Port(inner, "tcp", outer) for inner, outer in (published or {}).items())
    identity = name.encode().hex().ljust(64, "0")[:64]
    return Container(
        HOST, identity, name, "image:1", state, health, MADE,
        ports=ports, labels=made | dict(labels or {}), addresses=(address,) if address else (),
    )  # fmt: skip


def containers(*rows: Container, itself: Sequence[str] = ()) -> Containers:
    return Containers([Observed(row, diagnose(row)) for row in rows], itself)


def expects(domain: str, service: str, port: int = 80, *, active: bool = True) -> ExpectedRoute:
    return ExpectedRoute(domain, HOST, service, port, active)


def routes_of(
    told: Routing, rows: Sequence[Container] = (), expected: Sequence[ExpectedRoute] = ()
) -> tuple[Route, ...]:
    return judged(HOST, told, containers(*rows), expected)
