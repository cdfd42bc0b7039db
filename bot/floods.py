"""What Telegram's flood control remembers of us, kept in the store: a crash must not forget the budget.

`flood/<chat>` holds the moments of a group's recent calls, `flood/hold/<chat>` the end of a pause that
Telegram has asked for. Private chats' calls are not kept: their burst is full again before a bot has started.
"""

import asyncio
import logging
import struct
from collections import deque
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from services.errors import StoreError
from services.ports import Clock, Put, Store

log = logging.getLogger(__name__)

FLOOD = "flood/"
HOLD = f"{FLOOD}hold/"
ALL = "all"  # in place of a chat: the pause is for all of them

PATIENCE = 0.5  # seconds for a write: a message never waits longer for the store

# Seconds that a call may be on its way. Of one whose answer is not in the books, this is the latest moment at
# which Telegram may have seen it; nobody knows whether it was as late as that.
ON_ITS_WAY = timedelta(seconds=20)

_US = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Call:
    """One call to a group. `at`: when it was answered, or was sent if it has not been."""

    at: datetime
    answered: bool = False


@dataclass(slots=True)
class _Page:
    """A group's recent calls, and the write of them that is under way."""

    calls: deque[Call]
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    late: asyncio.Task[None] | None = None


class _SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Floods:
    """The books over one store. `seconds`: the length of a group's window; `most`: how many calls it holds.

    clock: the machine's own unless given.
    """

    def __init__(self, store: Store, clock: Clock | None, *, seconds: float, most: int) -> None:
        self._store = store
        self._clock = clock or _SystemClock()
        self._window = timedelta(seconds=seconds)
        self._most = most
        self._pages: dict[int | str, _Page] = {}
        self._writing: set[asyncio.Task[None]] = set()
        self._told = False

    async def load(self) -> tuple[Mapping[int | str, list[float]], Mapping[int | str, float]]:
        """Earlier calls to each group, as seconds ago, oldest first; and seconds that chats are held yet.

        Raises StoreUnavailable. What cannot be understood is left out: the worst of it is a 429.
        """
        now = self._clock.now()
        calls, holds = dict[int | str, list[float]](), dict[int | str, float]()
        for key, value in (await self._store.scan(FLOOD)).items():
            try:
                if key.startswith(HOLD):
                    left = (_moment(*struct.unpack("<q", value)) - now).total_seconds()
                    if left > 0:
                        holds[_chat(key.removeprefix(HOLD))] = left
                    continue
                page = _Page(deque(_recent(value, now, self._window), maxlen=self._most))
            except (struct.error, OverflowError):
                log.warning("The store's %s cannot be read", key)
                continue
            if page.calls:
                chat = _chat(key.removeprefix(FLOOD))
                self._pages[chat] = page
                calls[chat] = [(now - call.at).total_seconds() for call in page.calls]
        return calls, holds

    async def note(self, chat: int | str) -> Call:
        """Write down a call that is about to be made; `answer` follows. Never raises."""
        now = self._clock.now()
        page = self._pages.get(chat)
        if page is None:
            page = self._pages[chat] = _Page(deque(maxlen=self._most))
        call = Call(now)
        page.calls.append(call)
        if page.late is None or page.late.done():  # else the store hangs, and each call would wait for it
            page.late = await self._in_time(self._write(chat, page))
        return call

    def answer(self, call: Call) -> None:
        """Telegram has seen it by now. Kept with the next call that is written down."""
        call.at, call.answered = self._clock.now(), True

    async def hold(self, chat: int | str, seconds: float) -> None:
        """Write down that nothing may go to the chat, or to ALL, for so long. Never raises."""
        until = self._clock.now() + timedelta(seconds=seconds)
        put = Put(f"{HOLD}{chat}", struct.pack("<q", (until - _EPOCH) // _US), expires=until)
        await self._in_time(self._put(put))

    async def _write(self, chat: int | str, page: _Page) -> None:
        async with page.turn:  # a later state never comes to lie below an earlier one
            now = self._clock.now()
            kept = self._window + ON_ITS_WAY
            while page.calls and page.calls[0].at + kept < now:
                page.calls.popleft()
            await self._put(Put(f"{FLOOD}{chat}", _packed(page.calls), now + kept))

    async def _put(self, put: Put) -> None:
        try:
            await self._store.write(put)
        except StoreError as exc:
            self._tell(str(exc))
        else:
            self._told = False

    async def _in_time(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
        """Wait for the work, but not for long; the task if it goes on.

        A task of its own, for a store that hangs would hang in the roll-back of what was cancelled as well.
        """
        task = asyncio.ensure_future(work)
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        await asyncio.wait({task}, timeout=PATIENCE)
        if task.done():
            return None
        self._tell(f"not written within {PATIENCE} s")
        return task

    def _tell(self, reason: str) -> None:
        """Once, until the store works again: messages go all the same."""
        if not self._told:
            log.warning("What was sent lately is not kept over a restart: %s", reason)
        self._told = True


def _packed(calls: Iterable[Call]) -> bytes:
    """Microseconds since 1970, eight bytes each; negative: not known to be answered."""
    stamps = [(call.at - _EPOCH) // _US * (1 if call.answered else -1) for call in calls]
    return struct.pack(f"<{len(stamps)}q", *stamps)


def _recent(value: bytes, now: datetime, window: timedelta) -> list[Call]:
    """The calls of the last window, oldest first, all answered by now."""
    moments = (
        _moment(stamp) if stamp >= 0 else _moment(-stamp) + ON_ITS_WAY
        for (stamp,) in struct.iter_unpack("<q", value)
    )
    kept = sorted(min(moment, now) for moment in moments)  # a clock set back leaves nothing in the future
    return [Call(moment, answered=True) for moment in kept if moment + window > now]


def _moment(stamp: int) -> datetime:
    return _EPOCH + stamp * _US


def _chat(name: str) -> int | str:
    return int(name) if name.removeprefix("-").isdecimal() else name
