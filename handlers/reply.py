"""An `Answer` into the chat: as a new message, or in place of one that stands there."""

import asyncio
import logging
from contextlib import suppress

from aiogram.exceptions import AiogramError
from aiogram.types import (
    BufferedInputFile,
    CallbackQuery,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    Message,
    ReplyParameters,
)

from handlers.views.answer import Answer, File
from handlers.views.ways import with_way_back

log = logging.getLogger(__name__)

ANNOUNCE_WITHIN = 3.0  # seconds


async def send(message: Message, answer: Answer, *, as_reply: bool = False) -> Message:
    """A new message in the chat (and topic) of `message`."""
    reply = None
    if as_reply:
        reply = ReplyParameters(message_id=message.message_id, allow_sending_without_reply=True)
    if answer.file is None:
        return await message.answer(**answer.as_kwargs(), reply_parameters=reply)
    deliver = message.answer_photo if answer.file.photo else message.answer_document
    return await deliver(
        _upload(answer.file),
        **answer.as_caption_kwargs(),
        reply_markup=answer.keyboard,
        reply_parameters=reply,
    )


async def replace(message: Message, answer: Answer) -> Message:
    """The same message, made anew. A file cannot become text again, so its text goes out as a new message.

    Where the answer stands now.
    """
    if answer.file is not None:
        kind = InputMediaPhoto if answer.file.photo else InputMediaDocument
        media = kind(media=_upload(answer.file), **answer.as_caption_kwargs())
        await message.edit_media(media, reply_markup=answer.keyboard)
    elif message.document is not None or message.photo:
        return await send(message, answer)
    else:
        await message.edit_text(**answer.as_kwargs())
    return message


async def show(message: Message, answer: Answer, *, in_place: bool) -> None:
    """In the pressed message, or, where its asker may see more than the presser, in one of the presser's own."""
    if in_place:
        await replace(message, with_way_back(answer, message.reply_markup))
    else:
        await send(message, answer)


async def answer_press(callback: CallbackQuery, toast: str | None = None) -> None:
    """Stops the button's spinner. That this fails is no reason to leave undone what the press asked for, or to say that
    something broke when it is done."""
    try:
        await callback.answer(toast)
    except AiogramError as error:
        log.warning("could not answer a press: %s", error)


async def replace_or_send(message: Message, answer: Answer) -> Message:
    """For what must be seen: where the message cannot be edited any more, a new one; where neither works, the log.

    Where it stands now.
    """
    try:
        return await replace(message, answer)
    except AiogramError as error:
        log.warning("could not edit message %s: %s", message.message_id, error)
        try:
            return await send(message, answer)
        except AiogramError:
            log.exception("could not tell chat %s: %s", message.chat.id, answer.text.render()[0])
    return message


async def announce(message: Message, answer: Answer, press: CallbackQuery | None = None) -> None:
    """What has been confirmed waits a moment for its "⏳", but not for a Telegram that hangs.

    press: to be answered first.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(ANNOUNCE_WITHIN):
            if press is not None:
                await answer_press(press)
            await replace_or_send(message, answer)


def without(keyboard: InlineKeyboardMarkup | None, data: str | None) -> InlineKeyboardMarkup | None:
    """The keyboard without the button of this data; None when no other is left."""
    rows = [
        [each for each in row if each.callback_data != data]
        for row in (keyboard.inline_keyboard if keyboard else [])
    ]
    left = [row for row in rows if row]
    return InlineKeyboardMarkup(inline_keyboard=left) if left else None


async def take_buttons(message: Message) -> None:
    """All of them, off a question that has its answer and stays, as a file does."""
    try:
        await message.edit_reply_markup(reply_markup=None)
    except AiogramError as error:
        log.info("buttons stay below message %s: %s", message.message_id, error)


def _upload(file: File) -> BufferedInputFile:
    return BufferedInputFile(file.content, filename=file.name)


async def take_button(message: Message, data: str | None) -> None:
    """Off the message, once it has been pressed."""
    try:
        await message.edit_reply_markup(reply_markup=without(message.reply_markup, data))
    except AiogramError as error:
        log.info("a button stays below message %s: %s", message.message_id, error)
