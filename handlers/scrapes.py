"""What Prometheus scrapes, and its rules. Lists are made in a thread: very long ones would hold the event loop."""

from asyncio import to_thread

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from handlers import args
from handlers.declare import button, command
from handlers.pressed import pressed
from handlers.query_callbacks import RuleList, TargetList
from handlers.reply import send, show
from handlers.views.scrapes import rule_list, target_list
from handlers.words import mark
from services.domain.access import Actor, Role
from services.metrics.scrapes import Scrapes

router = Router(name="scrapes")


@command(
    router,
    "targets",
    role=Role.VIEWER,
    about=mark("what Prometheus scrapes, and what it cannot"),
    entry=(mark("Targets"), TargetList),
    usage="[HOST]",
)
async def targets(
    message: Message, command: CommandObject, actor: Actor, asker: str, scrapes: Scrapes
) -> None:
    report = await scrapes.targets(args.optional_name(command.args), by=actor)
    await send(message, await to_thread(target_list, report, TargetList(asker=asker, host=report.host)))


@button(router, TargetList.filter(), role=Role.VIEWER)
async def turn_targets(
    callback: CallbackQuery,
    callback_data: TargetList,
    actor: Actor,
    asker: str,
    scrapes: Scrapes,
    *,
    in_place: bool,
) -> None:
    report = await scrapes.targets(callback_data.host or None, by=actor)
    here = callback_data.model_copy(update={"asker": asker})
    await show(pressed(callback), await to_thread(target_list, report, here), in_place=in_place)


@command(
    router,
    "rules",
    role=Role.VIEWER,
    about=mark("the rules of Prometheus: what fires, what will, what is broken"),
    entry=(mark("Rules"), RuleList),
)
async def rules(message: Message, actor: Actor, asker: str, scrapes: Scrapes) -> None:
    report = await scrapes.rules(by=actor)
    await send(message, await to_thread(rule_list, report, RuleList(asker=asker)))


@button(router, RuleList.filter(), role=Role.VIEWER)
async def turn_rules(
    callback: CallbackQuery,
    callback_data: RuleList,
    actor: Actor,
    asker: str,
    scrapes: Scrapes,
    *,
    in_place: bool,
) -> None:
    here = callback_data.model_copy(update={"asker": asker})
    await show(
        pressed(callback), await to_thread(rule_list, await scrapes.rules(by=actor), here), in_place=in_place
    )
