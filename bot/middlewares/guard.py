"""The gate before every handler: role, rights of a press, and foreseen failures told to the person."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from aiogram import BaseMiddleware
from aiogram.dispatcher.flags import get_flag
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message, TelegramObject
from aiogram.utils.chat_action import ChatActionSender
from aiogram.utils.i18n import gettext as _

from handlers.args import UsageError, optional_name
from handlers.callbacks import ACTION_OF_ACT, ACTION_OF_PRESS, NOBODY, Act, Open, Press
from handlers.declare import Declaration
from handlers.reply import answer_press, send
from handlers.views.answer import Answer
from handlers.views.failures import failure, sentence
from services.audit import Audit, Result
from services.domain.access import Actor, Role
from services.errors import Denied, VakhtaError
from services.ports import Clock
from services.roster import Roster

log = logging.getLogger(__name__)

# Longest text of a callback answer, in UTF-16 units.
_ALERT_UNITS = 200


class Guard(BaseMiddleware):
    """Inner, on every observer that people reach. A handler without a role is closed to all."""

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        actor: Actor | None = data.get("actor")
        role: Role | None = get_flag(data, "role")
        if actor is None or role is None:
            log.error("an unguarded handler was refused: %s", data.get("handler"))
            return None
        if isinstance(event, CallbackQuery):
            if not isinstance(event.message, Message):
                return await event.answer(_("This message is too old. Ask again."), show_alert=True)
            if not _stands_on(event.message, event.data):
                return await event.answer(_("This button has gone meanwhile. Look again."), show_alert=True)
            data["actor"] = actor = _narrowed(actor, data)
        if actor.role < role:
            return await _refuse(event, role, data)
        if isinstance(event, CallbackQuery) and not get_flag(data, "answers"):
            await answer_press(event)  # first: Telegram waits 15 s at most
        async with _typing(data):
            return await handler(event, data)


def _typing(data: dict[str, Any]) -> ChatActionSender:
    """Shows "typing…" once an answer takes longer than a moment."""
    return ChatActionSender(
        bot=data["bot"],
        chat_id=data["event_chat"].id,
        message_thread_id=data.get("event_thread_id"),
        initial_sleep=1,
    )


def _stands_on(message: Message, data: str | None) -> bool:
    """Whether there is such a button on the message now: a changed client may send any data at all."""
    rows = message.reply_markup.inline_keyboard if message.reply_markup else []
    return any(button.callback_data == data for row in rows for button in row)


def _narrowed(actor: Actor, data: dict[str, Any]) -> Actor:
    """A press acts with the presser's rights within what the asker may see.

    The message stays the asker's. It is made anew only by somebody who sees all that the asker does; to anybody
    else the answer is a message of his own, so that nobody blinds others.
    """
    press = data.get("callback_data")
    roster: Roster = data["roster"]
    if not isinstance(press, Press) or press.asker == NOBODY:
        data["in_place"] = False
        return actor
    asked = roster.scope_of(press.asker_id)
    data["in_place"] = in_place = roster.scope_of(actor.id).includes(asked)
    if in_place and not isinstance(press, Open):
        data["asker"] = press.asker
    return replace(actor, scope=actor.scope & asked)


async def _refuse(event: TelegramObject, role: Role, data: dict[str, Any]) -> None:
    roster: Roster = data["roster"]
    actor: Actor = data["actor"]
    declaration: Declaration | None = get_flag(data, "declaration")
    what = f"/{declaration.name}" if declaration else _("this button")
    log.info("%s (%s) was refused %s: needs %s", actor.name, actor.id, what, role.name)
    act = getattr(data.get("callback_data"), "act", "")
    action = declaration.action if declaration else ACTION_OF_ACT.get(act)
    action = action or ACTION_OF_PRESS.get(type(data.get("callback_data")))
    command: CommandObject | None = data.get("command")
    typed = optional_name(command.args) if command and action else None  # else it may be any text
    named = typed or ("" if action in ACTION_OF_PRESS.values() else None)
    refusal = Denied(action, named, roster.with_role(role)) if action and named is not None else None
    refusal = refusal or Denied(what, "", roster.with_role(role))
    words = sentence(refusal, data["clock"].now())
    if action is not None:
        audit: Audit = data["audit"]
        await audit.record(actor, action, None, Result.DENIED)
    if isinstance(event, CallbackQuery):
        await event.answer(words[:_ALERT_UNITS], show_alert=True)
    elif isinstance(event, Message):
        await event.answer(words)


class Failures(BaseMiddleware):
    """Inner, around the guard: what services and arguments foresee to go wrong becomes a sentence in the chat."""

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        try:
            return await handler(event, data)
        except (VakhtaError, UsageError) as error:
            log.info("told %s: %s", data["actor"].name, error)
            await _tell(event, error, data)
            return None


async def _tell(event: TelegramObject, error: VakhtaError | UsageError, data: dict[str, Any]) -> None:
    if isinstance(event, Message):
        await send(event, _failure(error, data))
        return
    if not isinstance(event, CallbackQuery):
        return  # a draft's Stop: there is nothing to answer
    if get_flag(data, "answers"):  # such a handler answers only once it has got past all errors
        await event.answer(sentence(error, data["clock"].now())[:_ALERT_UNITS], show_alert=True)
    elif isinstance(event.message, Message):
        await send(event.message, _failure(error, data), as_reply=True)


def _failure(error: VakhtaError | UsageError, data: dict[str, Any]) -> Answer:
    clock: Clock = data["clock"]
    return failure(error, data["asker"], _act(data), clock.now())


def _act(data: dict[str, Any]) -> Act:
    """What a suggested name shall lead to."""
    declaration: Declaration | None = get_flag(data, "declaration")
    if declaration:
        return declaration.act
    act: Act = getattr(data.get("callback_data"), "act", "card")
    return act
