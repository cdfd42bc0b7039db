"""What an engine has told of its containers, kept for as long as it is surely still so.

A list of 100 containers is some 90 kB, through SSH and taken apart: some 5 ms of the event loop and of a thread.
That is nothing, but for 500 hosts, and to find out that nothing has changed there is a cheaper way: whoever follows
the engine's events has been told of no change.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from time import monotonic

from services.domain.containers import Container, Details
from services.fleet.engine import DockerEngine
from services.fleet.link import Link

# A start that fails changes something and has no event. The watch lists every host anew more often than that.
KEEP_FOR = 45.0


class Kept:
    """Of one engine. `mark` is taken before the engine is asked, and handed over with what it answered."""

    def __init__(self) -> None:
        self._listeners = 0
        self._changes = 0
        self._rows: tuple[float, Sequence[Container]] | None = None
        self._last: Sequence[Container] = ()
        self._details: dict[str, tuple[float, Details]] = {}

    @property
    def mark(self) -> int | None:
        """None while nobody listens."""
        return self._changes if self._listeners else None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Within it every change is told by `change`."""
        self._listeners += 1
        try:
            yield
        finally:
            self._listeners -= 1
            self.change()  # what happens from now on may be missed

    def change(self) -> None:
        self._changes += 1
        self._rows = None
        self._details.clear()

    def keep_rows(self, rows: Sequence[Container], mark: int | None) -> Sequence[Container]:
        """The rows to go on with: where they say the same, those that are known already, so that no others are kept."""
        same = self._last if rows == self._last else rows
        if mark is not None and mark == self._changes:
            self._rows = monotonic(), same
            self._last = same
        return same

    def keep_details(self, details: Details, mark: int | None) -> None:
        if mark is not None and mark == self._changes:
            self._details[details.id] = monotonic(), details

    @property
    def rows(self) -> Sequence[Container] | None:
        return self._rows[1] if self._rows and _fresh(self._rows[0]) else None

    def details(self, container_id: str) -> Details | None:
        at, details = self._details.get(container_id, (0.0, None))
        return details if details and _fresh(at) else None


def _fresh(at: float) -> bool:
    return monotonic() - at < KEEP_FOR


class KeepingEngine(DockerEngine):
    """`services.ports.Engine` over a link."""

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._kept = Kept()

    async def containers(self, *, deadline: float, kept: bool = False) -> Sequence[Container]:
        end = asyncio.get_running_loop().time() + deadline
        if kept and self._kept.rows is not None:
            async with self._within(deadline):
                await self._doubt()  # a sign of life; what had changed before it is told by then
            if (rows := self._kept.rows) is not None:
                return rows
            deadline = end - asyncio.get_running_loop().time()
        mark = self._kept.mark
        return self._kept.keep_rows(await super().containers(deadline=deadline), mark)

    async def inspect(self, container_id: str, *, deadline: float = 5, kept: bool = False) -> Details:
        if kept and (known := self._kept.details(container_id)):
            return known
        mark = self._kept.mark
        details = await super().inspect(container_id, deadline=deadline)
        self._kept.keep_details(details, mark)
        return details

    def _listening(self, since: datetime | None) -> AbstractContextManager[None]:
        # Without a moment to begin from, what happened before it listened may have been missed.
        return self._kept.listening() if since else nullcontext()

    def _changed(self) -> None:
        self._kept.change()
