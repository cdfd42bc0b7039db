"""Figures of now: hosts and what they are busy with, and one container.

The list of hosts is made in a thread: with very many of them it would hold the event loop.
"""

from asyncio import to_thread
from collections.abc import Sequence

from aiogram import F, Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from handlers import args
from handlers.callbacks import Open, Renew
from handlers.declare import button, command
from handlers.figure_callbacks import TopTurn
from handlers.pressed import pressed
from handlers.reply import send
from handlers.views import stats as stats_views
from handlers.views import top as top_views
from handlers.views.answer import Answer
from handlers.views.picker import picker
from handlers.waiting import Spot
from handlers.words import mark
from services.domain.access import Actor, Role
from services.domain.containers import ContainerKey
from services.errors import Ambiguous, HostError, NoSuchContainer, NoSuchHost, PictureError
from services.fleet.fleet import Fleet
from services.metrics.gallery import Gallery
from services.metrics.stats import Stats
from services.metrics.tops import Tops
from services.ports import Clock
from services.recents import Recents

router = Router(name="metrics")


@command(
    router,
    "top",
    role=Role.VIEWER,
    about=mark("what hosts and containers use now, trouble first"),
    entry=(mark("Load"), TopTurn),
    usage="[HOST]",
)
async def top(
    message: Message,
    command: CommandObject,
    actor: Actor,
    asker: str,
    tops: Tops,
    fleet: Fleet,
    clock: Clock,
) -> None:
    name = args.optional_name(command.args)
    try:
        await _top(Spot(message), name, actor, TopTurn(asker=asker), tops)
    except NoSuchHost as error:
        containers = () if error.near else await _named_so(error.name, actor, fleet)
        await send(message, top_views.no_such_host(error, containers, asker, clock.now()))


async def _named_so(name: str, actor: Actor, fleet: Fleet) -> Sequence[tuple[str, str]]:
    """Hosts and names of the containers that are called so, or nearly so."""
    try:
        found = await fleet.find(name, by=actor)
    except Ambiguous as error:
        return error.choices
    except NoSuchContainer as error:
        return error.near
    except HostError:
        return ()
    return ((found.host, found.name),)


@button(router, TopTurn.filter(), role=Role.VIEWER)
async def turn_top(
    callback: CallbackQuery,
    callback_data: TopTurn,
    actor: Actor,
    asker: str,
    tops: Tops,
    *,
    in_place: bool,
) -> None:
    here = callback_data.model_copy(update={"asker": asker})
    await _top(Spot(pressed(callback), in_place=in_place), here.host or None, actor, here, tops)


async def _top(spot: Spot, host: str | None, actor: Actor, here: TopTurn, tops: Tops) -> None:
    """What an engine has not told by then follows, a moment later and in the same message."""
    report = await spot.awaiting(tops.top(host, by=actor), top_views.waiting)
    if host and report.hosts:
        here = here.model_copy(update={"host": report.hosts[0].host})
    await spot.put(await to_thread(top_views.top, report, here, more=report.unfinished))
    if report.unfinished:
        await spot.put(await to_thread(top_views.top, await tops.top(host, by=actor), here))


@command(
    router,
    "stats",
    role=Role.VIEWER,
    act="stats",
    about=mark("what one container uses, with the last hour"),
    usage="NAME",
)
async def stats(
    message: Message,
    command: CommandObject,
    actor: Actor,
    asker: str,
    stats: Stats,
    gallery: Gallery,
    fleet: Fleet,
    recents: Recents,
) -> None:
    name = args.optional_name(command.args)
    if name is None:
        report, recent = await fleet.overview(by=actor), await recents.of(actor.id)
        await send(message, picker(report, recent, "stats", asker))
        return
    spot = Spot(message)
    await spot.put(
        await spot.awaiting(
            _stats(name, actor, asker, stats, gallery, recents), lambda: stats_views.waiting(name)
        )
    )


@button(router, Open.filter(F.act == "stats"), role=Role.VIEWER)
async def open_stats(
    callback: CallbackQuery,
    callback_data: Open,
    actor: Actor,
    asker: str,
    stats: Stats,
    gallery: Gallery,
    recents: Recents,
) -> None:
    spot = Spot(pressed(callback))
    work = _stats(callback_data.container, actor, asker, stats, gallery, recents)
    await spot.put(await spot.awaiting(work, lambda: stats_views.waiting(callback_data.host)))


@button(router, Renew.filter(F.act == "stats"), role=Role.VIEWER)
async def renew_stats(
    callback: CallbackQuery,
    callback_data: Renew,
    actor: Actor,
    asker: str,
    stats: Stats,
    gallery: Gallery,
    recents: Recents,
    *,
    in_place: bool,
) -> None:
    spot = Spot(pressed(callback), in_place=in_place)
    work = _stats(callback_data.container, actor, asker, stats, gallery, recents)
    await spot.put(await spot.awaiting(work, lambda: stats_views.waiting(callback_data.host)))


async def _stats(
    what: str | ContainerKey, actor: Actor, asker: str, stats: Stats, gallery: Gallery, recents: Recents
) -> Answer:
    """The picture is on the asker's own background, whoever turns it."""
    found = await stats.stats(what, by=actor)
    container = found.card.observed.container
    await recents.used(actor.id, container.host, container.name)
    if found.history is None:
        return stats_views.stats(found, asker)
    theme = await gallery.themes.of(int(asker, 16))
    try:
        picture = await gallery.pictures.draw(stats_views.drawing(found, theme))
    except PictureError as error:
        return stats_views.stats(found, asker, failure=error)
    return stats_views.stats(found, asker, picture=picture)
