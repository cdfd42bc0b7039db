"""The dispatcher: routers, middlewares, and what happens to the unforeseen."""

import logging
import secrets
from typing import Any

from aiogram import Dispatcher, Router
from aiogram.dispatcher.event.bases import UNHANDLED
from aiogram.exceptions import TelegramAPIError
from aiogram.types import ErrorEvent, Message

from bot.gauges import Gauges
from bot.middlewares.doors import on_membership
from bot.middlewares.guard import Failures, Guard
from bot.middlewares.identity import Identity
from bot.middlewares.locale import Locale, speaking
from bot.middlewares.measured import Counted, Measured
from bot.middlewares.stale import Stale
from handlers import ROUTERS
from handlers.reply import send
from handlers.views.people import broken

log = logging.getLogger(__name__)

# Observers without a person behind them; all others are guarded, also those that nothing is registered on.
_IMPERSONAL = frozenset({"update", "error", "my_chat_member"})


def build_dispatcher(gauges: Gauges | None = None, **services: Any) -> Dispatcher:
    """`services` reach handlers and middlewares by name. gauges: where all that is handled is counted."""
    gauges = gauges or Gauges()
    dispatcher = Dispatcher(disable_fsm=True, **services)
    dispatcher.update.outer_middleware(Counted(gauges))
    dispatcher.update.outer_middleware(Locale())
    for name, observer in dispatcher.observers.items():
        if name not in _IMPERSONAL:
            observer.outer_middleware(Identity())
            observer.middleware(Failures())
            observer.middleware(Measured(gauges))
            observer.middleware(Guard())
    for observer in (dispatcher.message, dispatcher.callback_query):
        observer.outer_middleware(Stale())
    dispatcher.my_chat_member.register(on_membership)
    dispatcher.error.register(on_unforeseen)
    dispatcher.include_routers(*map(_fresh, ROUTERS))
    return dispatcher


def _fresh(router: Router) -> Router:
    """A router of the same handlers: aiogram gives a router one parent for ever, and a process may run two bots."""
    copy = Router(name=router.name)
    for name, observer in router.observers.items():
        copy.observers[name].handlers.extend(observer.handlers)
    return copy


async def on_unforeseen(event: ErrorEvent, **data: Any) -> Any:
    """A defect: the whole story to the log under a reference, and to the person the reference alone."""
    reference = secrets.token_hex(2)
    log.error("ref %s", reference, exc_info=event.exception)
    callback = event.update.callback_query
    message = event.update.message or (callback.message if callback else None)
    if "actor" not in data and not data["roster"].actor(_person(event)):
        return UNHANDLED
    with speaking(data["catalogues"], data["timezone"], data.get("language")):
        try:
            if callback:
                await callback.answer()
            if isinstance(message, Message):
                await send(message, broken(reference))
        except TelegramAPIError as error:
            log.warning("could not tell of ref %s: %s", reference, error)
    return None


def _person(event: ErrorEvent) -> int:
    update = event.update
    user = update.callback_query.from_user if update.callback_query else None
    if update.message:
        user = update.message.from_user
    return user.id if user else 0
