"""How much a container uses: curves whose sum over time is known, so that nothing needs to be counted meanwhile."""

import math
from dataclasses import dataclass

from playground.engine.clock import SECOND

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Load:
    """cpu: cores on average; it swings by `swing` of itself (0 to 1) within `period` seconds.

    memory: bytes at the start, of which `cache` could be dropped; `growth` bytes come an hour, up to `most`.
    """

    cpu: float = 0.002
    swing: float = 0.5
    period: float = 240.0
    memory: int = 24 * MIB
    cache: int = 2 * MIB
    growth: int = 0
    most: int = 1 << 40

    def worked(self, seconds: float) -> int:
        """Nanoseconds of CPU within the first so many seconds; never falls."""
        if seconds <= 0:
            return 0
        turn = math.tau / self.period
        # Of 1 + swing * (sin + 1/3 sin 7x) * 3/4, which is never below nothing.
        waves = (1 - math.cos(turn * seconds)) / turn + (1 - math.cos(7 * turn * seconds)) / (21 * turn)
        return int(self.cpu * (seconds + 0.75 * self.swing * waves) * SECOND)

    def used(self, seconds: float) -> int:
        """Bytes of memory after so many seconds, with the cache."""
        grown = self.memory + self.growth * seconds / 3600
        ripple = 0.02 * self.memory * math.sin(math.tau * seconds / (self.period * 1.7))
        return int(min(grown, self.most) + ripple) + self.cache


@dataclass(slots=True)
class Meter:
    """A load that changes: what was worked under earlier ones is kept. since: ns since 1970."""

    load: Load
    since: int
    before: int = 0

    def change(self, load: Load, at: int) -> None:
        self.before, self.load, self.since = self.worked(at), load, at

    def worked(self, at: int) -> int:
        return self.before + self.load.worked((at - self.since) / SECOND)

    def used(self, at: int) -> int:
        return self.load.used((at - self.since) / SECOND)
