"""What a person typed behind `/routes` → the routes of a host, or the one route meant."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import takewhile

from services.domain.access import Actor
from services.domain.routes import Route, RoutesReport, route_key
from services.errors import NoSuchHost, NoSuchRoute
from services.fleet.names import MOST_SUGGESTIONS, NEAR_ENOUGH, nearest, nearness, service_names
from services.routes.routes import Routes


async def look_up(routes: Routes, word: str | None, *, by: Actor) -> RoutesReport | Route:
    """All, those of a host, or one; a host's name wins. Raises NoSuchRoute, NotConfigured.

    A host out of sight is not told apart from a word that names nothing, not even by the time it takes.
    """
    if word is None:
        return await routes.report(by=by)
    host = word.lower()
    if by.scope.covers_host(host):
        with suppress(NoSuchHost):
            return await routes.report(by=by, host=host)
    one, report = await asyncio.gather(
        routes.report(by=by, host=host), routes.report(by=by), return_exceptions=True
    )
    for answer in (one, report):
        if isinstance(answer, BaseException) and not isinstance(answer, NoSuchHost):
            raise answer
    if isinstance(one, RoutesReport):
        return one
    assert isinstance(report, RoutesReport)
    return await asyncio.to_thread(resolve_route, word, report)


def resolve_route(word: str, report: RoutesReport) -> Route:
    """By its domain or an address there, its container, its router, or the domain's first label; in any case."""
    routes = [route for host in report.hosts for route in host.routes]
    name = _bare(word)
    for fitting in _tiers(name, routes):
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise NoSuchRoute(word, _choices(fitting), fits=True)
    near = _near(name, routes)
    hosts = () if near else nearest(name, [host.host for host in report.hosts])
    raise NoSuchRoute(word, _choices(near), hosts=tuple(hosts))


def _bare(word: str) -> str:
    """Of a pasted address the domain alone; `server2/directus` stays as it is."""
    _scheme, address, rest = word.lower().partition("://")
    rest = rest if address else word.lower()
    head = rest.partition("/")[0]
    return head.partition(":")[0].rstrip(".") if address or "." in head else rest.strip("/")


def _tiers(name: str, routes: Sequence[Route]) -> Iterator[list[Route]]:
    """Those that the name fits, the best way of fitting first."""
    yield [route for route in routes if route.domain.lower() == name]
    yield [route for route in routes if name in _container_names(route)]
    yield [route for route in routes if route.router and name in _router_names(route.router.name)]
    yield [route for route in routes if route.domain.lower().partition(".")[0] == name]


def _container_names(route: Route) -> Iterator[str]:
    if route.container:
        container = route.container.container
        yield container.name.lower()
        yield container.full_name.lower()
        yield from map(str.lower, service_names(container))
    elif route.expected:
        yield route.expected.service.lower()


def _router_names(name: str) -> tuple[str, str]:
    """With and without its provider."""
    return name.lower(), name.lower().rpartition("@")[0]


def _near(name: str, routes: Sequence[Route]) -> list[Route]:
    """Nearest first, one of each domain. What domains end with alike makes none of them near."""
    labels = name.split(".")
    rank: dict[str, tuple[int, float]] = {}
    found: dict[str, Route] = {}
    for route in routes:
        how_near = _rank(labels, route)
        if how_near[1] >= NEAR_ENOUGH and how_near > rank.get(route.domain, (0, 0.0)):
            found[route.domain], rank[route.domain] = route, how_near
    near = sorted(found, key=rank.__getitem__, reverse=True)
    return [found[domain] for domain in near[:MOST_SUGGESTIONS]]


def _rank(typed: Sequence[str], route: Route) -> tuple[int, float]:
    """How many labels the two end with alike, and how near the rest is.

    A single word is held against the first label and the container instead.
    """
    known = route.domain.lower().split(".")
    if len(typed) == 1:
        names = [each for each in _container_names(route) if "/" in typed[0] or "/" not in each]
        return 0, max(nearness(typed[0], each) for each in (known[0], *names))
    pairs = zip(reversed(typed[1:]), reversed(known[1:]), strict=False)
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return shared, nearness(_head(typed, shared), _head(known, shared))


def _head(labels: Sequence[str], shared: int) -> str:
    return ".".join(labels[: len(labels) - shared])


def _choices(routes: Sequence[Route]) -> tuple[tuple[str, str, str], ...]:
    """A domain that is there several times on a host is told by its service, too."""
    count = Counter((route.host, route.domain) for route in routes)
    return tuple(
        (
            route.host,
            f"{route.domain} → {route.router.service}"
            if count[route.host, route.domain] > 1 and route.router
            else route.domain or (route.router.name if route.router else ""),
            route_key(route),
        )
        for route in routes
    )
