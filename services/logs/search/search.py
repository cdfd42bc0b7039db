"""A search through many logs: all hosts side by side, newest hits first, as far back as time allows."""

import asyncio
import logging
import secrets
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

from services.asked import Asked
from services.domain.access import Actor
from services.domain.logs import stamp_of
from services.domain.reports import Selection
from services.errors import NotYourSearch, SearchesFull, StoreUnavailable
from services.fleet.fleet import Fleet
from services.logs.patterns import Pattern
from services.logs.search.hits import Found, Searched, SearchQuestion, Watch
from services.logs.search.hunt import WINDOWS, Hunt, Ways
from services.logs.search.scan import Wanted
from services.logs.search.shortcut import Shortcut
from services.ports import Clock, Store

log = logging.getLogger(__name__)

# Searches that may run at a time.
MOST_OF_ONE = 2
MOST = 8
# Logs of one host that are read at a time, whoever asks.
MOST_READS = 4


@dataclass(frozen=True, slots=True)
class Bounds:
    """most: hits that are wanted, in `room` bytes, each line cut to `longest` characters. seconds: for the search."""

    most: int = 50
    room: int = 2**20
    longest: int = 2000
    seconds: float = 25.0


CHAT = Bounds()
# All hits as a file; some ten times its room is held when it is made.
FILE = Bounds(most=10_000, room=3 * 2**20, longest=16_000, seconds=60.0)


@dataclass(eq=False, slots=True)
class _Running:
    """`hunt`: None while it is still being found out where to look."""

    token: str
    asker: int
    name: str
    hunt: Hunt | None = None
    cancelled: bool = False


class Searcher:
    """A viewer's right on whatever is in scope; `Fleet.select` sees to the scope.

    shortcuts: by host. windows: see `Ways`.
    """

    def __init__(
        self,
        fleet: Fleet,
        store: Store,
        clock: Clock,
        *,
        shortcuts: Mapping[str, Shortcut] | None = None,
        windows: Sequence[int] = WINDOWS,
    ) -> None:
        self._fleet, self._clock = fleet, clock
        self._kept = Asked(Searched, "search", store, clock)
        reads = {host: asyncio.Semaphore(MOST_READS) for host in fleet.hosts}
        self._ways = Ways(fleet.engine, reads, shortcuts or {}, windows)
        self._running: dict[str, _Running] = {}

    async def find(
        self, question: SearchQuestion, *, by: Actor, bounds: Bounds = CHAT, watch: Watch | None = None
    ) -> Found:
        """`watch` shows how far it has got.

        Raises what `Fleet.select` does, PatternRefused and SearchesFull, and where there is one log alone that
        cannot be read, why.
        """
        with self._entered(by) as running, _thread() as thread:
            watch = watch or Watch()
            watch.token = running.token
            pattern = await asyncio.get_running_loop().run_in_executor(thread, _pattern_of, question)
            selection = await self._selection(question, by)
            hunt = running.hunt = Hunt(self._ways, thread, _wanted(question, pattern, bounds))
            watch.progress = hunt.progress
            if running.cancelled:
                hunt.cancel()
            await hunt.run(selection.containers, question.places or (), bounds.seconds)
        if len(hunt.tallies) == 1 and (failure := hunt.tallies[0].failure) and not hunt.tallies[0].reached:
            raise failure
        return hunt.found(question, selection.silent, self._clock.now())

    async def keep(self, found: Found, shown: int) -> str | None:
        """A token of it for buttons, where so many hits are shown; None: the store does not work, which is no reason
        to show nothing.
        """
        try:
            return await self._kept.keep(Searched(found.question, found.onward(shown)))
        except StoreUnavailable as error:
            log.warning("a search could not be kept: %s", error)
            return None

    async def hold(self, question: SearchQuestion) -> str:
        """A token of a question that is yet to be asked. Raises StoreUnavailable."""
        return await self._kept.keep(Searched(question))

    async def kept(self, token: str) -> Searched:
        """Raises Forgotten, StoreUnavailable."""
        return await self._kept.of(token)

    def cancel(self, token: str, *, by: Actor) -> bool:
        """Whether there was one to be cancelled; it ends with what it has found. Raises NotYourSearch."""
        running = self._running.get(token)
        if running is None:
            return False
        if running.asker != by.id:
            raise NotYourSearch(running.name)
        running.cancelled = True
        if running.hunt:
            running.hunt.cancel()
        return True

    async def _selection(self, question: SearchQuestion, by: Actor) -> Selection:
        selection = await self._fleet.select(question.names, by=by)
        if question.places is None:
            return selection
        wanted = {place.container for place in question.places}
        return replace(selection, containers=tuple(c for c in selection.containers if c.id in wanted))

    @contextmanager
    def _entered(self, by: Actor) -> Iterator[_Running]:
        own = sum(each.asker == by.id for each in self._running.values()) >= MOST_OF_ONE
        if own or len(self._running) >= MOST:
            raise SearchesFull(MOST_OF_ONE if own else MOST, own)
        running = _Running(secrets.token_urlsafe(6), by.id, by.name)
        self._running[running.token] = running
        try:
            yield running
        finally:
            del self._running[running.token]


@contextmanager
def _thread() -> Iterator[ThreadPoolExecutor]:
    """Of one search alone: a pattern that is slow keeps nobody else waiting."""
    thread = ThreadPoolExecutor(1, "search")
    try:
        yield thread
    finally:
        thread.shutdown(wait=False, cancel_futures=True)


def _pattern_of(question: SearchQuestion) -> Pattern:
    """Where a level is asked for, every line may do."""
    every = question.sieve.by_level and not question.pattern
    return Pattern.of("(?:)" if every else question.pattern, ignore_case=question.ignore_case)


def _wanted(question: SearchQuestion, pattern: Pattern, bounds: Bounds) -> Wanted:
    span = question.span
    return Wanted(
        pattern,
        question.invert,
        question.context,
        question.sieve,
        since=stamp_of(span.since) if span.since else b"",
        until=stamp_of(span.until) if span.until else b"\xff",
        most=bounds.most,
        room=bounds.room,
        longest=bounds.longest,
    )
