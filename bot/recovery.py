"""After a crash in the middle of an act: the person is told, by a reply that rings, and nothing is done again."""

import asyncio
import logging
from collections.abc import Sequence

from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.types import ReplyParameters

from bot.container import Services
from bot.courier import RETRIED
from bot.middlewares.locale import speaking
from handlers.views import acts as views
from services.domain.plans import Intent, Outcome
from services.errors import StoreError

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0


async def report_interrupted(intents: Sequence[Intent], bot: Bot, services: Services) -> None:
    """Each message that was left at "⏳" is brought to what is known now; after a power cut Telegram may be away."""
    async with asyncio.TaskGroup() as group:
        for intent in intents:
            group.create_task(_report(intent, bot, services), name="recovery")


async def _report(intent: Intent, bot: Bot, services: Services) -> None:
    """Tell until it has been told; only then are the books closed."""
    log.warning("interrupted: %s of %s/%s", intent.plan.action, intent.plan.host, intent.plan.name)
    pause = FIRST_PAUSE
    while True:
        outcome, result = await services.control.review(intent)
        try:
            await _tell(intent, outcome, bot, services)
            break
        except RETRIED as error:
            log.warning("an interrupted act is told in %.0f s: %s", pause, error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        except AiogramError:
            log.exception("chat %s cannot be told of an interrupted act", intent.place.chat)
            break
    try:
        await services.control.close(intent, result)
    except StoreError:
        log.exception("an interrupted act stays in the books until the next start")


async def _tell(intent: Intent, outcome: Outcome, bot: Bot, services: Services) -> None:
    place = intent.place
    language = await services.languages.of_chat(place.chat)
    with speaking(services.catalogues, services.timezone, language):
        answer, ringing = views.outcome(outcome), views.interruption(outcome)
    try:
        await bot.edit_message_text(chat_id=place.chat, message_id=place.message, **answer.as_kwargs())
    except RETRIED:
        raise
    except AiogramError as error:  # it may have been deleted; the reply says it all
        log.warning("could not edit the message of an interrupted act: %s", error)
    await bot.send_message(
        place.chat,
        **ringing.as_kwargs(),
        reply_parameters=ReplyParameters(message_id=place.message, allow_sending_without_reply=True),
    )
