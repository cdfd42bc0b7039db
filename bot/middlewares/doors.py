"""Which groups the bot stays in: those that the settings name. Any other is left, and the admins are told."""

import asyncio
import logging
from math import inf
from typing import Any

from aiogram import Bot
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramAPIError
from aiogram.types import Chat, ChatMemberUpdated, Message
from aiogram.utils.formatting import Code, Text
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n.context import get_i18n

from bot.courier import Courier
from services.languages import Languages
from services.logs.text.presentable import presentable
from services.roster import Roster

log = logging.getLogger(__name__)

# Seconds by which Telegram's notice that a group has moved may come behind the first word from its new id.
MIGRATION_NOTICE = 2.0

# Seconds between two messages to the admins about chats that were left.
TELLING = 3600.0
_LONGEST_TITLE = 40

_INSIDE = ("member", "administrator", "restricted")


class Doors:
    """One for the life of the process: each unknown chat is decided upon once, however much is said there."""

    def __init__(self, roster: Roster, languages: Languages) -> None:
        self._roster = roster
        self._languages = languages
        self._undecided: dict[int, asyncio.Event] = {}
        self._told_at = -inf
        self._untold = 0

    async def admits(self, chat: Chat, bot: Bot) -> bool:
        """Whether the group is one of the settings'; if not, it is left."""
        if self._roster.knows(chat.id):
            return True
        if chat.id in self._undecided:
            await self._undecided[chat.id].wait()
            return self._roster.knows(chat.id)
        decided = self._undecided[chat.id] = asyncio.Event()
        try:
            await asyncio.sleep(MIGRATION_NOTICE)
            if self._roster.knows(chat.id):
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
        now = asyncio.get_running_loop().time()
        if now - self._told_at < TELLING:
            self._untold += 1
            return
        untold = self._untold
        self._told_at, self._untold = now, 0
        for admin in self._roster.admins():
            with get_i18n().use_locale(await self._languages.of_chat(admin)):
                text = _left(chat, untold)
            try:
                await bot.send_message(admin, **text.as_kwargs())
            except TelegramAPIError as error:  # one who never started the bot
                log.warning("could not tell admin %s: %s", admin, error)


def _left(chat: Chat, others: int) -> Text:
    """What the admins are told. The title is anybody's words: one short line, and never a link."""
    title = " ".join(presentable(chat.title or "?").split())[:_LONGEST_TITLE].rstrip()
    words = _("I left the chat {title} ({id}): it is not in the settings (chats).")
    before, _sign, after = words.partition("{title}")
    text = Text(before.format(id=chat.id), Code(title), after.format(id=chat.id))
    if others:
        more = _("And {count} more since the last such message.")
        text = Text(text, " ", more.format(count=others))
    return text


async def note_migration(message: Message, courier: Courier, roster: Roster) -> None:
    """Telegram's own notices that one of the settings' groups has become a supergroup: one in each chat, in any
    order."""
    old = message.chat.id if message.migrate_to_chat_id else message.migrate_from_chat_id
    new = message.migrate_to_chat_id or message.chat.id
    if old and roster.knows(old):
        await courier.migrate(old, new)


async def on_membership(event: ChatMemberUpdated, bot: Bot, doors: Doors, **_data: Any) -> None:
    """The bot was put into a chat or taken out of one."""
    if event.chat.type != ChatType.PRIVATE and event.new_chat_member.status in _INSIDE:
        await doors.admits(event.chat, bot)
