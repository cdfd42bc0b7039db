"""Uptime: how the probes stand, and one of them in a picture."""

from aiogram import F, Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from handlers import args
from handlers.declare import button, command
from handlers.outside_callbacks import ProbeList, ProbePicture
from handlers.pressed import pressed
from handlers.reply import send, show
from handlers.views.uptime import REACHES, bars, card, overview
from handlers.words import mark
from services.domain.access import Actor, Role
from services.domain.uptime import Reach
from services.pictures.pictures import Pictures
from services.probes.uptimes import Uptimes

router = Router(name="uptime")


@command(
    router,
    "uptime",
    role=Role.VIEWER,
    about=mark("what the probes say: up, since when, how fast"),
    entry=(mark("Uptime"), ProbeList),
    usage="[NAME]",
)
async def uptime(
    message: Message, command: CommandObject, actor: Actor, asker: str, uptimes: Uptimes, pictures: Pictures
) -> None:
    name = args.optional_name(command.args)
    if name is None:
        await send(message, overview(await uptimes.overview(by=actor), asker, configured=uptimes.configured))
        return
    history = await uptimes.history(name, Reach.DAY, by=actor)
    await send(message, card(history, asker, await pictures.draw(bars(history))))


@button(router, ProbeList.filter(), role=Role.VIEWER)
async def turn_list(
    callback: CallbackQuery,
    callback_data: ProbeList,
    actor: Actor,
    asker: str,
    uptimes: Uptimes,
    *,
    in_place: bool,
) -> None:
    report = await uptimes.overview(by=actor)
    answer = overview(report, asker, page=callback_data.page, configured=uptimes.configured)
    await show(pressed(callback), answer, in_place=in_place)


@button(router, ProbePicture.filter(F.opens), role=Role.VIEWER)
async def open_probe(
    callback: CallbackQuery,
    callback_data: ProbePicture,
    actor: Actor,
    asker: str,
    uptimes: Uptimes,
    pictures: Pictures,
) -> None:
    history = await uptimes.history(callback_data.name, REACHES[callback_data.reach], by=actor)
    await send(pressed(callback), card(history, asker, await pictures.draw(bars(history))), as_reply=True)


@button(router, ProbePicture.filter(), role=Role.VIEWER)
async def turn_probe(
    callback: CallbackQuery,
    callback_data: ProbePicture,
    actor: Actor,
    asker: str,
    uptimes: Uptimes,
    pictures: Pictures,
    *,
    in_place: bool,
) -> None:
    history = await uptimes.history(callback_data.name, REACHES[callback_data.reach], by=actor)
    await show(pressed(callback), card(history, asker, await pictures.draw(bars(history))), in_place=in_place)
