"""The routes of all hosts as one person sees them. Nothing is cached: each question asks engines and Traefiks."""

import asyncio
from dataclasses import replace

from services.domain.access import Actor, Scope
from services.domain.containers import Container
from services.domain.routes import HostRoutes, Route, RoutesReport, key_of_route, route_key
from services.errors import NoSuchContainer, NoSuchHost, NotConfigured
from services.ports import Clock
from services.routes.behind import routers_of
from services.routes.survey import Survey, Surveyor

# In seconds. All hosts are to be told of within one, however many of them are dead.
DEADLINE = 0.9
# For what stands beside something else that is asked for.
SHORT_DEADLINE = 0.6


class Routes:
    """hosts: all of the settings, with a Traefik or without."""

    def __init__(self, surveyor: Surveyor, hosts: tuple[str, ...], clock: Clock) -> None:
        self._surveyor, self._hosts, self._clock = surveyor, hosts, clock

    async def report(self, *, by: Actor, host: str | None = None) -> RoutesReport:
        """Raises NoSuchHost for one that is not there or out of sight, NotConfigured where there is no Traefik."""
        return RoutesReport(tuple(await self._seen(host, by.scope)), self._clock.now())

    async def of_container(self, container: Container, *, by: Actor) -> tuple[Route, ...]:
        """Those that lead to it; none where its host's Traefik does not answer at once, or there is none."""
        if container.host not in self._surveyor.hosts:
            return ()
        survey = await self._surveyor.survey(container.host, deadline=SHORT_DEADLINE)
        if survey.trouble:
            return ()
        seen = _seen_of(survey, by.scope).routes
        return tuple(
            route for route in seen if route.container and route.container.container.id == container.id
        )

    async def route(self, host: str, key: str, *, by: Actor) -> Route:
        """key: `route_key`, of now or of when the container behind it was stopped or not. Raises NoSuchHost,
        NoSuchContainer when there is no such route any more, NotConfigured."""
        (seen,) = await self._seen(host, by.scope)
        for fits in (_has_key, _had_key):
            for route in seen.routes:
                if fits(route, key):
                    return route
        raise NoSuchContainer("")

    async def _seen(self, host: str | None, scope: Scope) -> list[HostRoutes]:
        wanted = self._wanted(host, scope)
        surveys = await asyncio.gather(*(self._surveyor.survey(each, deadline=DEADLINE) for each in wanted))
        found = [_seen_of(survey, scope) for survey in surveys]
        visible = [each for each in found if each.routes or scope.covers_host(each.host)]
        if host is not None and not visible:
            raise NoSuchHost(host)
        return sorted(visible, key=_calm)

    def _wanted(self, host: str | None, scope: Scope) -> tuple[str, ...]:
        if host is None:
            if not self._surveyor.hosts:
                raise NotConfigured("hosts.*.traefik")
            return self._surveyor.hosts
        if host in self._surveyor.hosts:
            return (host,)
        if host in self._hosts and scope.covers_host(host):
            raise NotConfigured(f"hosts.{host}.traefik")
        raise NoSuchHost(host)


def _calm(seen: HostRoutes) -> tuple[bool, int, int]:
    """The greater, the later its turn: first what nothing is known of, then where most is down."""
    return seen.trouble is None, -sum(route.is_down for route in seen.routes), -len(seen.troubled)


def _seen_of(survey: Survey, scope: Scope) -> HostRoutes:
    whole = scope.covers_host(survey.host)
    routes = (
        survey.routes
        if whole
        else tuple(_narrowed(route, scope) for route in survey.routes if _sees(scope, route))
    )
    return HostRoutes(survey.host, routes, survey.version, survey.trouble)


def _sees(scope: Scope, route: Route) -> bool:
    """Of one who does not see the host as a whole: whatever leads to containers of his."""
    if route.container:
        return scope.covers(route.host, route.container.container.name)
    return (
        route.router is None
        and route.expected is not None
        and scope.covers(route.host, route.expected.service)
    )


def _narrowed(route: Route, scope: Scope) -> Route:
    """What should stand there instead may be nothing for the person's eyes."""
    if route.expected is None or route.container is None:
        return route
    container = route.container.container
    own = route.expected.service.lower() in (container.name.lower(), (container.service or "").lower())
    return route if own or scope.covers(route.host, route.expected.service) else replace(route, expected=None)


def _has_key(route: Route, key: str) -> bool:
    return route_key(route) == key


def _had_key(route: Route, key: str) -> bool:
    """Traefik forgets the router of a container that is stopped, and the key goes with it; the domain is the same."""
    names = {""}
    if route.router is None and route.container:
        names |= {f"{name}@docker" for _protocol, name in routers_of(route.container.container)}
    return any(key_of_route(route.domain, route.protocol, name) == key for name in names)
