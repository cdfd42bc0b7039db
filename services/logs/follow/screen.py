"""What of followed logs is shown: their newest lines, presented when somebody looks and not before.

Lines are counted as they come, in whole blocks. Where there is a pattern all of them are presented, for what is
hidden must not tell by a match what it is.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from services.domain.logs import Block, joined, moment_of, stamp_of
from services.logs.follow.following import Missed, Row
from services.logs.patterns import Pattern
from services.logs.stream.source import LogSource
from services.logs.text.presenter import Presenter, ShownLine
from services.logs.text.region import MARGIN, MARGIN_LINES, MOST_MARGIN, tail_of
from services.redaction.text import HIDDEN

ROWS = 60  # more than a message holds
BEFORE = 10  # lines that stood there already
MATCHING = 0.5  # seconds that a pattern may take for a block

Log = tuple[str, str]  # host, name


@dataclass(slots=True)
class _Latest:
    """The newest lines of one log, without a gap. waiting: how many of them have not been shown."""

    blocks: deque[Block] = field(default_factory=deque)
    lines: int = 0
    bytes: int = 0
    waiting: int = 0
    source: LogSource | None = None
    found: list[ShownLine] = field(default_factory=list)  # where there is a pattern
    missed: Missed | None = None

    def add(self, source: LogSource, block: Block) -> None:
        self.source = source
        self.blocks.append(block)
        self.lines += len(block)
        self.bytes += len(block.text)
        while len(self.blocks) > 1 and self._suffices_without(self.blocks[0]):
            oldest = self.blocks.popleft()
            self.lines -= len(oldest)
            self.bytes -= len(oldest.text)

    def newest(self, count: int) -> tuple[Block, Block]:
        """So many lines, and those before them that may bear on what is hidden in them."""
        lines = joined(*self.blocks)
        start = max(len(lines) - count, 0)
        return lines.part(start), tail_of(lines.part(0, start), 0)

    def _suffices_without(self, block: Block) -> bool:
        lines, size = self.lines - len(block), self.bytes - len(block.text)
        return (lines >= ROWS + MARGIN_LINES and size >= MARGIN) or self.bytes > MOST_MARGIN


@dataclass(frozen=True, slots=True)
class Gathered:
    """rows: as in a `Snapshot`. came: lines since the last time, of which `fresh` are among the rows."""

    rows: tuple[Row, ...]
    came: int
    fresh: int


class Screen:
    """A receiver of all logs of one follow. `thread`: where patterns are tried.

    total, matched: lines since the beginning. has_missed: whether there were more.
    """

    def __init__(
        self,
        presenter: Presenter,
        thread: ThreadPoolExecutor,
        pattern: Pattern | None,
    ) -> None:
        self._presenter, self._thread, self._pattern = presenter, thread, pattern
        self._heard: Callable[[], None] = lambda: None
        self._logs: dict[Log, _Latest] = {}
        self._rows: deque[Row] = deque(maxlen=ROWS)
        self._came = 0
        self.total = self.matched = 0
        self.has_missed = False

    @property
    def pattern(self) -> str:
        return self._pattern.text if self._pattern else ""

    def listen(self, heard: Callable[[], None]) -> None:
        """`heard` is called whenever there is news."""
        self._heard = heard

    def changed(self) -> None:
        self._heard()

    async def came(self, source: LogSource, block: Block, *, counted: bool) -> None:
        if not block:
            return
        latest = self._logs.setdefault((source.engine.host, source.name), _Latest())
        if self._pattern is not None:
            await self._search(latest, self._pattern, source, block, counted=counted)
        else:
            latest.add(source, block)
            latest.waiting += len(block) if counted else min(len(block), BEFORE)
            self._came += len(block) * counted
        self.total += len(block) * counted
        self.changed()

    def missed(self, missed: Missed) -> None:
        latest = self._logs.setdefault((missed.host, missed.name), _Latest())
        before = latest.missed
        since = before.since if before else missed.since
        latest.missed = Missed(missed.host, missed.name, since, missed.until, missed.fast)
        self.has_missed = True
        self.changed()

    def forget(self, host: str, name: str) -> None:
        """What has come of this log is not shown any more."""
        self._logs.pop((host, name), None)
        left = [row for row in self._rows if (row.host, row.name) != (host, name)]
        self._rows.clear()
        self._rows.extend(left)

    async def gathered(self) -> Gathered:
        """What stands there now. Of one reader at a time."""
        new: list[Row] = []
        for latest in list(self._logs.values()):
            if latest.missed:
                new.append(latest.missed)
                latest.missed = None
            new += await self._shown(latest)
        came, self._came = self._came, 0
        new.sort(key=_place)
        self._rows.extend(new)
        fresh = sum(isinstance(row, ShownLine) for row in new[-ROWS:])
        return Gathered(tuple(self._rows), came, min(fresh, came))

    async def _shown(self, latest: _Latest) -> Sequence[ShownLine]:
        if self._pattern is not None:
            found, latest.found = latest.found, []
            return found
        count, latest.waiting = min(latest.waiting, ROWS), 0
        if not count or latest.source is None:
            return ()
        newest, before = latest.newest(count)
        return (await self._presenter.present(latest.source, newest, before)).lines

    async def _search(
        self, latest: _Latest, pattern: Pattern, source: LogSource, block: Block, *, counted: bool
    ) -> None:
        _newest, before = latest.newest(0)
        latest.add(source, block)
        lines = (await self._presenter.present(source, block, before)).lines
        found, searched = await asyncio.get_running_loop().run_in_executor(
            self._thread, _matching, pattern, lines
        )
        if counted:
            self.matched += len(found)
            self._came += len(found)
        latest.found = [*latest.found, *found][-(ROWS if counted else BEFORE) :]
        if not searched:
            first, last = moment_of(block.stamp(0)), moment_of(block.stamp(len(block) - 1))
            self.missed(Missed(source.engine.host, source.name, first, last, fast=True))


def _place(row: Row) -> tuple[bytes, bool]:
    if isinstance(row, Missed):
        return stamp_of(row.until), False
    return row.stamp, True


def _matching(pattern: Pattern, lines: Sequence[ShownLine]) -> tuple[list[ShownLine], bool]:
    """Those that match, and whether all were looked at in time. In a thread."""
    end = time.monotonic() + MATCHING
    text = "".join(line.text + "\n" for line in lines).encode(errors="replace")
    found = [lines[number] for number in pattern.lines_in(text, lambda: time.monotonic() < end)]
    searched = time.monotonic() < end
    return [
        line for line in found if HIDDEN not in line.text or pattern.fits(line.text.split(HIDDEN))
    ], searched
