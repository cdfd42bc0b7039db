"""A log searched by something that knows where to look: its candidates go through the same scan as all lines do.

They come with few lines around them, and what is to be hidden in a line may depend on more. Where that cannot be
ruled out, the log is read line by line after all.
"""

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Protocol

from services.domain.logs import Block
from services.logs.search.board import Board
from services.logs.search.hits import MOST_CONTEXT
from services.logs.search.literals import required_literals
from services.logs.search.scan import Wanted
from services.logs.search.walk import Walk
from services.logs.stream.jsonfile import Candidates
from services.logs.stream.windows import Mark
from services.logs.text.region import KEY_TRACES, Region

DRIVER = "json-file"
# As many as a shortcut gives: a secret stands at most so far below what says that it is one, but in what follows.
_CONTEXT = MOST_CONTEXT
# Lines of keys, of indented lists, of codes: what says that they are secret may stand far above.
_GOES_ON = re.compile(
    rb"\s|$|[\w+/=]{16,}\s*$|[-*\"', \t]*(?:\d+[.)] )?[A-Za-z0-9]{3,12}(?:[- ][A-Za-z0-9]{3,12}){0,3}[\"', \t]*$"
)


class Shortcut(Protocol):
    """Of one host: a `FastLane`, say."""

    def candidates(
        self, container_id: str, literals: Sequence[bytes], *, context: int = 0, deadline: float
    ) -> AsyncGenerator[Candidates, None]:
        """The lines that hold one of the literals, newest first, with others on either side. Raises HostError."""
        ...


class Unfit(Exception):
    """Only reading the log line by line will do."""


def literals_for(wanted: Wanted) -> tuple[bytes, ...] | None:
    """What candidates must hold; None where every line may be a hit."""
    if wanted.invert or wanted.sieve.by_level:
        return None
    found = required_literals(wanted.pattern.text, ignore_case=wanted.pattern.ignore_case)
    return (*found, *KEY_TRACES) if found else None


class ShortWalk:
    """What is left of a walk, the short way. It may be broken off at any time: what was taken stays right."""

    def __init__(self, walk: Walk, wanted: Wanted, board: Board) -> None:
        self._walk, self._wanted, self._board = walk, wanted, board
        self._number = -(10**12)  # older than any line of the walk; groups have gaps between them

    async def run(self, lane: Shortcut, literals: Sequence[bytes], *, deadline: float) -> None:
        """Until the log's end, or until nothing older counts. Raises HostError, and Unfit."""
        tally = self._walk.tally
        lines = lane.candidates(tally.container, literals, context=_CONTEXT, deadline=deadline)
        async with aclosing(lines) as found:
            async for candidates in found:
                self._walk.bytes += len(candidates.block.text)
                await self._look(candidates, tally.mark)
                reached = self._walk.tally.reached
                if self._board.is_enough(reached):
                    return
                if reached is not None and reached < self._wanted.since:
                    break
        self._walk.end()

    async def _look(self, candidates: Candidates, mark: Mark | None) -> None:
        regions = _older(candidates, mark)
        if not regions:
            return
        await self._walk.in_thread(lambda: self._scan(regions, mark.depth if mark else 1))

    def _scan(self, regions: Sequence[Region], depth: int) -> None:
        scan = self._walk.scan()
        numbers = []
        for region in reversed(regions):
            self._number -= len(region.body) + 2 * _CONTEXT
            numbers.append(self._number)
        for region, number in zip(regions, reversed(numbers), strict=True):
            if not self._fits(region.text):
                raise Unfit
            scan.look(region, number - self._number)
        if not self._walk.stopped:
            self._walk.take(scan.catch, self._number)
            self._walk.reach(regions[0].body.line(0), depth)

    def _fits(self, text: bytes) -> bool:
        """Whether what is hidden in its hits can be told."""
        if any(trace in text for trace in KEY_TRACES):
            return False
        lines = text.split(b"\n")
        return all(
            any(not _GOES_ON.match(line) for line in lines[max(number - _CONTEXT, 0) : number + 1])
            for number in self._wanted.pattern.lines_in(text)
        )


def _older(candidates: Candidates, mark: Mark | None) -> list[Region]:
    """The groups, as far as they lie before the mark."""
    block = candidates.block
    ends = (*candidates.groups[1:], len(block))
    regions = []
    for start, end in zip(candidates.groups, ends, strict=True):
        group = block.part(start, end)
        place = _place(mark, group) if mark else None
        if place != 0:
            behind = Block() if place is None else group.part(place)
            regions.append(Region.of(Block(), group.part(0, place), behind))
    return regions


def _place(mark: Mark, group: Block) -> int | None:
    """Of the mark, or of the first line that is surely behind it."""
    place = mark.place_in(group)
    if place is not None:
        return place
    return next((n for n in range(len(group)) if group.stamp(n) > mark.stamp), None)
