"""The Protocols that services are built on and others implement: time, the store, a host's engine."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.domain.containers import Container, Details, Machine, Sample, Usage
from services.domain.events import Event
from services.domain.logs import LogQuery
from services.domain.news import History
from services.domain.posts import Bulletin, Destination, Notice, Ring


class Clock(Protocol):
    """The time of day, timezone-aware UTC; tests turn it."""

    def now(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Put:
    """Write `value` under `key`; gone after `expires` when that is given."""

    key: str
    value: bytes
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    key: str


@dataclass(frozen=True, slots=True)
class Append:
    """Add `value` to the end of the append-only `log`, stamped `at`."""

    log: str
    value: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class Schedule:
    """Put `value` into `queue` under `key`, due at `due`; the same key again replaces."""

    queue: str
    key: str
    value: bytes
    due: datetime


@dataclass(frozen=True, slots=True)
class Unschedule:
    queue: str
    key: str


Write = Put | Delete | Append | Schedule | Unschedule


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an append-only log. `seq` grows by the log's order and is never used twice."""

    seq: int
    at: datetime
    value: bytes


@dataclass(frozen=True, slots=True)
class Due:
    key: str
    value: bytes
    due: datetime


class Store(Protocol):
    """A handful of primitives, durable when the call returns. Raises `StoreUnavailable` on any failure.

    Keys are short text such as `plan/<token>`; values are opaque. Expired keys read as absent.
    """

    async def get(self, key: str) -> bytes | None: ...

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Those of `keys` that are live, all as they are at one moment; one round trip."""
        ...

    async def write(self, *writes: Write, expect: Mapping[str, bytes | None] | None = None) -> bool:
        """All of `writes` in one transaction, or none.

        `expect` maps keys to the values they must hold now (None: absent); where one differs,
        nothing is written and the answer is False. A compare-and-set is a batch of one.
        Over a network StoreUnavailable leaves it open: a write whose answer was lost may have taken effect.
        """
        ...

    async def scan(self, prefix: str) -> Mapping[str, bytes]:
        """All live keys that begin with `prefix`, in key order."""
        ...

    async def read_log(self, log: str, *, limit: int, before: int | None = None) -> Sequence[Entry]:
        """The newest `limit` entries (older than seq `before` when given), newest first."""
        ...

    async def trim_log(self, log: str, *, older_than: datetime) -> int:
        """Drop old entries; how many were dropped."""
        ...

    async def due(self, queue: str, *, now: datetime, limit: int) -> Sequence[Due]:
        """What is due by `now`, earliest first. It stays until unscheduled."""
        ...

    async def backlog(self, queue: str) -> int:
        """How many entries the queue holds, due or not."""
        ...

    async def close(self) -> None: ...


class Engine(Protocol):
    """One host's Docker engine. Every call has a deadline and answers at once when the host is known to be dead.

    Raises: HostSilent, DeadlineExceeded, EngineRefused, ContainerGone.
    """

    @property
    def host(self) -> str: ...

    async def containers(self, *, deadline: float) -> Sequence[Container]:
        """All containers, running or not. `deadline` in seconds, as everywhere here."""
        ...

    async def inspect(self, container_id: str, *, deadline: float = 5) -> Details: ...

    async def usage(self, container_id: str, *, deadline: float = 5) -> Usage | None:
        """CPU and memory over about a second; None when it does not run."""
        ...

    async def sample(self, container_id: str, *, deadline: float = 5) -> Sample | None:
        """None when it does not run. It may take the engine a second: it gathers once a second, for all at once."""
        ...

    async def machine(self, *, deadline: float) -> Machine: ...

    async def restart(self, container_id: str, *, stop_timeout: int, deadline: float) -> None: ...

    async def stop(self, container_id: str, *, stop_timeout: int, deadline: float) -> None: ...

    async def start(self, container_id: str, *, deadline: float) -> None: ...

    def logs(
        self, container_id: str, query: LogQuery, *, deadline: float | None
    ) -> AsyncGenerator[bytes, None]:
        """Records of stdout and stderr, in order, as `services.logs.stream.records` takes them apart.

        Buffers of any size, cut anywhere. The deadline is for the whole read; None: as long as it takes, and a
        contact that is lost ends it within some ten seconds even if nothing tells so.
        """
        ...

    def events(self, *, since: datetime | None) -> AsyncGenerator[Event, None]:
        """What happens to containers, as it happens, for ever; with `since` first what the engine remembers from then.

        The engine remembers the last 256 events of its own run. The end is always an error, HostSilent where
        contact is lost, within some ten seconds even if nothing tells so.
        """
        ...

    async def history(self, *, since: datetime | None, until: datetime, deadline: float) -> History:
        """What the engine remembers from `since` (None: all of it) to `until`, which is now, by our clock."""
        ...


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that stands in a chat. `document`: it is a file, and its text a caption."""

    chat: int
    message: int
    document: bool = False


class Notifier(Protocol):
    """Where incidents become messages. Every call has a deadline and shares Telegram's budget.

    Raises: ChatClosed, MessageLost, NotDelivered (try later), MessageRefused.
    """

    async def post(self, bulletin: Bulletin) -> Sent: ...

    async def revise(self, bulletin: Bulletin, message: Sent) -> None:
        """The same message made anew; raises MessageLost when it cannot be edited any more."""
        ...

    async def attach(self, bulletin: Bulletin, to: Sent, instead_of: int | None) -> int:
        """The file with all alerts as a silent reply; `instead_of`: the file's message, to be replaced in place."""
        ...

    async def ring(self, to: Destination, ring: Ring, message: Sent) -> Sent:
        """A one-line reply to the message."""
        ...

    async def redirect(self, orphan: Sent, newer: Sent) -> None:
        """A second copy of a message points to the one that lives, and loses its buttons."""
        ...

    async def tell(self, person: int, notice: Notice) -> None:
        """Privately."""
        ...
