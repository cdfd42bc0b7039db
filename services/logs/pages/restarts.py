"""Where in its log a container ended and began anew."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.domain.containers import Container, Details
from services.domain.logs import stamp_of
from services.domain.news import Deed, Fact
from services.errors import HostError
from services.fleet.fleet import Fleet
from services.logs.text.presenter import ShownLine

_DEADLINE = 1.0
_MOST_KNOWN = 200
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
        seam = stamp_of(self.seam)
        place = next((n for n, line in enumerate(lines) if line.stamp > seam), len(lines))
        return place if 0 < place < len(lines) or (newest and place == len(lines) > 0) else None


class Restarts:
    """What was once asked of an engine's memory is kept: what has happened stays so."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._known: OrderedDict[tuple[str, datetime], tuple[datetime, tuple[Restart, ...]]] = OrderedDict()

    async def of(
        self, container: Container, details: Details, *, since: datetime | None, now: datetime
    ) -> tuple[Restart, ...]:
        """Oldest first: the latest, and those from `since` on that the engine remembers; None: the latest alone.

        Where it has run without an end since it was made, nothing is asked.
        """
        latest = latest_restart(container, details)
        if latest is None or since is None or latest.finished < since:
            return (latest,) if latest else ()
        key = (container.id, latest.started or latest.finished)
        asked, restarts = self._known.get(key, (None, ()))
        if asked is None or asked > since:
            restarts = await self._ask(container, latest, since, now)
            self._known[key] = (since, restarts)
            if len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)
        return tuple(each for each in restarts if each.finished >= since)

    async def _ask(
        self, container: Container, latest: Restart, since: datetime, now: datetime
    ) -> tuple[Restart, ...]:
        engine = self._fleet.engine(container.host)
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
