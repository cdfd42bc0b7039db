"""What is looked for in logs, what was found, how far back it got, and where it goes on."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from services.domain.containers import ContainerKey
from services.domain.logs import moment_of
from services.domain.spans import TimeSpan
from services.errors import HostError, HostSilent
from services.logs.pages.questions import ALWAYS, Sieve
from services.logs.stream.windows import Mark
from services.logs.text.presenter import ShownLine

# Lines before and behind a hit.
MOST_CONTEXT = 10


@dataclass(frozen=True, slots=True)
class Place:
    """Where a search goes on in a log, towards the older. container: its id. mark: None: at the newest end."""

    host: str
    container: str
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class SearchQuestion:
    """`pattern`: google-re2; `invert`: lines that it does not match; context: so many lines on either side.

    names: as `Fleet.select` takes them, or what a button stands for. places: where it goes on, and nowhere else;
    None: it begins. when: the span as it was typed: whoever typed `30m` means another half hour the next time.
    quoted: what was typed, as it may have been meant: with quotes; "" for no doubt.
    """

    pattern: str
    names: tuple[str, ...] | ContainerKey = ()
    ignore_case: bool = False
    invert: bool = False
    context: int = 0
    span: TimeSpan = ALWAYS
    sieve: Sieve = field(default_factory=Sieve)
    when: str = ""
    quoted: str = ""
    places: tuple[Place, ...] | None = None


@dataclass(frozen=True, slots=True)
class Searched:
    """What buttons below the hits stand for. onward: the question for what comes behind them; None: nothing does."""

    question: SearchQuestion
    onward: SearchQuestion | None = None

    @property
    def anew(self) -> SearchQuestion:
        """From the newest line on."""
        return replace(self.question, places=None)


@dataclass(frozen=True, slots=True)
class Hit:
    """`number`: of the line in its log, counted from where the search began: -1 is the newest, -2 the one before it.

    before, after: its neighbours, which follow upon each other without a gap. Where a line was very long, a part.
    """

    container: str
    number: int
    line: ShownLine
    before: tuple[ShownLine, ...] = ()
    after: tuple[ShownLine, ...] = ()
    mark: Mark = field(default=Mark(1, b""))

    @property
    def size(self) -> int:
        """Bytes that it keeps, roughly."""
        return sum(len(line.text) + 400 for line in (self.line, *self.before, *self.after))


_MOST_TIMES = 5000
_COARSER = {19: 16, 16: 13, 13: 10, 10: 4}  # characters of a stamp


class Times:
    """How many hits there were when: by the second, or where these are too many, by the minute or the hour."""

    def __init__(self) -> None:
        self._counts: Counter[bytes] = Counter()
        self._length = 19

    def add(self, stamps: Iterable[bytes]) -> None:
        length = self._length
        self._counts.update([stamp[:length] for stamp in stamps])
        self._keep_few()

    def merge(self, other: "Times") -> None:
        self._length = min(self._length, other._length)
        self._counts.update(other._counts)
        self._shorten()
        self._keep_few()

    def spread(self, since: datetime, until: datetime, columns: int) -> list[int]:
        """Counts of equal stretches of time; what lies outside is left out."""
        found = [0] * columns
        width = (until - since) / columns
        for key, count in self._counts.items():
            at = moment_of(_whole(key))
            if since <= at <= until:
                found[min(int((at - since) / width) if width else 0, columns - 1)] += count
        return found

    @property
    def first(self) -> datetime | None:
        """Of the oldest hit, roughly."""
        return moment_of(_whole(min(self._counts))) if self._counts else None

    def _keep_few(self) -> None:
        while len(self._counts) > _MOST_TIMES and self._length in _COARSER:
            self._length = _COARSER[self._length]
            self._shorten()

    def _shorten(self) -> None:
        shorter: Counter[bytes] = Counter()
        for key, count in self._counts.items():
            shorter[key[: self._length]] += count
        self._counts = shorter


def _whole(key: bytes) -> bytes:
    """A stamp in the middle of what `key` begins."""
    return key + b"2026-07-01T12:30:30.500000000Z"[len(key) :]


@dataclass(frozen=True, slots=True)
class Tally:
    """One container's part. reached: the stamp down to which all was looked at; None: nothing was.

    mark: where it goes on; None where `done`, or where nothing was looked at. done: nothing older is wanted, or there.
    """

    container: str
    host: str
    name: str
    count: int = 0
    reached: bytes | None = None
    mark: Mark | None = None
    done: bool = False
    failure: HostError | None = None

    @property
    def back_to(self) -> datetime | None:
        """The same; None where nothing is left."""
        return moment_of(self.reached) if self.reached and not self.done else None


class Stop(StrEnum):
    """Why a search has not looked at everything."""

    ENOUGH = "enough"
    TIME = "time"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Progress:
    """done, of: containers. bytes: of log text that was read line by line, so far. reached: see `Found`."""

    done: int = 0
    of: int = 0
    bytes: int = 0
    reached: datetime | None = None


@dataclass(slots=True)
class Watch:
    """How far a search has got, for whoever waits. token: by which it can be cancelled, "" before it runs."""

    token: str = ""
    progress: Callable[[], Progress] = Progress


@dataclass(frozen=True, slots=True)
class Found:
    """`hits`: the newest of all, newest first. tallies: of all containers, most hits first.

    stop: None when all was looked at that could be. silent: hosts that may have more of what was asked for.
    """

    question: SearchQuestion
    tallies: tuple[Tally, ...]
    hits: tuple[Hit, ...]
    times: Times
    at: datetime
    stop: Stop | None = None
    silent: tuple[HostSilent, ...] = ()

    @property
    def count(self) -> int:
        """Of all hits in what was looked at."""
        return sum(tally.count for tally in self.tallies)

    @property
    def unbegun(self) -> int:
        """Containers of which nothing was looked at, though nothing is known to be wrong."""
        return sum(tally.reached is None and not tally.done and not tally.failure for tally in self.tallies)

    @property
    def reached(self) -> datetime | None:
        """Down to here all that was begun was looked at; None when it was down to the end."""
        return reached(self.tallies)

    @property
    def failures(self) -> tuple[HostError, ...]:
        """One for each host that is silent, one for each log that is none."""
        told: dict[tuple[object, ...], HostError] = {
            (type(silence), silence.host): silence for silence in self.silent
        }
        for tally in self.tallies:
            if failure := tally.failure:
                name = getattr(failure, "name", "")
                told.setdefault((type(failure), failure.host, *([name] if name else [])), failure)
        return tuple(told.values())

    def onward(self, shown: int) -> SearchQuestion | None:
        """What comes behind the newest `shown` hits; None when nothing does."""
        places = [place for tally in self.tallies if (place := self._place(tally, self.hits[:shown]))]
        known = {tally.container for tally in self.tallies}
        for place in self.question.places or ():  # of hosts that were silent this time
            if place.container not in known and any(each.host == place.host for each in self.silent):
                places.append(place)
        return replace(self.question, places=tuple(places)) if places else None

    def _place(self, tally: Tally, shown: Sequence[Hit]) -> Place | None:
        own = [hit for hit in shown if hit.container == tally.container]
        if tally.count > len(own) and shown:
            # Its other hits stand before its own, or else are not younger than any that is shown.
            last = min(hit.mark.stamp for hit in shown if hit.container == shown[-1].container)
            depth = tally.mark.depth if tally.mark else shown[-1].mark.depth
            mark = own[-1].mark if own else Mark(depth, last)
            return Place(tally.host, tally.container, mark)
        if tally.done or (tally.failure and not isinstance(tally.failure, HostSilent)):
            return None
        return Place(tally.host, tally.container, tally.mark)


def reached(tallies: Iterable[Tally]) -> datetime | None:
    """See `Found.reached`."""
    stamps = [tally.reached for tally in tallies if tally.reached and not tally.done]
    return moment_of(max(stamps)) if stamps else None
