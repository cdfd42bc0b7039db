"""Alerts: what fires, and taking, giving back and silencing it."""

from aiogram import F, Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from handlers import args
from handlers.callbacks import Ack, AckAll, AckListed, AlertPage, Mute, Release, Unmute
from handlers.declare import button, command, otherwise
from handlers.links import links_beside
from handlers.pressed import pressed
from handlers.reply import answer_press, send, show, without
from handlers.views import alert_lists as lists
from handlers.views import alerts as views
from handlers.words import mark
from services.alerts.acts import AlertActs
from services.alerts.browse import AlertBrowser
from services.alerts.orphans import Orphans
from services.domain.access import Action, Actor, Role
from services.domain.alerts import Span
from services.ports import Clock, Sent

router = Router(name="alerts")


@command(
    router,
    "alerts",
    role=Role.VIEWER,
    about=mark("what fires now, the worst first"),
    entry=(mark("Alerts"), AlertPage),
    usage="[HOST|NAME|critical|waiting]",
)
async def alerts(
    message: Message, command: CommandObject, actor: Actor, asker: str, browser: AlertBrowser
) -> None:
    words = args.words(command.args)
    found, links = await browser.open(by=actor, words=words), await links_beside(message)
    await send(message, lists.open_alerts(found, words, asker, links=links))


@button(router, AlertPage.filter(), role=Role.VIEWER)
async def turn_alerts(
    callback: CallbackQuery,
    callback_data: AlertPage,
    actor: Actor,
    asker: str,
    browser: AlertBrowser,
    *,
    in_place: bool,
) -> None:
    found, message = await browser.open(by=actor), pressed(callback)
    links = await links_beside(message)
    answer = lists.open_alerts(found, (), asker, page=callback_data.page, links=links)
    await show(message, answer, in_place=in_place)


@command(
    router,
    "ack",
    role=Role.OPERATOR,
    action=Action.ACKNOWLEDGE,
    about=mark("take an alert; alone: what waits for somebody"),
    usage="[NAME [NOTE]]",
)
async def ack(
    message: Message, command: CommandObject, actor: Actor, browser: AlertBrowser, acts: AlertActs
) -> None:
    name, note = args.name_and_note(command.args)
    waiting = await browser.waiting(by=actor, words=[name] if name else ())
    if name and not waiting.shown:  # somebody may have it already, and then it is said who
        waiting = await browser.open(by=actor, words=[name])
    if name is None or len(waiting.shown) != 1:
        await send(message, lists.waiting(waiting, name))
        return
    taken = await acts.acknowledge(waiting.shown[0].incident.id, by=actor, note=note)
    await send(message, views.taken_by_command(waiting.shown[0], taken.acks[-1]), as_reply=True)


@command(
    router,
    "why",
    role=Role.VIEWER,
    about=mark("why an alert came, and where it went"),
    usage="NAME",
)
async def why(message: Message, command: CommandObject, actor: Actor, browser: AlertBrowser) -> None:
    name = args.optional_name(command.args)
    if name is None:
        await send(message, lists.why_what())
        return
    await send(message, lists.why(await browser.why(name, by=actor)))


@button(router, Ack.filter(), role=Role.OPERATOR, answers=True)
async def press_ack(
    callback: CallbackQuery, callback_data: Ack, actor: Actor, acts: AlertActs, orphans: Orphans
) -> None:
    await _own_up(callback, callback_data.incident, orphans, actor)
    await acts.acknowledge(callback_data.incident, by=actor, upto=callback_data.upto)
    await answer_press(callback, views.toast_taken())


@button(router, AckListed.filter(), role=Role.OPERATOR, answers=True)
async def press_ack_listed(
    callback: CallbackQuery, callback_data: AckListed, actor: Actor, acts: AlertActs
) -> None:
    """The list stays its asker's: it only loses the button."""
    await acts.acknowledge(callback_data.incident, by=actor, upto=callback_data.upto)
    await answer_press(callback, views.toast_taken())
    message = pressed(callback)
    await message.edit_reply_markup(reply_markup=without(message.reply_markup, callback.data))


@button(router, AckAll.filter(), role=Role.OPERATOR, answers=True)
async def press_ack_all(
    callback: CallbackQuery, callback_data: AckAll, actor: Actor, acts: AlertActs
) -> None:
    count = await acts.acknowledge_all(callback_data.post, by=actor)
    await answer_press(callback, views.toast_taken(count))


@button(router, Release.filter(), role=Role.OPERATOR, answers=True)
async def press_release(
    callback: CallbackQuery, callback_data: Release, actor: Actor, acts: AlertActs, orphans: Orphans
) -> None:
    await _own_up(callback, callback_data.incident, orphans, actor)
    await acts.release(callback_data.incident, by=actor)
    await answer_press(callback, views.toast_released())


@button(router, Mute.filter(), role=Role.OPERATOR, answers=True)
async def press_mute(
    callback: CallbackQuery,
    callback_data: Mute,
    actor: Actor,
    acts: AlertActs,
    orphans: Orphans,
) -> None:
    """Step by step: what, how long, done."""
    await _own_up(callback, callback_data.incident, orphans, actor)
    span = Span(callback_data.span) if callback_data.span else None
    if span is None or not callback_data.hold:
        await acts.ask(callback_data.incident, by=actor, span=span, fold=callback_data.fold)
        await answer_press(callback)
        return
    quiet = await acts.silence(callback_data.incident, span, callback_data.hold, by=actor)
    await answer_press(callback, views.toast_silenced(quiet))


@button(router, Unmute.filter(), role=Role.OPERATOR, answers=True)
async def press_unmute(
    callback: CallbackQuery, callback_data: Unmute, actor: Actor, acts: AlertActs, orphans: Orphans
) -> None:
    await _own_up(callback, callback_data.incident, orphans, actor)
    await acts.unmute(callback_data.incident, by=actor)
    await answer_press(callback, views.toast_unmuted())


@otherwise(router, F.reply_to_message.from_user.is_bot, F.text.func(args.acknowledges), role=Role.OPERATOR)
async def reply_ack(message: Message, actor: Actor, acts: AlertActs, clock: Clock) -> None:
    """A reply to an alert's message that begins with an acknowledging word; the rest of it is the note."""
    assert message.reply_to_message is not None
    note = args.note_of(message.text or "")
    place = message.reply_to_message
    count = await acts.acknowledge_reply(place.chat.id, place.message_id, by=actor, note=note)
    if count is None:  # the message was about something else
        return
    await send(message, views.taken_by_reply(count, actor.name, clock.now()), as_reply=True)


async def _own_up(callback: CallbackQuery, incident: str, orphans: Orphans, actor: Actor) -> None:
    """A button on a message that nobody knows of: see `Orphans`."""
    message = pressed(callback)
    sent = Sent(message.chat.id, message.message_id, message.document is not None)
    topic = message.message_thread_id if message.is_topic_message else None
    await orphans.pressed(sent, topic, incident, by=actor)
