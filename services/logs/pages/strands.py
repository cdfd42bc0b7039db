"""One container's log on its way into a page: read in stretches, and what counts is kept as it was written."""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from services.domain.logs import Line
from services.errors import HostError
from services.logs.pages.questions import NOWHERE, Place, Sieve
from services.logs.pages.sifting import MOST_CONTINUED, Chosen, Sifting
from services.logs.pages.surroundings import surrounded
from services.logs.stream.source import LogSource
from services.logs.stream.windows import Backwards, Mark, Onward
from services.logs.text.levels import Level
from services.logs.text.presenter import Presenter
from services.logs.text.region import LEAST_MARGIN, MARGIN_LINES

_GROWTH = 4
_MOST_RECORDS = 200_000
# That one window may take, judged by the one before: one that is not read to its end is lost.
_WINDOW_SECONDS = 2.0
# Bytes that are looked at together where only the first lines may be wanted.
_ONWARD_PIECE = 16 * 2**10


@dataclass(frozen=True, slots=True)
class Room:
    """How much of a log may be held."""

    lines: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Found:
    """A line that counts. depth: as a `Mark`'s. level: where levels matter. text: see `Presenter.around`."""

    line: Line
    depth: int
    level: Level | None
    text: str

    @property
    def mark(self) -> Mark:
        return Mark.at(self.line, self.depth)


class Strand:
    """What both directions have in common.

    found: oldest first. reached: the stamp up to which all lines were looked at; None before the first look.
    goes_on: there may be more. error: nothing could be read.
    """

    def __init__(self, source: LogSource, sieve: Sieve, presenter: Presenter, room: Room) -> None:
        self.source = source
        self.found: deque[Found] = deque()
        self.reached: bytes | None = None
        self.goes_on = True
        self.error: HostError | None = None
        self._sieve, self._presenter, self._room = sieve, presenter, room
        self._held = 0

    def place(self, taken: int) -> Place:
        """After so many of the found lines went into a page: the newest, or onward the oldest."""
        raise NotImplementedError

    @property
    def stamps(self) -> list[bytes]:
        return [each.line.stamp for each in self.found]


class BackwardStrand(Strand):
    """From `start` (None: the newest line) towards the oldest. since: a stamp, what is older is not wanted.

    complete: all that is wanted was looked at. full: there was no room for older ones.
    newest: the newest line of all that were looked at.
    """

    def __init__(
        self,
        source: LogSource,
        sieve: Sieve,
        presenter: Presenter,
        room: Room,
        *,
        start: Mark | None = None,
        since: bytes = b"",
    ) -> None:
        super().__init__(source, sieve, presenter, room)
        self._start, self._since = start, since
        margin = MOST_CONTINUED if sieve.by_level else LEAST_MARGIN
        self._walk = Backwards(source, start, margin=margin)
        self._records = 0
        self.full = False
        self._resume: Mark | None = None
        self._youngest = b""
        self._level: Level | None = None
        self.newest: Line | None = None
        self._beyond = False  # of what is wanted
        self.complete = False

    async def advance(self, first: int, *, deadline: float) -> None:
        """A stretch further: so many records the first time, then as many as time allows. Raises nothing foreseen."""
        self._records = self._records or first
        began = asyncio.get_running_loop().time()
        try:
            await self._advance(deadline)
        except HostError as error:
            self.error = error if self.reached is None else None
            self.goes_on = False
        took = max(asyncio.get_running_loop().time() - began, 0.001)
        bearable = int(self._records * _WINDOW_SECONDS / took)
        self._records = max(min(self._records * _GROWTH, bearable, _MOST_RECORDS), first)

    async def _advance(self, deadline: float) -> None:
        sifting = Sifting(self.source, self._sieve, self._presenter, since=self._since)
        found: deque[tuple[int, Chosen]] = deque()
        last: Line | None = None
        before = 0
        walk = self._walk
        async with aclosing(walk.window(self._records, deadline=deadline)) as blocks:
            async for piece in surrounded(blocks, lambda: walk.before, lambda: walk.behind):
                if not before:
                    await sifting.pass_over(piece.before)
                self._keep(found, await sifting.chosen(piece), before)
                before += len(piece.body)
                last = piece.body.line(len(piece.body) - 1) if self.newest is None else None
        if last is not None:
            self.newest, self._youngest, self._level = last, sifting.youngest, sifting.level
        depth = self._depth
        self.found.extendleft(
            Found(each.line, max(depth - number, 1), each.level, each.text)
            for number, each in reversed(found)
        )
        self._reach(sifting)

    def _keep(self, found: deque[tuple[int, Chosen]], chosen: Sequence[Chosen], before: int) -> None:
        """Each with its number in the window. Where there is no room the oldest give way."""
        for each in chosen:
            found.append((before + each.number, each))
            self._held += len(each.line.text)
            while len(found) > 1 and (
                self._held > self._room.bytes or len(found) + len(self.found) > self._room.lines
            ):
                self._held -= len(found.popleft()[1].line.text)
                self.full = True

    def _reach(self, sifting: Sifting) -> None:
        first = sifting.first
        self._beyond = self._beyond or (first is not None and first.stamp < self._since)
        self.complete = (self._walk.exhausted or self._beyond) and not self.full
        self.goes_on = not (self.full or self.complete)
        if self.full:
            self._resume, self.reached = self.found[0].mark, self.found[0].line.stamp
        elif first is not None:
            self._resume = Mark.at(first, self._depth)
            self.reached = min(first.stamp, self.reached or first.stamp)
        elif self.reached is None and self.newest is not None:
            self.reached = self.newest.stamp

    def place(self, taken: int) -> Place:
        depth = self._start.depth if self._start else 1
        newer = Mark.at(self.newest, depth) if self.newest else NOWHERE.newer
        return Place(self.source.container_id, self._older(taken), newer, self._youngest, self._level)

    def _older(self, taken: int) -> Mark | None:
        if taken < len(self.found):
            return self.found[-taken].mark if taken else self._start or Mark(1, self._youngest)
        if self._beyond and not self.full:
            return self.found[0].mark if self.found else Mark(self._depth, self._since[:-1])
        if self._walk.exhausted and not self.full:
            return None
        return self._resume or self._start or Mark(1, self._youngest)

    @property
    def _depth(self) -> int:
        return self._walk.mark.depth if self._walk.mark else 1


