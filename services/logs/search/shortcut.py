"""A log searched by something that knows where to look: its candidates go through the same scan as all lines do.

They come with as many lines before them as may bear on what is hidden, so nothing is judged otherwise than on the long
way. What is told (how many, how far back, that it is enough) follows from hits alone: a candidate that is hidden is
passed over, and nothing but the time that it took can tell that it was there. See docs/decisions/0016.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Protocol

from services.domain.logs import Block, joined
from services.logs.search.board import Board
from services.logs.search.hits import MOST_CONTEXT
from services.logs.search.literals import required_literals
from services.logs.search.scan import Catch, Wanted
from services.logs.search.walk import Walk
from services.logs.stream.jsonfile import Candidates
from services.logs.stream.windows import Mark
from services.logs.text.region import KEY_TRACES, MARGIN_LINES, Region, head_of

DRIVER = "json-file"
# Between the numbers of lines that are no neighbours.
_APART = 2 * MOST_CONTEXT + 1


class Shortcut(Protocol):
    """Of one host: a `FastLane`, say."""

    def candidates(
        self, container_id: str, literals: Sequence[bytes], *, context: int = 0, deadline: float
    ) -> AsyncGenerator[Candidates, None]:
        """The lines that hold one of the literals, newest first, with `context` others before each and at least
        MOST_CONTEXT behind it. Raises HostError.
        """
        ...


def literals_for(wanted: Wanted) -> tuple[bytes, ...] | None:
    """What candidates must hold; None where every line may be a hit.

    The marks of keys are always among them: a key is hidden by both of its ends.
    """
    if wanted.invert or wanted.sieve.by_level:
        return None
    found = required_literals(wanted.pattern.text, ignore_case=wanted.pattern.ignore_case)
    return (*found, *KEY_TRACES) if found else None


class ShortWalk:
    """What is left of a walk, the short way. It may be broken off at any time: what was taken stays right."""

    def __init__(self, walk: Walk, wanted: Wanted, board: Board) -> None:
        self._walk, self._wanted, self._board = walk, wanted, board
        self._mark = walk.tally.mark
        self._depth = self._mark.depth if self._mark else 1
        self._number = -(10**12)  # older than any line of the walk
        self._edge = Block()  # the oldest lines so far, to be judged with those before them
        self._ahead = Block()  # what stands behind them, and was judged
        self._over = False

    async def run(self, lane: Shortcut, literals: Sequence[bytes], *, deadline: float) -> None:
        """Until the log's end, or until nothing older counts. Raises HostError."""
        container = self._walk.tally.container
        lines = lane.candidates(container, literals, context=MARGIN_LINES, deadline=deadline)
        async with aclosing(lines) as found:
            async for candidates in found:
                await self._walk.in_thread(partial(self._look, candidates))
                if self._over:
                    return
        await self._walk.in_thread(self._end)

    # In the thread

    def _look(self, candidates: Candidates) -> None:
        groups = candidates.parted()
        for number, group in reversed(list(enumerate(groups))):
            if number < len(groups) - 1 or not candidates.goes_on:
                self._end_group()
            self._edge, body = Block(), joined(group, self._edge)
            if number == 0:  # it may go on in what comes next, but a candidate has its margin already
                self._edge, body = body.part(0, MARGIN_LINES), body.part(MARGIN_LINES)
            self._judge(Region.of(self._edge, body, self._ahead))
            if self._over or self._walk.stopped:
                return

    def _end_group(self) -> None:
        """Nothing is before its edge."""
        edge, self._edge = self._edge, Block()
        self._judge(Region.of(Block(), edge, self._ahead))
        self._ahead = Block()
        self._number -= _APART

    def _end(self) -> None:
        """Of the log."""
        self._end_group()
        if not (self._over or self._walk.stopped):
            self._walk.end()

    def _judge(self, region: Region) -> None:
        body = region.body
        if not body or self._over:
            return
        self._ahead = head_of(joined(body, region.after), 0)
        self._number -= len(body)
        if self._mark:
            place = _place(self._mark, body)
            if place is not None:
                behind = joined(body.part(place), region.after)
                region = Region.of(region.before, body.part(0, place), behind)
            else:  # and what comes is older still
                self._mark = None
        if not region.body:
            return
        scan = self._walk.scan()
        scan.look(region, 0)
        if not self._walk.stopped:
            self._take(scan.catch)
        if not self._over and region.body.stamp(0) < self._wanted.since:
            self._look_for_older(region, scan.catch.count)

    def _take(self, catch: Catch) -> None:
        """The newest first, until there are enough."""
        for hit in reversed(catch.hits):
            self._walk.take_one(hit, self._number, self._depth)
            self._over = self._board.is_enough(self._walk.tally.reached)
            if self._over:
                return
        if rest := catch.count - len(catch.hits):
            self._walk.pass_over(rest)

    def _look_for_older(self, region: Region, count: int) -> None:
        """A hit before the span ends the search; a line of no matter what kind would tell that it is there."""
        scan = self._walk.scan(replace(self._wanted, since=b""))
        scan.look(region, 0)
        if scan.catch.count > count and not self._walk.stopped:
            self._over = True
            self._walk.end()


def _place(mark: Mark, group: Block) -> int | None:
    """Of the mark, or of the first line that is surely behind it."""
    place = mark.place_in(group)
    if place is not None:
        return place
    return next((n for n in range(len(group)) if group.stamp(n) > mark.stamp), None)
