"""The menu: from hosts to containers to what can be done with them, by buttons, in one message."""

from asyncio import to_thread

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from handlers.callbacks import Go
from handlers.declare import Declaration, button, command
from handlers.links import link_beside
from handlers.pressed import pressed
from handlers.reply import send, show
from handlers.views import menu as views
from handlers.views.answer import Answer
from handlers.views.card import card
from handlers.views.status import overview
from handlers.views.ways import MenuWays
from handlers.words import mark
from services.cards import Cards
from services.domain.access import Actor, Role
from services.domain.containers import ContainerKey
from services.fleet.fleet import Fleet
from services.recents import Recents

router = Router(name="menu")


@command(
    router,
    "menu",
    role=Role.VIEWER,
    about=mark("by buttons: servers, containers, what to do with them"),
)
async def menu(
    message: Message,
    actor: Actor,
    asker: str,
    fleet: Fleet,
    recents: Recents,
    declarations: tuple[Declaration, ...],
) -> None:
    await send(message, await _home(Go(asker=asker), actor, fleet, recents, declarations))


@button(router, Go.filter(), role=Role.VIEWER)
async def go(
    callback: CallbackQuery,
    callback_data: Go,
    actor: Actor,
    asker: str,
    cards: Cards,
    recents: Recents,
    declarations: tuple[Declaration, ...],
    *,
    in_place: bool,
) -> None:
    message, screen = pressed(callback), callback_data.model_copy(update={"asker": asker})
    if screen.key:
        answer = await _container(screen, message, actor, cards, recents)
    elif screen.host:
        report = await cards.fleet.overview(by=actor, host=screen.host)
        ways = MenuWays(asker)
        answer = await to_thread(overview, report, asker, host=screen.host, page=screen.page, ways=ways)
    else:
        answer = await _home(screen, actor, cards.fleet, recents, declarations)
    await show(message, answer, in_place=in_place)


async def _home(
    screen: Go, actor: Actor, fleet: Fleet, recents: Recents, declarations: tuple[Declaration, ...]
) -> Answer:
    report, recent = await fleet.overview(by=actor), await recents.of(actor.id)
    entries = views.entries(declarations, actor, screen.asker)
    return await to_thread(views.home, report, recent, entries, screen)


async def _container(screen: Go, message: Message, actor: Actor, cards: Cards, recents: Recents) -> Answer:
    found = await cards.card(ContainerKey(screen.host, screen.key), by=actor)
    await recents.used(actor.id, found.container.host, found.container.name)
    link = await link_beside(message, found.container)
    return card(found.card, actor, screen.asker, routes=found.routes, link=link, screen=screen)
