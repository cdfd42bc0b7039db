"""How often people ask for what, how it ends, and how long it takes."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware
from aiogram.dispatcher.flags import get_flag
from aiogram.types import TelegramObject, Update
from aiogram.types.update import UpdateTypeLookupError

from bot.gauges import Gauges
from handlers.args import UsageError
from handlers.declare import Declaration
from services.domain.access import Role
from services.errors import Denied, VakhtaError

_Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]

OTHER = "other"


class Counted(BaseMiddleware):
    """Outer, on updates."""

    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges

    async def __call__(self, handler: _Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        assert isinstance(event, Update)
        try:
            kind = event.event_type
        except UpdateTypeLookupError:
            kind = OTHER
        self._gauges.updated(kind)
        return await handler(event, data)


class Measured(BaseMiddleware):
    """Inner, between `Failures`, who turns errors into sentences, and the guard."""

    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges

    async def __call__(self, handler: _Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        began = time.perf_counter()
        outcome = "broken"
        try:
            result = await handler(event, data)
            outcome = "denied" if _is_refused(data) else "done"
        except Denied:
            outcome = "denied"
            raise
        except (VakhtaError, UsageError, asyncio.CancelledError):
            outcome = "failed"
            raise
        finally:
            self._gauges.commanded(_asked(data), outcome, time.perf_counter() - began)
        return result


def _asked(data: dict[str, Any]) -> str:
    """By what is declared, never by what was typed."""
    declaration: Declaration | None = get_flag(data, "declaration")
    if declaration:
        return declaration.name
    press = data.get("callback_data")
    return f"button:{type(press).__name__.lower()}" if press is not None else OTHER


def _is_refused(data: dict[str, Any]) -> bool:
    """By the guard."""
    actor, role = data.get("actor"), get_flag(data, "role")
    return actor is None or not isinstance(role, Role) or actor.role < role
