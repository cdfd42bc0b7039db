"""What was typed while the bot was away is not carried out; each chat is told so once."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import Message, TelegramObject

from bot.updates import Away, is_stale
from handlers.reply import send
from handlers.views.moments import moment
from handlers.views.people import away as away_view
from services.ports import Clock


class Absences:
    """Which chats have been told of which absence; kept for the life of the process."""

    def __init__(self) -> None:
        self._told: set[tuple[int, datetime | None]] = set()

    def first_in(self, chat: int, since: datetime | None) -> bool:
        """`since`: when the absence began, None when that is not known."""
        if (chat, since) in self._told:
            return False
        self._told.add((chat, since))
        return True


class Stale(BaseMiddleware):
    """Outer, on messages, behind identity: strangers are not told anything."""

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        clock: Clock = data["clock"]
        now = clock.now()
        if not isinstance(event, Message) or not is_stale(event.date, now):
            return await handler(event, data)
        if not (event.text or "").startswith("/"):
            return None
        away: Away | None = data.get("away")
        since, until = (away.since, away.until) if away else (event.date, now)
        absences: Absences = data["absences"]
        if absences.first_in(event.chat.id, away.since if away else None):
            await send(event, away_view(moment(since, now), moment(until, now)))
        return None
