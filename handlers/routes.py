"""Routes: where domains lead, and whether anybody outside gets there.

The list is made in a thread: with very many routes it would hold the event loop.
"""

from asyncio import to_thread

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from handlers import args
from handlers.declare import button, command
from handlers.outside_callbacks import RouteCard, RouteList
from handlers.pressed import pressed
from handlers.reply import send, show
from handlers.views.answer import Answer
from handlers.views.route_card import route_card
from handlers.views.routes import route_list
from handlers.words import mark
from services.domain.access import Actor, Role
from services.domain.routes import Route, RoutesReport, route_key
from services.fleet.fleet import Fleet
from services.ports import Clock
from services.routes.names import look_up
from services.routes.routes import Routes

router = Router(name="routes")


@command(
    router,
    "routes",
    role=Role.VIEWER,
    about=mark("domains and where they lead, trouble first"),
    entry=(mark("Routes"), RouteList),
    usage="[HOST|NAME|DOMAIN]",
)
async def list_routes(
    message: Message,
    command: CommandObject,
    actor: Actor,
    asker: str,
    routes: Routes,
    fleet: Fleet,
    clock: Clock,
) -> None:
    name = args.optional_name(command.args)
    found = await look_up(routes, name, by=actor)
    if isinstance(found, RoutesReport):
        host = found.hosts[0].host if name and found.hosts else ""
        await send(message, await to_thread(route_list, found, asker, host=host))
        return
    here = RouteCard(asker=asker, host=found.host, key=route_key(found))
    await send(message, _card(found, here, actor, fleet, clock))


@button(router, RouteList.filter(), role=Role.VIEWER)
async def turn_routes(
    callback: CallbackQuery,
    callback_data: RouteList,
    actor: Actor,
    asker: str,
    routes: Routes,
    *,
    in_place: bool,
) -> None:
    host = callback_data.host
    report = await routes.report(by=actor, host=host or None)
    answer = await to_thread(route_list, report, asker, host=host, page=callback_data.page)
    await show(pressed(callback), answer, in_place=in_place)


@button(router, RouteCard.filter(), role=Role.VIEWER)
async def open_route(
    callback: CallbackQuery,
    callback_data: RouteCard,
    actor: Actor,
    asker: str,
    routes: Routes,
    fleet: Fleet,
    clock: Clock,
    *,
    in_place: bool,
) -> None:
    found = await routes.route(callback_data.host, callback_data.key, by=actor)
    here = callback_data.model_copy(update={"asker": asker})
    await show(pressed(callback), _card(found, here, actor, fleet, clock), in_place=in_place)


def _card(route: Route, here: RouteCard, actor: Actor, fleet: Fleet, clock: Clock) -> Answer:
    protected = route.container is not None and fleet.target(route.container.container).protected
    return route_card(route, actor, here, clock.now(), protected=protected)
