"""`/check`: what people outside meet at a domain."""

from collections.abc import Awaitable, Sequence

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from handlers import args
from handlers.declare import button, command
from handlers.outside_callbacks import Check, CheckAgain, CheckList
from handlers.pressed import pressed
from handlers.reply import replace_or_send, send, show
from handlers.views import check as views
from handlers.views.failures import failure
from handlers.waiting import Spot
from handlers.words import mark
from services.domain.access import Actor, Role
from services.domain.certificates import Domain
from services.domain.checks import CheckReport
from services.errors import VakhtaError
from services.outside.checking import Checking
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
    else:
        await _told(message, checking.check(what, by=actor), asker, clock, what)


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
    await _told(pressed(callback), checking.check_domain(callback_data.key, by=actor), asker, clock)


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
    spot = Spot(pressed(callback), in_place=in_place)
    work = checking.check_again(callback_data.token, by=actor)
    report = await spot.awaiting(work, lambda: views.checking(again=callback_data))
    await spot.put(views.check(report, asker))


async def _told(
    message: Message,
    work: Awaitable[CheckReport | Sequence[Domain]],
    asker: str,
    clock: Clock,
    what: str = "",
) -> None:
    """A first message at once, for a check may take its time; whatever becomes of it is told there."""
    shown = await send(message, views.checking(what), as_reply=True)
    try:
        found = await work
    except VakhtaError as error:
        await replace_or_send(shown, failure(error, asker, "card", clock.now()))
        return
    answer = views.check(found, asker) if isinstance(found, CheckReport) else views.picker(found, asker)
    await replace_or_send(shown, answer)
