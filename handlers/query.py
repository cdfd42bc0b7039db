"""PromQL from the chat."""

from asyncio import to_thread

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from handlers import args
from handlers.declare import button, command
from handlers.metric_callbacks import REACHES
from handlers.pressed import pressed
from handlers.query_callbacks import QueryAgain, QueryPicture
from handlers.reply import send
from handlers.views import query as views
from handlers.views.answer import Answer
from handlers.views.charts import drawing
from handlers.waiting import Spot
from handlers.words import mark
from services.domain.access import Actor, Role
from services.errors import PictureError
from services.metrics.gallery import Gallery
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


@button(router, QueryPicture.filter(), role=Role.ADMIN)
async def query_picture(
    callback: CallbackQuery,
    callback_data: QueryPicture,
    actor: Actor,
    asker: str,
    queries: Queries,
    gallery: Gallery,
    *,
    in_place: bool,
) -> None:
    message, opens = pressed(callback), callback_data.opens
    spot = Spot(message, as_reply=True) if opens else Spot(message, in_place=in_place)
    work = _picture(callback_data, actor, asker, queries, gallery)
    await spot.put(await spot.awaiting(work, views.asking))


async def _picture(
    press: QueryPicture, actor: Actor, asker: str, queries: Queries, gallery: Gallery
) -> Answer:
    """On the background that the asker likes, whoever turns it."""
    graph = await queries.graph(press.token, REACHES[press.reach], by=actor)
    theme = await gallery.themes.of(int(asker, 16))
    try:
        png = await gallery.pictures.draw(drawing(graph, theme))
    except PictureError as error:
        return views.picture(graph, press.token, asker, failure=error)
    return views.picture(graph, press.token, asker, png=png)
