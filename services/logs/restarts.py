"""Where in its log a container ended and began anew."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.domain.containers import Container, Details
from services.domain.news import Deed, Fact
from services.errors import HostError
from services.logs.presenter import ShownLine
from services.ports import Engine

_DEADLINE = 1.0
# Between what an inspect and an event say of one end.
_CLOSE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Restart:
    """An end of a container, and its start after that (None: not yet). exit_code: None where it is not known."""

    container: Container
    finished: datetime
    started: datetime | None = None
    exit_code: int | None = None

    @property
    def seam(self) -> datetime:
        """Between the lines of the two runs: an engine writes its last ones late and the first ones early."""
        return self.finished + (self.started - self.finished) / 2 if self.started else self.finished

    def place_in(self, lines: Sequence[ShownLine], *, newest: bool) -> int | None:
        """The number of the first line behind the seam; None: it is not among them. newest: nothing is behind them."""
        place = next((n for n, line in enumerate(lines) if line.at > self.seam), len(lines))
        return place if 0 < place < len(lines) or (newest and place == len(lines) > 0) else None


async def restarts_of(
    container: Container, details: Details, engine: Engine, *, since: datetime | None, now: datetime
) -> tuple[Restart, ...]:
    """Oldest first: the latest, and those since then which the engine still remembers. since: None: the latest alone.

    None where it has run without an end since it was made: such a one costs no question.
    """
    latest = latest_restart(container, details)
    if latest is None or since is None or latest.finished < since:
        return (latest,) if latest else ()
    try:
        history = await engine.history(since=since, until=now, deadline=_DEADLINE)
    except HostError:
        return (latest,)
    known = tuple(_remembered(container, history.facts))
    if known and abs(known[-1].finished - latest.finished) <= _CLOSE:
        return known
    return (*known, latest)


def latest_restart(container: Container, details: Details) -> Restart | None:
    """As an inspect tells it; an engine forgets the exit code when the container starts."""
    if details.finished is None:
        return None
    if details.started and details.started > details.finished:
        return Restart(container, details.finished, details.started)
    return Restart(container, details.finished, exit_code=details.exit_code)


def _remembered(container: Container, facts: Iterable[Fact]) -> Iterator[Restart]:
    end: Fact | None = None
    for fact in facts:
        if fact.container != container.id or fact.deed not in (Deed.DIE, Deed.START):
            continue
        if end is not None:
            started = fact.at if fact.deed is Deed.START else None
            yield Restart(container, end.at, started, end.exit_code)
        end = fact if fact.deed is Deed.DIE else None
    if end is not None:
        yield Restart(container, end.at, exit_code=end.exit_code)
