"""Logs: pages of the newest lines and of those around them, of one container or several."""

from asyncio import to_thread
from dataclasses import replace
from datetime import datetime

from aiogram import F, Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from handlers.args import DEFAULT_LINES, MOST_LINES
from handlers.callbacks import LogTurn, Open, Renew
from handlers.declare import button, command
from handlers.log_args import log_question
from handlers.pressed import pressed
from handlers.reply import answer_press, send, show
from handlers.views.logs import log_page, log_page_file, nothing_further, waiting
from handlers.views.picker import picker
from handlers.waiting import Spot
from handlers.words import mark, zone
from services.domain.access import Actor, Role
from services.fleet.fleet import Fleet
from services.logs.pages.page import LogPage, Look
from services.logs.pages.questions import LogQuestion
from services.logs.pages.reader import LogReader
from services.ports import Clock
from services.recents import Recents

router = Router(name="logs")


@command(
    router,
    "logs",
    role=Role.VIEWER,
    act="logs",
    about=mark("the newest log lines"),
    usage="NAME[,NAME…] [N] [30m] [level>=warn] [stderr]",
)
async def logs(
    message: Message,
    command: CommandObject,
    actor: Actor,
    asker: str,
    reader: LogReader,
    fleet: Fleet,
    recents: Recents,
    clock: Clock,
) -> None:
    question = log_question(command.args, clock.now(), zone.get())
    if question is None:
        report, recent = await fleet.overview(by=actor), await recents.of(actor.id)
        await send(message, await to_thread(picker, report, recent, "logs", asker))
        return
    spot, look = Spot(message), Look()
    page = await spot.awaiting(reader.newest(question, by=actor, look=look), lambda: waiting(look))
    await spot.put(log_page(page, asker))
    if len(page.containers) == 1:
        await recents.used(actor.id, page.containers[0].host, page.containers[0].name)


@button(router, Open.filter(F.act == "logs"), role=Role.VIEWER)
async def open_logs(
    callback: CallbackQuery,
    callback_data: Open,
    actor: Actor,
    asker: str,
    reader: LogReader,
    recents: Recents,
) -> None:
    page = await reader.newest(LogQuestion(callback_data.container, DEFAULT_LINES), by=actor)
    await send(pressed(callback), log_page(page, asker), as_reply=True)
    await recents.used(actor.id, page.containers[0].host, page.containers[0].name)


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
    lines = min(max(callback_data.lines, 1), MOST_LINES)
    page = await reader.newest(LogQuestion(callback_data.container, lines, step=lines), by=actor)
    await show(pressed(callback), log_page(page, asker), in_place=in_place)


@button(router, LogTurn.filter(F.act == "file"), role=Role.VIEWER)
async def logs_file(callback: CallbackQuery, callback_data: LogTurn, actor: Actor, reader: LogReader) -> None:
    spot, look = Spot(pressed(callback), as_reply=True), Look()
    reading = reader.again(callback_data.token, by=actor, look=look)
    await spot.put(log_page_file(await spot.awaiting(reading, lambda: waiting(look))))


@button(router, LogTurn.filter(), role=Role.VIEWER, answers=True)
async def turn_logs(
    callback: CallbackQuery,
    callback_data: LogTurn,
    actor: Actor,
    asker: str,
    reader: LogReader,
    clock: Clock,
    *,
    in_place: bool,
) -> None:
    spot, look = Spot(pressed(callback), in_place=in_place), Look()
    turning = _turned(callback_data, reader, actor, look, clock.now())
    page = await spot.awaiting(turning, lambda: waiting(look))
    nothing = not (page.lines or page.back_to or page.silent)
    if callback_data.act in ("older", "newer") and nothing:
        await answer_press(callback, nothing_further(page, older=callback_data.act == "older"))
        await spot.clear()
        return
    await answer_press(callback)
    await spot.put(log_page(page, asker))


async def _turned(turn: LogTurn, reader: LogReader, actor: Actor, look: Look, now: datetime) -> LogPage:
    lines = min(max(turn.lines, 1), MOST_LINES)
    match turn.act:
        case "older":
            return await reader.older(turn.token, by=actor, look=look)
        case "newer":
            return await reader.newer(turn.token, by=actor)
        case "restart":
            return await reader.before_restart(turn.token, by=actor)
        case "size":
            return await reader.again(turn.token, lines, by=actor, look=look)
        case _:
            question = await reader.asked(turn.token)
            anew = log_question(question.text, now, zone.get()) or question
            question = replace(question, span=anew.span, sieve=anew.sieve, lines=lines)
            return await reader.newest(question, by=actor, look=look)
