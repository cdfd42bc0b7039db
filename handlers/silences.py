"""Silences: what is silenced, until when, by whom; longer or no more."""

from datetime import timedelta

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from handlers.callbacks import Hush, SilenceList
from handlers.declare import button, command
from handlers.pressed import pressed
from handlers.reply import send, show
from handlers.views import silences as views
from handlers.words import mark
from services.alerts.quieting import Quieting
from services.domain.access import Action, Actor, Role
from services.ports import Clock

router = Router(name="silences")

LONGER = timedelta(hours=1)


@command(
    router,
    "silences",
    role=Role.OPERATOR,
    action=Action.SILENCE,
    about=mark("what is silenced, until when"),
    entry=(mark("Silences"), SilenceList),
)
async def silences(message: Message, actor: Actor, asker: str, quieting: Quieting, clock: Clock) -> None:
    await send(message, views.silences(await quieting.listing(by=actor), asker, clock.now()))


@button(router, SilenceList.filter(), role=Role.OPERATOR)
async def list_silences(
    callback: CallbackQuery,
    actor: Actor,
    asker: str,
    quieting: Quieting,
    clock: Clock,
    *,
    in_place: bool,
) -> None:
    rows = await quieting.listing(by=actor)
    await show(pressed(callback), views.silences(rows, asker, clock.now()), in_place=in_place)


@button(router, Hush.filter(), role=Role.OPERATOR)
async def press_hush(
    callback: CallbackQuery,
    callback_data: Hush,
    actor: Actor,
    asker: str,
    quieting: Quieting,
    clock: Clock,
    *,
    in_place: bool,
) -> None:
    if callback_data.act == "extend":
        await quieting.extend(callback_data.id, LONGER, by=actor)
    else:
        await quieting.expire(callback_data.id, by=actor)
    rows = await quieting.listing(by=actor)
    await show(pressed(callback), views.silences(rows, asker, clock.now()), in_place=in_place)
