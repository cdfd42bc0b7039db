"""Logs: the newest lines of a container."""

from aiogram import F, Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from handlers import args
from handlers.callbacks import Open, Renew
from handlers.declare import button, command
from handlers.pressed import pressed
from handlers.reply import send, show
from handlers.views.logs import log_page
from handlers.views.picker import picker
from handlers.words import mark
from services.domain.access import Actor, Role
from services.fleet.fleet import Fleet
from services.logs.reader import LogReader
from services.recents import Recents

router = Router(name="logs")


@command(router, "logs", role=Role.VIEWER, act="logs", about=mark("the newest log lines"), usage="NAME [N]")
async def logs(
    message: Message,
    command: CommandObject,
    actor: Actor,
    asker: str,
    reader: LogReader,
    fleet: Fleet,
    recents: Recents,
) -> None:
    name, lines = args.name_and_lines(command.args)
    if name is None:
        report, recent = await fleet.overview(by=actor), await recents.of(actor.id)
        await send(message, picker(report, recent, "logs", asker))
        return
    page = await reader.tail(name, lines, by=actor)
    await send(message, log_page(page, asker))
    await recents.used(actor.id, page.container.host, page.container.name)


@button(router, Open.filter(F.act == "logs"), role=Role.VIEWER)
async def open_logs(
    callback: CallbackQuery,
    callback_data: Open,
    actor: Actor,
    asker: str,
    reader: LogReader,
    recents: Recents,
) -> None:
    page = await reader.tail(callback_data.container, args.DEFAULT_LINES, by=actor)
    await send(pressed(callback), log_page(page, asker), as_reply=True)
    await recents.used(actor.id, page.container.host, page.container.name)


@button(router, Renew.filter(F.act == "logs"), role=Role.VIEWER)
async def renew_logs(
    callback: CallbackQuery,
    callback_data: Renew,
    actor: Actor,
    asker: str,
    reader: LogReader,
    *,
    in_place: bool,
) -> None:
    lines = min(max(callback_data.lines, 1), args.MOST_LINES)
    page = await reader.tail(callback_data.container, lines, by=actor)
    await show(pressed(callback), log_page(page, asker), in_place=in_place)
