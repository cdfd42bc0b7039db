"""Every outgoing call to Telegram passes here: paced, retried, redirected. All share one budget.

People's calls come before background's, which are those made within `background()`, and those before `live()`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from itertools import count
from math import ceil
from typing import cast

from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramBadRequest,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType

from bot.floods import ALL, Floods
from bot.limits import Kind
from bot.manners import (
    BACKGROUND_PATIENCE,
    BACKGROUND_RETRY,
    LIVE_PATIENCE,
    Errand,
    calling_as,
    chat_of,
    edit_of,
    manner_as,
    pause_after,
    whose,
)
from bot.pacing import Edit, Lane, Pacer, Rates, is_group
from bot.tries import Heard, Tries, is_harmless
from services.errors import StoreError
from services.ports import Clock, Put, Store

log = logging.getLogger(__name__)

MIGRATED = "migrated/"

RETRIED = (TelegramNetworkError, TelegramServerError, TelegramRetryAfter, ClientDecodeError)


def background() -> AbstractContextManager[None]:
    """Calls made in here (and in tasks begun in here) are background: alerts, which wait behind people's calls.

    They use a part of each limit only, are tried twice at most, and wait 60 s at most for their turn. A flood
    is not waited out: the chat is held, and TelegramRetryAfter raised at once.
    """
    return calling_as(Kind.BACKGROUND)


def live() -> AbstractContextManager[None]:
    """Calls made in here show what happens now: behind all others, tried once, 5 s for their turn, floods as above."""
    return calling_as(Kind.LIVE)


class Courier(BaseRequestMiddleware):
    """An aiogram session middleware. What it raises is aiogram's: foreign errors become TelegramNetworkError.

    A send whose effect is not known (no answer, 5xx) is tried again and may thus arrive twice. An edit that
    waits while a newer one of its kind comes for the same message ends with True: the newer one goes alone.
    The session's own timeout must be above `UPLOAD.request`. on_migrate: told once of each group that
    has become a supergroup, before the message is sent there. patience: seconds in a queue before
    TelegramRetryAfter is raised. store: also remembers what was sent to groups, over a restart. heard: told of
    each try.

    sent, retried, floods: counts of paced successes, further tries, and 429s; unsure: of further tries after
    an answer that was lost, each of which may have doubled a message.
    """

    def __init__(
        self,
        *,
        rates: Rates | None = None,
        store: Store | None = None,
        on_migrate: Callable[[int, int], Awaitable[None]] | None = None,
        request_timeout: float | None = None,
        patience: float = 600,
        clock: Clock | None = None,
        heard: Heard | None = None,
    ) -> None:
        self._tries = Tries(heard)
        self.sent = self.retried = self.floods = self.unsure = 0
        rates = rates or Rates()
        self._pacer = Pacer(rates)
        self._store = store
        self._on_migrate = on_migrate
        self._request_timeout = request_timeout
        self._patience = patience
        self._moved: dict[int, int] = {}
        self._flooded: tuple[Lane | None, float] = (None, 0.0)
        self._numbers = count(1)
        self._newest: dict[tuple[int | str | None, Edit], int] = {}  # of the edits being delivered
        self._floods: Floods | None = None
        if store is not None:
            window = rates.group_window * rates.scale
            self._floods = Floods(store, clock, seconds=window, most=rates.group_limit)

    @property
    def moved(self) -> Mapping[int, int]:
        """The groups that have become supergroups: old id to new."""
        return self._moved

    async def load(self) -> None:
        """Recall the groups that have moved, and what flood control remembers. Raises StoreUnavailable."""
        if self._store is None or self._floods is None:
            return
        known = await self._store.scan(MIGRATED)
        self._moved = {int(key.removeprefix(MIGRATED)): int(value) for key, value in known.items()}
        calls, holds = await self._floods.load()
        now = asyncio.get_running_loop().time()
        for chat, ages in calls.items():
            self._pacer.begin(chat, (now - age for age in ages))
        for chat, seconds in holds.items():
            if chat == ALL:
                self._pacer.hold_all(seconds)
            else:
                self._pacer.hold(self._pacer.lane(chat), seconds)

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
            return await self._tries.request(make_request, bot, method, None)
        kind, edit = whose.get(), edit_of(method)
        manner = manner_as(kind, method.__api_method__)
        errand = Errand(kind, manner, edit, next(self._numbers))
        if edit is None:
            return await self._deliver(make_request, bot, self._redirected(method), errand)
        place = chat_of(method), edit
        self._newest[place] = errand.stamp
        try:
            return await self._deliver(make_request, bot, self._redirected(method), errand)
        finally:
            if self._newest.get(place) == errand.stamp:
                del self._newest[place]

    async def _deliver(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
        errand: Errand,
    ) -> Response[TelegramType]:
        manner, clock = errand.manner, asyncio.get_running_loop().time
        deadline: float | None = None  # runs from the first try, not from queueing
        trouble: Exception | None = None
        for attempt in count(1):
            lane = self._pacer.lane(chat_of(method)) if manner.paced else None
            kind = None if lane is None else await self._turn(lane, method, errand, trouble)
            if lane is not None and kind is None:
                return cast(Response[TelegramType], True)
            deadline = deadline or clock() + manner.total
            seconds = min(self._request_timeout or manner.request, deadline - clock())
            try:
                result = await self._try(make_request, bot, method, seconds, lane, kind)
            except TelegramMigrateToChat as moved:
                if attempt >= manner.tries:
                    raise
                method, trouble = await self._follow(method, moved), moved
            except TelegramBadRequest as refusal:
                if not is_harmless(refusal):
                    raise
                return cast(Response[TelegramType], True)
            except RETRIED as failure:
                pause = pause_after(failure, errand, attempt, deadline - clock())
                if pause is None:
                    raise
                log.info("%s goes again: %s", method.__api_method__, type(failure).__name__)
                if lane is None or not isinstance(failure, TelegramRetryAfter):  # a held lane waits by itself
                    self.unsure += manner.paced and errand.edit is None
                    await asyncio.sleep(pause)
                trouble = failure
            else:
                self.sent += manner.paced
                return result
            self.retried += 1
        raise AssertionError("unreachable")

    async def _turn(
        self, lane: Lane, method: TelegramMethod[TelegramType], errand: Errand, trouble: Exception | None
    ) -> Kind | None:
        """As whose call it goes, for `Pacer.done`. None: a newer edit of the same message goes in its place.

        trouble: with the try before this one.
        """
        kind, edit = errand.kind, errand.edit
        if trouble is not None and edit and self._newest.get((chat_of(method), edit)) != errand.stamp:
            if kind is Kind.PEOPLE:
                self._pacer.promote(lane, edit)
            return None
        if self._pacer.take_now(lane, kind, edit):
            return kind
        patience = self._patience
        if kind is Kind.BACKGROUND:
            patience = min(patience, BACKGROUND_PATIENCE if trouble is None else BACKGROUND_RETRY)
        elif kind is Kind.LIVE:
            patience = min(patience, LIVE_PATIENCE)
        try:
            async with asyncio.timeout(patience):
                return await self._pacer.take(lane, kind, first=trouble is not None, edit=edit)
        except TimeoutError as exc:
            if kind is Kind.BACKGROUND and isinstance(trouble, RETRIED):  # it says more than the queue does
                raise trouble from exc
            raise TelegramRetryAfter(method, "Still queued", retry_after=ceil(patience)) from exc

    async def _try(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
        seconds: float,
        lane: Lane | None,
        kind: Kind | None,
    ) -> Response[TelegramType]:
        """One try in its turn. A flood holds the lane before the next in the queue could go."""
        call = None
        try:
            if lane is not None and self._floods is not None:
                chat = chat_of(method)
                call = await self._floods.note(chat) if chat is not None and is_group(chat) else None
            return await self._tries.request(make_request, bot, method, seconds)
        except TelegramRetryAfter as flood:
            await self._hold(lane, flood, chat_of(method))
            raise
        finally:
            if self._floods is not None and call is not None:
                self._floods.answer(call)
            if lane is not None and kind is not None:
                self._pacer.done(lane, kind)

    async def _hold(self, lane: Lane | None, flood: TelegramRetryAfter, chat: int | str | None) -> None:
        """A flood holds its chat. Two chats hit within a second: then it is the total, and all are held."""
        self.floods += 1
        log.warning("Telegram asks for patience: %s", flood.message)
        if lane is None or chat is None:
            return
        now = asyncio.get_running_loop().time()
        other, at = self._flooded
        everywhere = other not in (None, lane) and now - at < 1
        if everywhere:
            self._pacer.hold_all(flood.retry_after)
        self._flooded = lane, now
        self._pacer.hold(lane, flood.retry_after)
        if self._floods is not None:
            await self._floods.hold(ALL if everywhere else chat, flood.retry_after)

    def _redirected(self, method: TelegramMethod[TelegramType]) -> TelegramMethod[TelegramType]:
        """The method, aimed at the supergroup when its group has moved.

        One about a message of the old chat raises: ids begin anew, and another's message would be hit.
        """
        new = self._moved.get(cast(int, chat_of(method))) if self._moved else None
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
        old = chat_of(method)
        if not isinstance(old, int):
            raise moved
        await self.migrate(old, moved.migrate_to_chat_id)
        return self._redirected(method)
