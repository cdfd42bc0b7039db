"""After a crash in the middle of an act: the person is told, by a reply that rings, and nothing is done again.

Each is told at least once: again where Telegram's answer got lost.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.types import ReplyParameters

from bot.container import Services
from bot.courier import RETRIED
from bot.middlewares.locale import speaking
from handlers.views import acts as views
from handlers.views import compose_restart as project_views
from handlers.views import stock as stock_views
from handlers.views.answer import Answer
from services.audit import Result
from services.domain.plans import Intent, Outcome, Place
from services.domain.projects import Begun
from services.domain.stock import BegunClearing, Cleared, Remains
from services.errors import StoreError

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0

_Found = TypeVar("_Found")
_Words = tuple[Answer, Answer]  # what the message becomes, and the reply that rings


@dataclass(frozen=True, slots=True)
class _Act:
    """intent: of a container; begun: of a whole project, of which that may be one."""

    place: Place
    intent: Intent | None = None
    begun: Begun | None = None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Each message that the last run of the bot left at "⏳"."""

    acts: Sequence[_Act]
    clearings: Sequence[BegunClearing]


async def unfinished(services: Services) -> Unfinished:
    """To be asked before this run begins anything."""
    projects = await services.project_control.unfinished()
    acts = {begun.place: _Act(begun.place, begun=begun) for begun in projects}
    for intent in await services.control.unfinished():
        known = acts.get(intent.place)
        acts[intent.place] = _Act(intent.place, intent, known.begun if known else None)
    return Unfinished(list(acts.values()), await services.clearings.unfinished())


async def report_interrupted(left: Unfinished, bot: Bot, services: Services) -> None:
    """Each message is brought to what is known now; after a power cut Telegram may be away."""
    async with asyncio.TaskGroup() as group:
        for act in left.acts:
            group.create_task(_alone(_report_act(act, bot, services)), name="recovery")
        for begun in left.clearings:
            group.create_task(_alone(_report_clearing(begun, bot, services)), name="recovery")


async def _alone(report: Awaitable[None]) -> None:
    """One that cannot be told keeps neither the others nor the bot from their work."""
    try:
        await report
    except Exception:
        log.exception("an interrupted act cannot be told of, and stays in the books")


async def _report_act(left: _Act, bot: Bot, services: Services) -> None:
    if left.intent:
        plan = left.intent.plan
        log.warning("interrupted: %s of %s/%s", plan.action, plan.host, plan.name)

    async def look() -> tuple[Outcome | None, Result]:
        return await services.control.review(left.intent) if left.intent else (None, Result.UNKNOWN)

    def words(found: tuple[Outcome | None, Result]) -> _Words:
        return _words(left, found[0])

    _, result = await _told(left.place, look, words, bot, services)
    if left.begun:
        await services.project_control.close(left.begun)
    if left.intent:
        await _close(left.intent, result, services)


async def _report_clearing(begun: BegunClearing, bot: Bot, services: Services) -> None:
    log.warning("interrupted: making room on %s", begun.clearing.host)
    known: Cleared | Remains | None = None

    async def look() -> Cleared | Remains:
        nonlocal known
        if known is None or known.failure:  # once is enough: the engine measures all its disks for it
            known = await services.clearings.review(begun)
        return known

    def words(found: Cleared | Remains) -> _Words:
        answer = stock_views.told_late(found)
        return answer, Answer(answer.text)

    await _told(begun.place, look, words, bot, services)
    await services.clearings.close(begun)


async def _told(
    place: Place,
    look: Callable[[], Awaitable[_Found]],
    words: Callable[[_Found], _Words],
    bot: Bot,
    services: Services,
) -> _Found:
    """Tell until it has been told; only then are the books closed. What was found at last."""
    pause = FIRST_PAUSE
    while True:
        found = await look()
        try:
            await _tell(place, partial(words, found), bot, services)
        except RETRIED as error:
            log.warning("an interrupted act is told in %.0f s: %s", pause, error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            continue
        except AiogramError:
            log.exception("chat %s cannot be told of an interrupted act", place.chat)
        return found


async def _close(intent: Intent, result: Result, services: Services) -> None:
    try:
        await services.control.close(intent, result)
    except StoreError:
        log.exception("an interrupted act stays in the books until the next start")


def _words(left: _Act, outcome: Outcome | None) -> _Words:
    if left.begun:
        answer = project_views.interrupted(left.begun, outcome)
        return answer, Answer(answer.text)
    assert outcome is not None
    return views.outcome(outcome), views.interruption(outcome)


async def _tell(place: Place, words: Callable[[], _Words], bot: Bot, services: Services) -> None:
    language = await services.languages.of_chat(place.chat)
    with speaking(services.catalogues, services.timezone, language):
        answer, ringing = words()
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
