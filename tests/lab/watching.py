"""A watcher for tests, over a real server, with a relay that writes everything down."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from services.alerts.expectations import Expectations
from services.alerts.watcher import Excerpts, Watcher
from services.alerts.watching import Rules
from services.domain.containers import Stop
from services.domain.findings import Finding
from services.errors import StoreUnavailable
from services.fleet.fleet import Fleet
from services.logs.pages.bookmarks import Bookmarks
from services.logs.pages.reader import LogReader
from services.logs.text.presenter import Presenter
from services.metrics.board import HostBoard
from tests.lab.server import Server
from tests.lab.transport import over_ssh


class Now:
    """The machine's own time of day."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Notebook:
    """All that was reported, as the relay would take it, and when by `time.monotonic`."""

    told: list[tuple[float, Finding]] = field(default_factory=list)
    open: dict[str, Finding] = field(default_factory=dict)
    refusals: int = 0  # so many reports fail

    async def report(self, finding: Finding) -> None:
        if self.refusals:
            self.refusals -= 1
            raise StoreUnavailable("as the test says")
        self.told.append((time.monotonic(), finding))
        if finding.ended:
            del self.open[finding.key]
        else:
            self.open[finding.key] = finding

    async def open_findings(self, host: str) -> Sequence[Finding]:
        return [finding for finding in self.open.values() if finding.host == host]

    @property
    def keys(self) -> set[str]:
        """Of everything ever told, without the host: service_down/directus."""
        return {f"{finding.name}/{finding.container}" for _, finding in self.told}

    async def until(self, holds: Callable[[], bool], seconds: float = 10) -> None:
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, f"not within {seconds} s; told: {self.told}"
            await asyncio.sleep(0.01)

    async def found(self, key: str, seconds: float = 10) -> Finding:
        """What is open as name/container."""
        name, _, container = key.partition("/")

        def these() -> list[Finding]:
            found = self.open.values()
            return [each for each in found if (each.name, each.container) == (name, container)]

        await self.until(lambda: bool(these()), seconds)
        return these()[0]

    async def over(self, key: str, seconds: float = 10) -> Finding:
        """The end of what was open as name/container."""
        name, _, container = key.partition("/")

        def ends() -> list[Finding]:
            told = (finding for _, finding in self.told)
            return [each for each in told if (each.name, each.container) == (name, container) and each.ended]

        await self.until(lambda: bool(ends()), seconds)
        return ends()[-1]

    def when(self, key: str) -> float:
        """By `time.monotonic`, when name/container was first told."""
        return next(at for at, each in self.told if f"{each.name}/{each.container}" == key)


@dataclass
class Books:
    """`Expectations` in a test's hand."""

    stops: dict[str, Stop] = field(default_factory=dict)
    acting: set[str] = field(default_factory=set)

    async def stopped(self, host: str, name: str) -> Stop | None:
        return self.stops.get(name)

    async def restarting(self, host: str, name: str) -> bool:
        return name in self.acting


@asynccontextmanager
async def watched(
    server: Server,
    notebook: Notebook,
    rules: Rules | None = None,
    books: Expectations | None = None,
    excerpts: Excerpts | None = None,
    board: HostBoard | None = None,
) -> AsyncIterator[None]:
    """Yields when the watcher has looked at everything."""
    presenter = Presenter()
    reader = LogReader(cast(Fleet, None), presenter, cast(Bookmarks, None), Now())  # for excerpts alone
    try:
        async with over_ssh(server) as engine:
            watcher = Watcher(
                server.name,
                engine,
                notebook.report,
                notebook.open_findings,
                books or Books(),
                excerpts or reader,
                Now(),
                board or HostBoard(Now().now()),
                rules or Rules(),
            )
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(watcher.run())
                while watcher._listed is None:
                    await asyncio.sleep(0.01)
                await asyncio.sleep(0.3)  # the stream is there, and what was due has been judged
                try:
                    yield
                finally:
                    watch.cancel()
    finally:
        presenter.close()
