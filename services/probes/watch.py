"""Every probe on its own time; what fails is told from start to end, and each result is written down."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import NoReturn, Protocol

from services.alerts.surely import surely
from services.domain.findings import HOST_UNREACHABLE, PROBE_FAILED, SERVICE_DOWN, Finding
from services.domain.probes import ProbeFault, ProbeResult, ProbeSpec
from services.domain.uptime import Standing
from services.errors import StoreError
from services.ports import Clock
from services.probes.results import Results, stands

log = logging.getLogger(__name__)

AT_ONCE = 16  # probes that are on their way at a time
SPREAD = timedelta(seconds=20)  # over which the first ones begin
BETWEEN_TRIES = timedelta(seconds=5)


class Asking(Protocol):
    async def probe(self, spec: ProbeSpec) -> ProbeResult:
        """Raises nothing that is foreseen."""
        ...


class ProbeWatch:
    """`run` never ends by itself. report, open_of: the relay's."""

    def __init__(
        self,
        probes: Sequence[ProbeSpec],
        prober: Asking,
        results: Results,
        report: Callable[[Finding], Awaitable[None]],
        open_of: Callable[[Collection[str]], Awaitable[Sequence[Finding]]],
        clock: Clock,
    ) -> None:
        self._probes, self._prober, self._results = probes, prober, results
        self._report, self._open_of, self._clock = report, open_of, clock
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._open: dict[str, Finding] = {}
        self._standings: dict[str, Standing] = {}

    async def run(self) -> NoReturn:
        await self.recall()
        async with asyncio.TaskGroup() as group:
            for number, spec in enumerate(self._probes):
                delay = min(SPREAD, spec.interval).total_seconds() * number / len(self._probes)
                group.create_task(self._keep_asking(spec, delay), name=f"probe {spec.name}")
        await asyncio.Event().wait()  # without probes there is nothing more to do
        raise AssertionError("the probes of the settings never end")

    async def recall(self) -> None:
        """What an earlier run has left. What no probe of the settings would ever end is over."""
        known = {_finding(spec, self._clock.now()).key for spec in self._probes}
        for finding in await surely(lambda: self._open_of([PROBE_FAILED])):
            if finding.key in known:
                self._open[finding.key] = finding
            else:
                await self._tell(replace(finding, ended=self._clock.now()))
        for name in (spec.name for spec in self._probes):
            if standing := await surely(partial(self._results.standing, name)):
                self._standings[name] = standing

    async def _keep_asking(self, spec: ProbeSpec, delay: float) -> NoReturn:
        """On the beat of its interval; a beat that it is too slow for is left out."""
        loop, interval = asyncio.get_running_loop(), spec.interval.total_seconds()
        due = loop.time() + delay
        while True:
            await asyncio.sleep(due - loop.time())
            await self.once(spec)
            missed = max(0, (loop.time() - due) // interval)
            due += interval * (missed + 1)

    async def once(self, spec: ProbeSpec) -> None:
        """One round of tries, and what it tells."""
        known = self._open.get(_finding(spec, self._clock.now()).key)
        first = last = await self._asked(spec)
        explained = not last.ok and known is None and await self._explained(spec)
        for _ in range(0 if known else spec.retries):
            if last.ok or last.fault is ProbeFault.HOST_SILENT:
                break
            await asyncio.sleep(min(BETWEEN_TRIES, spec.interval / 4).total_seconds())
            last = await self._asked(spec)
        began = last.at if last.ok else first.at
        self._standings[spec.name] = stands(self._standings.get(spec.name), last, began)
        try:
            await self._results.add(spec, last, self._standings[spec.name])
        except StoreError as error:
            log.warning("what the probe %s has found is not written down: %s", spec.name, error)
        if last.ok or known or not (explained or await self._explained(spec)):
            await self._judge(spec, known, last, began)

    async def _judge(
        self, spec: ProbeSpec, known: Finding | None, last: ProbeResult, began: datetime
    ) -> None:
        """Where contact with the host that it goes through is lost, that host is the trouble: all stays as it is."""
        if last.ok and known:
            del self._open[known.key]
            await self._tell(replace(known, ended=last.at))
        elif last.fault and last.fault is not ProbeFault.HOST_SILENT:
            notes = {"fault": str(last.fault), "detail": last.detail}
            finding = replace(_finding(spec, known.started if known else began), notes=notes)
            if known is None or known.notes != notes:
                self._open[finding.key] = finding
                await self._tell(finding)

    async def _explained(self, spec: ProbeSpec) -> bool:
        """Whether its container is known to be down, or its host. What comes up again has a round to answer in."""
        if not spec.host:
            return False
        for finding in await surely(lambda: self._open_of([SERVICE_DOWN, HOST_UNREACHABLE])):
            whole = finding.name == HOST_UNREACHABLE
            if finding.host == spec.host and (whole or _is_about(finding, spec.container)):
                return True
        return False

    async def _asked(self, spec: ProbeSpec) -> ProbeResult:
        async with self._turns:
            return await self._prober.probe(spec)

    async def _tell(self, finding: Finding) -> None:
        await surely(lambda: self._report(finding))


def _is_about(finding: Finding, container: str) -> bool:
    return bool(container) and container in (finding.container, *finding.containers)


def _finding(spec: ProbeSpec, started: datetime) -> Finding:
    return Finding(PROBE_FAILED, spec.host, spec.container, spec.severity, started, subject=spec.name)
