"""A simulated server: its containers, and what it tells of them."""

from collections.abc import Iterator
from dataclasses import dataclass

from playground.engine.clock import SECOND, Clock, Pulse
from playground.engine.container import Container, Status, identity
from playground.engine.disk import Disk
from playground.engine.events import Events
from playground.engine.life import Life
from playground.engine.networks import Networks
from playground.engine.refusal import Refused, no_such_container
from playground.engine.spec import Spec
from playground.engine.surroundings import Spawn, Surroundings

_TAKEN = (
    'Conflict. The container name "/{}" is already in use by container "{}". You have to remove (or rename) '
    "that container to be able to reuse that name."
)
_RUNS = "You cannot remove a {} container {}. {} before attempting removal or force remove"


@dataclass(frozen=True, slots=True)
class Machine:
    """What the engine tells of the computer and of its own settings. memory: bytes. up: seconds since it was started.

    live_restore: whether containers go on while the engine is restarted.
    """

    cores: int = 4
    memory: int = 8 << 30
    system: str = "Debian GNU/Linux 12 (bookworm)"
    kernel: str = "6.1.0-28-amd64"
    up: float = 40 * 86400.0
    live_restore: bool = False


class Host:
    def __init__(self, name: str, clock: Clock, spawn: Spawn, machine: Machine | None = None) -> None:
        self.name = name
        self.clock = clock
        self.spawn = spawn
        self.machine = machine or Machine()
        self.events = Events()
        self.booted = clock.now() - int(self.machine.up * SECOND)
        self._silent = False
        self._spoke = Pulse(clock)
        self._around = Surroundings(name, clock, self.events, spawn)
        self._by_id: dict[str, Container] = {}
        self._by_name: dict[str, Container] = {}
        self._lives: dict[str, Life] = {}
        self.disk = Disk(clock, self.events, self._by_id.values())
        self.networks = Networks(self._by_id.values())

    def __iter__(self) -> Iterator[Container]:
        """Oldest first."""
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def find(self, reference: str) -> Container:
        """By id, name or the beginning of an id. Raises Refused."""
        exact = self._by_id.get(reference) or self._by_name.get(reference.removeprefix("/"))
        if exact:
            return exact
        begun = [each for each in self._by_id if reference and each.startswith(reference)]
        if len(begun) > 1:
            raise Refused(500, f"Multiple IDs found with provided prefix: {reference}")
        if not begun:
            raise no_such_container(reference)
        return self._by_id[begun[0]]

    def life(self, container: Container) -> Life:
        if container.id not in self._lives:
            self._lives[container.id] = Life(container, self._around)
        return self._lives[container.id]

    def add(self, spec: Spec, created: int) -> Container:
        """It does not run yet, and nobody is told. created: ns since 1970. Raises Refused: the name is taken."""
        if taken := self._by_name.get(spec.name):
            raise Refused(409, _TAKEN.format(spec.name, taken.id))
        identity_ = identity(self.name, spec.name, str(created))
        image = self.disk.serve(spec, created)
        container = Container(spec, identity_, created, self.clock, image, len(self._by_id) + 1)
        self._by_id[container.id] = self._by_name[spec.name] = container
        return container

    def create(self, spec: Spec) -> Container:
        container = self.add(spec, self.clock.now())
        self.events.of(container, "create", self.clock.now())
        return container

    async def run(self, spec: Spec) -> Container:
        """Raises Refused where it cannot be started."""
        container = self.create(spec)
        await self.life(container).start()
        return container

    def clear(self, container: Container) -> None:
        """As `docker rm` does. Raises Refused: it runs."""
        if container.alive or container.status is Status.RESTARTING:
            paused = container.status is Status.PAUSED
            first = "Unpause and then stop the container" if paused else "Stop the container"
            raise Refused(409, _RUNS.format(container.status, container.id, first))
        self.remove(container)

    def remove(self, container: Container) -> None:
        """By force, as `docker rm --force` does."""
        self.life(container).leave()
        del self._by_id[container.id], self._by_name[container.name]
        self._lives.pop(container.id, None)
        self.events.of(container, "destroy", self.clock.now())

    def fall_silent(self) -> None:
        """From now on connections are taken and nothing is answered, until it may `speak`."""
        self._silent = True

    def speak(self) -> None:
        self._silent = False
        self._spoke.beat()

    async def answers(self) -> None:
        """Returns when it may answer."""
        while self._silent:
            await self._spoke.next()
