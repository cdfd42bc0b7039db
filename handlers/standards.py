"""`/standards`: what runs, held against the team's standard."""

from asyncio import to_thread

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from handlers import args
from handlers.declare import button, command
from handlers.pressed import pressed
from handlers.standard_callbacks import StandardsCard, StandardsFile, StandardsList
from handlers.views import standards as views
from handlers.waiting import Spot
from handlers.words import mark
from services.domain.access import Actor, Role
from services.domain.standards import Audited
from services.standards.standards import Standards

router = Router(name="standards")


@command(
    router,
    "standards",
    role=Role.VIEWER,
    about=mark("what does not keep the team's standard, and its mend"),
    entry=(mark("Standard"), StandardsList),
    usage="[HOST|NAME]",
)
async def standards(
    message: Message, command: CommandObject, actor: Actor, asker: str, standards: Standards
) -> None:
    spot = Spot(message)
    name = args.optional_name(command.args)
    found = await spot.awaiting(standards.look_up(name, by=actor), views.looking)
    if isinstance(found, Audited):
        here = StandardsCard(asker=asker, host=found.host, key=found.key)
        await spot.put(views.card(found, here))
        return
    host = found.hosts[0].host if name and found.hosts else ""
    await spot.put(await to_thread(views.overview, found, asker, host=host))


@button(router, StandardsList.filter(), role=Role.VIEWER)
async def turn_standards(
    callback: CallbackQuery,
    callback_data: StandardsList,
    actor: Actor,
    asker: str,
    standards: Standards,
    *,
    in_place: bool,
) -> None:
    spot = Spot(pressed(callback), in_place=in_place)
    host = callback_data.host
    report = await spot.awaiting(standards.report(host or None, by=actor), views.looking)
    await spot.put(await to_thread(views.overview, report, asker, host=host, page=callback_data.page))


@button(router, StandardsCard.filter(), role=Role.VIEWER)
async def open_standard(
    callback: CallbackQuery,
    callback_data: StandardsCard,
    actor: Actor,
    asker: str,
    standards: Standards,
    *,
    in_place: bool,
) -> None:
    spot = Spot(pressed(callback), in_place=in_place)
    one = await spot.awaiting(standards.one(callback_data.host, callback_data.key, by=actor), views.looking)
    await spot.put(views.card(one, callback_data.model_copy(update={"asker": asker})))


@button(router, StandardsFile.filter(), role=Role.VIEWER)
async def standards_file(
    callback: CallbackQuery, callback_data: StandardsFile, actor: Actor, standards: Standards
) -> None:
    spot = Spot(pressed(callback), as_reply=True)
    report = await spot.awaiting(standards.report(callback_data.host or None, by=actor), views.looking)
    await spot.put(await to_thread(views.export, report))
