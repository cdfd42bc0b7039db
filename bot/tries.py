"""One try of a call to Telegram, as it ends: what aiogram lets through unmapped is mapped, and each is heard of."""

import asyncio
import time
from collections.abc import Callable

from aiogram import Bot
from aiogram.client.session.middlewares.base import NextRequestMiddlewareType
from aiogram.exceptions import AiogramError, TelegramBadRequest, TelegramNetworkError
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiohttp_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError

# What comes through aiogram's session unmapped: proxies, TLS behind them, a page in a wrong encoding.
FOREIGN_ERRORS = (OSError, UnicodeDecodeError, ProxyConnectionError, ProxyError, ProxyTimeoutError)

# Said by Telegram when there is nothing left to do: the message looks like that, or the press is dead.
_HARMLESS = ("message is not modified", "query is too old", "query id is invalid")

# The method, the seconds it took, and what went wrong.
Heard = Callable[[str, float, Exception | None], object]


def is_harmless(failure: Exception) -> bool:
    words = failure.message.lower() if isinstance(failure, TelegramBadRequest) else ""
    return any(each in words for each in _HARMLESS)


class Tries:
    def __init__(self, heard: Heard | None) -> None:
        self._heard = heard

    async def request(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
        seconds: float | None,
    ) -> Response[TelegramType]:
        """One try, within so many seconds."""
        began = time.perf_counter()
        failure: Exception | None = None
        try:
            async with asyncio.timeout(seconds):
                return await make_request(bot, method)
        except FOREIGN_ERRORS as exc:
            failure = TelegramNetworkError(method, f"{type(exc).__name__}: {exc}")
            raise failure from exc
        except AiogramError as exc:
            failure = None if is_harmless(exc) else exc
            raise
        finally:
            if self._heard:
                self._heard(method.__api_method__, time.perf_counter() - began, failure)
