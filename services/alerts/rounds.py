"""Rounds: a look at the whole of something every now and then, and what is found wrong there told from start to end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from services.alerts.surely import surely
from services.domain.findings import Finding
from services.ports import Clock

log = logging.getLogger(__name__)


def _never(_finding: Finding) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Seen:
    """One look. findings: all that is wrong now, open ones. undecided: of whatever else is open, what could not be
    looked at: it stays as it is."""

    findings: Sequence[Finding]
    undecided: Callable[[Finding], bool] = _never


class Rounds:
    """`run` never ends by itself.

    names: of the findings that are this one's. look: raises nothing that it foresees. report, open_of: the relay's.
    every: seconds between looks. confirm: in so many looks on end must a trouble be seen before it is told.
    """

    def __init__(
        self,
        names: Collection[str],
        look: Callable[[], Awaitable[Seen]],
        report: Callable[[Finding], Awaitable[None]],
        open_of: Callable[[Collection[str]], Awaitable[Sequence[Finding]]],
        clock: Clock,
        *,
        every: float = 30.0,
        confirm: int = 2,
    ) -> None:
        self._names, self._look, self._report, self._open_of = names, look, report, open_of
        self._clock, self._every, self._confirm = clock, every, confirm
        self._open: dict[str, Finding] = {}
        self._suspects: dict[str, tuple[Finding, int]] = {}  # as it was first seen, and how often since

    async def run(self) -> NoReturn:
        await surely(self.recall)
        while True:
            await self.once()
            await asyncio.sleep(self._every)

    async def recall(self) -> None:
        """What an earlier run has left open. Raises StoreError."""
        self._open = {finding.key: finding for finding in await self._open_of(self._names)}

    async def once(self) -> None:
        """One look, and what it tells. What has become another finding, such as a critical one, ends after that began:
        nobody shall read in between that all is well."""
        seen = await self._look()
        found = {finding.key: finding for finding in seen.findings}
        self._suspects = self._still_suspect(found, seen)
        for key, finding in found.items():
            first, times = self._suspects.get(key, (finding, self._confirm))
            if times >= self._confirm and _is_news(self._open.get(key), finding):
                started = self._open[key].started if key in self._open else first.started
                self._open[key] = replace(finding, started=started)
                await self._tell(self._open[key])
        turning = {_what(finding) for key, finding in found.items() if key not in self._open}
        for key, known in list(self._open.items()):
            if key not in found and _what(known) not in turning and not seen.undecided(known):
                await self._tell(replace(known, ended=self._clock.now()))
                del self._open[key]

    def _still_suspect(self, found: Mapping[str, Finding], seen: Seen) -> dict[str, tuple[Finding, int]]:
        suspects = {
            key: (self._suspects[key][0], self._suspects[key][1] + 1) if key in self._suspects else (each, 1)
            for key, each in found.items()
            if key not in self._open
        }
        waiting = {
            key: suspect
            for key, suspect in self._suspects.items()
            if key not in found and seen.undecided(suspect[0])
        }
        return suspects | waiting

    async def _tell(self, finding: Finding) -> None:
        await surely(lambda: self._report(finding))


def _what(finding: Finding) -> tuple[str, str, str]:
    """What it is about, however bad it is and whatever container is to blame."""
    return finding.name, finding.host, finding.subject


def _is_news(known: Finding | None, finding: Finding) -> bool:
    return known is None or known.notes != finding.notes
