"""Traffic: how much goes through Traefik to which service, what of it fails, and how fast it is answered."""

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from handlers import args
from handlers.declare import button, command
from handlers.outside_callbacks import TrafficTurn
from handlers.pressed import pressed
from handlers.views import traffic as views
from handlers.waiting import Spot
from handlers.words import mark
from services.domain.access import Actor, Role
from services.metrics.traffic import Traffics

router = Router(name="traffic")


@command(
    router,
    "traffic",
    role=Role.VIEWER,
    about=mark("requests through Traefik: errors and how fast, worst first"),
    entry=(mark("Traffic"), TrafficTurn),
    usage="[HOST|SERVICE]",
)
async def traffic(
    message: Message, command: CommandObject, actor: Actor, asker: str, traffics: Traffics
) -> None:
    spot = Spot(message)
    name = args.optional_name(command.args)
    report = await spot.awaiting(traffics.find(name, by=actor), views.looking)
    await spot.put(views.traffic(report, asker))


@button(router, TrafficTurn.filter(), role=Role.VIEWER)
async def turn_traffic(
    callback: CallbackQuery,
    callback_data: TrafficTurn,
    actor: Actor,
    asker: str,
    traffics: Traffics,
    *,
    in_place: bool,
) -> None:
    spot = Spot(pressed(callback), in_place=in_place)
    work = traffics.report(by=actor, host=callback_data.host, key=callback_data.key)
    report = await spot.awaiting(work, views.looking)
    await spot.put(views.traffic(report, asker, page=callback_data.page))
