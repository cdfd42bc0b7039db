"""Routes as they are, held against those that are expected: what is wrong with each. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from services.domain.containers import State
from services.domain.routes import ExpectedRoute, Route, RouteFault
from services.domain.routing import Condition, Protocol, Routing
from services.routes import rules
from services.routes.behind import OWN, Containers, Endpoint
from services.routes.joining import joined, labelled, serves
from services.routes.redirects import Redirects

WORST_FIRST = tuple(RouteFault)
_RANK = {fault: rank for rank, fault in enumerate(WORST_FIRST)}
# Kinds of services that tell which servers they lead to.
_TELLING = frozenset({"loadbalancer", "weighted", "mirroring", "failover"})


def judged(
    host: str, routing: Routing, containers: Containers, expected: Sequence[ExpectedRoute]
) -> tuple[Route, ...]:
    """All routes of a host with their faults, trouble first, then by domain. expected: on this host."""
    redirects = Redirects(routing)
    judge = _Judge(host, containers, expected, redirects)
    return judge.all(joined(host, routing, containers, redirects))


def unjudged(host: str, containers: Containers, expected: Sequence[ExpectedRoute]) -> tuple[Route, ...]:
    """What is expected there and what labels ask for, where Traefik cannot be asked; without faults."""
    by_domain = {route.domain: route for route in labelled(host, containers)}
    for each in expected:
        known = by_domain.get(each.domain) or Route(
            host, each.domain, container=containers.named(each.service)
        )
        by_domain[each.domain] = replace(known, expected=each)
    return tuple(by_domain[domain] for domain in sorted(by_domain))


class _Judge:
    def __init__(
        self, host: str, containers: Containers, expected: Sequence[ExpectedRoute], redirects: Redirects
    ) -> None:
        self._host, self._containers, self._expected = host, containers, expected
        self._redirects = redirects
        self._named = {each.domain for each in expected}
        self._under = {f"*.{each.domain.partition('.')[2]}" for each in expected}  # wildcards that they fit

    def all(self, routes: Sequence[Route]) -> tuple[Route, ...]:
        meant: list[Route] = []
        taken: set[int] = set()  # places in `routes`
        named: dict[str, list[int]] = {}
        for place, route in enumerate(routes):
            named.setdefault(route.domain, []).append(place)
        for each in self._expected:
            places = named.get(each.domain) or [
                place for place, route in enumerate(routes) if _fits(route, each.domain)
            ]
            found = {
                place: self._judged(replace(routes[place], domain=each.domain), each) for place in places
            }
            if not found:
                meant.append(self._absent(each))
                continue
            best = min(found, key=lambda place: _badness(found[place].faults))
            meant.append(found[best])
            taken.add(best)
        rest = [self._judged(route) for place, route in enumerate(routes) if place not in taken]
        return tuple(sorted([*meant, *rest], key=_order))

    def _absent(self, expected: ExpectedRoute) -> Route:
        faults = (RouteFault.MISSING,) if expected.active else ()
        container = self._containers.named(expected.service)
        return Route(self._host, expected.domain, container=container, expected=expected, faults=faults)

    def _judged(self, route: Route, expected: ExpectedRoute | None = None) -> Route:
        faults = set(self._faults(route))
        if expected is None:
            if self._is_unexpected(route):
                faults.add(RouteFault.UNEXPECTED)
        elif expected.active:
            faults.update(self._drift(route, expected))
        elif route.router is None:  # planned, and Traefik has nothing of it yet
            faults.clear()
        else:
            faults.add(RouteFault.ALREADY_THERE)
        ordered = tuple(sorted(faults, key=_RANK.__getitem__))
        return replace(route, expected=expected, faults=ordered)

    def _faults(self, route: Route) -> Iterator[RouteFault]:
        """Without regard to what is expected."""
        parts = [part for part in (route.router, route.service) if part]
        if any(part.condition is Condition.DISABLED for part in parts):
            yield RouteFault.REFUSED
        elif any(part.condition is not Condition.ENABLED for part in (*parts, *route.middlewares)):
            yield RouteFault.WARNED
        container = route.container.container if route.container else None
        if route.router is None and container is not None and serves(container):
            yield RouteFault.MISSING  # its labels ask for it, in vain
        elif _is_dead(route):
            yield RouteFault.NO_LIVE_SERVER

    def _is_unexpected(self, route: Route) -> bool:
        """What has no domain, the settings could not name; what is under an expected wildcard, they do."""
        known = {route.domain, f"*.{route.domain.partition('.')[2]}"} & self._named
        return bool(self._expected and route.domain and not known) and route.domain not in self._under

    def _drift(self, route: Route, expected: ExpectedRoute) -> Iterator[RouteFault]:
        if expected.service.lower() not in _names(route):
            yield RouteFault.WRONG_SERVICE
        if route.port is not None and not _is_port(route, expected.port):
            yield RouteFault.WRONG_PORT
        if route.router is None or route.protocol is not Protocol.HTTP:
            return
        if route.router.tls is None:
            yield RouteFault.NO_TLS
        elif not self._redirects.cover(route.domain):
            yield RouteFault.NO_REDIRECT


def _fits(route: Route, domain: str) -> bool:
    """By a wildcard or by a pattern."""
    if route.domain:
        return rules.names(route.domain, domain)
    return route.router is not None and rules.fits(route.router.rule, domain.replace("*", "any", 1))


def _is_dead(route: Route) -> bool:
    container = route.container.container if route.container else None
    if container is not None and container.state is not State.RUNNING:
        return True
    if route.router is None:
        return container is not None
    service = route.service
    return service is not None and not route.own and service.kind in _TELLING and route.up == 0


def _names(route: Route) -> set[str]:
    """All by which people may call what the route leads to, in lower case."""
    found = [OWN] if route.own else []
    if route.container:
        container = route.container.container
        found += [container.name, container.service or ""]
    if route.service and not route.own:
        found += [name.rpartition("@")[0] for name in (route.service.name, *route.service.children)]
        found += [each.host for server in route.service.servers if (each := Endpoint.of(server.address))]
    return {name.lower() for name in found}


def _is_port(route: Route, port: int) -> bool:
    """A server may be a port of the host, published for the one that is meant."""
    published = route.container.container.ports if route.container else ()
    return route.port == port or any((each.public, each.private) == (route.port, port) for each in published)


def _badness(faults: Sequence[RouteFault]) -> tuple[int, int]:
    return (min((_RANK[fault] for fault in faults), default=len(_RANK)) * -1, len(faults))


def _order(route: Route) -> tuple[int, str, str]:
    rank = _RANK[route.faults[0]] if route.faults else len(_RANK)
    return rank, route.domain, route.router.name if route.router else ""
