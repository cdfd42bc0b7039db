"""Routers, their services and the containers behind them, put together as routes. Pure.

What Traefik does not know of is known from labels: it forgets a container that is stopped, or not healthy yet.
"""

import re
from collections.abc import Iterator, Sequence

from services.domain.containers import Container, Health, State
from services.domain.reports import Observed
from services.domain.routes import Route
from services.domain.routing import EntryPoint, Protocol, Router, Routing
from services.routes import rules
from services.routes.behind import (
    OWN_PORT,
    Containers,
    Middlewares,
    Services,
    is_internal,
    leads_home,
    port_of,
)
from services.routes.redirects import Redirects

_PORT_LABEL = re.compile(r"traefik\.http\.services\.[^.]+\.loadbalancer\.server\.port", re.IGNORECASE)
_ENABLED = ("true", "1", "t")


def joined(host: str, routing: Routing, containers: Containers, redirects: Redirects) -> list[Route]:
    """One for each domain of each router, without faults, and one for each domain that labels alone ask for.

    A router that sends the plain HTTP of a domain to HTTPS, or leads where another of its domain does but without TLS,
    is part of that other one's route; one that sends everything to HTTPS is nobody's.
    """
    join = _Join(host, routing, containers)
    by_domain: dict[tuple[Protocol, str], list[Router]] = {}
    for router in routing.routers:
        if is_internal(router):
            continue
        for domain in rules.domains(router):
            if domain or not redirects.is_one(router):
                by_domain.setdefault((router.protocol, domain), []).append(router)
    routes = [
        join.route(domain, router)
        for (_, domain), routers in by_domain.items()
        for router in _apart(routers, redirects)
    ]
    known = {route.domain for route in routes}
    return routes + [
        route for route in labelled(host, containers) if route.domain not in known and _is_missed(route)
    ]


def labelled(host: str, containers: Containers) -> list[Route]:
    """What the containers' labels ask for, one for each domain; of several containers one that runs."""
    found: dict[str, Route] = {}
    for each in containers.all:
        container = each.container
        if _says(container, "false", "0", "f"):
            continue
        for domain in map(str.lower, container.domains):
            known = found.get(domain)
            if known is None or (_is_newer(container, known.container)):
                found[domain] = Route(host, domain, container=each, port=_port(container))
    return list(found.values())


def serves(container: Container) -> bool:
    """Whether Traefik's Docker provider takes notice of it at all."""
    return container.state is State.RUNNING and container.health in (None, Health.HEALTHY)


def _is_missed(route: Route) -> bool:
    """Not everything that runs with labels is meant for this Traefik, only what says so."""
    container = route.container.container if route.container else None
    return container is not None and (not serves(container) or _says(container, *_ENABLED))


def _says(container: Container, *words: str) -> bool:
    return container.labels.get("traefik.enable", "").lower() in words


def _is_newer(container: Container, known: Observed | None) -> bool:
    if known is None:
        return True
    return (container.runs, container.created) > (known.container.runs, known.container.created)


def _port(container: Container) -> int | None:
    ports = {value for label, value in container.labels.items() if _PORT_LABEL.fullmatch(label)}
    (port,) = ports if len(ports) == 1 else ("",)
    return int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else None


def _apart(routers: Sequence[Router], redirects: Redirects) -> Iterator[Router]:
    """Those of one domain that are routes of their own."""
    if len(routers) == 1:
        yield routers[0]
        return
    secure = {(router.rule, router.service) for router in routers if router.tls}
    told: set[tuple[str, str]] = set()
    for router in routers:
        what = router.rule, router.service
        if (
            router.tls is None
            and secure
            and (redirects.is_one(router) or _repeats(router, secure, redirects))
        ):
            continue
        if router.tls is not None and what in told:  # the same at another entry point
            continue
        if router.tls is not None:
            told.add(what)
        yield router


def _repeats(router: Router, secure: set[tuple[str, str]], redirects: Redirects) -> bool:
    return redirects.on_plain(router) and router.service in {service for _, service in secure}


class _Join:
    def __init__(self, host: str, routing: Routing, containers: Containers) -> None:
        self._host, self._containers = host, containers
        self._services = Services(routing)
        self._middlewares = Middlewares(routing)
        self._points: dict[str, EntryPoint] = {each.name: each for each in routing.entry_points}

    def route(self, domain: str, router: Router) -> Route:
        service = self._services.of(router)
        servers = self._services.servers(service)
        own = leads_home(router)
        container = self._containers.traefik if own else None
        return Route(
            self._host,
            domain,
            router.protocol,
            router,
            service,
            container or self._containers.behind(router, servers),
            OWN_PORT if own else port_of(servers),
            self._middlewares.of(router),
            tuple(self._points[name] for name in router.entry_points if name in self._points),
            sum(each.up is not False for each in servers),
            len(servers),
            own,
        )
