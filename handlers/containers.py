"""Containers: their status, and their restart, stop and start.

Views of the whole fleet are made in a thread: with very many containers they would hold the event loop.
"""

from asyncio import to_thread
from contextlib import aclosing

from aiogram import F, Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from handlers import args
from handlers.callbacks import (
    ACT_OF_ACTION,
    ACTION_OF_ACT,
    Confirm,
    Open,
    Overview,
    Pick,
    Renew,
    asker_of,
)
from handlers.declare import button, command
from handlers.links import link_beside
from handlers.pressed import pressed
from handlers.reply import announce, answer_press, replace_or_send, send, show
from handlers.views import acts as act_views
from handlers.views import card as card_views
from handlers.views import picker as picker_views
from handlers.views import status as status_views
from handlers.views.answer import Answer
from handlers.views.failures import failure
from handlers.words import mark
from services.cards import Cards, RoutedCard
from services.domain.access import Action, Actor, Role
from services.domain.containers import ContainerKey
from services.domain.plans import Phase, Place, Plan
from services.domain.reports import FleetReport
from services.errors import VakhtaError
from services.fleet.control import Control
from services.fleet.fleet import Fleet
from services.recents import Recents

router = Router(name="containers")


@command(
    router, "status", role=Role.VIEWER, about=mark("hosts and containers, trouble first"), usage="[HOST|NAME]"
)
async def status(
    message: Message, command: CommandObject, actor: Actor, asker: str, cards: Cards, recents: Recents
) -> None:
    name = args.optional_name(command.args)
    found = await cards.status(name, by=actor)
    if isinstance(found, FleetReport):
        host = found.hosts[0].host if name else ""
        await send(message, await to_thread(status_views.overview, found, asker, host=host))
        return
    await send(message, await _card(found, message, actor, asker))
    await recents.used(actor.id, found.container.host, found.container.name)


@button(router, Overview.filter(), role=Role.VIEWER)
async def turn_overview(
    callback: CallbackQuery,
    callback_data: Overview,
    actor: Actor,
    asker: str,
    fleet: Fleet,
    *,
    in_place: bool,
) -> None:
    report = await fleet.overview(by=actor, host=callback_data.host or None)
    answer = await to_thread(
        status_views.overview, report, asker, host=callback_data.host, page=callback_data.page
    )
    await show(pressed(callback), answer, in_place=in_place)


@button(router, Open.filter(F.act == "card"), role=Role.VIEWER)
async def open_card(
    callback: CallbackQuery, callback_data: Open, actor: Actor, asker: str, cards: Cards, recents: Recents
) -> None:
    found, message = await cards.card(callback_data.container, by=actor), pressed(callback)
    await send(message, await _card(found, message, actor, asker))
    await recents.used(actor.id, found.container.host, found.container.name)


@button(router, Renew.filter(F.act == "card"), role=Role.VIEWER)
async def renew_card(
    callback: CallbackQuery, callback_data: Renew, actor: Actor, asker: str, cards: Cards, *, in_place: bool
) -> None:
    found, message = await cards.card(callback_data.container, by=actor), pressed(callback)
    await show(message, await _card(found, message, actor, asker), in_place=in_place)


async def _card(found: RoutedCard, message: Message, actor: Actor, asker: str) -> Answer:
    link = await link_beside(message, found.container)
    return card_views.card(found.card, actor, asker, routes=found.routes, link=link)


@button(router, Pick.filter(), role=Role.VIEWER)
async def turn_picker(
    callback: CallbackQuery,
    callback_data: Pick,
    actor: Actor,
    asker: str,
    fleet: Fleet,
    recents: Recents,
    *,
    in_place: bool,
) -> None:
    report = await fleet.overview(by=actor)
    recent = await recents.of(actor.id)
    answer = await to_thread(
        picker_views.picker, report, recent, callback_data.act, asker, page=callback_data.page
    )
    await show(pressed(callback), answer, in_place=in_place)


@command(
    router,
    "up",
    role=Role.OPERATOR,
    act="up",
    action=Action.START,
    usage="NAME",
    about=mark("start a container"),
)
@command(
    router,
    "stop",
    role=Role.OPERATOR,
    act="stop",
    action=Action.STOP,
    usage="NAME",
    about=mark("stop a container, after a question"),
)
@command(
    router,
    "restart",
    role=Role.OPERATOR,
    act="restart",
    action=Action.RESTART,
    usage="NAME",
    about=mark("restart a container, after a question"),
)
async def act(
    message: Message,
    command: CommandObject,
    actor: Actor,
    control: Control,
    fleet: Fleet,
    recents: Recents,
) -> None:
    action = ACTION_OF_ACT[command.command.lower()]
    await _ask(message, action, args.optional_name(command.args), actor, control, fleet, recents)


@button(router, Open.filter(F.act.in_(set(ACTION_OF_ACT))), role=Role.OPERATOR)
async def open_act(
    callback: CallbackQuery,
    callback_data: Open,
    actor: Actor,
    control: Control,
    fleet: Fleet,
    recents: Recents,
) -> None:
    action = ACTION_OF_ACT[callback_data.act]
    await _ask(pressed(callback), action, callback_data.container, actor, control, fleet, recents)


@button(router, Confirm.filter(), role=Role.OPERATOR, answers=True)
async def confirm(callback: CallbackQuery, callback_data: Confirm, actor: Actor, control: Control) -> None:
    """Errors before the act show as an alert over the message, so the answer to the press is given here."""
    message = pressed(callback)
    if not callback_data.yes:
        plan = await control.cancel(callback_data.token, by=actor)
        await answer_press(callback)
        await replace_or_send(message, act_views.cancelled(plan))
        return
    place = Place(message.chat.id, message.message_id)
    async with aclosing(control.carry_out(callback_data.token, by=actor, place=place)) as outcomes:
        async for outcome in outcomes:
            if outcome.phase is Phase.RUNNING:
                await announce(message, act_views.outcome(outcome), press=callback)
            else:
                await replace_or_send(message, act_views.outcome(outcome))


async def _ask(
    message: Message,
    action: Action,
    what: str | ContainerKey | None,
    actor: Actor,
    control: Control,
    fleet: Fleet,
    recents: Recents,
) -> None:
    """Without a name: the picker. With one: the question, or for a start, which harms nothing, the act at once."""
    if what is None:
        report, recent = await fleet.overview(by=actor), await recents.of(actor.id)
        what_for = ACT_OF_ACTION[action]
        await send(message, await to_thread(picker_views.picker, report, recent, what_for, asker_of(actor)))
        return
    plan = await control.propose(action, what, by=actor)
    await recents.used(actor.id, plan.host, plan.name)
    if action is Action.START:
        await _start(await send(message, act_views.starting(plan), as_reply=True), plan, actor, control)
    else:
        await send(message, act_views.confirmation(plan), as_reply=True)


async def _start(shown: Message, plan: Plan, actor: Actor, control: Control) -> None:
    """`shown` says "⏳" already, so whatever becomes of it is told there."""
    place = Place(shown.chat.id, shown.message_id)
    try:
        async with aclosing(control.carry_out(plan.token, by=actor, place=place)) as outcomes:
            async for outcome in outcomes:
                if outcome.phase is not Phase.RUNNING:
                    await replace_or_send(shown, act_views.outcome(outcome))
    except VakhtaError as error:
        await replace_or_send(shown, failure(error, asker_of(actor), "up", plan.asked))
