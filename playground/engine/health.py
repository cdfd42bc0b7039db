"""A container's healthcheck, run again and again while it lives."""

import asyncio

from playground.engine.clock import SECOND
from playground.engine.container import Container, Finding, Health, Status, identity
from playground.engine.program import Probe, Run
from playground.engine.spec import Healthcheck
from playground.engine.surroundings import Surroundings

_TIMED_OUT = -1


class Checkup:
    """sick: what the check says from now on, whatever the program would; None: the program knows."""

    def __init__(self, container: Container, around: Surroundings) -> None:
        self.sick: str | None = None
        self._container = container
        self._around = around
        self._task: asyncio.Task[None] | None = None
        self._execs = 0

    def begin(self, run: Run) -> None:
        """The container has been started."""
        check = self._container.spec.healthcheck
        if check is None:
            return
        health = self._container.health = self._container.health or Health()
        health.status, health.streak = "starting", 0
        self.watch(run, check)

    def watch(self, run: Run, check: Healthcheck) -> None:
        self._task = self._around.spawn(self._watch(run, check))

    def end(self) -> None:
        """The container has ended: the engine calls it unhealthy then, and tells nobody."""
        if self._task:
            self._task.cancel()
            self._task = None
        self.stop_counting()

    def stop_counting(self) -> None:
        if self._container.health:
            self._container.health.status = "unhealthy"

    async def _watch(self, run: Run, check: Healthcheck) -> None:
        health = self._container.health
        while True:
            since = (self._around.clock.now() - run.started) / SECOND
            starting = health is not None and health.status == "starting"
            await self._around.clock.sleep(check.pause(starting=starting, since=since))
            if self._container.status is Status.RUNNING:
                await self._probe(run, check)

    async def _probe(self, run: Run, check: Healthcheck) -> None:
        container, around = self._container, self._around
        start = around.clock.now()
        found = container.spec.program.probe(run, start)
        if self.sick is not None:
            found = Probe(1, self.sick, found.takes)
        self._execs += 1
        exec_id = identity(container.id, str(run.number), str(self._execs))
        for action in ("exec_create", "exec_start"):
            around.events.of(
                container, f"{action}: /bin/sh -c {check.test}", around.clock.now(), execID=exec_id
            )
        await around.clock.sleep(min(found.takes, check.timeout))
        exit_code, output = found.exit_code, found.output
        if found.takes > check.timeout:
            exit_code, output = _TIMED_OUT, f"Health check exceeded timeout ({check.timeout:g}s)"
        else:
            facts = {"execID": exec_id, "exitCode": str(exit_code)}
            around.events.of(container, "exec_die", around.clock.now(), **facts)
        self._judge(check, Finding(start, around.clock.now(), exit_code, output))

    def _judge(self, check: Healthcheck, finding: Finding) -> None:
        container = self._container
        health = container.health
        assert health
        before = health.status
        health.findings.append(finding)
        early = finding.start - container.started < check.start_period * SECOND
        if finding.exit_code == 0:
            health.status, health.streak = "healthy", 0
        elif not (early and before == "starting"):
            health.streak += 1
            if health.streak >= check.retries:
                health.status = "unhealthy"
        if health.status != before:
            self._around.events.of(container, f"health_status: {health.status}", self._around.clock.now())
