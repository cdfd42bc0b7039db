"""The rules over the logs of one host: each container that one of them is about is followed, its hits are counted.

What is written while the bot is away is looked up at its start, an hour back at most.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NoReturn, TypeVar

from services.alerts.log_counting import SHOWN, LogCount
from services.alerts.surely import surely
from services.domain.alerts import Evidence
from services.domain.containers import Container
from services.domain.findings import SEVERITIES, Finding, LogHits
from services.domain.log_rules import LogRule
from services.domain.logs import Block, joined, moment_of
from services.errors import HostError, NoSuchContainer, StoreError
from services.logs.follow.budget import Allowance, Budget
from services.logs.follow.following import Missed
from services.logs.follow.tap import Attached, Tap
from services.logs.patterns import Pattern
from services.logs.stream.source import LogSource
from services.logs.stream.windows import Onward, mark_before
from services.logs.text.region import MARGIN_LINES, Region, tail_of
from services.ports import Clock, Engine, Put, Store
from services.redaction.text import HIDDEN

LIST_EVERY = 10.0
LIST_DEADLINE = 5.0
READ_DEADLINE = 30.0
NOTED_EVERY = TOLD_EVERY = timedelta(seconds=30)
LOOKS_BACK = timedelta(hours=1)
# Bytes a second of one container's log, and at once; what comes faster is looked at now and then. All of a host
# together may take twice as much, and who takes less than a share of that waits for nobody.
RATE, BURST, SHARE = 4 * 2**20, 16 * 2**20, 1 / 16
LONGEST_SHOWN = 1000

log = logging.getLogger(__name__)

T = TypeVar("T")

Report = Callable[[Finding], Awaitable[None]]


class LogWatch:
    """`run` never ends by itself. report, open_findings: the relay's; StoreError is waited out."""

    def __init__(
        self,
        engine: Engine,
        rules: Sequence[LogRule],
        report: Report,
        open_findings: Callable[[str], Awaitable[Sequence[Finding]]],
        store: Store,
        clock: Clock,
    ) -> None:
        self.host = engine.host
        self._engine, self._store, self._clock = engine, store, clock
        self._report, self._open_findings = report, open_findings
        self._rules = [(rule, Pattern.of(rule.pattern, ignore_case=rule.ignore_case)) for rule in rules]
        self._scanning = ThreadPoolExecutor(1, f"{engine.host}-rules")
        self._whole = Allowance(2 * RATE, 2 * BURST)
        self._attended: dict[str, _Attendance] = {}
        self._open: dict[str, Finding] = {}

    def close(self) -> None:
        """Waits for no thread."""
        self._scanning.shutdown(wait=False, cancel_futures=True)

    async def run(self) -> NoReturn:
        await self._recall()
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    for row in await self._engine.containers(deadline=LIST_DEADLINE):
                        self._attend(row, group)
                except HostError as error:
                    log.info("%s: its logs are not watched: %s", self.host, error)
                for finding in list(self._open.values()):
                    await self._end_if_over(finding)
                await asyncio.sleep(LIST_EVERY)

    async def _recall(self) -> None:
        """What an earlier run has left open; that of a rule which is gone is over."""
        known = {rule.name for rule, _pattern in self._rules}
        for finding in await surely(lambda: self._open_findings(self.host)):
            if finding.name in known:
                self._open[finding.key] = finding
            elif finding.name not in SEVERITIES and finding.hits:
                await self._tell(replace(finding, ended=self._clock.now()))

    def _attend(self, row: Container, group: asyncio.TaskGroup) -> None:
        """What does not run is left alone until it does. The bot's own log tells of what it reads in others'."""
        mine = row.labels.get("vakhta.self", "").lower() == "true"
        if row.name in self._attended or not row.runs or mine:
            return
        rules = [(rule, pattern) for rule, pattern in self._rules if rule.covers(self.host, row.name)]
        if rules:
            attendance = self._attended[row.name] = _Attendance(self, row.name, rules)
            group.create_task(self._follow(attendance), name=f"rules-{self.host}-{row.name}")

    async def _follow(self, attendance: "_Attendance") -> None:
        name = attendance.name
        try:
            await self._look_back(attendance)
            budget = Budget(Allowance(RATE, BURST), self._whole, SHARE)
            await Tap(self.host, name, lambda: self._attach(name), budget, attendance, self._clock).run()
        finally:
            del self._attended[name]

    async def _attach(self, name: str) -> Attached:
        rows = await self._engine.containers(deadline=LIST_DEADLINE)
        row = next((row for row in rows if row.name == name), None)
        if row is None:
            raise NoSuchContainer(name)
        details = await self._engine.inspect(row.id)
        return Attached(LogSource.of(self._engine, name, details), details)

    async def _look_back(self, attendance: "_Attendance") -> None:
        """From where an earlier run of the bot has left off."""
        noted = await surely(lambda: self._store.get(self._key(attendance.name)))
        since = self._clock.now() - LOOKS_BACK
        if noted is None:
            return
        try:
            source = (await self._attach(attendance.name)).source
            mark = await mark_before(source, max(since, moment_of(noted)))
            behind = Onward(source, mark, margin=MARGIN_LINES)
            async with aclosing(behind.blocks(deadline=READ_DEADLINE)) as blocks:
                async for block in blocks:
                    attendance.before = attendance.before or behind.before
                    await attendance.came(source, block, counted=True)
        except (HostError, NoSuchContainer, StoreError) as error:
            log.warning(
                "%s/%s: what was written meanwhile was not read: %s", self.host, attendance.name, error
            )

    # What a container's log brings

    async def scan(self, pattern: Pattern, block: Block) -> list[int]:
        return await self._in_thread(pattern.lines_in, block.text)

    async def shown(
        self, source: LogSource, before: Block, block: Block, numbers: Sequence[int]
    ) -> list[str]:
        """These lines of the block as they may be shown behind those before it."""
        return await self._in_thread(_shown, source, before, block, numbers)

    async def _in_thread(self, work: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._scanning, work, *args)

    async def met(self, name: str, count: LogCount, since: datetime) -> None:
        """Told at once, and again while it is open, with what it is shown with made new, every half minute."""
        rule, now = count.rule, self._clock.now()
        known = self._open.get(f"{rule.name}/{self.host}/{name}")
        if known and known.evidence and now - known.evidence.at < TOLD_EVERY:
            return
        lines = tuple(text[:LONGEST_SHOWN] for text in count.newest)
        finding = Finding(
            rule.name,
            self.host,
            name,
            rule.severity,
            known.started if known else since,
            evidence=Evidence(now, lines=lines),
            hits=LogHits(rule.pattern, rule.threshold, rule.within),
            channels=rule.channels,
        )
        await self._tell(finding)
        self._open[finding.key] = finding

    async def note(self, name: str, stamp: bytes) -> None:
        """How far its log has been read."""
        until = self._clock.now() + LOOKS_BACK
        await surely(lambda: self._store.write(Put(self._key(name), stamp, until)))

    async def _end_if_over(self, finding: Finding) -> None:
        attendance = self._attended.get(finding.container)
        count = attendance.counts.get(finding.name) if attendance else None
        now = self._clock.now()
        rule = next(rule for rule, _pattern in self._rules if rule.name == finding.name)
        last = finding.evidence.at if finding.evidence else finding.started
        ended = count.over(now) if count and count.met else (last if now - last > rule.cooldown else None)
        if ended is not None:
            await self._tell(replace(finding, ended=max(ended, finding.started)))
            del self._open[finding.key]

    async def _tell(self, finding: Finding) -> None:
        await surely(lambda: self._report(finding))

    def _key(self, name: str) -> str:
        return f"ruled/{self.host}/{name}"


