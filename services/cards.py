"""One container in full, with the routes that lead to it."""

import asyncio
from dataclasses import dataclass

from services.domain.access import Actor
from services.domain.containers import Container, ContainerKey
from services.domain.reports import Card, FleetReport
from services.domain.routes import Route
from services.errors import NoSuchContainer
from services.fleet.fleet import Fleet
from services.routes.routes import Routes


@dataclass(frozen=True, slots=True)
class RoutedCard:
    """routes: () also where no Traefik tells of them."""

    card: Card
    routes: tuple[Route, ...] = ()

    @property
    def container(self) -> Container:
        return self.card.observed.container


class Cards:
    """Traefik is asked beside the engine, so one that is silent delays nothing. All calls raise as those of `Fleet`."""

    def __init__(self, fleet: Fleet, routes: Routes) -> None:
        self.fleet = fleet
        self._routes = routes

    async def status(self, what: str | None, *, by: Actor) -> FleetReport | RoutedCard:
        """The whole fleet, one host or one container, as `Fleet.look_up`."""
        found = await self.fleet.look_up(what, by=by)
        return found if isinstance(found, FleetReport) else await self._of(found, by)

    async def card(self, what: ContainerKey, *, by: Actor) -> RoutedCard:
        return await self._of(await self.fleet.find(what, by=by), by)

    async def linked(self, key: ContainerKey, *, by: Actor) -> RoutedCard:
        """As `card`, but a link may be made up: a host out of sight is not told apart from one that does not exist,
        not even by the time it takes."""
        selection = await self.fleet.select((), by=by)
        for container in selection.containers:
            if (container.host, container.key) == (key.host, key.key):
                return await self._of(container, by)
        for silence in selection.silent:
            if silence.host == key.host:
                raise silence
        raise NoSuchContainer("")

    async def _of(self, container: Container, by: Actor) -> RoutedCard:
        card, routes = await asyncio.gather(
            self.fleet.card(container), self._routes.of_container(container, by=by)
        )
        return RoutedCard(card, routes)
