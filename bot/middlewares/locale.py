"""Words and times in the language of the chat, as `services.languages` knows it."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

from aiogram import BaseMiddleware
from aiogram.types import TelegramObject
from aiogram.utils.i18n import I18n

from handlers.words import Catalogues, zone
from services.languages import Languages


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


class Locale(BaseMiddleware):
    """Outer, on every update. Adds `language`."""

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        data["language"] = await _language(data)
        with speaking(data["catalogues"], data["timezone"], data["language"]):
            return await handler(event, data)


async def _language(data: Mapping[str, Any]) -> str | None:
    languages: Languages = data["languages"]
    chat, user = data.get("event_chat"), data.get("event_from_user")
    tag = user.language_code if user else None
    if user:
        await languages.hear(user.id, tag)
    return await languages.of_chat(chat.id, tag) if chat else None
