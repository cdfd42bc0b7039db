"""Strands of several logs read side by side, and what of them makes a page."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable, Sequence
from heapq import nlargest
from itertools import islice

from services.domain.logs import moment_of
from services.logs.pages.merging import newest_of, oldest_of
from services.logs.pages.page import Look
from services.logs.pages.strands import BackwardStrand, Found, OnwardStrand, Strand
from services.logs.text.presenter import Presenter, ShownLine

# Logs read at a time, of one page.
SIDE_BY_SIDE = 16


async def gather_newest(
    strands: Sequence[BackwardStrand],
    count: int,
    *,
    first: int,
    deadline: float,
    seconds: float,
    look: Look,
) -> None:
    """Read on until the newest `count` lines of all together are among what was found, or the seconds are over.

    first: records of each log to begin with. deadline: of the first read of each.
    """
    ends = asyncio.get_running_loop().time() + seconds
    behind = list(strands)
    while behind:
        await _side_by_side(strand.advance(first, deadline=deadline) for strand in behind)
        deadline = max(deadline, seconds)
        if floor := floor_of(strands):
            look.back_to = moment_of(floor)
        stamps = nlargest(count, (stamp for strand in strands for stamp in strand.stamps))
        enough = stamps[-1] if len(stamps) == count else b""
        enough = max([enough, *(strand.reached or b"" for strand in strands if strand.full)])
        behind = [
            strand
            for strand in strands
            if strand.goes_on and (strand.reached is None or strand.reached > enough)
        ]
        if asyncio.get_running_loop().time() >= ends:
            return


async def gather_oldest(strands: Sequence[OnwardStrand], *, deadline: float) -> None:
    await _side_by_side(strand.run(deadline=deadline) for strand in strands)


def floor_of(strands: Sequence[BackwardStrand]) -> bytes:
    """The stamp down to which all logs were looked at; what is older may lack lines of some."""
    open_ended = [strand for strand in strands if not (strand.complete or strand.error)]
    return max((strand.reached or b"" for strand in open_ended), default=b"")


def newest_order(strands: Sequence[BackwardStrand], count: int) -> list[int]:
    """As `newest_of`."""
    return newest_of([strand.stamps for strand in strands], count, floor_of(strands))


def oldest_order(strands: Sequence[OnwardStrand], count: int) -> list[int]:
    """As `oldest_of`."""
    ceilings = [strand.reached for strand in strands if strand.goes_on and strand.reached is not None]
    return oldest_of([strand.stamps for strand in strands], count, min(ceilings, default=None))


def parted(strands: Sequence[Strand], order: Sequence[int], *, newest: bool = True) -> list[list[Found]]:
    """What is taken of each: so many of its newest lines as the order has, or of its oldest."""
    counts = Counter(order)
    parts: list[list[Found]] = []
    for number, strand in enumerate(strands):
        start = len(strand.found) - counts[number] if newest else 0
        parts.append(list(islice(strand.found, start, start + counts[number])))
    return parts


async def present(
    strands: Sequence[Strand], parts: Sequence[Sequence[Found]], order: Sequence[int], presenter: Presenter
) -> tuple[tuple[ShownLine, ...], bool]:
    """The parts' lines in that order, and whether some were withheld."""
    shown: list[list[ShownLine]] = []
    withheld = False
    for strand, part in zip(strands, parts, strict=True):
        lines, texts = [each.line for each in part], [each.text for each in part]
        presented = await presenter.alone(strand.source, lines, texts)
        shown.append(list(presented.lines))
        withheld |= presented.withheld
    # From the newest on: withheld are the oldest.
    backwards = [shown[number].pop() for number in reversed(order) if shown[number]]
    return tuple(reversed(backwards)), withheld


async def _side_by_side(reads: Iterable[Awaitable[None]]) -> None:
    turns = asyncio.Semaphore(SIDE_BY_SIDE)

    async def in_turn(read: Awaitable[None]) -> None:
        async with turns:
            await read

    await asyncio.gather(*map(in_turn, reads))