class _Attendance:
    """One container's log under its rules: the `Receiver` of its tap. before: the lines up to what comes next."""

    def __init__(self, watch: LogWatch, name: str, rules: Iterable[tuple[LogRule, Pattern]]) -> None:
        self.name = name
        self.counts = {rule.name: LogCount(rule) for rule, _pattern in rules}
        self._watch = watch
        self._patterns = {rule.name: pattern for rule, pattern in rules}
        self._noted: datetime | None = None
        self._last = b""
        self.before = Block()

    async def came(self, source: LogSource, block: Block, *, counted: bool) -> None:
        """Not counted: what stood there before the tap. Of that, what is younger than where `LogWatch` has looked."""
        if not counted:
            stamps = range(len(block)) if self._last else ()
            first = next((n for n in stamps if block.stamp(n) > self._last), len(block))
            if not self._last:
                self.before = tail_of(block, 0)
            block = block.part(first)
        if not block:
            return
        for name, count in self.counts.items():
            numbers = await self._watch.scan(self._patterns[name], block)
            moments = [moment_of(block.stamp(number)) for number in numbers]
            shown = await self._watch.shown(source, self.before, block, numbers[-SHOWN:]) if numbers else ()
            if count.hit(moments, shown):
                assert count.since is not None
                await self._watch.met(source.name, count, count.since)
        self.before = tail_of(joined(self.before, block), 0)
        self._last = block.stamp(len(block) - 1)
        at = moment_of(self._last)
        if self._noted is None or at - self._noted >= NOTED_EVERY:
            self._noted = at
            await self._watch.note(self.name, self._last)

    def missed(self, missed: Missed) -> None:
        log.warning(
            "%s/%s writes faster than its rules can read: nothing was seen from %s to %s",
            missed.host, missed.name, missed.since, missed.until,
        )  # fmt: skip

    def changed(self) -> None:
        """How the container stands is the watcher's business."""


def _shown(source: LogSource, before: Block, block: Block, numbers: Sequence[int]) -> list[str]:
    first = len(before)
    shown = Region.of(before, block, Block()).shown([first + n for n in numbers], source.hidden)
    return [shown.get(first + number, HIDDEN) for number in numbers]
