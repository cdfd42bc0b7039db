"""All follows of all people: how many there may be, who may stop them, and that none is left behind.

The places where they are shown are kept in the store, so that after a sudden end of the bot no message goes on
saying that it is live.
"""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass

from services.asked import Asked
from services.domain.access import Actor, Role
from services.domain.containers import Container, ContainerKey
from services.domain.reports import Selection
from services.errors import (
    DeliveryError,
    FollowsFull,
    NoSuchContainer,
    NotFollowed,
    NotYourFollow,
    RecordUnreadable,
    StoreError,
    TooManyLogs,
)
from services.fleet.fleet import Fleet
from services.logs.follow.budget import Allowance, Budget
from services.logs.follow.follow import Around, Follow
from services.logs.follow.following import Finish, FollowQuestion, LeftOver, Running, Sink, Ticket
from services.logs.follow.rights import Judge, Rights
from services.logs.follow.screen import Screen
from services.logs.follow.tap import Attach, Attached, Tap
from services.logs.patterns import Pattern
from services.logs.stream.source import LogSource
from services.logs.text.presenter import Presenter
from services.ports import Clock, Delete, Put, Store
from services.store.records import Codec

KEPT = "follow/"

log = logging.getLogger(__name__)

# Given the number of a follow, where it is shown.
OpenSink = Callable[[int], Sink]


def _as_he_began(by: Actor) -> Actor | None:
    return by


@dataclass(frozen=True, slots=True)
class Bounds:
    """each, all: follows of one person and in all. logs: containers of one. seconds: how long one lasts.

    rate, burst: bytes a second and at once that one may read; all together twice as much.
    """

    each: int = 2
    all: int = 8
    logs: int = 10
    seconds: float = 600
    rate: float = 1 << 20
    burst: float = 2 << 20


@dataclass(frozen=True, slots=True)
class Hooks:
    """around: entered for all that is shown but the first and the last of each follow. judge: asked before all."""

    around: Around = nullcontext
    judge: Judge = _as_he_began


@dataclass(frozen=True, slots=True)
class _Entry:
    follow: Follow
    by: Actor
    pattern: str

    @property
    def running(self) -> Running:
        standings = [tap.standing for tap in self.follow.taps]
        return Running(
            self.follow.number,
            self.by.id,
            self.by.name,
            tuple(standing.name for standing in standings),
            self.follow.sink.drafted,
            self.pattern,
        )


