"""How all containers are, as the watch saw them last: for whoever wants to know without asking any host."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from services.domain.containers import Container, Health, State
from services.domain.events import Event, EventAction

T = TypeVar("T")

# For what does not run and could not be judged, be it that its details or the bot's books cannot be read: after that
# it counts as down, since an alert too many is better than none.
JUDGED_WITHIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """One container. expected_down: it does not run, and need not. restarts: heard of since the bot runs."""

    name: str
    state: State
    health: Health | None
    expected_down: bool
    restarts: int


class HostBoard:
    """One host. up: whether there is contact. standings: none known without contact.

    Its watch writes it, in the event loop; what is read is never changed in place, so any thread may.
    """

    def __init__(self, now: datetime) -> None:
        self.up = False
        self.standings: tuple[Standing, ...] = ()
        self._born = now
        self._ids: dict[str, str] = {}
        self._unjudged: dict[str, datetime] = {}
        self._restarts: dict[str, int] = {}
        self._started: dict[str, datetime] = {}  # by the host's time

    def seen(self, rows: Sequence[Container], verdicts: Mapping[str, bool], now: datetime) -> None:
        """There is contact, and these are all. verdicts: whether what was judged is down though it should run."""
        self._ids = {row.name: row.id for row in rows}
        waiting = {row.name for row in rows if row.state is not State.RUNNING and row.name not in verdicts}
        self._unjudged = {name: self._unjudged.get(name, now) for name in waiting}
        self._restarts = _of(self._restarts, self._ids)
        self._started = _of(self._started, self._ids)
        late = {name for name, since in self._unjudged.items() if now >= since + JUDGED_WITHIN}
        self.standings = tuple(
            Standing(
                row.name,
                row.state,
                row.health,
                row.state is not State.RUNNING and not verdicts.get(row.name, row.name in late),
                self._restarts.get(row.name, 0),
            )
            for row in rows
        )
        self.up = True

    def lost(self) -> None:
        """Contact with it."""
        self.up, self.standings = False, ()

    def heard(self, event: Event) -> None:
        """The same event may be heard again. A new container of an old name was not there before."""
        if event.action is not EventAction.START or event.at < self._born:
            return
        name = event.name
        if self._ids.get(name) == event.container_id and event.at > self._started.get(name, self._born):
            self._restarts[name] = self._restarts.get(name, 0) + 1
        self._started[name] = event.at


class Board:
    """The hosts in the order of the settings."""

    def __init__(self, hosts: Iterable[str], now: datetime) -> None:
        self.hosts: Mapping[str, HostBoard] = {host: HostBoard(now) for host in hosts}


def _of(kept: Mapping[str, T], names: Mapping[str, str]) -> dict[str, T]:
    return {name: value for name, value in kept.items() if name in names}
