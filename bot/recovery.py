"""After a crash in the middle of an act: the person is told, by a reply that rings, and nothing is done again."""

import logging

from aiogram import Bot
from aiogram.exceptions import TelegramAPIError
from aiogram.types import ReplyParameters

from bot.container import Services
from bot.middlewares.locale import speaking
from handlers.views import acts as views
from services.domain.plans import Intent, Outcome
from services.errors import StoreError

log = logging.getLogger(__name__)


async def report_interrupted(bot: Bot, services: Services) -> None:
    """Each message that was left at "⏳" is brought to what is known now."""
    try:
        async for intent, outcome in services.control.interrupted():
            await _report(bot, services, intent, outcome)
    except StoreError:
        log.exception("interrupted acts stay for the next start")


async def _report(bot: Bot, services: Services, intent: Intent, outcome: Outcome) -> None:
    place = intent.place
    chat = services.roster.chat(place.chat)
    with speaking(services.catalogues, services.timezone, chat.language if chat else None):
        answer, ringing = views.outcome(outcome), views.interruption(outcome)
    log.warning("interrupted: %s of %s/%s", intent.plan.action, intent.plan.host, intent.plan.name)
    try:
        await bot.edit_message_text(chat_id=place.chat, message_id=place.message, **answer.as_kwargs())
    except TelegramAPIError as error:
        log.warning("could not edit the message of an interrupted act: %s", error)
    try:
        await bot.send_message(
            place.chat,
            **ringing.as_kwargs(),
            reply_parameters=ReplyParameters(message_id=place.message, allow_sending_without_reply=True),
        )
    except TelegramAPIError:
        log.exception("could not tell chat %s of an interrupted act", place.chat)
