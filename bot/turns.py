"""Whose update is handled next: however much one person sends, nobody else waits for it."""

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

from aiogram.types import Update

T = TypeVar("T")

# Seconds in which one person's excess is worth one line in the log.
_NEWS = 60.0


class Turn(Enum):
    NOW = "now"
    LATER = "later"
    NEVER = "never"


@dataclass(slots=True)
class _Person(Generic[T]):
    under_way: int = 0
    waiting: deque[T] = field(default_factory=deque)


class Turns(Generic[T]):
    """Each person has at most `each` things under way and `waiting` more in a queue; what is beyond has no turn."""

    def __init__(self, each: int, waiting: int) -> None:
        self._each, self._waiting = each, waiting
        self._people: dict[int, _Person[T]] = {}
        self._told: dict[int, float] = {}

    def enter(self, person: int) -> None:
        """One more is under way, come what may; `next` must follow."""
        self._people.setdefault(person, _Person()).under_way += 1

    def admit(self, person: int, item: T, *, patient: bool = False) -> Turn:
        """NOW: it is under way, and `next` must follow. LATER: `next` will give it. `patient`: never NEVER."""
        known = self._people.get(person)
        if known is None or known.under_way < self._each:
            self.enter(person)
            return Turn.NOW
        if len(known.waiting) >= self._waiting and not patient:
            return Turn.NEVER
        known.waiting.append(item)
        return Turn.LATER

    def next(self, person: int) -> T | None:
        """One has ended: what takes its place, if anything waits."""
        known = self._people[person]
        if known.waiting:
            return known.waiting.popleft()
        known.under_way -= 1
        if not known.under_way:
            del self._people[person]
        return None

    def dismiss(self) -> None:
        """Nothing that waits has a turn any more."""
        for person in self._people.values():
            person.waiting.clear()

    def is_news(self, person: int, now: float) -> bool:
        """Whether this person's excess has not been told for a minute; then it counts as told. now: in seconds."""
        if now - self._told.get(person, -_NEWS) < _NEWS:
            return False
        self._told = {each: at for each, at in self._told.items() if now - at < _NEWS}
        self._told[person] = now
        return True


def person_of(update: Update) -> int:
    """The id of whoever caused it; of its chat where nobody is named."""
    event = update.event
    cause = getattr(event, "from_user", None) or getattr(event, "user", None) or getattr(event, "chat", None)
    return cause.id if cause else 0
