"""Who speaks, and where: strangers and unknown chats go no further than this.

A person is a numeric id that the settings name; 1087968824 (an anonymous admin) and 777000 (a channel's
relay) are never people, whatever stands behind them.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from aiogram import BaseMiddleware, Bot
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramAPIError
from aiogram.types import CallbackQuery, Chat, ChatMemberUpdated, Message, TelegramObject
from aiogram.utils.formatting import Text
from aiogram.utils.i18n import gettext as _

from bot.courier import Courier
from bot.updates import is_stale
from handlers.reply import send
from handlers.views.people import stranger
from services.ports import Clock, Put, Store
from services.roster import Roster

log = logging.getLogger(__name__)

_ANSWERED_TO_STRANGERS = ("/start", "/whoami")
# Seconds that Telegram's notice of a migration may come behind the new membership.
_MIGRATION_NOTICE = 2.0


class Identity(BaseMiddleware):
    """Outer, on messages and presses: adds `actor` and `asker`, or drops the event."""

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        roster: Roster = data["roster"]
        chat: Chat | None = data.get("event_chat")
        user = data.get("event_from_user")
        if chat is None or user is None:
            return None
        await _note_migration(event, data)
        private = chat.type == ChatType.PRIVATE
        known = roster.chat(chat.id)
        if not private and known is None:
            return await leave(chat, data)
        actor = roster.actor(user.id, known)
        if actor is None or user.is_bot:
            return await _meet_stranger(event, user.id, private=private, data=data)
        data["actor"] = actor
        data["asker"] = f"{actor.id:x}"
        return await handler(event, data)


async def _note_migration(event: TelegramObject, data: dict[str, Any]) -> None:
    """Telegram's own notices that a group has become a supergroup: they come in both chats, in any order."""
    courier: Courier = data["courier"]
    if isinstance(event, Message) and event.migrate_to_chat_id:
        await courier.migrate(event.chat.id, event.migrate_to_chat_id)
    elif isinstance(event, Message) and event.migrate_from_chat_id:
        await courier.migrate(event.migrate_from_chat_id, event.chat.id)


async def _meet_stranger(
    event: TelegramObject, person_id: int, *, private: bool, data: dict[str, Any]
) -> None:
    """Silence, but for a stranger's own id, at most once a day; a press must be answered, so it is: with nothing."""
    if isinstance(event, CallbackQuery):
        await event.answer()
        return
    clock: Clock = data["clock"]
    if not private or not isinstance(event, Message) or is_stale(event.date, clock.now()):
        return
    word = (event.text or "").split(maxsplit=1)[:1]
    if not word or word[0].partition("@")[0].lower() not in _ANSWERED_TO_STRANGERS:
        return
    store: Store = data["store"]
    key = f"stranger/{person_id}"
    once = Put(key, b"1", expires=clock.now() + timedelta(days=1))
    if await store.write(once, expect={key: None}):
        await send(event, stranger(person_id))


async def on_membership(event: ChatMemberUpdated, **data: Any) -> None:
    """The bot was put into a chat or taken out of one."""
    roster: Roster = data["roster"]
    inside = event.new_chat_member.status in ("member", "administrator", "restricted")
    if event.chat.type == ChatType.PRIVATE or not inside:
        return
    # A group that has just become a supergroup is known under its new id a moment later.
    await asyncio.sleep(_MIGRATION_NOTICE)
    if roster.chat(event.chat.id) is None:
        await leave(event.chat, data)


async def leave(chat: Chat, data: dict[str, Any]) -> None:
    """A chat that the settings do not name is left, and the admins are told."""
    bot: Bot = data["bot"]
    roster: Roster = data["roster"]
    log.warning("leaving chat %s, which the settings do not name", chat.id)
    try:
        await bot.leave_chat(chat.id)
    except TelegramAPIError as error:
        log.warning("could not leave chat %s: %s", chat.id, error)
        return
    words = _("I left the chat {title} ({id}): it is not in the settings (chats).")
    text = Text(words.format(title=chat.title or "?", id=chat.id))
    await tell_admins(bot, roster, text)


async def tell_admins(bot: Bot, roster: Roster, text: Text) -> None:
    """In private, to each; one who never started the bot cannot be told, and the log says so."""
    for admin in roster.admins():
        try:
            await bot.send_message(admin, **text.as_kwargs())
        except TelegramAPIError as error:
            log.warning("could not tell admin %s: %s", admin, error)
