"""Events: what the Docker daemons themselves report."""

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from handlers import args
from handlers.callbacks import News
from handlers.declare import button, command
from handlers.pressed import pressed
from handlers.reply import send, show
from handlers.views.events import news, unknown_host
from handlers.words import mark, zone
from services.domain.access import Actor, Role
from services.errors import NoSuchHost
from services.fleet.fleet import Fleet
from services.fleet.newsroom import tell_news
from services.ports import Clock

router = Router(name="events")


@command(
    router,
    "events",
    role=Role.VIEWER,
    about=mark("what happened, as Docker reports it"),
    entry=(mark("Events"), News),
    usage="[HOST] [since]",
)
async def events(
    message: Message, command: CommandObject, actor: Actor, asker: str, fleet: Fleet, clock: Clock
) -> None:
    now = clock.now()
    host, span = args.host_and_span(command.args, now, zone.get())
    asked = News.of(asker, "", span) if span else News(asker=asker)
    try:
        report = await tell_news(fleet, host, span or asked.span(now), by=actor, now=now)
    except NoSuchHost as error:
        await send(message, unknown_host(error, asked, now))
        return
    await send(message, news(report, asked.model_copy(update={"host": report.host})))


@button(router, News.filter(), role=Role.VIEWER)
async def turn_news(
    callback: CallbackQuery,
    callback_data: News,
    actor: Actor,
    asker: str,
    fleet: Fleet,
    clock: Clock,
    *,
    in_place: bool,
) -> None:
    now = clock.now()
    report = await tell_news(fleet, callback_data.host or None, callback_data.span(now), by=actor, now=now)
    asked = callback_data.model_copy(update={"asker": asker})
    await show(pressed(callback), news(report, asked), in_place=in_place)
