"""Containers that have been there for some time when the simulation begins."""

from dataclasses import dataclass, field

from playground.engine.clock import SECOND
from playground.engine.container import MOST_PROBES, Container, Finding, Health, Status
from playground.engine.host import Host
from playground.engine.program import Ending, Run
from playground.engine.spec import Healthcheck, Spec


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run that is over. Moments in ns since 1970."""

    started: int
    finished: int
    ending: Ending = field(default_factory=lambda: Ending(exit_code=0))


@dataclass(frozen=True, slots=True)
class Past:
    """What a container has been through. Moments in ns since 1970.

    started: of the run that goes on, 0: none does. kept_from: nothing older is left of its log.
    """

    created: int
    started: int
    kept_from: int = 0
    runs: tuple[PastRun, ...] = field(default=())
    restart_count: int = 0


def settle(host: Host, spec: Spec, past: Past) -> Container:
    """The container, well so far. No events are told of its past."""
    container = host.add(spec, past.created)
    life = host.life(container)
    for run in past.runs:
        life.next_run(run.started, past.kept_from)
        container.end(run.ending, run.finished)
    container.restart_count = past.restart_count
    if not past.started:
        container.status = Status.EXITED if past.runs else Status.CREATED
        return container
    present = life.next_run(past.started, past.kept_from)
    if check := spec.healthcheck:
        container.health = Health("healthy")
        container.health.findings.extend(_findings(host, present, spec, check))
        life.checkup.watch(present, check)
    return container


def _findings(host: Host, run: Run, spec: Spec, check: Healthcheck) -> list[Finding]:
    found = []
    for number in range(MOST_PROBES, 0, -1):
        start = host.clock.now() - int(number * check.interval * SECOND)
        probe = spec.program.probe(run, start)
        found.append(Finding(start, start + int(probe.takes * SECOND), probe.exit_code, probe.output))
    return found
