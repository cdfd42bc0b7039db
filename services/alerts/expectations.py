"""What the bot itself has done to containers, so that the watch does not call it trouble."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from services.domain.containers import Stop
from services.plans import Plans
from services.ports import Clock

# What an act may take from its beginning, and from the engine's answer, until its outcome is known for sure.
LONGEST_ACT = timedelta(seconds=240)
LONGEST_SETTLING = timedelta(seconds=60)


class Expectations(Protocol):
    """Raises StoreUnavailable."""

    async def stopped(self, host: str, name: str) -> Stop | None:
        """The stop through the bot that no start through it has ended."""
        ...

    async def restarting(self, host: str, name: str) -> bool:
        """Whether the bot is at it: restarts, stops or starts it, or waits for it to settle."""
        ...


@dataclass(slots=True)
class BotActs:
    """`Expectations` by the bot's own books. Whoever acts says so: `begins`, `answered`, `ended`."""

    plans: Plans
    clock: Clock
    _under_way: Counter[tuple[str, str]] = field(default_factory=Counter)
    _until: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def begins(self, host: str, name: str) -> None:
        """Before the engine is asked."""
        self._under_way[host, name] += 1
        self._until[host, name] = self.clock.now() + LONGEST_ACT

    def answered(self, host: str, name: str) -> None:
        """The engine has done it; what is left is a minute at most for the container to settle."""
        if (host, name) in self._until:
            self._until[host, name] = self.clock.now() + LONGEST_SETTLING

    def ended(self, host: str, name: str) -> None:
        """It has settled, and the books are written; harmless when repeated."""
        self._under_way[host, name] -= 1
        if self._under_way[host, name] <= 0:
            del self._under_way[host, name]
            self._until.pop((host, name), None)

    async def stopped(self, host: str, name: str) -> Stop | None:
        return (await self.plans.stops()).get((host, name))

    async def restarting(self, host: str, name: str) -> bool:
        now = self.clock.now()
        if (until := self._until.get((host, name))) is not None:
            return now < until
        # What a crash of the bot has left: the engine may be at it still.
        left = await self.plans.unfinished()
        return any(
            (intent.plan.host, intent.plan.name) == (host, name) and now < intent.began + LONGEST_ACT
            for intent in left
        )
