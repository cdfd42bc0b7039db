"""Which lines of a log count, block after block."""

from dataclasses import dataclass

from services.domain.logs import Block, Line, Stream
from services.logs.pages.questions import Sieve
from services.logs.text.levels import Inheritance, Level, level_of
from services.logs.text.lines import last_lines
from services.logs.text.presenter import Presenter

# So far back a line is looked for which others continue: lines of stack traces, of dumps.
MOST_CONTINUED = 300


@dataclass(frozen=True, slots=True)
class Chosen:
    """`number`: of the line in its block. level: None where levels do not matter."""

    number: int
    line: Line
    level: Level | None


class Sifting:
    """Along one log, its blocks given oldest first and without a gap.

    since: a stamp, what is older does not count. above: the level of the line before the first one; begins: there is
    none, or it is known; else the first lines may continue one that was not seen. Those are `unsure` and not chosen,
    and `first` is the line behind them. youngest: the greatest stamp so far. level: of the latest line, where levels
    matter.
    """

    def __init__(
        self,
        sieve: Sieve,
        presenter: Presenter,
        *,
        since: bytes = b"",
        above: Level | None = None,
        begins: bool = False,
    ) -> None:
        self._sieve, self._presenter, self._since = sieve, presenter, since
        self._levels = Inheritance()
        if above:
            self._levels.level(above.name)
        self._sure = begins or not sieve.by_level
        self.level = above
        self.unsure: list[Line] = []
        self.first: Line | None = None
        self.youngest = b""

    async def chosen(self, block: Block) -> list[Chosen]:
        """Those lines that count."""
        if not block:
            return []
        levels: list[Level | None] = []
        if self._sieve.by_level:
            levels = await self._presenter.levels(block, self._levels)
            self.level = levels[-1]
        stamps = [block.stamp(number) for number in range(len(block))]
        self.youngest = max(self.youngest, *stamps)
        sure = self._sure_from(block, levels)
        numbers = [
            number
            for number in range(sure, len(block))
            if (not levels or self._sieve.takes(levels[number]))
            and self._sieve.stream in (None, block.kinds[number])
            and stamps[number] >= self._since
        ]
        if not numbers:
            return []
        texts = block.text.split(b"\n")
        return [
            Chosen(
                number,
                Line(stamps[number], Stream(block.kinds[number]), texts[number]),
                levels[number] if levels else None,
            )
            for number in numbers
        ]

    def _sure_from(self, block: Block, levels: list[Level | None]) -> int:
        """The number of the first line whose level is sure: it says it itself, or nobody looks back that far."""
        if self.first is not None:
            return 0
        sure = 0
        if not self._sure:
            most = MOST_CONTINUED - len(self.unsure)
            texts = last_lines(block.text, len(block))
            said = (n for n, level in enumerate(levels) if level is not None and level_of(texts[n]))
            sure = min(next(said, len(block)), most)
            self.unsure += block.part(0, sure).lines()
        if sure < len(block):
            self.first = block.line(sure)
        return sure
