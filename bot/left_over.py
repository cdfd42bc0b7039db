"""After a sudden end of the bot: what a chat shows as live is told to be over."""

import asyncio
import logging
from collections.abc import Sequence

from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.types import ReplyParameters

from bot.container import Services
from bot.courier import RETRIED, background
from bot.middlewares.locale import speaking
from handlers.views.follow import left_over
from services.logs.follow.following import LeftOver

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0


async def tell_left_over(follows: Sequence[LeftOver], bot: Bot, services: Services) -> None:
    """Each until it has been told; after a power cut Telegram may be away."""
    with background():
        async with asyncio.TaskGroup() as group:
            for follow in follows:
                group.create_task(_tell_on(follow, bot, services), name="left over")


async def _tell_on(follow: LeftOver, bot: Bot, services: Services) -> None:
    pause = FIRST_PAUSE
    while True:
        try:
            await _tell(follow, bot, services)
            break
        except RETRIED as error:
            log.info("a follow that was left over is told in %.0f s: %s", pause, error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        except AiogramError as error:  # deleted, or the chat is closed
            log.info("nobody sees follow %d any more: %s", follow.number, error)
            break
    await services.follows.forget(follow.number)


async def _tell(follow: LeftOver, bot: Bot, services: Services) -> None:
    chat, message = follow.place.chat, follow.place.message
    language = await services.languages.of_chat(chat)
    with speaking(services.catalogues, services.timezone, language):
        answer = left_over(follow)
    if not follow.drafted:
        await bot.edit_message_text(chat_id=chat, message_id=message, **answer.as_kwargs())
        return
    reply = ReplyParameters(message_id=message, allow_sending_without_reply=True)
    await bot.send_message(chat, **answer.as_kwargs(), reply_parameters=reply)