class OnwardStrand(Strand):
    """From behind the newest line of a place (None: from the log's first one) towards the newest."""

    def __init__(
        self,
        source: LogSource,
        sieve: Sieve,
        presenter: Presenter,
        room: Room,
        *,
        place: Place | None,
    ) -> None:
        super().__init__(source, sieve, presenter, room)
        self._place = place or replace(NOWHERE, container=source.container_id)
        self._last: Line | None = None
        self._level = self._place.level
        self._youngest = self._place.youngest

    async def run(self, *, deadline: float) -> None:
        """As far as there is room. Raises nothing foreseen."""
        try:
            await self._run(deadline)
        except HostError as error:
            self.error = error if self._last is None else None

    async def _run(self, deadline: float) -> None:
        sifting = Sifting(self.source, self._sieve, self._presenter, above=self._place.level)
        reading = Onward(self.source, self._place.newer, margin=MARGIN_LINES)
        async with aclosing(reading.blocks(deadline=deadline)) as blocks:
            async for piece in surrounded(blocks, lambda: reading.before, piece=_ONWARD_PIECE):
                for each in await sifting.chosen(piece):
                    self.found.append(Found(each.line, self._place.newer.depth, each.level, each.text))
                    self._held += len(each.line.text)
                    if len(self.found) >= self._room.lines or self._held > self._room.bytes:
                        self._look_at(each.line, each.level)
                        return
                self._look_at(piece.body.line(len(piece.body) - 1), sifting.level)
        self.goes_on = False

    def _look_at(self, line: Line, level: Level | None) -> None:
        self._last, self._level = line, level
        self.reached = line.stamp
        self._youngest = max(self._youngest, line.stamp)

    def place(self, taken: int) -> Place:
        start = self._place
        behind = Mark(start.newer.depth, start.youngest) if start.youngest else None
        older = self.found[0].mark if taken else behind
        if taken == len(self.found) and self._last is not None:
            newer, youngest, level = Mark.at(self._last, start.newer.depth), self._youngest, self._level
        elif taken:
            newer, level = self.found[taken - 1].mark, self.found[taken - 1].level
            youngest = max(start.youngest, newer.stamp)
        else:
            newer, youngest, level = start.newer, start.youngest, start.level
        return Place(self.source.container_id, older, newer, youngest, level)
