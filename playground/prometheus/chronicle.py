"""What has become of the simulated containers so far: when each ran, and what it used then."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from playground.engine.clock import SECOND
from playground.engine.container import Container
from playground.engine.host import Host
from playground.engine.load import Load
from playground.prometheus.rhythm import Rhythm, rhythm
from playground.prometheus.series import Life

_FOREVER = float("inf")
_RESTLESS = 0.04  # how much of its memory comes and goes with what it does


@dataclass(frozen=True, slots=True)
class Ran:
    """One run. loads: what it used from which moment on, the first from its start."""

    life: Life
    loads: tuple[tuple[float, Load], ...]

    def worked(self, moment: float, swings: Rhythm) -> float:
        """Seconds of CPU until then."""
        until, total = min(moment, self.life.end), 0.0
        for number, (since, load) in enumerate(self.loads):
            end = self.loads[number + 1][0] if number + 1 < len(self.loads) else _FOREVER
            if until > since:
                total += load.cpu * (swings.summed(min(until, end)) - swings.summed(since))
        return total

    def load_at(self, moment: float) -> tuple[float, Load]:
        """With the moment that it began."""
        return self.loads[max(bisect_right([since for since, _ in self.loads], moment) - 1, 0)]


@dataclass(frozen=True, slots=True)
class Story:
    """Of one container. limit: of memory in bytes, 0: none. Moments are seconds since 1970."""

    name: str
    image: str
    id: str
    limit: int
    memory: int  # of the machine
    health: str  # now; "" where there is no healthcheck
    stopped: bool  # by somebody, so that it is not missed
    labels: Mapping[str, str]
    runs: Sequence[Ran]
    swings: Rhythm

    @property
    def lives(self) -> list[Life]:
        return [each.life for each in self.runs]

    def worked(self, moment: float) -> float:
        """Seconds of CPU, of all runs."""
        return sum(each.worked(moment, self.swings) for each in self.runs if each.life.start < moment)

    def working(self, moment: float) -> float:
        """Cores at that moment."""
        ran = self.run_at(moment)
        return ran.load_at(moment)[1].cpu * self.swings.at(moment) if ran else 0.0

    def memory_at(self, moment: float) -> tuple[float, float]:
        """Bytes that it uses, and how many of them are cache."""
        ran = self.run_at(moment)
        if ran is None:
            return 0.0, 0.0
        since, load = ran.load_at(moment)
        restless = load.memory * _RESTLESS * (self.swings.at(moment) - 1)
        used = max(min(load.used(moment - since) + restless, self.limit or self.memory), load.cache)
        return float(used), float(load.cache)

    def run_at(self, moment: float) -> Ran | None:
        return next((each for each in self.runs if each.life.start <= moment < each.life.end), None)

    def up(self, moment: float) -> float:
        """1 while it runs, else 0."""
        return float(self.run_at(moment) is not None)


class Chronicle:
    """Of one host: what is known of its containers when it begins, and all that is told of them afterwards."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._over: dict[str, list[Ran]] = {each.id: _before(each) for each in host}
        self._swings: dict[str, Rhythm] = {}
        host.spawn(self._listen())

    async def _listen(self) -> None:
        with self.host.events.listening() as told:
            while True:
                event = await told.get()
                if event.kind == "container" and event.action == "die":
                    ended = next((each for each in self.host if each.id == event.actor), None)
                    if ended and ended.run:
                        self._over.setdefault(ended.id, []).append(_ran(ended, event.at / SECOND))

    def stories(self) -> list[Story]:
        """Of the containers that there are."""
        return [self._story(each) for each in self.host]

    def _story(self, container: Container) -> Story:
        runs = list(self._over.get(container.id, ()))
        if container.alive and container.run:
            runs.append(_ran(container, _FOREVER))
        elif container.run and not any(each.life.start == _seconds(container.started) for each in runs):
            runs.append(_ran(container, _seconds(container.finished)))  # told, and not heard yet
        spec = container.spec
        swings = self._swings.setdefault(
            container.id,
            rhythm(self.host.name, container.name, day=0.3, restless=0.4 * spec.program.load.swing + 0.05),
        )
        return Story(
            container.name, spec.image, container.id, spec.memory, self.host.machine.memory,
            container.health.status if container.health else "", _is_stopped(container), spec.labels, runs, swings,
        )  # fmt: skip


def _ran(container: Container, end: float) -> Ran:
    meter, started = container.meter, _seconds(container.started)
    loads = [(started, container.spec.program.load)]
    if _seconds(meter.since) > started:
        loads.append((_seconds(meter.since), meter.load))
    return Ran(Life(started, end), tuple(loads))


def _before(container: Container) -> list[Ran]:
    """The run before the present one, from its creation on."""
    created, finished = _seconds(container.created), _seconds(container.finished)
    if not container.finished or not container.alive:
        return []
    return [Ran(Life(created, finished), ((created, container.spec.program.load),))]


def _is_stopped(container: Container) -> bool:
    return container.held and not container.alive and not container.oom_killed


def _seconds(moment: int) -> float:
    return moment / SECOND
