"""How a page of logs is made: strands of all its logs, read as far as need be, in one order of time."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from services.domain.containers import Details
from services.domain.logs import moment_of, stamp_of
from services.domain.reports import Selection
from services.fleet.fleet import Fleet
from services.logs.pages.bookmarks import Bookmarks
from services.logs.pages.gathering import (
    floor_of,
    gather_newest,
    gather_oldest,
    newest_order,
    oldest_order,
    parted,
    present,
)
from services.logs.pages.page import LogPage, Look
from services.logs.pages.questions import Bookmark, LogQuestion, Place
from services.logs.pages.restarts import Restart, Restarts
from services.logs.pages.sources import Inspecting, Opened, Sources
from services.logs.pages.strands import BackwardStrand, Found, OnwardStrand, Room, Strand
from services.logs.stream.source import LogSource
from services.logs.stream.windows import Mark, mark_before
from services.logs.text.presenter import Presenter, ShownLine
from services.ports import Clock

# In seconds. Together under fifteen, after which nobody can be told of a press any more.
READ_DEADLINE = 12.0
LOOK_SECONDS = 10.0  # of looking for lines that count; then the page says how far back it looked
# Of each of several logs: one that is silent does not hold up the others.
_SHORT_DEADLINE = 2.0
# Of all logs of a page; beyond it the oldest bytes are dropped and the page says so.
MOST_BYTES = 4 * 2**20
_LEAST_BYTES = 64 * 2**10  # of one log, however many there are
# Records beyond the lines asked for: at a read's beginning some are read only to know that others are whole.
SPARE = 8
# Records to begin with where lines that count may be rare, and where there may be few within a stretch of time.
_RARE, _FEW = 2000, 500
_MOST_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """`lines`: so many at most. starts: where to begin, by container; None: nothing is before it, and no `starts`: at
    the newest end. kept: places that hold for logs which are not read. newest: the page ends where all logs do.
    inspecting: containers by id that are being inspected already.
    """

    question: LogQuestion
    selection: Selection
    lines: int
    starts: Mapping[str, Mark | None] | None = None
    kept: tuple[Place, ...] = ()
    look: Look = field(default_factory=Look)
    newest: bool = False
    inspecting: Mapping[str, Inspecting] = field(default_factory=dict)

    @property
    def deadline(self) -> float:
        """Of one read, in seconds: short where others must not wait, unless much is to be read."""
        alone = len(self.selection.containers) == 1
        return READ_DEADLINE if alone else _SHORT_DEADLINE * max(1.0, self.lines / 500)

    def room(self, logs: int) -> Room:
        return Room(self.lines, max(MOST_BYTES // max(logs, 1), _LEAST_BYTES))

    def first(self, logs: int) -> int:
        """Records to begin with in each log."""
        records = min(self.lines, max(_MOST_AT_ONCE // max(logs, 1), 50)) + SPARE
        if self.question.sieve.by_level:
            return max(records, _RARE)
        if self.question.sieve.stream is not None:
            return max(records * 2, _FEW)
        return min(records, _FEW) if self.question.span.since else records


class PageMaking:
    """Raises HostError where no log could be read."""

    def __init__(self, fleet: Fleet, presenter: Presenter, bookmarks: Bookmarks, clock: Clock) -> None:
        self._presenter, self._bookmarks, self._clock = presenter, bookmarks, clock
        self._sources, self._restarts = Sources(fleet), Restarts(fleet)

    async def backwards(self, wanted: Wanted) -> LogPage:
        """The newest lines, of all or before where it starts."""
        question, starts = wanted.question, wanted.starts
        containers = [each for each in wanted.selection.containers if starts is None or starts.get(each.id)]
        room = wanted.room(len(containers))
        since = stamp_of(question.span.since) if question.span.since else b""

        async def strand(source: LogSource) -> BackwardStrand:
            start = starts[source.container_id] if starts is not None else None
            if starts is None and question.span.until:
                start = await mark_before(source, question.span.until)
            return BackwardStrand(source, question.sieve, self._presenter, room, start=start, since=since)

        opening = self._sources.opened(containers, strand, wanted.deadline, wanted.inspecting)
        async with opening as opened:
            strands = opened.strands
            await gather_newest(
                strands,
                wanted.lines,
                first=wanted.first(len(strands)),
                deadline=wanted.deadline,
                seconds=LOOK_SECONDS,
                look=wanted.look,
            )
            order = newest_order(strands, wanted.lines)
            page = await self._page(wanted, opened, order, newest=True)
        opened.assert_some()
        short = len(order) < wanted.lines
        full = short and any(strand.full for strand in strands)
        return replace(
            page,
            restarts=await self._seams(wanted, opened.details, page.lines),
            cut=page.cut or full,
            back_to=_moment(floor_of(strands)) if short and not full else None,
            last=_moment(max((strand.newest.stamp for strand in strands if strand.newest), default=b"")),
        )

    async def onward(self, wanted: Wanted) -> LogPage:
        """The oldest lines behind the places kept; of a log without one, from its first line on."""
        containers = wanted.selection.containers
        places = {place.container: place for place in wanted.kept}
        room = wanted.room(len(containers))

        async def strand(source: LogSource) -> OnwardStrand:
            place = places.get(source.container_id)
            return OnwardStrand(source, wanted.question.sieve, self._presenter, room, place=place)

        async with self._sources.opened(containers, strand, wanted.deadline) as opened:
            await gather_oldest(opened.strands, deadline=wanted.deadline)
            order = oldest_order(opened.strands, wanted.lines)
            page = await self._page(wanted, opened, order, newest=False)
        opened.assert_some()
        return replace(page, restarts=await self._seams(wanted, opened.details, page.lines))

    async def _page(
        self, wanted: Wanted, opened: "Opened[Any]", order: Sequence[int], *, newest: bool
    ) -> LogPage:
        """`newest`: of what was found the newest lines are taken, or else the oldest."""
        parts = parted(opened.strands, order, newest=newest)
        now = self._clock.now()
        bookmark = _bookmark(wanted, opened.strands, parts, now)
        (lines, withheld), token = await asyncio.gather(
            present(opened.strands, parts, order, self._presenter), self._bookmarks.keep(bookmark)
        )
        return LogPage(
            containers=wanted.selection.containers,
            lines=lines,
            at=now,
            bookmark=bookmark,
            cut=withheld,
            silent=(*wanted.selection.silent, *opened.errors),
            token=token,
        )

    async def _seams(
        self, wanted: Wanted, details: Mapping[str, Details], lines: Sequence[ShownLine]
    ) -> tuple[Restart, ...]:
        """Those within the page; and of a single container the latest, if it lies before the page."""
        since = lines[0].at if lines else None
        now = self._clock.now()
        found = await asyncio.gather(
            *(
                self._restarts.of(each, details[each.id], since=since, now=now)
                for each in wanted.selection.containers
                if each.id in details
            )
        )
        restarts = [restart for each in found for restart in each]
        within = [each for each in restarts if each.place_in(lines, newest=wanted.newest) is not None]
        alone = restarts[-1:] if len(wanted.selection.containers) == 1 else []
        return tuple(within or alone)


def _bookmark(
    wanted: Wanted, strands: Sequence[Strand], parts: Sequence[Sequence[Found]], now: datetime
) -> Bookmark:
    places = {place.container: place for place in wanted.kept}
    for strand, part in zip(strands, parts, strict=True):
        if not strand.error:
            places[strand.source.container_id] = strand.place(len(part))
    end = max((each.youngest for each in places.values()), default=b"")
    return Bookmark(
        wanted.question,
        tuple(places.values()),
        lines=sum(map(len, parts)),
        begin=min((part[0].line.stamp for part in parts if part), default=end),
        end=stamp_of(now) if wanted.newest else end,
        newest=wanted.newest,
    )


def _moment(stamp: bytes) -> datetime | None:
    return moment_of(stamp) if stamp else None
