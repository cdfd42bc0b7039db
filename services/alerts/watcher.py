"""The watch over one host: follows its engine's events, looks at what they touch, reports what it finds."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NoReturn, Protocol

from services.alerts.expectations import Expectations
from services.alerts.watch_host import HostWatch
from services.alerts.watching import Look, Rules
from services.domain.containers import Condition, Container, Details, diagnose
from services.domain.findings import Finding
from services.domain.logs import LogQuery
from services.errors import ContainerGone, EngineRefused, HostError, HostSilent, Silence, VakhtaError
from services.metrics.board import HostBoard
from services.ports import Clock, Engine

# Between two looks at what is due: that long at least, and no longer when nothing is heard meanwhile.
TICK, LONGEST_REST = 0.1, 1.0
LIST_DEADLINE, INSPECT_DEADLINE = 5.0, 5.0
# A host is listed so often even if its events tell of nothing: they may be missed, and a failed start has none.
LIST_EVERY = timedelta(seconds=30)
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0
AGAIN_AFTER = timedelta(seconds=2)
LINES, LONGEST_LINE = 20, 1000
# The log's share of a finding's second; what comes later is told later.
LOG_PATIENCE = 0.15
LOG_DEADLINE = 20.0
KNOCK_DEADLINE = 0.3

log = logging.getLogger(__name__)

Sleep = Callable[[float], Awaitable[None]]


class Excerpts(Protocol):
    """`services.logs.pages.reader.LogReader`."""

    async def excerpt(self, engine: Engine, details: Details, lines: int) -> tuple[str, ...]: ...


@dataclass
class Watcher:
    """`run` never ends by itself: silence of the host, of the store or of the log is waited out.

    report, open_findings: the relay's; they may raise VakhtaError, and are asked again. board: is told what is seen.
    """

    host: str
    engine: Engine
    report: Callable[[Finding], Awaitable[None]]
    open_findings: Callable[[str], Awaitable[Sequence[Finding]]]
    expectations: Expectations
    excerpts: Excerpts
    clock: Clock
    board: HostBoard
    rules: Rules = field(default_factory=Rules)
    sleep: Sleep = asyncio.sleep
    _listed: datetime | None = field(default=None, init=False)
    _heard: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    async def run(self) -> NoReturn:
        """Belongs to a task that lives as long as the host is watched."""
        while True:
            try:
                watch = HostWatch(self.host, self.rules, await self._known(), self.clock.now())
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._follow(watch), name=f"events-{self.host}")
                    group.create_task(self._look_after(watch, group), name=f"watch-{self.host}")
            except Exception:
                log.exception("%s: the watch stumbled in an unforeseen way and begins anew", self.host)
            self.board.lost()
            await self.sleep(LONGEST_PAUSE)

    async def _known(self) -> Sequence[Finding]:
        while True:
            try:
                return await self.open_findings(self.host)
            except VakhtaError as error:
                log.warning("%s: what is open cannot be read: %s", self.host, error)
                await self.sleep(AGAIN_AFTER.total_seconds())

    async def _follow(self, watch: HostWatch) -> NoReturn:
        """Events into the memory, and whether there is contact."""
        pauses = _pauses()
        while True:
            try:
                await self.engine.containers(deadline=LIST_DEADLINE)
                if watch.lost:
                    watch.made_contact(self.clock.now())
                    self._listed = None
                    self._heard.set()
                # What happened since the last event and before this stream, the engine remembers.
                async with aclosing(self.engine.events(since=watch.since)) as events:
                    async for event in events:
                        watch.heard(event, self.clock.now())
                        self.board.heard(event)
                        self._heard.set()
                        pauses = _pauses()
            except HostError as error:
                self._note_silence(watch, error)
            await self.sleep(next(pauses))

    def _note_silence(self, watch: HostWatch, error: HostError) -> None:
        if isinstance(error, EngineRefused) and not watch.lost:
            log.warning(
                "%s: no events (%s): looking every %s s", self.host, error.message, LIST_EVERY.seconds
            )
            return  # it is there all the same
        if isinstance(error, HostSilent) and error.reason is Silence.QUEUED:
            watch.waits(self.clock.now())
            return
        since = error.since if isinstance(error, HostSilent) else None
        if not watch.lost:
            log.info("%s: the events broke off: %s", self.host, error)
        watch.lost_contact(since or self.clock.now())
        self.board.lost()
        self._heard.set()

    async def _look_after(self, watch: HostWatch, group: asyncio.TaskGroup) -> NoReturn:
        while True:
            try:
                for finding in watch.host_changes(self.clock.now()):
                    await self._send(watch, finding)
                if not watch.lost:
                    await self._look(watch, group)
            except HostError as error:  # the events will tell whether it is silent
                log.info("%s: cannot be looked at: %s", self.host, error)
                await self.sleep(FIRST_PAUSE)
            except VakhtaError as error:
                log.warning("%s: not reported, or not to be judged, yet: %s", self.host, error)
                await self.sleep(AGAIN_AFTER.total_seconds())
            await self._rest(watch)

    async def _rest(self, watch: HostWatch) -> None:
        """Until something is due or heard. Very many hosts that are well are to cost next to nothing."""
        await self.sleep(TICK)
        seconds = (watch.next_due - self.clock.now()).total_seconds() if watch.next_due else LONGEST_REST
        with suppress(TimeoutError):
            async with asyncio.timeout(min(seconds, LONGEST_REST) - TICK):
                await self._heard.wait()
        self._heard.clear()

    async def _look(self, watch: HostWatch, group: asyncio.TaskGroup) -> None:
        """At all that is due; what cannot be seen or reported stays due."""
        now = self.clock.now()
        must_list = self._listed is None or now >= self._listed + LIST_EVERY
        if not must_list and not watch.any_due(now):
            return
        rows = await self.engine.containers(deadline=LIST_DEADLINE)
        if must_list:
            watch.listed(rows, now)
            self._listed = now
        names = watch.take_due(now)
        try:
            await self._judge(watch, names, {row.name: row for row in rows}, group)
        except VakhtaError:
            watch.look_at(names, now)
            raise
        finally:
            if not watch.lost:
                self.board.seen(rows, watch.verdicts, self.clock.now())

    async def _judge(
        self, watch: HostWatch, names: Sequence[str], there: Mapping[str, Container], group: asyncio.TaskGroup
    ) -> None:
        found = await asyncio.gather(*(self._look_at(there.get(name), watch) for name in names))
        looks = dict(zip(names, found, strict=True))
        if down := next((look for look in found if look and not look.runs), None):
            await self._knock(down)
        if watch.lost:  # what is seen of a host that falls silent is half the truth
            watch.look_at(names, self.clock.now())
            return
        await self._tell(watch, watch.judge(looks, self.clock.now()), looks, group)

    async def _look_at(self, row: Container | None, watch: HostWatch) -> Look | None:
        if row is None:
            return None
        try:
            details = await self.engine.inspect(row.id, deadline=INSPECT_DEADLINE)
        except ContainerGone:
            return None
        container = replace(row, state=details.state, health=details.health)
        look = Look(container, details, watch.history(row), grace=watch.in_grace(row.name, self.clock.now()))
        if diagnose(container, details).condition is not Condition.DOWN:
            return look
        # In this order: a stop that is over between the two questions is in the books by then.
        acting = await self.expectations.restarting(self.host, row.name)
        return replace(look, acting=acting, stop=await self.expectations.stopped(self.host, row.name))

    async def _knock(self, down: Look) -> None:
        """Raises HostSilent when the engine lets nobody in any more.

        An engine that shuts down ends its containers and goes on to tell so to those who are in already.
        """
        details = down.details
        try:
            buffers = self.engine.logs(details.id, LogQuery(tail=1), deadline=KNOCK_DEADLINE)
            async with aclosing(buffers):
                await anext(buffers, b"")
        except HostSilent:
            raise
        except HostError as error:  # somebody said no, or is slow: it is there
            log.debug("%s: %s", self.host, error)

    async def _tell(
        self,
        watch: HostWatch,
        changes: Sequence[Finding],
        looks: Mapping[str, Look | None],
        group: asyncio.TaskGroup,
    ) -> None:
        """Each with the newest lines of its log, if they are there at once; if not, they follow."""
        reads = {
            finding.key: group.create_task(self._lines(look.details))
            for finding in changes
            if finding.evidence and not finding.ended and (look := looks.get(finding.container))
        }
        if reads:
            await asyncio.wait(reads.values(), timeout=LOG_PATIENCE)
        for finding in changes:
            read = reads.get(finding.key)
            if read and read.done():
                await self._send(watch, with_lines(finding, read.result()))
            else:
                await self._send(watch, finding)
                if read:
                    group.create_task(self._follow_up(watch, finding, read))

    async def _follow_up(self, watch: HostWatch, finding: Finding, read: asyncio.Task[Sequence[str]]) -> None:
        lines = await read
        known = watch.current(finding)
        if lines and known and known.evidence and not known.evidence.lines:
            try:
                await self._send(watch, with_lines(known, lines))
            except VakhtaError as error:
                log.warning("%s: the log's lines were not reported: %s", self.host, error)

    async def _send(self, watch: HostWatch, finding: Finding) -> None:
        async with watch.reporting:
            if finding.ended is None or watch.current(finding):
                await self.report(finding)
                watch.noted(finding)

    async def _lines(self, details: Details) -> Sequence[str]:
        try:
            async with asyncio.timeout(LOG_DEADLINE):
                lines = await self.excerpts.excerpt(self.engine, details, LINES)
        except (HostError, TimeoutError) as error:
            log.info("%s: no lines of a log: %s", self.host, error)
            return ()
        return [line[:LONGEST_LINE] for line in lines]


def with_lines(finding: Finding, lines: Sequence[str]) -> Finding:
    evidence = finding.evidence
    return replace(finding, evidence=replace(evidence, lines=tuple(lines)) if evidence else None)


def _pauses() -> Iterator[float]:
    """Seconds, growing, for ever; at random, so that hosts fall out of step."""
    pause = FIRST_PAUSE
    while True:
        yield pause * random.uniform(0.5, 1)  # noqa: S311
        pause = min(pause * 2, LONGEST_PAUSE)
