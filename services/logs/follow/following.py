"""What a followed log is shown as: how its containers stand, the newest lines, and how it ended."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from services.domain.containers import ContainerKey
from services.domain.plans import Place
from services.errors import HostError, HostSilent
from services.logs.text.presenter import ShownLine


@dataclass(frozen=True, slots=True)
class FollowQuestion:
    """What is followed; kept behind buttons. names: words as `Fleet.select` takes them, or what a button stands for.

    pattern: that a line must match (see `services.logs.patterns`), or "".
    """

    names: tuple[str, ...] | ContainerKey
    pattern: str = ""
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class End:
    """A container's. exit_code: None where it runs again already, for then it is not told any more."""

    at: datetime | None
    exit_code: int | None
    out_of_memory: bool = False


@dataclass(frozen=True, slots=True)
class Missed:
    """Lines between two moments, by the host's clock, that were not read.

    fast: they came too fast; otherwise there were too many when the log was read again after a while.
    """

    host: str
    name: str
    since: datetime
    until: datetime
    fast: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How one container stands. end: of its latest run; back: since when it runs again after that, None: it does not.

    ends: how often it has ended meanwhile. awaited: its restart policy brings it back. renewed: it was made anew
    meanwhile. gone: it is not there, or not for the asker's eyes. fast: lines a second, where they are too many.
    failure: why it cannot be followed any more.
    """

    host: str
    name: str
    silence: HostSilent | None = None
    end: End | None = None
    back: datetime | None = None
    ends: int = 0
    awaited: bool = False
    renewed: bool = False
    gone: bool = False
    fast: float | None = None
    failure: HostError | None = None


class Finish(StrEnum):
    """Why nothing is followed any more."""

    STOPPED = "stopped"  # by a person
    TIME = "time"  # as long as was set
    ENDED = "ended"  # all containers have
    BOT_STOPS = "bot_stops"
    BROKEN = "broken"  # a defect, which is in the log
    UNSEEN = "unseen"  # the message, or the chat, is gone


Row = ShownLine | Missed


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a message needs, in full, so that each can replace the one before it.

    number: the follow's, for its Stop; token: of its `FollowQuestion`. rows: oldest first, some sixty at most.
    came: lines since the snapshot that was shown before, of which the last `fresh` are among the rows.
    total: lines since the beginning; matched: those of them that match, where there is a pattern. missed: whether
    there were more. silent: hosts that may have more of what was asked for. by: who stopped it, if not the asker.
    """

    number: int
    token: str
    standings: tuple[Standing, ...]
    rows: tuple[Row, ...]
    came: int
    fresh: int
    total: int
    matched: int
    began: datetime
    at: datetime
    pattern: str = ""
    missed: bool = False
    silent: tuple[HostSilent, ...] = ()
    finish: Finish | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a `Snapshot` says of its follow that never changes; see there."""

    number: int
    token: str
    silent: tuple[HostSilent, ...] = ()


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a place takes news, in seconds: `least` between two, one per `every` on average, `burst` at once.

    refresh: after so long it is shown anew although nothing has changed.
    """

    least: float
    every: float
    burst: int
    refresh: float


class Sink(Protocol):
    """Where snapshots are shown."""

    @property
    def pace(self) -> Pace: ...

    @property
    def place(self) -> Place | None:
        """None until something has been shown."""
        ...

    @property
    def drafted(self) -> bool:
        """What is shown fades by itself, and `place` is the message that asked for it."""
        ...

    async def show(self, snapshot: Snapshot) -> None:
        """Raises ChatClosed and MessageLost (for good), NotDelivered (try later)."""
        ...


@dataclass(frozen=True, slots=True)
class Running:
    """One follow, as those are told who may stop it. `names`: of its containers. pattern: see `FollowQuestion`."""

    number: int
    asker: int
    asker_name: str
    names: tuple[str, ...]
    drafted: bool
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class LeftOver:
    """A follow that a sudden end of the bot has left in a chat. See `Sink` for place and drafted."""

    number: int
    place: Place
    drafted: bool
    asker: int
    names: tuple[tuple[str, str], ...]  # host, name
    token: str
