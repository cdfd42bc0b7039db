"""PromQL from the chat."""

from asyncio import to_thread

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from handlers import args
from handlers.declare import button, command
from handlers.pressed import pressed
from handlers.query_callbacks import QueryAgain
from handlers.reply import send
from handlers.views import query as views
from handlers.waiting import Spot
from handlers.words import mark
from services.domain.access import Actor, Role
from services.metrics.queries import Queries

router = Router(name="query")


@command(router, "query", role=Role.ADMIN, about=mark("ask Prometheus, in its own language"), usage="PROMQL")
async def query(message: Message, command: CommandObject, actor: Actor, asker: str, queries: Queries) -> None:
    promql = args.as_typed(command.args)
    if not promql:
        await send(message, views.hint())
        return
    spot = Spot(message)
    found = await spot.awaiting(queries.answer(promql, by=actor), views.asking)
    await spot.put(await to_thread(views.result, found, asker))


@button(router, QueryAgain.filter(), role=Role.ADMIN)
async def query_again(
    callback: CallbackQuery,
    callback_data: QueryAgain,
    actor: Actor,
    asker: str,
    queries: Queries,
    *,
    in_place: bool,
) -> None:
    spot = Spot(pressed(callback), in_place=in_place)
    found = await spot.awaiting(queries.again(callback_data.token, by=actor), views.asking)
    await spot.put(await to_thread(views.result, found, asker))
