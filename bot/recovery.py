"""After a crash in the middle of an act: the person is told, by a reply that rings, and nothing is done again."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.types import ReplyParameters

from bot.container import Services
from bot.courier import RETRIED
from bot.middlewares.locale import speaking
from handlers.views import acts as views
from handlers.views import compose_restart as project_views
from handlers.views.answer import Answer
from services.audit import Result
from services.domain.plans import Intent, Outcome, Place
from services.domain.projects import Begun
from services.errors import StoreError

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0


@dataclass(frozen=True, slots=True)
class _Interrupted:
    """What one message was left with. intent: of a container; begun: of a whole project, of which that may be one."""

    place: Place
    intent: Intent | None = None
    begun: Begun | None = None


async def report_interrupted(
    intents: Sequence[Intent], projects: Sequence[Begun], bot: Bot, services: Services
) -> None:
    """Each message that was left at "⏳" is brought to what is known now; after a power cut Telegram may be away."""
    left = {begun.place: _Interrupted(begun.place, begun=begun) for begun in projects}
    for intent in intents:
        known = left.get(intent.place)
        left[intent.place] = _Interrupted(intent.place, intent, known.begun if known else None)
    async with asyncio.TaskGroup() as group:
        for each in left.values():
            group.create_task(_report(each, bot, services), name="recovery")


async def _report(left: _Interrupted, bot: Bot, services: Services) -> None:
    """Tell until it has been told; only then are the books closed."""
    if left.intent:
        plan = left.intent.plan
        log.warning("interrupted: %s of %s/%s", plan.action, plan.host, plan.name)
    pause, result = FIRST_PAUSE, Result.UNKNOWN
    while True:
        outcome: Outcome | None = None
        if left.intent:
            outcome, result = await services.control.review(left.intent)
        try:
            await _tell(left, outcome, bot, services)
            break
        except RETRIED as error:
            log.warning("an interrupted act is told in %.0f s: %s", pause, error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        except AiogramError:
            log.exception("chat %s cannot be told of an interrupted act", left.place.chat)
            break
    if left.begun:
        await services.project_control.close(left.begun)
    if left.intent:
        await _close(left.intent, result, services)


async def _close(intent: Intent, result: Result, services: Services) -> None:
    try:
        await services.control.close(intent, result)
    except StoreError:
        log.exception("an interrupted act stays in the books until the next start")


def _words(left: _Interrupted, outcome: Outcome | None) -> tuple[Answer, Answer]:
    """What the message becomes, and the reply that rings."""
    if left.begun:
        answer = project_views.interrupted(left.begun, outcome)
        return answer, Answer(answer.text)
    assert outcome is not None
    return views.outcome(outcome), views.interruption(outcome)


async def _tell(left: _Interrupted, outcome: Outcome | None, bot: Bot, services: Services) -> None:
    place = left.place
    language = await services.languages.of_chat(place.chat)
    with speaking(services.catalogues, services.timezone, language):
        answer, ringing = _words(left, outcome)
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
