"""`/check`: what people outside meet at a domain."""

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from handlers import args
from handlers.callbacks import Check, CheckAgain, CheckList
from handlers.declare import button, command
from handlers.pressed import pressed
from handlers.reply import replace_or_send, send, show
from handlers.views import check as views
from handlers.views.failures import failure
from handlers.waiting import Spot
from handlers.words import mark
from services.domain.access import Actor, Role
from services.errors import VakhtaError
from services.outside.checking import Checking
from services.outside.targets import Target
from services.ports import Clock

router = Router(name="check")


@command(
    router,
    "check",
    role=Role.VIEWER,
    about=mark("what people outside meet at a domain, step by step"),
    entry=(mark("Check a domain"), CheckList),
    usage="[DOMAIN|NAME|URL]",
)
async def check(
    message: Message, command: CommandObject, actor: Actor, asker: str, checking: Checking, clock: Clock
) -> None:
    what = args.optional_name(command.args)
    if what is None:
        await send(message, views.picker(await checking.domains(by=actor), asker))
        return
    meant = await checking.meant(what, by=actor)
    if len(meant) > 1:
        hosts = {target.host for target in meant}
        domains = [each for each in await checking.domains(by=actor) if each.domain in hosts]
        await send(message, views.picker(domains, asker))
        return
    await _check(message, meant[0], actor, asker, checking, clock)


@button(router, CheckList.filter(), role=Role.VIEWER)
async def list_domains(
    callback: CallbackQuery,
    callback_data: CheckList,
    actor: Actor,
    asker: str,
    checking: Checking,
    *,
    in_place: bool,
) -> None:
    answer = views.picker(await checking.domains(by=actor), asker, page=callback_data.page)
    await show(pressed(callback), answer, in_place=in_place)


@button(router, Check.filter(), role=Role.VIEWER)
async def check_domain(
    callback: CallbackQuery, callback_data: Check, actor: Actor, asker: str, checking: Checking, clock: Clock
) -> None:
    target = await checking.of_key(callback_data.key, by=actor)
    await _check(pressed(callback), target, actor, asker, checking, clock)


@button(router, CheckAgain.filter(), role=Role.VIEWER)
async def check_again(
    callback: CallbackQuery,
    callback_data: CheckAgain,
    actor: Actor,
    asker: str,
    checking: Checking,
    *,
    in_place: bool,
) -> None:
    target = await checking.kept(callback_data.token)
    spot = Spot(pressed(callback), in_place=in_place)
    again = CheckAgain(asker=asker, token=callback_data.token)
    report = await spot.awaiting(
        checking.check(target, by=actor), lambda: views.checking(target.shown, again)
    )
    await spot.put(views.check(report, again))


async def _check(
    message: Message, target: Target, actor: Actor, asker: str, checking: Checking, clock: Clock
) -> None:
    """A first message at once, for a check may take its time; whatever becomes of it is told there."""
    shown = await send(message, views.checking(target.shown), as_reply=True)
    try:
        report = await checking.check(target, by=actor)
        again = CheckAgain(asker=asker, token=await checking.keep(target))
    except VakhtaError as error:
        await replace_or_send(shown, failure(error, asker, "card", clock.now()))
        return
    await replace_or_send(shown, views.check(report, again))
