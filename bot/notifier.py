"""The Notifier over Telegram: what an incident is now → a view, in the chat's language → a send or an edit."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from aiogram import Bot
from aiogram.types import (
    BufferedInputFile,
    InputMediaDocument,
    LinkPreviewOptions,
    Message,
    ReplyParameters,
)

from bot.courier import Courier, background
from bot.middlewares.locale import speaking
from handlers.delivery import NO_TOPIC, delivering
from handlers.views import alerts as views
from handlers.views.alert_file import roll_file
from handlers.views.alert_notices import notice as notice_view
from handlers.views.answer import Answer, File
from handlers.words import Catalogues
from services.domain.posts import Bulletin, Destination, Notice, Ring
from services.errors import ChatClosed, MessageLost, MessageRefused
from services.languages import Languages
from services.ports import Sent

log = logging.getLogger(__name__)

T = TypeVar("T")

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_MANY = 50  # alerts in a file beyond which it is written in a thread

_NO_FILES = ("send documents", "send_docs", "send_media")


class TelegramNotifier:
    """Deadlines, rates and the first retry are the courier's, through which all calls of `bot` go."""

    def __init__(
        self, bot: Bot, languages: Languages, catalogues: Catalogues, timezone: ZoneInfo, courier: Courier
    ) -> None:
        self._bot = bot
        self._languages = languages
        self._catalogues = catalogues
        self._timezone = timezone
        self._courier = courier

    async def post(self, bulletin: Bulletin) -> Sent:
        async with self.speaking(bulletin.to.chat):
            answer = await self._view(bulletin)
            message = await self._send(bulletin.to, answer, silent=bulletin.silent)
        return Sent(message.chat.id, message.message_id, message.document is not None)

    async def revise(self, bulletin: Bulletin, message: Sent) -> None:
        async with self.speaking(message.chat):
            await self._edit(message, _anew(bulletin, message))

    async def attach(self, bulletin: Bulletin, to: Sent, instead_of: int | None) -> int:
        async with self.speaking(to.chat):
            file = _upload(await _roll(bulletin))
            if instead_of is not None:
                try:
                    await self._call(
                        self._bot.edit_message_media,
                        InputMediaDocument(media=file),
                        chat_id=to.chat,
                        message_id=instead_of,
                    )
                except MessageLost as lost:
                    log.info("a file is gone, it is sent anew: %s", lost)
                else:
                    return instead_of
            try:
                message: Message = await self._call(
                    self._bot.send_document,
                    to.chat,
                    file,
                    disable_notification=True,
                    reply_parameters=_reply(to.message),
                )
            except ChatClosed as closed:
                if any(words in closed.detail.lower() for words in _NO_FILES):
                    raise MessageRefused(closed.detail) from closed  # text is taken there all the same
                raise
        return message.message_id

    async def ring(self, to: Destination, ring: Ring, message: Sent) -> Sent:
        async with self.speaking(message.chat):
            there = Destination(message.chat, to.topic)
            sent = await self._send(there, views.ringing(ring), silent=ring.silent, reply_to=message.message)
        return Sent(sent.chat.id, sent.message_id)

    async def redirect(self, orphan: Sent, newer: Sent) -> None:
        async with self.speaking(orphan.chat):
            link = link_to(newer) if newer.chat == orphan.chat else None
            await self._edit(orphan, views.redirected(link))

    async def tell(self, person: int, notice: Notice) -> None:
        async with self.speaking(person):
            await self._send(Destination(person), notice_view(notice))

    # One call

    @asynccontextmanager
    async def speaking(self, chat: int) -> AsyncIterator[None]:
        """The chat's words; and the calls in here stand behind those that people wait for."""
        language = await self._languages.of_chat(self._courier.moved.get(chat, chat))
        with speaking(self._catalogues, self._timezone, language), background():
            yield

    async def _view(self, bulletin: Bulletin) -> Answer:
        if not (bulletin.is_digest or bulletin.compact):
            return views.living(bulletin)
        if len(bulletin.roll) <= _MANY:
            return views.digest(bulletin)
        return await asyncio.to_thread(views.digest, bulletin)

    async def _send(
        self, to: Destination, answer: Answer, *, silent: bool = False, reply_to: int | None = None
    ) -> Message:
        """In its topic; where that is gone or closed, in the chat without one."""
        try:
            return await self._send_there(to, answer, silent, reply_to)
        except ChatClosed as closed:
            if to.topic is None or not any(each in closed.detail.lower() for each in NO_TOPIC):
                raise
            log.warning("chat %d takes nothing in its topic %d: %s", to.chat, to.topic, closed)
        return await self._send_there(Destination(to.chat), answer, silent, reply_to)

    async def _send_there(
        self, to: Destination, answer: Answer, silent: bool, reply_to: int | None
    ) -> Message:
        common: dict[str, Any] = {
            "message_thread_id": to.topic,
            "disable_notification": silent,
            "reply_markup": answer.keyboard,
            "reply_parameters": _reply(reply_to),
        }
        if answer.file is not None:
            file = _upload(answer.file)
            return await self._call(
                self._bot.send_document, to.chat, file, **answer.text.as_caption_kwargs(), **common
            )
        text = answer.text.as_kwargs()
        return await self._call(
            self._bot.send_message, to.chat, **text, link_preview_options=_NO_PREVIEW, **common
        )

    async def _edit(self, message: Sent, answer: Answer) -> None:
        place = {"chat_id": message.chat, "message_id": message.message, "reply_markup": answer.keyboard}
        if message.document:
            await self._call(self._bot.edit_message_caption, **answer.as_caption_kwargs(), **place)
            return
        text = answer.text.as_kwargs()
        await self._call(self._bot.edit_message_text, **text, link_preview_options=_NO_PREVIEW, **place)

    async def _call(self, method: Callable[..., Awaitable[T]], *args: Any, **more: Any) -> T:
        """aiogram's errors become the port's."""
        with delivering():
            return await method(*args, **more)


def _anew(bulletin: Bulletin, message: Sent) -> Answer:
    if bulletin.is_digest or message.document:
        return views.digest(bulletin, document=message.document)
    return views.living(bulletin)


async def _roll(bulletin: Bulletin) -> File:
    if len(bulletin.roll) <= _MANY:
        return roll_file(bulletin)
    return await asyncio.to_thread(roll_file, bulletin)


def link_to(message: Sent) -> str | None:
    """The address of a message; only supergroups have such."""
    chat = str(message.chat)
    return f"https://t.me/c/{chat[4:]}/{message.message}" if chat.startswith("-100") else None


def _reply(message: int | None) -> ReplyParameters | None:
    if message is None:
        return None
    return ReplyParameters(message_id=message, allow_sending_without_reply=True)


def _upload(file: File) -> BufferedInputFile:
    return BufferedInputFile(file.content, filename=file.name)
