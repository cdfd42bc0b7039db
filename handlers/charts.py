"""Metrics over time, as pictures."""

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from handlers.chart_args import ChartArgs, chart_args, theme_named
from handlers.declare import button, command
from handlers.metric_callbacks import (
    REACHES,
    Graph,
    GraphDark,
    GraphLight,
    GraphTurn,
    MetricList,
    OfMetric,
    SetTheme,
)
from handlers.pressed import pressed
from handlers.reply import send, show
from handlers.views import charts as views
from handlers.views.answer import Answer
from handlers.views.failures import failure
from handlers.views.metric_list import meant_instead, metric_list, understood, with_titles
from handlers.views.themes import theme_question
from handlers.waiting import Spot
from handlers.words import mark
from services.domain.access import Actor, Role
from services.domain.containers import ContainerKey
from services.domain.metrics import Reach
from services.errors import Ambiguous, NoSuchMetric, NotFound, PictureError, VakhtaError
from services.metrics.gallery import Gallery
from services.metrics.subjects import Subject
from services.pictures.drawing import Theme
from services.ports import Clock

router = Router(name="charts")


@command(
    router,
    "chart",
    role=Role.VIEWER,
    about=mark("a metric over time, as a picture"),
    entry=(mark("Charts"), MetricList),
    usage="METRIC [1h|6h|24h|7d] [HOST|NAME]",
)
async def chart(
    message: Message, command: CommandObject, actor: Actor, asker: str, gallery: Gallery, clock: Clock
) -> None:
    asked = chart_args(command.args)
    if asked is None:
        await send(message, metric_list(await gallery.availability.of(actor.scope), asker))
        return
    asked = understood(asked, gallery.graphs.metrics)
    spot = Spot(message)
    work = _picture(gallery, asked.metric, REACHES[asked.reach], asked.name, actor, asker)
    try:
        await spot.put(await spot.awaiting(work, lambda: views.waiting(asked.metric)))
    except (NotFound, Ambiguous) as error:
        subject = None
        if isinstance(error, NoSuchMetric):
            subject = await _subject(gallery, asked, actor)
            error = with_titles(error, gallery.graphs.metrics)
        rows = meant_instead(error, asked, asker, subject)
        if not rows:
            raise
        await send(message, Answer(failure(error, asker, "card", clock.now()).text, rows))


async def _subject(gallery: Gallery, asked: ChartArgs, actor: Actor) -> Subject | None:
    """Of what a metric was asked that is none."""
    try:
        return await gallery.graphs.subject(asked.name, by=actor)
    except VakhtaError:
        return None


@button(router, MetricList.filter(), role=Role.VIEWER)
async def turn_list(
    callback: CallbackQuery,
    callback_data: MetricList,
    actor: Actor,
    asker: str,
    gallery: Gallery,
    *,
    in_place: bool,
) -> None:
    found = await gallery.availability.of(actor.scope)
    answer = metric_list(found, asker, page=callback_data.page, everything=callback_data.everything)
    await show(pressed(callback), answer, in_place=in_place)


@button(router, Graph.filter(), role=Role.VIEWER)
async def open_chart(
    callback: CallbackQuery, callback_data: Graph, actor: Actor, asker: str, gallery: Gallery
) -> None:
    await _show(Spot(pressed(callback), as_reply=True), callback_data, actor, asker, gallery)


@button(router, GraphTurn.filter(), role=Role.VIEWER)
async def turn_chart(
    callback: CallbackQuery,
    callback_data: GraphTurn,
    actor: Actor,
    asker: str,
    gallery: Gallery,
    *,
    in_place: bool,
) -> None:
    await _show(Spot(pressed(callback), in_place=in_place), callback_data, actor, asker, gallery)


@button(router, GraphDark.filter(), role=Role.VIEWER)
@button(router, GraphLight.filter(), role=Role.VIEWER)
async def turn_theme(
    callback: CallbackQuery,
    callback_data: GraphLight | GraphDark,
    actor: Actor,
    asker: str,
    gallery: Gallery,
    *,
    in_place: bool,
) -> None:
    theme = Theme.DARK if isinstance(callback_data, GraphDark) else Theme.LIGHT
    await gallery.themes.choose(actor.id, theme)
    await _show(Spot(pressed(callback), in_place=in_place), callback_data, actor, asker, gallery, theme)


async def _show(
    spot: Spot, press: OfMetric, actor: Actor, asker: str, gallery: Gallery, theme: Theme | None = None
) -> None:
    reach, metric = REACHES[press.reach], gallery.graphs.metric(press.metric).id
    work = _picture(gallery, metric, reach, press.subject, actor, asker, theme)
    await spot.put(await spot.awaiting(work, lambda: views.waiting(metric)))


async def _picture(
    gallery: Gallery,
    metric: str,
    reach: Reach,
    name: str | ContainerKey | None,
    actor: Actor,
    asker: str,
    theme: Theme | None = None,
) -> Answer:
    """theme: the asker's own where None: what stands in a group stays the asker's, whoever turns it."""
    graph = await gallery.graphs.graph(metric, reach, name, by=actor)
    theme = theme or await gallery.themes.of(int(asker, 16))
    link = gallery.dashboards.of(graph) if gallery.dashboards else None
    try:
        picture = await gallery.pictures.draw(views.drawing(graph, theme))
    except PictureError as error:
        return views.chart(graph, theme, asker, failure=error, link=link)
    return views.chart(graph, theme, asker, picture=picture, link=link)


@command(
    router,
    "theme",
    role=Role.VIEWER,
    about=mark("pictures on a light or a dark background"),
    entry=(mark("Theme"), SetTheme),
    usage="[light|dark]",
)
async def theme(message: Message, command: CommandObject, actor: Actor, asker: str, gallery: Gallery) -> None:
    chosen = theme_named(command.args)
    if chosen is not None:
        await gallery.themes.choose(actor.id, chosen)
    await send(message, theme_question(await gallery.themes.of(actor.id), asker))


@button(router, SetTheme.filter(), role=Role.VIEWER)
async def choose_theme(
    callback: CallbackQuery,
    callback_data: SetTheme,
    actor: Actor,
    asker: str,
    gallery: Gallery,
    *,
    in_place: bool,
) -> None:
    if callback_data.theme != "ask":
        await gallery.themes.choose(actor.id, Theme(callback_data.theme))
    await show(pressed(callback), theme_question(await gallery.themes.of(actor.id), asker), in_place=in_place)
