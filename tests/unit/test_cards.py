"""A container's card and its routes."""

import asyncio
from typing import cast

from services.cards import Cards
from services.domain.containers import Container, ContainerKey
from services.domain.reports import Card
from services.domain.routes import Route
from services.fleet.fleet import Fleet
from services.routes.routes import Routes
from tests.unit.route_hosts import actor
from tests.unit.route_scenery import container

DIRECTUS = container("directus")
CARD = cast(Card, object())


class Both:
    """The fleet and the routes at once: neither answers before the other one is asked, too."""

    def __init__(self) -> None:
        self.barrier = asyncio.Barrier(2)

    async def find(self, _what: object, *, by: object) -> Container:
        return DIRECTUS

    async def card(self, _container: Container) -> Card:
        await self.barrier.wait()
        return CARD

    async def of_container(self, _container: Container, *, by: object) -> tuple[Route, ...]:
        await self.barrier.wait()
        return ()


async def test_traefik_is_asked_beside_the_engine() -> None:
    both = Both()
    cards = Cards(cast(Fleet, both), cast(Routes, both))
    async with asyncio.timeout(30):
        found = await cards.card(ContainerKey(DIRECTUS.host, DIRECTUS.key), by=actor("*/*"))
    assert found.card is CARD
    assert found.routes == ()
