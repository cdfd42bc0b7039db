"""What was typed or pressed while the bot was away is not carried out; each chat is told so once."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import CallbackQuery, Message, TelegramObject
from aiogram.utils.i18n import gettext as _

from bot.updates import Away, is_stale
from handlers.args import acknowledges
from handlers.callbacks import ACTION_OF_ACT, Confirm, Open
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
    """Outer, on messages and presses, behind identity: strangers are not told anything.

    A message bears its date. A press does not: it is too old when it had piled up while the bot was away.
    """

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        clock: Clock = data["clock"]
        away: Away | None = data.get("away")
        if isinstance(event, Message) and is_stale(event.date, clock.now()):
            if event.reply_to_message and acknowledges(event.text or ""):  # counts, as a press does
                return await handler(event, data)
            if (event.text or "").startswith("/"):
                await _tell(event, away or Away(event.date, clock.now()), data)
            return None
        if isinstance(event, CallbackQuery) and away and _acts(event.data or ""):
            await event.answer(_("This message is too old. Ask again."), show_alert=True)
            if isinstance(event.message, Message):  # an answer that late is seldom seen
                await _tell(event.message, away, data)
            return None
        return await handler(event, data)


async def _tell(message: Message, away: Away, data: dict[str, Any]) -> None:
    absences: Absences = data["absences"]
    if absences.first_in(message.chat.id, away.since if data.get("away") else None):
        now = data["clock"].now()
        await send(message, away_view(moment(away.since, now), moment(away.until, now)))


def _acts(pressed: str) -> bool:
    """Whether the button changes something, or asks whether to."""
    try:
        match pressed.partition(":")[0]:
            case Open.__prefix__:
                return Open.unpack(pressed).act in ACTION_OF_ACT
            case Confirm.__prefix__:
                return Confirm.unpack(pressed).yes
    except (TypeError, ValueError):  # another version's button; its handler says so
        pass
    return False
