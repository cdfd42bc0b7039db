"""Which lines of a log count, piece after piece."""

from dataclasses import dataclass

from services.domain.logs import Block, Line, Stream
from services.logs.pages.questions import Sieve
from services.logs.pages.surroundings import Surrounded
from services.logs.stream.source import LogSource
from services.logs.text.levels import Inheritance, Level
from services.logs.text.presenter import Presenter

# So far back a line is looked for which others continue: lines of stack traces, of dumps.
MOST_CONTINUED = 300


@dataclass(frozen=True, slots=True)
class Chosen:
    """`number`: of the line in its piece. level: None where levels do not matter. text: see `Presenter.around`."""

    number: int
    line: Line
    level: Level | None
    text: str


class Sifting:
    """Along one log, its pieces given oldest first and without a gap.

    since: a stamp, what is older does not count. above: the level of the line before the first one. first: the first
    line. youngest: the greatest stamp so far. level: of the latest line, where levels matter.
    """

    def __init__(
        self,
        source: LogSource,
        sieve: Sieve,
        presenter: Presenter,
        *,
        since: bytes = b"",
        above: Level | None = None,
    ) -> None:
        self._source, self._sieve, self._presenter, self._since = source, sieve, presenter, since
        self._levels = Inheritance()
        if above:
            self._levels.level(above.name)
        self.level = above
        self.first: Line | None = None
        self.youngest = b""

    async def pass_over(self, block: Block) -> None:
        """Lines that are none of its own, which the first ones may continue."""
        if block and self._sieve.by_level:
            await self._presenter.levels(block, self._levels)

    async def chosen(self, piece: Surrounded) -> list[Chosen]:
        """Those lines that count."""
        block = piece.body
        levels: list[Level | None] = []
        if self._sieve.by_level:
            levels = await self._presenter.levels(block, self._levels)
            self.level = levels[-1]
        stamps = [block.stamp(number) for number in range(len(block))]
        self.youngest = max(self.youngest, *stamps)
        self.first = self.first or block.line(0)
        numbers = [
            number
            for number in range(len(block))
            if (not levels or self._sieve.takes(levels[number]))
            and self._sieve.stream in (None, block.kinds[number])
            and stamps[number] >= self._since
        ]
        if not numbers:
            return []
        shown = await self._presenter.around(self._source, piece.before, block, piece.after, numbers)
        raw = block.text.split(b"\n")
        return [
            Chosen(
                number,
                Line(stamps[number], Stream(block.kinds[number]), raw[number]),
                levels[number] if levels else None,
                text,
            )
            for number, text in zip(numbers, shown, strict=True)
        ]
