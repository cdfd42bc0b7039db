"""Containers that behave alike on the simulated engine and on a real dockerd (`engine_real`), each behind its own SSH
server."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from playground.engine.api.server import Sockets
from playground.engine.clock import SECOND
from playground.engine.disk import Image, Volume
from playground.engine.host import Host
from playground.engine.networks import Network
from playground.engine.program import STDERR, STDOUT, Ending, Program, Run, Said
from playground.engine.refusal import Refused
from playground.engine.spec import Bind, Healthcheck, Policy, Spec
from playground.engine.world import World
from playground.ssh import SshServer
from services.fleet.engine import DockerEngine
from services.fleet.hosts import HostAddress, open_engine

IMAGE = "busybox:lab"
NO_COMMAND = (
    "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container "
    'process: exec: "nosuchcommand": executable file not found in $PATH: unknown'
)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """How a container is created. probe: seconds between two looks at its health, None: nobody looks.

    binds: what of the host, where, and whether it may be written.
    """

    restart: Policy = field(default_factory=Policy)
    probe: float | None = None
    retries: int = 1
    stop_timeout: int | None = None
    memory: int = 0
    tty: bool = False
    labels: tuple[tuple[str, str], ...] = ()
    exposes: tuple[int, ...] = ()
    publishes: tuple[tuple[int, int], ...] = ()
    volumes: tuple[tuple[str, str], ...] = ()
    log_driver: str = "json-file"
    log_options: tuple[tuple[str, str], ...] = ()
    image: str = IMAGE
    network: str = "bridge"
    binds: tuple[tuple[str, str, bool], ...] = ()
    env: tuple[str, ...] = ()
    user: str = ""
    privileged: bool = False
    capabilities: tuple[str, ...] = ()


PLAIN = Wanted()


class Stage(Protocol):
    """Each of these starts a container and returns its id."""

    engine: DockerEngine

    async def idle(self, name: str, wanted: Wanted = ...) -> str:
        """Says nothing, and obeys SIGTERM with exit code 0."""
        ...

    async def deaf(self, name: str, wanted: Wanted = ...) -> str:
        """Does not hear SIGTERM."""
        ...

    async def short(self, name: str, code: int, *, after: float = 0, wanted: Wanted = ...) -> str:
        """Says "begun", exits with this code after so many seconds."""
        ...

    async def hog(self, name: str, wanted: Wanted = ...) -> str:
        """Takes memory without end, half a second after its start. `wanted` must have a limit."""
        ...

    async def ticker(self, name: str, wanted: Wanted = ...) -> str:
        """Says "tick 1", "tick 2" and so on, five a second, and "bye" when it is stopped."""
        ...

    async def logger(self, name: str, out: bytes, *, err: bytes = b"", tty: bool = False) -> str:
        """Has written these bytes: first to stdout, then to stderr; obeys SIGTERM."""
        ...

    async def broken(self, name: str) -> str:
        """Cannot be started, for its command is not there."""
        ...

    async def created(self, name: str, image: str = IMAGE) -> str:
        """Has never been started."""
        ...

    async def image(self, *names: str) -> str:
        """A new one of its own with these names, if any; its id."""
        ...

    async def volume(self, name: str, **labels: str) -> str:
        """name: "" for one that the engine makes up, which is returned."""
        ...

    async def network(self, name: str) -> None:
        """An internal one."""
        ...

    async def crash(self, name: str) -> None:
        """Its process is killed from outside, with SIGKILL, and not by the engine."""
        ...

    async def set_health(self, name: str, *, good: bool) -> None: ...


class Simulated:
    def __init__(self, engine: DockerEngine, host: Host) -> None:
        self.engine = engine
        self.host = host

    async def _run(self, name: str, program: Program, wanted: Wanted) -> str:
        check = "test ! -e /tmp/sick && echo well || { echo sick; exit 1; }"
        spec = Spec(
            name=name,
            image=wanted.image,
            program=program,
            command=("sh", "-c", "…"),
            labels=dict(wanted.labels),
            exposes=wanted.exposes,
            publishes=wanted.publishes,
            restart=wanted.restart,
            healthcheck=Healthcheck(check, wanted.probe, retries=wanted.retries) if wanted.probe else None,
            stop_timeout=wanted.stop_timeout,
            tty=wanted.tty,
            log_driver=wanted.log_driver,
            log_options=wanted.log_options,
            memory=wanted.memory,
            volumes=dict(wanted.volumes),
            network=wanted.network,
            binds=tuple(Bind(*each) for each in wanted.binds),
            env=wanted.env,
            user=wanted.user,
            privileged=wanted.privileged,
            capabilities=wanted.capabilities,
        )
        container = self.host.create(spec)
        try:
            await self.host.life(container).start()
        except Refused:
            assert program.start_error
        return container.id

    async def idle(self, name: str, wanted: Wanted = Wanted()) -> str:
        return await self._run(name, Program(), wanted)

    async def deaf(self, name: str, wanted: Wanted = Wanted()) -> str:
        return await self._run(name, Program(stops=None), wanted)

    async def short(self, name: str, code: int, *, after: float = 0, wanted: Wanted = Wanted()) -> str:
        def says(run: Run) -> Iterator[Said]:
            return iter([Said(run.started, b"begun\n")])

        return await self._run(name, Program(says, ending=lambda run: Ending(after, code)), wanted)

    async def hog(self, name: str, wanted: Wanted = Wanted()) -> str:
        return await self._run(name, Program(ending=lambda run: Ending(0.5, oom=True)), wanted)

    async def ticker(self, name: str, wanted: Wanted = Wanted()) -> str:
        def says(run: Run) -> Iterator[Said]:
            for number in range(1, 1000):
                yield Said(run.started + number * SECOND // 5, b"tick %d\n" % number)

        return await self._run(name, Program(says, stops=Ending(0.02, 0, says=(b"bye\n",))), wanted)

    async def logger(self, name: str, out: bytes, *, err: bytes = b"", tty: bool = False) -> str:
        def says(run: Run) -> Iterator[Said]:
            yield Said(run.started, out, STDOUT)
            yield Said(run.started + 1000, err, STDERR)

        return await self._run(name, Program(says), Wanted(tty=tty))

    async def broken(self, name: str) -> str:
        return await self._run(name, Program(start_error=NO_COMMAND), Wanted())

    async def created(self, name: str, image: str = IMAGE) -> str:
        return self.host.create(Spec(name=name, image=image)).id

    async def image(self, *names: str) -> str:
        made = f"sha256:{secrets.token_hex(32)}"
        self.host.disk.keep(Image(made, names, self.host.clock.now(), 2 << 20))
        return made

    async def volume(self, name: str, **labels: str) -> str:
        volume = Volume(name or secrets.token_hex(32), self.host.clock.now(), labels=labels)
        self.host.disk.keep(volume)
        return volume.name

    async def network(self, name: str) -> None:
        self.host.networks.make(Network(name, internal=True))

    async def crash(self, name: str) -> None:
        self.host.life(self.host.find(name)).die(Ending(exit_code=137))

    async def set_health(self, name: str, *, good: bool) -> None:
        self.host.life(self.host.find(name)).checkup.sick = None if good else "sick\n"


@asynccontextmanager
async def simulated(directory: Path) -> AsyncIterator[Simulated]:
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(World())
        sockets = await stack.enter_async_context(Sockets(directory))
        host = world.host("server2")
        paths = {"server2": await sockets.open(host)}
        ssh = await stack.enter_async_context(SshServer(directory, paths))
        settings: dict[str, Any] = ssh.settings("server2")
        address = HostAddress("server2", **settings)
        engine = await stack.enter_async_context(open_engine(address))
        yield Simulated(engine, host)
