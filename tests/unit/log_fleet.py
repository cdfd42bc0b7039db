"""A fleet of which only logs are wanted: containers with an `EngineLog` each, and readers of them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from services.domain.access import Actor, Role, Scope
from services.domain.containers import Container, ContainerKey, Details, State
from services.domain.logs import LogQuery
from services.domain.news import History
from services.domain.reports import Selection
from services.errors import HostSilent
from services.fleet.fleet import Fleet
from services.logs.pages.bookmarks import Bookmarks
from services.logs.pages.reader import LogReader
from services.logs.text.presenter import Presenter
from services.ports import Put, Store
from tests.clock import HandClock
from tests.unit.engine_log import EngineLog

ACTOR = Actor(1, "dias", Role.VIEWER, Scope.of("*/*"))
_MADE = datetime(2026, 11, 20, tzinfo=UTC)


def container(name: str, host: str = "server1") -> Container:
    return Container(host, name.encode().hex().ljust(64, "0"), name, "image", State.RUNNING, None, _MADE)


def details(of: Container, **told: object) -> Details:
    usual: dict[str, object] = {
        "health": None,
        "started": _MADE,
        "finished": None,
        "exit_code": 0,
        "oom_killed": False,
        "error": "",
        "restart_count": 0,
        "restart_policy": "no",
        "stop_timeout": 10,
        "tty": False,
        "log_driver": "json-file",
        "memory_limit": None,
        "name": of.name,
    }
    return Details(id=of.id, state=of.state, **(usual | told))  # type: ignore[arg-type]


@dataclass
class LogFleet:
    """`logs`: by the container's name, which tells it apart. gate: while it is shut no read goes on.

    told: what inspects say besides the usual. inspects, selects: how many there were. doors: as the gate, of selects.
    """

    host = "server1"

    logs_of: dict[str, EngineLog]
    silent: tuple[HostSilent, ...] = ()
    told: dict[str, object] = field(default_factory=dict)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    doors: asyncio.Event = field(default_factory=asyncio.Event)
    inspects: int = 0
    selects: int = 0
    reading: int = 0
    most_reading: int = 0

    def __post_init__(self) -> None:
        self.gate.set()
        self.doors.set()

    async def select(self, words: Sequence[str] | ContainerKey, *, by: Actor) -> Selection:
        self.selects += 1
        await self.doors.wait()
        if isinstance(words, ContainerKey):
            return Selection((container(next(iter(self.logs_of))),))
        wanted = [word.partition("/")[2] or word for word in words]
        return Selection(
            tuple(container(n) for n in self.logs_of if "*" in wanted or n in wanted), self.silent
        )

    def engine(self, host: str) -> "LogFleet":
        return self

    async def inspect(self, container_id: str, *, deadline: float = 5) -> Details:
        self.inspects += 1
        return details(container(_name(container_id)), **self.told)

    async def history(self, *, since: datetime | None, until: datetime, deadline: float) -> History:
        return History()

    async def logs(
        self, container_id: str, query: LogQuery, *, deadline: float | None
    ) -> AsyncGenerator[bytes, None]:
        self.reading += 1
        self.most_reading = max(self.most_reading, self.reading)
        await self.gate.wait()
        try:
            async for data in self.logs_of[_name(container_id)].logs(container_id, query, deadline=deadline):
                yield data
        finally:
            self.reading -= 1


def _name(container_id: str) -> str:
    return bytes.fromhex(container_id.rstrip("0") + "0" * (len(container_id.rstrip("0")) % 2)).decode()


class Shelf:
    """As much of a store as bookmarks need."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}

    async def get(self, key: str) -> bytes | None:
        return self._values.get(key)

    async def write(self, *writes: Put) -> bool:
        self._values.update({write.key: write.value for write in writes})
        return True


@asynccontextmanager
async def reading(fleet: LogFleet, clock: HandClock | None = None) -> AsyncIterator[LogReader]:
    clock = clock or HandClock()
    presenter = Presenter()
    try:
        bookmarks = Bookmarks(cast(Store, Shelf()), clock)
        yield LogReader(cast(Fleet, fleet), presenter, bookmarks, clock)
    finally:
        presenter.close()