class Follows:
    """Made by `open_follows`, whose task group they live in."""

    def __init__(
        self,
        fleet: Fleet,
        presenter: Presenter,
        store: Store,
        clock: Clock,
        group: asyncio.TaskGroup,
        thread: ThreadPoolExecutor,
        *,
        bounds: Bounds,
        hooks: Hooks,
    ) -> None:
        self._fleet, self._presenter, self._store, self._clock = fleet, presenter, store, clock
        self._group, self._thread, self._bounds, self._hooks = group, thread, bounds, hooks
        self._whole = Allowance(2 * bounds.rate, 2 * bounds.burst)
        self._asked = Asked(FollowQuestion, "follow", store, clock)
        self._codec = Codec(LeftOver)
        self._running: dict[int, _Entry] = {}
        self._starting: Counter[int] = Counter()  # by person
        self._tasks: set[asyncio.Task[None]] = set()

    async def question(self, token: str) -> FollowQuestion:
        """Of a follow, which may have ended. Raises Forgotten, StoreUnavailable."""
        return await self._asked.of(token)

    async def start(self, question: FollowQuestion, open_sink: OpenSink, *, by: Actor) -> Container | None:
        """It runs when this returns, and shows itself. The container, where it is a single one.

        Raises FollowsFull, TooManyLogs, PatternRefused, StoreUnavailable, what `Fleet.select` and `find` raise, and
        for a single container what its engine raises, and LogsUnreadable.
        """
        self._admit(by.id)
        self._starting[by.id] += 1
        try:
            pattern = await self._pattern(question)
            selection = await self._select(question, by)
            token = await self._asked.keep(question)
        finally:
            self._starting[by.id] -= 1
        number = secrets.randbelow((1 << 31) - 1) + 1
        screen = Screen(self._presenter, self._thread, pattern)
        own = Allowance(self._bounds.rate, self._bounds.burst)
        budget = Budget(own, self._whole, 1 / self._bounds.all)
        containers = sorted(selection.containers, key=lambda container: (container.name, container.host))
        rights = Rights(self._fleet, by, self._hooks.judge)
        taps = [self._tap(container, rights, budget, screen) for container in containers]
        sink = open_sink(number)
        ticket = Ticket(number, token, selection.silent)
        follow = Follow(ticket, taps, screen, sink, self._clock, rights, self._hooks.around)
        self._running[number] = _Entry(follow, by, question.pattern)
        task = self._group.create_task(self._run(self._running[number]), name=f"follow {number}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return containers[0] if len(containers) == 1 else None

    def of(self, person: int, chat: int | None) -> tuple[Running, ...]:
        """This person's in this chat, oldest first."""
        return tuple(each for each in self.within(chat) if each.asker == person)

    def within(self, chat: int | None) -> tuple[Running, ...]:
        return tuple(each.running for each in self._running.values() if each.by.chat == chat)

    def stop(self, number: int, *, by: Actor) -> Running:
        """The asker's right, and an operator's. Raises NotYourFollow; NotFollowed where it has ended already."""
        entry = self._running.get(number)
        if entry is None or entry.by.chat != by.chat:
            raise NotFollowed
        mine = entry.by.id == by.id
        if not mine and by.role < Role.OPERATOR:
            raise NotYourFollow(entry.by.name)
        entry.follow.end(Finish.STOPPED, "" if mine else by.name)
        return entry.running

    async def finish(self, within: float) -> None:
        """The bot stops: all are told so, within so many seconds."""
        for entry in list(self._running.values()):
            entry.follow.end(Finish.BOT_STOPS)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within)

    async def left_over(self) -> Sequence[LeftOver]:
        """What an earlier run has left behind, to be asked before anything is started. Raises StoreUnavailable."""
        found = []
        for key, value in (await self._store.scan(KEPT)).items():
            try:
                found.append(self._codec.unpack(value))
            except RecordUnreadable as error:
                log.warning("%s: %s", key, error)
                await self._store.write(Delete(key))
        return found

    async def forget(self, number: int) -> None:
        """Nothing is shown as live there any more. A write that fails is logged: it is told once more then."""
        try:
            await self._store.write(Delete(f"{KEPT}{number}"))
        except StoreError as error:
            log.warning("follow %d stays in the books: %s", number, error)

    # One follow

    def _admit(self, person: int) -> None:
        mine = sum(entry.by.id == person for entry in self._running.values()) + self._starting[person]
        if mine >= self._bounds.each:
            raise FollowsFull(self._bounds.each, own=True)
        if len(self._running) + self._starting.total() >= self._bounds.all:
            raise FollowsFull(self._bounds.all, own=False)

    async def _pattern(self, question: FollowQuestion) -> Pattern | None:
        if not question.pattern:
            return None
        ignore_case = question.ignore_case
        return await asyncio.to_thread(Pattern.of, question.pattern, ignore_case=ignore_case)

    async def _select(self, question: FollowQuestion, by: Actor) -> Selection:
        selection = await self._fleet.select(question.names, by=by)
        if len(selection.containers) > self._bounds.logs:
            raise TooManyLogs(len(selection.containers), self._bounds.logs)
        if not selection.containers and selection.silent:
            raise selection.silent[0]
        if len(selection.containers) == 1:
            await self._attach(selection.containers[0], Rights(self._fleet, by, self._hooks.judge))()
        return selection

    def _attach(self, container: Container, rights: Rights) -> Attach:
        key = ContainerKey(container.host, container.key)

        async def attach() -> Attached:
            by = rights.actor
            if by is None:
                raise NoSuchContainer("")
            found = await self._fleet.find(key, by=by)
            engine = self._fleet.engine(found.host)
            details = await engine.inspect(found.id)
            return Attached(LogSource.of(engine, found.name, details), details)

        return attach

    def _tap(self, container: Container, rights: Rights, budget: Budget, screen: Screen) -> Tap:
        attach = self._attach(container, rights)
        return Tap(container.host, container.name, attach, budget, screen, self._clock)

    async def _run(self, entry: _Entry) -> None:
        """Nothing that goes wrong with one is any other's trouble."""
        follow = entry.follow
        try:
            finish = await follow.run(self._bounds.seconds, lambda: self._placed(entry))
            log.info("follow %d of %s has ended: %s", follow.number, entry.by.name, finish)
        except Exception:
            log.exception("follow %d of %s broke", follow.number, entry.by.name)
            follow.end(Finish.BROKEN)
        finally:
            del self._running[follow.number]
        try:
            await follow.farewell()
        except DeliveryError as error:
            log.warning("the end of follow %d could not be told: %s", follow.number, error)
        else:
            await self.forget(follow.number)

    async def _placed(self, entry: _Entry) -> None:
        follow = entry.follow
        if (place := follow.sink.place) is None:
            return
        names = tuple((tap.standing.host, tap.standing.name) for tap in follow.taps)
        kept = LeftOver(follow.number, place, follow.sink.drafted, entry.by.id, names, follow.token)
        try:
            await self._store.write(Put(f"{KEPT}{follow.number}", self._codec.pack(kept)))
        except StoreError as error:
            log.warning("where follow %d is shown is not kept: %s", follow.number, error)


@asynccontextmanager
async def open_follows(
    fleet: Fleet,
    presenter: Presenter,
    store: Store,
    clock: Clock,
    *,
    bounds: Bounds | None = None,
    hooks: Hooks | None = None,
) -> AsyncIterator[Follows]:
    """Ends what still runs."""
    thread = ThreadPoolExecutor(1, "following")
    try:
        async with asyncio.TaskGroup() as group:
            follows = Follows(
                fleet,
                presenter,
                store,
                clock,
                group,
                thread,
                bounds=bounds or Bounds(),
                hooks=hooks or Hooks(),
            )
            try:
                yield follows
            finally:
                for task in follows._tasks:
                    task.cancel()
    finally:
        thread.shutdown(wait=False, cancel_futures=True)
