"""The update pump: raw getUpdates, each update decoded by itself and fed to the dispatcher.

Killed at any moment, the bot loses no update: the inbox has it until its handler has ended. What was half
handled is handled once more.
"""

import asyncio
import logging
import random
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.exceptions import (
    AiogramError,
    TelegramConflictError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.methods import TelegramMethod
from aiogram.types import Update

from bot.inbox import Inbox
from bot.readiness import Readiness
from bot.tries import FOREIGN_ERRORS
from bot.turns import Turn, Turns, person_of
from services.errors import StoreError
from services.ports import Clock, Store

log = logging.getLogger(__name__)

ABSENCE = timedelta(seconds=120)

# Seconds after which Telegram takes no answer to a press.
PRESS_WAITS = 15


@dataclass(frozen=True, slots=True)
class Away:
    """There was no contact with Telegram in between: the bot was down, or its network was."""

    since: datetime
    until: datetime


_Given = tuple[Update, Away | None]


def is_stale(message_date: datetime, now: datetime) -> bool:
    """Whether a message is too old to be carried out: its author has gone on."""
    return now - message_date > ABSENCE


@dataclass(frozen=True, slots=True)
class Polling:
    """Seconds, but for `limit` (updates a request, 100 at most), `in_flight` (handlers at a time), `each` (of
    them for one person) and `waiting` (one person's updates that wait for these; further ones are dropped).

    timeout: how long Telegram holds an empty answer back; after `grace` more the connection counts as hung.
    refused, conflict: between two tries while the token is refused, and while somebody else polls with it.
    replay: how long one left-over update is waited for before the next is started beside it.
    """

    timeout: int = 50
    grace: int = 10
    limit: int = 100
    in_flight: int = 64
    each: int = 4
    waiting: int = 8
    drain: float = 20
    farewell: float = 3
    replay: float = 5
    back_off: tuple[float, float] = (1, 30)
    conflict: float = 7
    refused: float = 60


class RawUpdates(TelegramMethod[list[Any]]):
    """getUpdates whose answer is not looked into: one strange update must not fail the whole batch."""

    __returning__ = list[Any]
    __api_method__ = "getUpdates"

    offset: int | None
    limit: int
    timeout: int
    allowed_updates: list[str]


class UpdatePump:
    """Fetches updates and feeds them to the dispatcher until it is told to stop.

    Handlers run side by side, so many at a time and so many for each person, whose updates start in their
    order. Each is given `away: Away | None`: set for what had piled up while there was no contact for more
    than 120 s. A dropped press is answered with nothing, a dropped message not at all.
    `readiness` has the part "telegram" until the first contact, and while the token is refused or somebody
    else polls with it; and the part "store" while updates cannot be kept.
    """

    def __init__(
        self,
        bot: Bot,
        dispatcher: Dispatcher,
        store: Store,
        clock: Clock,
        readiness: Readiness,
        polling: Polling | None = None,
    ) -> None:
        self._bot, self._dispatcher, self._clock, self._readiness = bot, dispatcher, clock, readiness
        self._polling = polling or Polling()
        self._inbox = Inbox(bot, store, clock)
        self._room = asyncio.Semaphore(self._polling.in_flight)
        self._turns: Turns[_Given] = Turns(self._polling.each, self._polling.waiting)
        self._running: set[asyncio.Task[None]] = set()
        self._away: Away | None = None
        self._trouble = "no contact yet"
        self._failures = 0
        readiness.lost("telegram", self._trouble)

    @property
    def last_contact(self) -> datetime | None:
        """When Telegram last answered, earlier runs included; None: never."""
        return self._inbox.last_contact

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set or the caller cancels; handlers then have 20 s to end. StoreError at start only."""
        left_over = await self._inbox.recall()
        self._note_absence()
        try:
            async with asyncio.TaskGroup() as group:
                work = group.create_task(self._work(group, left_over), name="update pump")
                try:
                    await stop.wait()
                finally:
                    work.cancel()
                    await self._drain()
        finally:
            await self._inbox.settle()
            await self._confirm()

    async def _work(self, group: asyncio.TaskGroup, left_over: Sequence[int]) -> None:
        await self._replay(group, left_over)
        while True:
            try:
                batch = await self._fetch()
                self._note_absence()
                updates = await self._inbox.keep(batch)
            except (AiogramError, StoreError, *FOREIGN_ERRORS) as exc:
                await asyncio.sleep(self._failed(exc))
                continue
            self._succeeded()
            await self._feed(group, updates)
            await asyncio.sleep(0)  # what was started begins before the next request is made
            if len(batch) < self._polling.limit:  # nothing more has piled up
                self._away = None

    async def _replay(self, group: asyncio.TaskGroup, left_over: Sequence[int]) -> None:
        """One after the other, so that of two deaths in a row only what was under way is blamed."""
        for update_id in left_over:
            update = await self._inbox.take(update_id)
            if update is not None:
                log.warning("Update %d was left over by a sudden end; it is handled now", update_id)
                self._turns.enter(person_of(update))
                await asyncio.wait({await self._start(group, update)}, timeout=self._polling.replay)

    async def _feed(self, group: asyncio.TaskGroup, updates: Sequence[Update]) -> None:
        """Waits while all are busy, never for one person."""
        dropped = []
        for update in updates:
            person = person_of(update)
            # A chat that the bot is put into must be looked at, else it would stay there.
            patient = update.my_chat_member is not None
            turn = self._turns.admit(person, (update, self._away), patient=patient)
            if turn is Turn.NOW:
                await self._start(group, update)
            elif turn is Turn.NEVER:
                dropped.append(update)
                if self._turns.is_news(person, asyncio.get_running_loop().time()):
                    log.warning("%d sends more than can be handled; what is too much is dropped", person)
        if dropped:
            self._run(group, self._drop(dropped), "dropped updates")

    async def _start(self, group: asyncio.TaskGroup, update: Update) -> asyncio.Task[None]:
        await self._room.acquire()
        task = self._run(group, self._handle_on(update, self._away), f"update {update.update_id}")
        task.add_done_callback(lambda _: self._room.release())
        return task

    def _run(
        self, group: asyncio.TaskGroup, work: Coroutine[None, None, None], name: str
    ) -> asyncio.Task[None]:
        task = group.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _handle_on(self, update: Update, away: Away | None) -> None:
        """This update, and then whatever the same person has waiting."""
        task, person = asyncio.current_task(), person_of(update)
        given: _Given | None = (update, away)
        while given is not None:
            if task is not None:
                task.set_name(f"update {given[0].update_id}")
            await self._handle(*given)
            if given := self._turns.next(person):
                await asyncio.sleep(0)  # what was started earlier begins earlier

    async def _handle(self, update: Update, away: Away | None) -> None:
        try:
            answer = await self._dispatcher.feed_update(self._bot, update, away=away)
            if isinstance(answer, TelegramMethod):
                await self._bot(answer)
        except Exception:
            log.exception("Update %d failed", update.update_id)
        await self._inbox.forget(update.update_id)

    async def _drop(self, updates: Sequence[Update]) -> None:
        """Forget them; a press gets its answer, so that the button stops spinning."""
        await self._inbox.forget(*(update.update_id for update in updates))
        try:
            async with asyncio.timeout(PRESS_WAITS):
                for update in updates:
                    if update.callback_query is not None:
                        await self._bot.answer_callback_query(update.callback_query.id)
        except (AiogramError, TimeoutError) as exc:
            log.info("Dropped presses stay without an answer: %s", type(exc).__name__)

    # Fetching

    async def _fetch(self) -> list[Any]:
        """The next batch. After trouble without a long wait, to know at once that it is over."""
        return await self._get_updates(self._polling.limit, 0 if self._trouble else self._polling.timeout)

    async def _get_updates(self, limit: int, wait: int) -> list[Any]:
        method = RawUpdates(
            offset=self._inbox.offset,
            limit=limit,
            timeout=wait,
            allowed_updates=self._dispatcher.resolve_used_update_types(),
        )
        return await self._bot(method, request_timeout=wait + self._polling.grace)

    def _note_absence(self) -> None:
        now, last = self._clock.now(), self.last_contact
        if last is not None and now - last > ABSENCE:
            self._away = Away(last, now)

    def _succeeded(self) -> None:
        if self._trouble:
            log.info("Contact with Telegram")
        self._trouble, self._failures = "", 0
        self._readiness.regained("telegram")
        self._readiness.regained("store")

    def _failed(self, exc: Exception) -> float:
        """Say it when it is new; the seconds to wait before the next try."""
        polling, told = self._polling, f"{type(exc).__name__}: {exc}".replace(self._bot.token, "•••")[:300]
        self._failures += 1
        match exc:
            case TelegramUnauthorizedError() | TelegramNotFound():  # 404: not even the form of a token
                pause, loud = (
                    polling.refused,
                    "Telegram refuses the token. Put a valid one into telegram.token",
                )
                self._readiness.lost("telegram", "the token is refused")
            case TelegramConflictError():
                pause = polling.conflict * random.uniform(0.7, 1.4)  # noqa: S311
                loud = "Somebody else takes this bot's updates. Stop the other process, or remove the webhook"
                self._readiness.lost("telegram", "another process polls with this token, or a webhook is set")
            case StoreError():
                pause, loud = (
                    self._back_off(),
                    "Updates cannot be kept and are left at Telegram. Mend the store",
                )
                self._readiness.lost("store", "cannot be written")
            case TelegramRetryAfter():
                pause, loud = exc.retry_after, ""
            case _:
                pause, loud = self._back_off(), ""
        if self._trouble != type(exc).__name__:
            self._trouble = type(exc).__name__
            log.log(logging.ERROR if loud else logging.WARNING, "%s (%s)", loud or "No updates for now", told)
        return pause

    def _back_off(self) -> float:
        shortest, longest = self._polling.back_off
        return min(shortest * 2.0 ** min(self._failures - 1, 10), longest) * random.uniform(0.5, 1)  # noqa: S311

    # Stopping

    async def _drain(self) -> None:
        """Let handlers end; what must be cut off or had no turn stays in the inbox for the next start."""
        self._turns.dismiss()
        if not self._running:
            return
        log.info("Waiting for %d updates to be handled", len(self._running))
        _, unfinished = await asyncio.wait(set(self._running), timeout=self._polling.drain)
        for task in unfinished:
            log.warning("Cut off after %s s: %s", self._polling.drain, task.get_name())
            task.cancel()

    async def _confirm(self) -> None:
        """Tell Telegram what has been taken, so that a start with an empty store does not repeat it."""
        if self._inbox.offset is None:
            return
        try:
            async with asyncio.timeout(self._polling.farewell):
                await self._get_updates(limit=1, wait=0)
        except (AiogramError, *FOREIGN_ERRORS) as exc:
            log.info("The last updates could not be confirmed: %s", type(exc).__name__)
