"""Containers that die together, told of as one: pure reckoning over a host's deaths and announcements of death."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from services.alerts.watching import Rules

_MOST_DEATHS = 1000


@dataclass(slots=True)
class Falls:
    """The latest fall of a host. down: those told of in its open finding that have not come up again since.

    Deaths are in the host's time, `due` in ours.
    """

    rules: Rules
    down: set[str] = field(default_factory=set)
    _deaths: list[tuple[datetime, str]] = field(default_factory=list)
    _fallen: set[str] = field(default_factory=set)
    _formed: datetime | None = None
    _until: datetime | None = None
    _due: datetime | None = None

    def died(self, name: str, at: datetime) -> None:
        """It died, or was told to."""
        if not self._lasts(at):
            self._fallen, self._formed, self._until, self._due = set(), None, None, None
        window = at - self.rules.together_within
        self._deaths = [*(death for death in self._deaths if death[0] >= window), (at, name)][-_MOST_DEATHS:]
        together = {each for _, each in self._deaths}
        if self._until is not None or len(together) >= self.rules.together:
            self._formed = self._formed or at
            self._fallen |= together
            self._until = at + self.rules.fall_gap

    def _lasts(self, at: datetime) -> bool:
        """Whether a death at that time belongs to the fall that there is."""
        if self._formed is None or self._until is None:
            return False
        return at <= (self._until if self.down else self._formed + 2 * self.rules.collect)

    def rose(self, name: str) -> None:
        """What it dies of after this is another matter."""
        self._fallen.discard(name)
        self._deaths = [death for death in self._deaths if death[1] != name]

    def fellows(self, name: str) -> Collection[str]:
        """Those of the fall that it belongs to."""
        return self._fallen if name in self._fallen else ()

    @property
    def is_due(self) -> bool:
        return self._due is not None

    def due(self, now: datetime) -> datetime:
        """When to look at one that fell just now: many at a time, so that they are told of at once."""
        if self._due is None or self._due < now + self.rules.collect:
            self._due = now + self.rules.collect + self.rules.collect * (1 if self.down else 0.25)
        return self._due

    def joining(self, names: Collection[str], late: Collection[str]) -> set[str]:
        """Of those newly found down, the ones that are told of together. late: those that fell with the host."""
        if len(names) >= self.rules.together:
            return set(names)
        joining = {name for name in names if name in self._fallen or name in late}
        together = self.down or len(joining) > 1 or len(self._fallen) >= self.rules.together
        return joining if together else set()
