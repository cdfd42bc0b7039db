"""Routes from a domain to a container, as they are and as they should be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import blake2s

from services.domain.reports import Observed
from services.domain.routing import EntryPoint, Middleware, Protocol, Router, Service
from services.errors import VakhtaError


@dataclass(frozen=True, slots=True)
class ExpectedRoute:
    """A row of the settings. service: a container's name or compose service, or `traefik` for Traefik's own dashboard,
    whose `port` is 8080 by convention. active: False for one that is only planned."""

    domain: str
    host: str
    service: str
    port: int
    active: bool = True


class RouteFault(StrEnum):
    """What is wrong with a route, worst first. The values go into alerts' annotations: never rename one."""

    MISSING = "missing"  # the settings or a container's labels expect it, and no router asks for the domain
    REFUSED = "refused"  # Traefik does not use it: see the router's or the service's errors
    NO_LIVE_SERVER = (
        "no_live_server"  # nothing behind it that Traefik believes to be up, or its container is down
    )
    WRONG_SERVICE = "wrong_service"
    WRONG_PORT = "wrong_port"
    NO_TLS = "no_tls"
    NO_REDIRECT = "no_redirect"  # plain HTTP is not sent to HTTPS
    UNEXPECTED = "unexpected"  # not in the settings, where there are any for its host
    ALREADY_THERE = "already_there"  # planned, but it exists
    WARNED = "warned"  # Traefik warns of it


# With these nobody outside gets an answer.
DEAF = frozenset({RouteFault.MISSING, RouteFault.REFUSED, RouteFault.NO_LIVE_SERVER})


@dataclass(frozen=True, slots=True)
class Route:
    """One domain on one host. domain: "" for a rule without one. router, service: None for one that is only expected.

    container: behind it, None where none is known to be. port: of its servers, None where they differ or there is
    none. middlewares, entry_points: those of the router that exist. up, servers: how many of how many Traefik believes
    to be alive. own: it leads to Traefik itself (`api@internal` and the like). faults: worst first.
    """

    host: str
    domain: str
    protocol: Protocol = Protocol.HTTP
    router: Router | None = None
    service: Service | None = None
    container: Observed | None = None
    port: int | None = None
    middlewares: tuple[Middleware, ...] = ()
    entry_points: tuple[EntryPoint, ...] = ()
    up: int = 0
    servers: int = 0
    own: bool = False
    expected: ExpectedRoute | None = None
    faults: tuple[RouteFault, ...] = ()

    @property
    def errors(self) -> tuple[str, ...]:
        """Traefik's own words about it, each once."""
        parts = [*(self.router.errors if self.router else ()), *(self.service.errors if self.service else ())]
        for middleware in self.middlewares:
            parts += middleware.errors
        return tuple(dict.fromkeys(parts))

    @property
    def is_down(self) -> bool:
        return not DEAF.isdisjoint(self.faults)

    @property
    def secured(self) -> bool:
        """Whether it asks for a login."""
        return any(each.asks_for_login for each in self.middlewares)


@dataclass(frozen=True, slots=True)
class HostRoutes:
    """One host's: trouble first, then by domain. trouble: why its Traefik could not be asked; then `routes` is what
    is expected there and what the labels of its containers ask for, with no judgement beyond that."""

    host: str
    routes: tuple[Route, ...] = ()
    version: str = ""
    trouble: VakhtaError | None = None

    @property
    def troubled(self) -> Sequence[Route]:
        return [route for route in self.routes if route.faults]


@dataclass(frozen=True, slots=True)
class RoutesReport:
    """All hosts with a Traefik that the asker may see, trouble first, at one moment."""

    hosts: tuple[HostRoutes, ...]
    at: datetime


def route_key(route: Route) -> str:
    """Twelve hex digits that stand for the route on its host where space is short (a button's data)."""
    return key_of_route(route.domain, route.protocol, route.router.name if route.router else "")


def key_of_route(domain: str, protocol: Protocol, router: str) -> str:
    """router: its whole name, "" for a route without one."""
    return blake2s(f"{domain}/{protocol}/{router}".encode(), digest_size=6).hexdigest()
