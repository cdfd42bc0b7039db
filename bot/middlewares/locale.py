"""Words and times in the language of the chat: its own setting, else the default."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

from aiogram import BaseMiddleware
from aiogram.types import TelegramObject
from aiogram.utils.i18n import I18n

from handlers.words import Catalogues, zone
from services.roster import Roster


@contextmanager
def speaking(catalogues: Catalogues, timezone: ZoneInfo, language: str | None = None) -> Iterator[None]:
    """Within: views speak `language` (None: the default one)."""
    in_zone = zone.set(timezone)
    # Not `catalogues.context()`: aiogram keeps one context a class, and `gettext` asks the base class.
    in_words = I18n.set_current(catalogues)
    try:
        with catalogues.use_locale(language or catalogues.default_locale):
            yield
    finally:
        I18n.reset_current(in_words)
        zone.reset(in_zone)


def chat_language(data: Mapping[str, Any]) -> str | None:
    roster: Roster = data["roster"]
    chat = data.get("event_chat")
    known = roster.chat(chat.id) if chat else None
    return known.language if known else None


class Locale(BaseMiddleware):
    """Outer, on every update."""

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        with speaking(data["catalogues"], data["timezone"], chat_language(data)):
            return await handler(event, data)
