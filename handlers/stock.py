"""What Docker keeps on the disks: `/df`, `/images`, and `/prune`, which makes room after a question."""

from asyncio import to_thread
from contextlib import aclosing

from aiogram import F, Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from handlers import args
from handlers.declare import button, command
from handlers.pressed import pressed
from handlers.reply import answer_press, replace_or_send, take_buttons
from handlers.stock_callbacks import DiskList, ImageList, Prune, PruneConfirm
from handlers.views import stock as views
from handlers.waiting import Spot
from handlers.words import mark
from services.clearing import Clearings
from services.domain.access import Action, Actor, Role
from services.domain.plans import Place
from services.domain.stock import USUAL, Kind, Stock
from services.ports import Clock

router = Router(name="stock")


@command(
    router,
    "df",
    role=Role.VIEWER,
    about=mark("what Docker keeps on the disks"),
    entry=(mark("Disk"), DiskList),
    usage="[HOST]",
)
async def df(
    message: Message, command: CommandObject, actor: Actor, asker: str, clearings: Clearings, clock: Clock
) -> None:
    await _disks(Spot(message), args.optional_name(command.args) or "", actor, asker, clearings, clock)


@button(router, DiskList.filter(), role=Role.VIEWER)
async def turn_disks(
    callback: CallbackQuery,
    callback_data: DiskList,
    actor: Actor,
    asker: str,
    clearings: Clearings,
    clock: Clock,
    *,
    in_place: bool,
) -> None:
    spot = Spot(pressed(callback), in_place=in_place)
    await _disks(spot, callback_data.host, actor, asker, clearings, clock)


async def _disks(spot: Spot, host: str, actor: Actor, asker: str, clearings: Clearings, clock: Clock) -> None:
    found = await spot.awaiting(clearings.stocks(host or None, by=actor), views.looking)
    may_prune = actor.role >= Role.ADMIN
    await spot.put(await to_thread(views.disks, found, asker, clock.now(), host=host, may_prune=may_prune))


@command(
    router, "images", role=Role.VIEWER, about=mark("images of a host, the largest first"), usage="[HOST]"
)
async def images(
    message: Message, command: CommandObject, actor: Actor, asker: str, clearings: Clearings, clock: Clock
) -> None:
    host = args.optional_name(command.args)
    known = clearings.hosts(actor)
    if host is None and len(known) == 1:
        host = known[0]
    if host is None:
        await _disks(Spot(message), "", actor, asker, clearings, clock)
        return
    await _images(Spot(message), ImageList(asker=asker, host=host), actor, clearings)


@button(router, ImageList.filter(), role=Role.VIEWER)
async def turn_images(
    callback: CallbackQuery,
    callback_data: ImageList,
    actor: Actor,
    asker: str,
    clearings: Clearings,
    *,
    in_place: bool,
) -> None:
    here = callback_data.model_copy(update={"asker": asker})
    await _images(Spot(pressed(callback), in_place=in_place), here, actor, clearings)


async def _images(spot: Spot, here: ImageList, actor: Actor, clearings: Clearings) -> None:
    (found,) = await spot.awaiting(clearings.stocks(here.host, by=actor), views.looking)
    if not isinstance(found, Stock):
        await spot.clear()
        raise found
    await spot.put(views.images(found, here.model_copy(update={"host": found.host})))


@command(
    router,
    "prune",
    role=Role.ADMIN,
    action=Action.PRUNE,
    about=mark("make room on a host, after a question"),
    usage="[HOST]",
)
async def prune(
    message: Message, command: CommandObject, actor: Actor, asker: str, clearings: Clearings
) -> None:
    host, known = args.optional_name(command.args), clearings.hosts(actor)
    if host is None and len(known) != 1:
        await Spot(message).put(views.hosts(known, asker))
        return
    await _ask(Spot(message, as_reply=True), host or known[0], USUAL, actor, clearings)


@button(router, Prune.filter(F.opens), role=Role.ADMIN)
async def open_prune(
    callback: CallbackQuery, callback_data: Prune, actor: Actor, clearings: Clearings
) -> None:
    spot = Spot(pressed(callback), as_reply=True)
    await _ask(spot, callback_data.host, callback_data.chosen, actor, clearings)


@button(router, Prune.filter(), role=Role.ADMIN)
async def turn_prune(
    callback: CallbackQuery, callback_data: Prune, actor: Actor, clearings: Clearings, *, in_place: bool
) -> None:
    spot = Spot(pressed(callback), in_place=in_place)
    await _ask(spot, callback_data.host, callback_data.chosen, actor, clearings)


async def _ask(spot: Spot, host: str, kinds: tuple[Kind, ...], actor: Actor, clearings: Clearings) -> None:
    clearing, stock = await spot.awaiting(clearings.propose(host, kinds, by=actor), views.looking)
    await spot.put(await to_thread(views.question, clearing, stock))


@button(router, PruneConfirm.filter(), role=Role.ADMIN, answers=True)
async def confirm_prune(
    callback: CallbackQuery, callback_data: PruneConfirm, actor: Actor, clearings: Clearings
) -> None:
    """Errors before anything is removed show as an alert over the message."""
    message = pressed(callback)
    if not callback_data.yes:
        clearing = await clearings.cancel(callback_data.token, by=actor)
        await _answered(callback)
        await replace_or_send(message, views.cancelled(clearing))
        return
    answered, place = False, _place(message)
    async with aclosing(clearings.carry_out(callback_data.token, by=actor, place=place)) as steps:
        async for cleared in steps:
            if not answered:
                await _answered(callback)
                answered = True
            message = await replace_or_send(message, views.progress(cleared))
            if not cleared.over and _place(message) != place:
                place = _place(message)
                await clearings.tells_at(cleared.clearing, place)


def _place(message: Message) -> Place:
    return Place(message.chat.id, message.message_id)


async def _answered(callback: CallbackQuery) -> None:
    """A question that is a file stays as it is, without its buttons."""
    await answer_press(callback)
    if (message := pressed(callback)).document is not None:
        await take_buttons(message)
