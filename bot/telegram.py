"""The way to Telegram that the settings name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.session.middlewares.base import BaseRequestMiddleware
from aiogram.client.telegram import TelegramAPIServer
from aiogram.methods import Response
from aiogram.types import Message

from bot.settings import Telegram

# Above whatever a single call may take: each has a deadline of its own.
SESSION_TIMEOUT = 120.0


@asynccontextmanager
async def open_bot(telegram: Telegram, *middlewares: BaseRequestMiddleware) -> AsyncIterator[Bot]:
    """The client, each of its calls going through `middlewares`; its connections are closed at the end."""
    session = AiohttpSession(
        proxy=telegram.proxy.get_secret_value() if telegram.proxy else None,
        api=TelegramAPIServer.from_base(telegram.api_url),
        timeout=SESSION_TIMEOUT,
    )
    for middleware in middlewares:
        session.middleware(middleware)
    # pydantic forgets such a model as soon as nobody holds it, and aiogram asks for it at each call: building
    # it anew holds the event loop for 4 ms.
    held = (Response[Message], Response[Message | bool], Response[bool], Response[list[Any]])
    try:
        yield Bot(telegram.token.get_secret_value(), session=session)
    finally:
        await session.close()
        del held
