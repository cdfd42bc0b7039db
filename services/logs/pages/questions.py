"""What a person wants to read of logs, and a page of it as its buttons go on from there."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.domain.containers import ContainerKey
from services.domain.logs import Stream
from services.domain.spans import TimeSpan
from services.logs.stream.windows import Mark
from services.logs.text.levels import Level


@dataclass(frozen=True, slots=True)
class Sieve:
    """Which lines count. least, most: their level, both ends included; None: any. Without both, all lines do.

    With either a line counts that continues one which counts, such as a stack trace.
    """

    least: Level | None = None
    most: Level | None = None
    stream: Stream | None = None

    @property
    def by_level(self) -> bool:
        return self.least is not None or self.most is not None

    def takes(self, level: Level | None) -> bool:
        if level is None:
            return not self.by_level
        return (self.least is None or level >= self.least) and (self.most is None or level <= self.most)


ALL = Sieve()
ALWAYS = TimeSpan()


@dataclass(frozen=True, slots=True)
class LogQuestion:
    """`names`: words as `Fleet.select` takes them, or what a button stands for.

    doubtful: further words that are names or nothing. lines: the newest so many of what counts, in all logs together;
    step: of pages further on. text: as it was typed; whoever typed `30m` means another half hour the next time.
    """

    names: tuple[str, ...] | ContainerKey
    lines: int
    step: int = 50
    span: TimeSpan = ALWAYS
    sieve: Sieve = ALL
    doubtful: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page stands in one container's log, of which it may hold no line.

    older: what lies before it is older than the page; None: nothing does. newer: the newest line that was looked at.
    youngest: the greatest stamp up to there. level: of that line, where levels matter.
    """

    container: str  # its id
    older: Mark | None
    newer: Mark
    youngest: bytes
    level: Level | None = None


# Before a log's first line.
NOWHERE = Place("", None, Mark(1, b""), b"")


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where a page stands that was shown, and the question behind it. lines: how many it has.

    begin, end: stamps between which it lies. newest: it went up to what was the logs' end then.
    """

    question: LogQuestion
    places: tuple[Place, ...]
    lines: int
    begin: bytes
    end: bytes
    newest: bool = True

    def places_of(self, containers: Iterable[str]) -> tuple[Place, ...]:
        """By their ids. Of one that could not be read then, or was not there, times tell the place."""
        known = {place.container: place for place in self.places}
        return tuple(
            known.get(each) or Place(each, Mark(1, self.begin), Mark(1, self.end), self.end)
            for each in containers
        )
