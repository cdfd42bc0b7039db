"""The lines of a log looked through, block after block: which are hits, and what of them is kept.

A hit is a hit by what of the line may be shown, and by nothing that is hidden in it: otherwise a search would tell
a secret letter by letter. See docs/decisions/0019. So where a line matches as it was written, its block is looked
at once more as it is shown, in one piece with what stands around it, for what is hidden may depend on that. Where a
block is plain and nothing matches, nothing is done line by line.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.domain.logs import STAMP, Block, Line, Stream
from services.logs.pages.questions import Sieve
from services.logs.patterns import Pattern
from services.logs.search.hits import Hit, Times
from services.logs.stream.source import LogSource
from services.logs.stream.windows import Mark
from services.logs.text.levels import Inheritance, Level, inherited, level_of
from services.logs.text.presenter import ShownLine
from services.logs.text.region import Region, clean
from services.redaction.text import HIDDEN

# What is shown of a very long line begins so many characters before the match.
_LEAD = 200
# Lines before one that is shown, which it may continue.
_CONTINUED = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """since, until: stamps, both belong to it.

    most: hits that are kept, the newest, in `room` bytes; longest: characters of a line.
    """

    pattern: Pattern
    invert: bool = False
    context: int = 0
    sieve: Sieve = field(default_factory=Sieve)
    since: bytes = b""
    until: bytes = b"\xff"
    most: int = 50
    room: int = 2**20
    longest: int = 2000


class Catch:
    """What was found in a stretch of a log. hits: the newest, oldest first, numbered from its first line."""

    def __init__(self, wanted: Wanted) -> None:
        self.count = 0
        self.times = Times()
        self.hits: deque[Hit] = deque()
        self._wanted, self._size = wanted, 0

    def keep(self, hits: Sequence[Hit]) -> None:
        for hit in hits:
            self.hits.append(hit)
            self._size += hit.size
            while len(self.hits) > 1 and (
                len(self.hits) > self._wanted.most or self._size > self._wanted.room
            ):
                self._size -= self.hits.popleft().size


class Scan:
    """A part of one container's log, its blocks given oldest first and without a gap. CPU work: not for the event loop.

    going: whether it is still wanted.
    """

    def __init__(self, source: LogSource, wanted: Wanted, going: Callable[[], bool] = lambda: True) -> None:
        self.catch = Catch(wanted)
        self._source, self._wanted, self._going = source, wanted, going
        self._levels = Inheritance()

    def skip(self, block: Block) -> None:
        """Lines that are not looked at, but that the next ones may continue."""
        if self._wanted.sieve.by_level:
            self._levels_of(clean(block))

    def look(self, region: Region, first: int) -> None:
        """`first`: the number of the body's first line."""
        body = region.body
        numbers = self._fitting(region)
        if self._wanted.invert:
            fitting = set(numbers)
            numbers = [number for number in range(len(body)) if number not in fitting]
        if numbers:
            numbers = self._sifted(region, numbers)
        if not numbers or not self._going():
            return
        stamps = body.stamps
        self.catch.count += len(numbers)
        self.catch.times.add([stamps[n * STAMP : (n + 1) * STAMP] for n in numbers])
        self.catch.keep(self._kept(region, numbers[-self._wanted.most :], first))

    def _fitting(self, region: Region) -> list[int]:
        """The lines of the body that match by what may be shown of them."""
        numbers = self._wanted.pattern.lines_in(region.text, self._going)
        if not numbers:
            return numbers
        offset = len(region.before)
        shown = region.shown([number + offset for number in numbers], self._source.hidden)
        return [number for number in numbers if self._fits(shown.get(number + offset))]

    def _fits(self, line: str | None) -> bool:
        if line is None:
            return False
        return HIDDEN not in line or self._wanted.pattern.fits(line.split(HIDDEN))

    def _sifted(self, region: Region, numbers: list[int]) -> list[int]:
        """Those of them that count by level, stream and moment."""
        wanted, sieve, body = self._wanted, self._wanted.sieve, region.body
        if sieve.by_level:
            levels = self._levels_of(region.text)
            numbers = [number for number in numbers if sieve.takes(levels[number])]
        if sieve.stream is not None:
            numbers = [number for number in numbers if body.kinds[number] == sieve.stream]
        ends = sorted((body.stamp(0), body.stamp(len(body) - 1)))
        if not wanted.since <= ends[0] <= ends[1] <= wanted.until:
            numbers = [number for number in numbers if wanted.since <= body.stamp(number) <= wanted.until]
        return numbers

    def _levels_of(self, text: bytes) -> list[Level | None]:
        return [self._levels.level(line) for line in text.decode().split("\n")[:-1]]

    def _kept(self, region: Region, numbers: Sequence[int], first: int) -> list[Hit]:
        """As they are shown, with their context."""
        context, offset = self._wanted.context, len(region.before)
        near = range(-context, context + 1)
        lines = self._lines(region, {number + offset + step for number in numbers for step in near})
        raw = region.body.text.split(b"\n")
        hits = []
        for number in numbers:
            at = number + offset
            if line := lines.get(at):
                before = [self._begin(lines[n]) for n in range(at - context, at) if n in lines]
                after = [self._begin(lines[n]) for n in range(at + 1, at + 1 + context) if n in lines]
                mark = Mark.at(Line(line.stamp, line.stream, raw[number]), 1)
                container = self._source.container_id
                line = self._around(line)
                hits.append(Hit(container, first + number, line, tuple(before), tuple(after), mark))
        return hits

    def _lines(self, region: Region, numbers: Iterable[int]) -> dict[int, ShownLine]:
        source, block = self._source, region.whole
        wanted = {number for number in numbers if 0 <= number < len(block)}
        above = {n for number in wanted for n in range(max(number - _CONTINUED, 0), number)}
        shown = region.shown(wanted | above, source.hidden)
        return {
            number: ShownLine(
                source.engine.host,
                source.name,
                block.stamp(number),
                Stream(block.kinds[number]),
                shown[number],
                _level(shown, number),
            )
            for number in wanted
            if number in shown
        }

    def _around(self, line: ShownLine) -> ShownLine:
        """Of a very long line what stands around the match."""
        longest = self._wanted.longest
        if len(line.text) <= longest:
            return line
        start = max(self._wanted.pattern.place_in(line.text) - _LEAD, 0)
        return replace(line, text=("…" if start else "") + line.text[start : start + longest] + "…")

    def _begin(self, line: ShownLine) -> ShownLine:
        longest = self._wanted.longest
        return line if len(line.text) <= longest else replace(line, text=line.text[:longest] + "…")


def _level(shown: Mapping[int, str], number: int) -> Level | None:
    """Its own, or that of a line which it continues."""
    if own := level_of(shown[number]):
        return own
    above = [shown[n] for n in range(number - _CONTINUED, number) if n in shown]
    return inherited([*above, shown[number]])[-1]
