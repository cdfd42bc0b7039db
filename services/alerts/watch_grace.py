"""The time that Docker is given to start its containers, once a host is there again. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

_LOOKING = timedelta(seconds=5)  # from the end of the grace until all have been looked at


@dataclass(slots=True)
class Grace:
    """Until a moment, for what was found down when contact was made, and for what is started after it came back.

    Not for what the engine remembers to have died since the contact before: then it has not restarted itself.
    """

    until: datetime | None = None
    _again: bool = False
    _found: set[str] | None = None
    _started: set[str] = field(default_factory=set)
    _died: set[str] = field(default_factory=set)

    def begin(self, until: datetime) -> None:
        """Contact was made."""
        self._again = self.until is not None
        self.until, self._found, self._started, self._died = until, None, set(), set()

    def found(self, down: Iterable[str]) -> None:
        """The first list counts."""
        if self._found is None:
            self._found = set(down)

    def started(self, name: str) -> None:
        if self._again:  # perhaps by an engine that comes up, and what it needs may not be there yet
            self._started.add(name)

    def died(self, name: str) -> None:
        if name not in self._started:
            self._died.add(name)

    def covers(self, name: str, now: datetime) -> bool:
        return self.until is not None and now < self.until and self._concerns(name)

    def late(self, name: str, now: datetime) -> bool:
        """Whether it belongs to the host's own fall: it was down when the host came back, or did not stand since."""
        over = self.until is None or now > self.until + _LOOKING
        return self._again and not over and self._concerns(name)

    def _concerns(self, name: str) -> bool:
        known = name in self._started or (self._found is not None and name in self._found)
        return known and name not in self._died
