"""A page of logs: lines of one container, or of several in one order of time."""

from dataclasses import dataclass
from datetime import datetime

from services.domain.containers import Container
from services.errors import HostError
from services.logs.pages.questions import ALL, ALWAYS, Bookmark, LogQuestion
from services.logs.pages.restarts import Restart
from services.logs.text.presenter import ShownLine


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines oldest first, at most as many as were asked for.

    cut: older ones that belong here were too many bytes; where that was found late, a first line `•••` is left.
    silent: what could not be read. restarts: those within it; of a single container also one before it.
    back_to: where looking back ended before there were enough lines. last: of the newest line that was looked at,
    whether it counts or not. token: of the bookmark; None: it could not be kept. link: to the container in Dozzle.
    """

    containers: tuple[Container, ...]
    lines: tuple[ShownLine, ...]
    at: datetime
    bookmark: Bookmark
    cut: bool = False
    silent: tuple[HostError, ...] = ()
    restarts: tuple[Restart, ...] = ()
    back_to: datetime | None = None
    last: datetime | None = None
    token: str | None = None
    link: str | None = None

    @property
    def asked(self) -> LogQuestion:
        return self.bookmark.question

    @property
    def newest(self) -> bool:
        return self.bookmark.newest

    @property
    def plain(self) -> bool:
        """Whether nothing but the newest lines of one container was asked for."""
        ordinary = self.asked.span == ALWAYS and self.asked.sieve == ALL
        return len(self.containers) == 1 and ordinary and self.newest

    @property
    def older(self) -> bool:
        """Whether there is, or may be, something."""
        return any(place.older for place in self.bookmark.places)


@dataclass(slots=True)
class Look:
    """How far a reading has got, for whoever waits. back_to: None before the first look."""

    back_to: datetime | None = None
