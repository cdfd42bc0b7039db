"""Every outgoing call to Telegram passes here: paced, retried, redirected. All share one budget."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import count
from math import ceil
from typing import cast

from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiohttp_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError

from bot.pacing import Edit, Lane, Pacer, Rates
from services.errors import StoreError
from services.ports import Put, Store

log = logging.getLogger(__name__)

MIGRATED = "migrated/"

# What comes through aiogram's session unmapped: proxies, TLS behind them, a page in a wrong encoding.
FOREIGN_ERRORS = (OSError, UnicodeDecodeError, ProxyConnectionError, ProxyError, ProxyTimeoutError)

RETRIED = (TelegramNetworkError, TelegramServerError, TelegramRetryAfter, ClientDecodeError)

# Said by Telegram when there is nothing left to do: the message looks like that, or the press is dead.
_HARMLESS = ("message is not modified", "query is too old", "query id is invalid")


@dataclass(frozen=True, slots=True)
class Manner:
    """How a method is delivered. paced: it counts against the rates and waits for its turn.

    request: seconds for one try; total: for all tries, from the start of the first.
    """

    paced: bool
    tries: int
    request: float
    total: float


SEND = Manner(paced=True, tries=4, request=20, total=60)
UPLOAD = Manner(paced=True, tries=3, request=110, total=240)
SWIFT = Manner(paced=False, tries=2, request=4, total=5)  # of no use later
OTHER = Manner(paced=False, tries=4, request=20, total=60)

_BACK_OFF = (0.2, 1, 3)  # seconds; the first is short: mostly an idle connection was closed

_SWIFT = ("answerCallbackQuery", "sendChatAction")
_FILES = (
    "Animation",
    "Audio",
    "Document",
    "Group",
    "Media",
    "Photo",
    "Sticker",
    "Video",
    "VideoNote",
    "Voice",
)
_EDITS = ("editMessageText", "editMessageMedia", "editMessageCaption", "editMessageReplyMarkup")
_PACED = ("send", "edit", "copy", "forward", "setMessageReaction")


def manner_of(name: str) -> Manner:
    """The rule: what puts something into a chat or changes it there is paced; see the prefixes above."""
    if name in _SWIFT:
        return SWIFT
    if not name.startswith(_PACED):
        return OTHER
    return UPLOAD if name.endswith(_FILES) else SEND


class Courier(BaseRequestMiddleware):
    """An aiogram session middleware. What it raises is aiogram's: foreign errors become TelegramNetworkError.

    A send whose effect is not known (no answer, 5xx) is tried again and may thus arrive twice. An edit that
    waits while a newer one of its kind comes for the same message ends with True: the newer one goes alone.
    The session's own timeout must be above `UPLOAD.request`. on_migrate: told once of each group that
    has become a supergroup, before the message is sent there. patience: seconds in a queue before
    TelegramRetryAfter is raised.
    """

    def __init__(
        self,
        *,
        rates: Rates | None = None,
        store: Store | None = None,
        on_migrate: Callable[[int, int], Awaitable[None]] | None = None,
        request_timeout: float | None = None,
        patience: float = 600,
    ) -> None:
        self.sent = 0
        self.retried = 0
        self.floods = 0
        self._pacer = Pacer(rates or Rates())
        self._store = store
        self._on_migrate = on_migrate
        self._request_timeout = request_timeout
        self._patience = patience
        self._moved: dict[int, int] = {}
        self._flooded: tuple[Lane | None, float] = (None, 0.0)

    @property
    def moved(self) -> Mapping[int, int]:
        """The groups that have become supergroups: old id to new."""
        return self._moved

    async def load(self) -> None:
        """Recall the groups that have moved. Raises StoreUnavailable."""
        if self._store is not None:
            known = await self._store.scan(MIGRATED)
            self._moved = {int(key.removeprefix(MIGRATED)): int(value) for key, value in known.items()}

    async def migrate(self, old: int, new: int) -> None:
        """Remember that a group has moved; from now on what is meant for `old` goes to `new`."""
        if old == new or self._moved.get(old) == new:
            return
        log.warning("The group %d has become the supergroup %d: put the new id into the settings", old, new)
        self._moved.pop(new, None)
        earlier = [chat for chat, target in self._moved.items() if target == old]
        self._moved.update(dict.fromkeys([*earlier, old], new))
        if self._store is not None:
            try:
                await self._store.write(*(Put(f"{MIGRATED}{chat}", b"%d" % new) for chat in [*earlier, old]))
            except StoreError as exc:
                log.warning("The move of the group %d is remembered until the restart only: %s", old, exc)
        if self._on_migrate is not None:
            await self._on_migrate(old, new)

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        if method.__api_method__ == "getUpdates":  # the pump has a patience of its own
            return await _request(make_request, bot, method, None)
        manner = manner_of(method.__api_method__)
        method = self._redirected(method)
        clock = asyncio.get_running_loop().time
        deadline: float | None = None  # runs from the first try, not from queueing
        for attempt in count(1):
            lane = self._pacer.lane(_chat_of(method)) if manner.paced else None
            if lane is not None and not await self._turn(lane, method, again=attempt > 1):
                return cast(Response[TelegramType], True)
            deadline = deadline or clock() + manner.total
            seconds = min(self._request_timeout or manner.request, deadline - clock())
            try:
                result = await self._try(make_request, bot, method, lane, seconds)
            except TelegramMigrateToChat as moved:
                if attempt >= manner.tries:
                    raise
                method = await self._follow(method, moved)
            except TelegramBadRequest as refusal:
                if not any(words in refusal.message.lower() for words in _HARMLESS):
                    raise
                return cast(Response[TelegramType], True)
            except RETRIED as failure:
                pause = _pause(failure, attempt)
                if not _may_succeed(failure) or attempt >= manner.tries or clock() + pause > deadline:
                    raise
                log.info("%s goes again: %s", method.__api_method__, type(failure).__name__)
                if lane is None or not isinstance(failure, TelegramRetryAfter):  # a held lane waits by itself
                    await asyncio.sleep(pause)
            else:
                self.sent += manner.paced
                return result
            self.retried += 1
        raise AssertionError("unreachable")

    async def _turn(self, lane: Lane, method: TelegramMethod[TelegramType], *, again: bool) -> bool:
        """False: there is nothing to do, a newer edit of the same message goes in its place."""
        if self._pacer.take_now(lane):
            return True
        try:
            async with asyncio.timeout(self._patience):
                return await self._pacer.take(lane, first=again, edit=_edit(method))
        except TimeoutError as exc:
            raise TelegramRetryAfter(method, "Still queued", retry_after=ceil(self._patience)) from exc

    async def _try(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
        lane: Lane | None,
        seconds: float,
    ) -> Response[TelegramType]:
        """One try in its turn. A flood holds the lane before the next in the queue could go."""
        try:
            return await _request(make_request, bot, method, seconds)
        except TelegramRetryAfter as flood:
            self._hold(lane, flood)
            raise
        finally:
            if lane is not None:
                self._pacer.done(lane)

    def _hold(self, lane: Lane | None, flood: TelegramRetryAfter) -> None:
        """A flood holds its chat. Two chats hit within a second: then it is the total, and all are held."""
        self.floods += 1
        log.warning("Telegram asks for patience: %s", flood.message)
        if lane is None:
            return
        now = asyncio.get_running_loop().time()
        other, at = self._flooded
        if other not in (None, lane) and now - at < 1:
            self._pacer.hold_all(flood.retry_after)
        self._flooded = lane, now
        self._pacer.hold(lane, flood.retry_after)

    def _redirected(self, method: TelegramMethod[TelegramType]) -> TelegramMethod[TelegramType]:
        """The method, aimed at the supergroup when its group has moved.

        One about a message of the old chat raises: ids begin anew, and another's message would be hit.
        """
        new = self._moved.get(cast(int, _chat_of(method))) if self._moved else None
        if new is None:
            return method
        if getattr(method, "message_id", None) is not None:
            raise TelegramMigrateToChat(method, "the message stayed in the old group", migrate_to_chat_id=new)
        changes: dict[str, object] = {"chat_id": new}
        if getattr(method, "reply_parameters", None) is not None:  # the message replied to stayed behind
            changes["reply_parameters"] = None
        return method.model_copy(update=changes)

    async def _follow(
        self, method: TelegramMethod[TelegramType], moved: TelegramMigrateToChat
    ) -> TelegramMethod[TelegramType]:
        """The method for the new chat, whose id has just been learned."""
        old = _chat_of(method)
        if not isinstance(old, int):
            raise moved
        await self.migrate(old, moved.migrate_to_chat_id)
        return self._redirected(method)


async def _request(
    make_request: NextRequestMiddlewareType[TelegramType],
    bot: Bot,
    method: TelegramMethod[TelegramType],
    seconds: float | None,
) -> Response[TelegramType]:
    """One try, within so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            return await make_request(bot, method)
    except FOREIGN_ERRORS as exc:
        raise TelegramNetworkError(method, f"{type(exc).__name__}: {exc}") from exc


def _pause(failure: Exception, attempt: int) -> float:
    """Seconds until the next try."""
    if isinstance(failure, TelegramRetryAfter):
        return failure.retry_after
    return _BACK_OFF[min(attempt, len(_BACK_OFF)) - 1] * random.uniform(0.7, 1.3)  # noqa: S311


def _may_succeed(failure: Exception) -> bool:
    """Whether another try could help: not when it is too large, nor when it was done but not understood."""
    if isinstance(failure, ClientDecodeError):
        return not (isinstance(failure.data, dict) and failure.data.get("ok") is True)
    return not isinstance(failure, TelegramEntityTooLarge)


def _edit(method: TelegramMethod[TelegramType]) -> Edit | None:
    """What it edits; None for a call of any other kind."""
    message: int | None = getattr(method, "message_id", None)
    return Edit(message, method.__api_method__) if message and method.__api_method__ in _EDITS else None


def _chat_of(method: TelegramMethod[TelegramType]) -> int | str | None:
    chat: int | str | None = getattr(method, "chat_id", None)
    return int(chat) if isinstance(chat, str) and chat.removeprefix("-").isdecimal() else chat
