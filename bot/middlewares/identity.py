"""Who speaks, and where: strangers and unknown chats go no further than this.

A person is a numeric id that the settings name; 1087968824 (an anonymous admin) and 777000 (a channel's
relay) are never people, whatever stands behind them.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from aiogram import BaseMiddleware
from aiogram.enums import ChatType
from aiogram.types import CallbackQuery, Chat, Message, MessageGenerationStopped, TelegramObject, User

from bot.middlewares.doors import Doors, note_migration
from bot.updates import is_stale
from handlers.callbacks import asker_of
from handlers.reply import send
from handlers.views.people import stranger
from services.ports import Clock, Put, Store
from services.roster import Roster

_ANSWERED_TO_STRANGERS = ("/start", "/whoami")


class Identity(BaseMiddleware):
    """Outer, on all that people cause: adds `actor` and `asker`, or drops the event."""

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        roster: Roster = data["roster"]
        chat: Chat | None = data.get("event_chat")
        user = data.get("event_from_user") or _of_private_chat(event, data)
        if chat is None or user is None:
            return None
        if isinstance(event, Message):
            await note_migration(event, data["courier"], roster)
        private = chat.type == ChatType.PRIVATE
        doors: Doors = data["doors"]
        if not private and not await doors.admits(chat, data["bot"]):
            return None
        if not private and isinstance(event, Message) and _is_command_among_alerts(event, roster):
            return None
        actor = roster.actor(user.id, roster.chat(chat.id), chat=chat.id)
        if actor is None or user.is_bot:
            return await _meet_stranger(event, user.id, private=private, data=data)
        data["actor"] = actor
        data["asker"] = asker_of(actor)
        return await handler(event, data)


def _of_private_chat(event: TelegramObject, data: dict[str, Any]) -> User | None:
    """Stop below a draft names nobody: drafts are shown in private chats alone, which bear their person's id."""
    chat: Chat | None = data.get("event_chat")
    if not isinstance(event, MessageGenerationStopped) or chat is None or chat.type != ChatType.PRIVATE:
        return None
    return User(id=chat.id, is_bot=False, first_name=chat.first_name or "")


def _is_command_among_alerts(message: Message, roster: Roster) -> bool:
    """A group that is only sent alerts takes presses, and replies that acknowledge; commands belong elsewhere."""
    return roster.chat(message.chat.id) is None and (message.text or "").startswith("/")


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
