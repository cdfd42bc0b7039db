"""One host's routes at one moment: its containers and its Traefik asked side by side, and what comes of both."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from services.domain.containers import Container, Details, Stop, diagnose, needs_details
from services.domain.reports import Observed
from services.domain.routes import ExpectedRoute, Route, RouteFault
from services.domain.routing import Routing
from services.errors import ApiError, HostError, NotConfigured, VakhtaError
from services.ports import Engine
from services.routes.behind import Containers
from services.routes.drift import judged, unjudged

# Of the time for a host, what its list may take; the rest is for what only inspects tell.
LIST_SHARE = 0.8
# What nobody can tell while the containers are not known.
_OF_CONTAINERS = frozenset({RouteFault.WRONG_SERVICE, RouteFault.WRONG_PORT})


class RoutingSource(Protocol):
    """`services.traefiks.Traefiks`."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """Those with a Traefik."""
        ...

    async def routing(self, host: str, *, deadline: float = ...) -> Routing:
        """Raises ApiError, HostError, NotConfigured."""
        ...


@dataclass(frozen=True, slots=True)
class Survey:
    """routes: as in `HostRoutes`, of everybody's. silence: why its containers are not known; then nothing is said that
    depends on them. trouble: why its Traefik could not be asked; then `routes` is not judged."""

    host: str
    containers: Containers
    routes: tuple[Route, ...]
    version: str = ""
    silence: HostError | None = None
    trouble: VakhtaError | None = None


class Surveyor:
    """engine: of a host. stops: those through the bot, by (host, name). addresses: each host's own."""

    def __init__(
        self,
        source: RoutingSource,
        engine: Callable[[str], Engine],
        stops: Callable[[], Awaitable[Mapping[tuple[str, str], Stop]]],
        expected: Sequence[ExpectedRoute],
        addresses: Mapping[str, Collection[str]],
    ) -> None:
        self.hosts = source.hosts
        self.expected = expected
        self.engine = engine
        self._source, self._stops, self._addresses = source, stops, addresses

    async def survey(self, host: str, *, deadline: float) -> Survey:
        """Within `deadline` seconds, whoever is silent. Raises StoreError."""
        observed, routing = await asyncio.gather(
            self._observed(host, deadline), self._routing(host, deadline)
        )
        # Of hundreds of routers or thousands of containers it takes some 10 ms.
        return await asyncio.to_thread(self._made, host, observed, routing)

    def _made(
        self, host: str, observed: Sequence[Observed] | HostError, routing: Routing | VakhtaError
    ) -> Survey:
        silence = observed if isinstance(observed, HostError) else None
        rows = () if isinstance(observed, HostError) else observed
        containers = Containers(rows, self._addresses.get(host, ()))
        expected = [each for each in self.expected if each.host == host]
        if isinstance(routing, VakhtaError):
            found = unjudged(host, containers, expected)
            return Survey(host, containers, found, silence=silence, trouble=routing)
        found = judged(host, routing, containers, expected)
        routes = tuple(map(_without_doubt, found)) if silence else found
        return Survey(host, containers, routes, routing.version, silence)

    async def _routing(self, host: str, deadline: float) -> Routing | VakhtaError:
        try:
            return await self._source.routing(host, deadline=deadline)
        except (ApiError, HostError, NotConfigured) as error:
            return error

    async def _observed(self, host: str, deadline: float) -> Sequence[Observed] | HostError:
        now = asyncio.get_running_loop().time
        ends = now() + deadline
        engine = self.engine(host)
        try:
            rows, stops = await asyncio.gather(
                engine.containers(deadline=deadline * LIST_SHARE), self._stops()
            )
        except HostError as error:
            return error
        wanted = [row for row in rows if needs_details(row) and self._is_behind(row)]
        details = await asyncio.gather(*(_details(engine, row, ends - now()) for row in wanted))
        known = {row.id: found for row, found in zip(wanted, details, strict=True)}
        return [Observed(row, diagnose(row, known.get(row.id), stops.get((host, row.name)))) for row in rows]

    def _is_behind(self, row: Container) -> bool:
        """Whether a route may lead to it: what others are called, nobody asks here."""
        names = {row.name.lower(), (row.service or "").lower()}
        return bool(row.domains) or any(
            each.host == row.host and each.service.lower() in names for each in self.expected
        )


async def _details(engine: Engine, row: Container, deadline: float) -> Details | None:
    try:
        return await engine.inspect(row.id, deadline=max(deadline, 0))
    except HostError:
        return None


def _without_doubt(route: Route) -> Route:
    return replace(route, faults=tuple(fault for fault in route.faults if fault not in _OF_CONTAINERS))
