"""A container's life: started, stopped, killed, dying of itself and brought back, as dockerd does it."""

import asyncio
from collections import deque

from playground.engine.clock import SECOND, Pulse
from playground.engine.container import Container, Status, identity
from playground.engine.events import Event
from playground.engine.health import Checkup
from playground.engine.program import KILL, TERM, Ending, Run
from playground.engine.refusal import NotModified, Refused
from playground.engine.surroundings import Surroundings

STOP_TIMEOUT = 10
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 60.0
LONG_ENOUGH = 10.0  # seconds that it ran, then the pauses begin anew
NOT_FOUND = 127


class Life:
    """endings: of the next runs, before the program's own. start_errors: of the next starts."""

    def __init__(self, container: Container, around: Surroundings) -> None:
        self.endings: deque[Ending] = deque()
        self.start_errors: deque[str] = deque()
        self.checkup = Checkup(container, around)
        self._container = container
        self._around = around
        self._changed = Pulse(around.clock)
        self._starting = asyncio.Lock()
        self._pause = 0.0
        self._fate: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Raises NotModified, Refused."""
        if self._container.status is Status.PAUSED:
            raise Refused(409, "cannot start a paused container, try unpause instead")
        if self._container.status is Status.RUNNING:
            raise NotModified
        await self._start_by_hand()

    async def stop(self, seconds: int | None) -> None:
        """seconds: until it is killed, None: its own, negative: never. Raises NotModified."""
        if self._container.status in (Status.CREATED, Status.EXITED):
            raise NotModified
        await self._halt(seconds)

    async def restart(self, seconds: int | None) -> None:
        if self._container.status not in (Status.CREATED, Status.EXITED):
            await self._halt(seconds)
        try:
            await self._start_by_hand()
        except Refused as refused:
            raise Refused(
                500, f"Cannot restart container {self._container.name}: {refused.message}"
            ) from None
        self._tell("restart")

    def kill(self, signal: int) -> None:
        """Raises Refused."""
        container = self._container
        if container.status is Status.RESTARTING:
            self._give_up()
        elif not container.alive:
            raise Refused(409, f"Container {container.id} is not running")
        else:
            self._signal(signal)

    def leave(self) -> None:
        """For its removal."""
        if self._container.alive:
            self._signal(KILL)
        elif self._container.status is Status.RESTARTING:
            self._give_up()

    def pause(self) -> None:
        container = self._container
        if not container.alive:
            raise Refused(409, f"Container {container.id} is not running")
        if container.status is Status.PAUSED:
            raise Refused(409, f"Container {container.id} is already paused")
        container.status = Status.PAUSED
        self.checkup.stop_counting()
        self._tell("pause")

    def unpause(self) -> None:
        if self._container.status is not Status.PAUSED:
            raise Refused(500, f"Container {self._container.id} is not paused")
        self._container.status = Status.RUNNING
        self._tell("unpause")

    def die(self, ending: Ending) -> None:
        """Now, whatever its `after` says."""
        container, at = self._container, self._around.clock.now()
        if self._fate and self._fate is not asyncio.current_task():
            self._fate.cancel()
        if ending.oom:
            self._tell("oom")
        comes_back = self._comes_back(ending.code, (at - container.started) / SECOND)
        container.end(ending, at, comes_back=comes_back)
        self.checkup.end()
        self._tell("die", exitCode=str(ending.code))
        self._detach()
        self._changed.beat()
        if comes_back:
            self._fate = self._around.spawn(self._come_back())

    def next_run(self, at: int, kept_from: int = 0) -> Run:
        """It runs from now on, or has done so since `at`. Tells nobody."""
        container = self._container
        kept = max(kept_from, container.created)
        number = container.runs + 1
        run = Run(self._around.host, container.name, container.id, number, at, kept)
        container.live(run)
        return run

    async def _start_by_hand(self) -> None:
        container = self._container
        async with self._starting:
            if container.alive:
                return
            container.restart_count, container.held, self._pause = 0, False, 0.0
            if self._fate:
                self._fate.cancel()
            await self._begin()

    async def _begin(self) -> None:
        container, program = self._container, self._container.spec.program
        self._attach()
        if error := self.start_errors.popleft() if self.start_errors else program.start_error:
            self._detach()
            container.exit_code, container.error = NOT_FOUND, error
            container.status = Status.EXITED if container.runs else Status.CREATED
            raise Refused(400, error)
        await self._around.clock.sleep(program.starts_in)
        run = self.next_run(self._around.clock.now())
        self.checkup.begin(run)
        self._tell("start")
        if ending := self.endings.popleft() if self.endings else program.ending(run):
            self._fate = self._around.spawn(self._meet(ending, run))

    async def _meet(self, ending: Ending, run: Run) -> None:
        await self._around.clock.sleep(ending.after)
        if self._container.alive and self._container.runs == run.number:
            self.die(ending)

    def _comes_back(self, exit_code: int, ran: float) -> bool:
        container, policy = self._container, self._container.spec.restart
        before = 0.0 if ran >= LONG_ENOUGH else self._pause
        self._pause = min(before * 2, LONGEST_PAUSE) or FIRST_PAUSE
        if container.held:
            return False
        if policy.name == "on-failure":
            return exit_code != 0 and (not policy.retries or container.restart_count < policy.retries)
        return policy.name in ("always", "unless-stopped")

    async def _come_back(self) -> None:
        await self._around.clock.sleep(self._pause)
        async with self._starting:
            if self._container.status is Status.RESTARTING:
                try:
                    await self._begin()
                except Refused:
                    self._changed.beat()

    def _give_up(self) -> None:
        """While it waits to be brought back."""
        self._container.held = True
        if self._fate:
            self._fate.cancel()
        self._container.status = Status.EXITED

    async def _halt(self, seconds: int | None) -> None:
        container = self._container
        if container.status is Status.RESTARTING:
            self._give_up()
        elif container.alive:
            own = STOP_TIMEOUT if container.spec.stop_timeout is None else container.spec.stop_timeout
            run, wait = container.runs, own if seconds is None else seconds
            self._signal(container.spec.stop_signal)
            end = self._around.clock.now() + wait * SECOND
            while container.alive and container.runs == run:
                left = (end - self._around.clock.now()) / SECOND
                if wait >= 0 and left <= 0:
                    self._signal(KILL)
                    break
                await self._changed.next(left if wait >= 0 else None)
        self._tell("stop")

    def _signal(self, number: int) -> None:
        container, stops = self._container, self._container.spec.program.stops
        container.held = True
        self._tell("kill", signal=str(number))
        if container.status is Status.PAUSED:
            self.unpause()
        if number == KILL:
            self.die(Ending(exit_code=128 + KILL))
        elif stops and number in (TERM, container.spec.stop_signal):
            self._around.spawn(self._obey(stops, container.runs))

    async def _obey(self, stops: Ending, run: int) -> None:
        await self._around.clock.sleep(stops.after)
        if self._container.alive and self._container.runs == run:
            self.die(stops)

    def _attach(self) -> None:
        self._tell_network("connect")
        for volume, place in self._container.spec.volumes.items():
            facts = {"container": self._container.id, "destination": place, "driver": "local"}
            facts |= {"propagation": "", "read/write": "true"}
            self._around.events.tell(Event("volume", "mount", volume, self._around.clock.now(), facts))

    def _detach(self) -> None:
        self._tell_network("disconnect")
        for volume in self._container.spec.volumes:
            facts = {"container": self._container.id, "driver": "local"}
            self._around.events.tell(Event("volume", "unmount", volume, self._around.clock.now(), facts))

    def _tell_network(self, action: str) -> None:
        network = self._container.spec.network
        facts = {"container": self._container.id, "name": network, "type": "bridge"}
        actor = identity(self._around.host, "network", network)
        self._around.events.tell(Event("network", action, actor, self._around.clock.now(), facts))

    def _tell(self, action: str, **facts: str) -> None:
        self._around.events.of(self._container, action, self._around.clock.now(), **facts)
