"""Which groups the bot stays in: those that the settings name. Any other is left, and the admins are told."""

import asyncio
import logging
from typing import Any

from aiogram import Bot
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramAPIError
from aiogram.types import Chat, ChatMemberUpdated, Message
from aiogram.utils.formatting import Text
from aiogram.utils.i18n import gettext as _

from bot.courier import Courier
from services.roster import Roster

log = logging.getLogger(__name__)

# Seconds by which Telegram's notice that a group has moved may come behind the first word from its new id.
MIGRATION_NOTICE = 2.0

_INSIDE = ("member", "administrator", "restricted")


class Doors:
    """One for the life of the process: each unknown chat is decided upon once, however much is said there."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._undecided: dict[int, asyncio.Event] = {}

    async def admits(self, chat: Chat, bot: Bot) -> bool:
        """Whether the group is one of the settings'; if not, it is left."""
        if self._roster.chat(chat.id) is not None:
            return True
        if chat.id in self._undecided:
            await self._undecided[chat.id].wait()
            return self._roster.chat(chat.id) is not None
        decided = self._undecided[chat.id] = asyncio.Event()
        try:
            await asyncio.sleep(MIGRATION_NOTICE)
            if self._roster.chat(chat.id) is not None:
                return True
            await self._leave(chat, bot)
            return False
        finally:
            decided.set()
            del self._undecided[chat.id]

    async def _leave(self, chat: Chat, bot: Bot) -> None:
        log.warning("leaving chat %s, which the settings do not name", chat.id)
        try:
            await bot.leave_chat(chat.id)
        except TelegramAPIError as error:
            log.warning("could not leave chat %s: %s", chat.id, error)
            return
        words = _("I left the chat {title} ({id}): it is not in the settings (chats).")
        text = Text(words.format(title=chat.title or "?", id=chat.id))
        for admin in self._roster.admins():
            try:
                await bot.send_message(admin, **text.as_kwargs())
            except TelegramAPIError as error:  # one who never started the bot
                log.warning("could not tell admin %s: %s", admin, error)


async def note_migration(message: Message, courier: Courier) -> None:
    """Telegram's own notices that a group has become a supergroup: one in each chat, in any order."""
    if message.migrate_to_chat_id:
        await courier.migrate(message.chat.id, message.migrate_to_chat_id)
    elif message.migrate_from_chat_id:
        await courier.migrate(message.migrate_from_chat_id, message.chat.id)


async def on_membership(event: ChatMemberUpdated, bot: Bot, doors: Doors, **_data: Any) -> None:
    """The bot was put into a chat or taken out of one."""
    if event.chat.type != ChatType.PRIVATE and event.new_chat_member.status in _INSIDE:
        await doors.admits(event.chat, bot)
