"""Containers that behave alike on the simulated engine and on a real dockerd, each behind its own SSH server."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any, Protocol

from playground.engine.api.server import Sockets
from playground.engine.clock import SECOND
from playground.engine.host import Host
from playground.engine.program import STDERR, STDOUT, Ending, Program, Run, Said
from playground.engine.refusal import Refused
from playground.engine.spec import Healthcheck, Policy, Spec
from playground.engine.world import World
from playground.ssh import SshServer
from services.fleet.engine import DockerEngine
from services.fleet.hosts import HostAddress, open_engine
from tests.lab.servers import Server
from tests.lab.transport import over_ssh

IMAGE = "busybox:lab"
NO_COMMAND = (
    "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container "
    'process: exec: "nosuchcommand": executable file not found in $PATH: unknown'
)


_IDLE = "trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """How a container is created. probe: seconds between two looks at its health, None: nobody looks."""

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

    async def created(self, name: str) -> str:
        """Has never been started."""
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
            image=IMAGE,
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
            memory=wanted.memory,
            volumes=dict(wanted.volumes),
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

    async def created(self, name: str) -> str:
        return self.host.create(Spec(name=name, image=IMAGE)).id

    async def crash(self, name: str) -> None:
        self.host.life(self.host.find(name)).die(Ending(exit_code=137))

    async def set_health(self, name: str, *, good: bool) -> None:
        self.host.life(self.host.find(name)).checkup.sick = None if good else "sick\n"


class Real:
    def __init__(self, engine: DockerEngine, server: Server) -> None:
        self.engine = engine
        self.server = server

    async def _run(self, name: str, script: str, wanted: Wanted, *more: str) -> str:
        options = [f"--label={key}={value}" for key, value in wanted.labels]
        options += [f"--expose={port}" for port in wanted.exposes]
        options += [f"--publish={outer}:{inner}" for outer, inner in wanted.publishes]
        options += [f"--volume={volume}:{place}" for volume, place in wanted.volumes]
        options += [f"--log-driver={wanted.log_driver}"]
        if wanted.memory:
            options += [f"--memory={wanted.memory}"]
        if wanted.stop_timeout is not None:
            options += [f"--stop-timeout={wanted.stop_timeout}"]
        check = None
        if wanted.probe:
            check = "test ! -e /tmp/sick && echo well || { echo sick; exit 1; }"
            options += [f"--health-interval={wanted.probe}s", f"--health-retries={wanted.retries}"]
        policy = wanted.restart
        restart = f"{policy.name}:{policy.retries}" if policy.retries else policy.name
        return await asyncio.to_thread(
            self.server.run_container,
            name,
            *("sh", "-c", script),
            healthcheck=check,
            restart=restart,
            tty=wanted.tty,
            extra=[*options, *more],
        )

    async def idle(self, name: str, wanted: Wanted = Wanted()) -> str:
        return await self._run(name, _IDLE, wanted)

    async def deaf(self, name: str, wanted: Wanted = Wanted()) -> str:
        return await self._run(name, "trap '' TERM; while :; do sleep 1; done", wanted)

    async def short(self, name: str, code: int, *, after: float = 0, wanted: Wanted = Wanted()) -> str:
        return await self._run(name, f"echo begun; sleep {after}; exit {code}", wanted)

    async def hog(self, name: str, wanted: Wanted = Wanted()) -> str:
        return await self._run(name, "sleep 0.5; x=a; while :; do x=$x$x; done", wanted)

    async def ticker(self, name: str, wanted: Wanted = Wanted()) -> str:
        script = (
            "trap 'echo bye; exit 0' TERM; n=0; while :; do sleep 0.2 & wait $!; echo tick $((n+=1)); done"
        )
        return await self._run(name, script, wanted)

    async def logger(self, name: str, out: bytes, *, err: bytes = b"", tty: bool = False) -> str:
        if tty or not err:
            return await asyncio.to_thread(self.server.run_logger, name, out, err=err, tty=tty)
        # Two streams are copied side by side: only what is written later is certainly later in the log.
        script = f"printf '{_octal(out)}'; sleep 0.3; printf '{_octal(err)}' >&2; {_IDLE}"
        identity = await self._run(name, script, Wanted())
        await asyncio.sleep(1)
        return identity

    async def broken(self, name: str) -> str:
        create = ("create", f"--name={name}", IMAGE, "nosuchcommand")
        identity = (await asyncio.to_thread(self.server.docker, *create)).strip()
        try:
            await asyncio.to_thread(self.server.docker, "start", identity)
        except CalledProcessError:
            return identity
        raise AssertionError("it started")

    async def created(self, name: str) -> str:
        create = ("create", f"--name={name}", IMAGE, "true")
        return (await asyncio.to_thread(self.server.docker, *create)).strip()

    async def crash(self, name: str) -> None:
        pid = await asyncio.to_thread(self.server.docker, "inspect", "--format={{.State.Pid}}", name)
        os.kill(int(pid), signal.SIGKILL)

    async def set_health(self, name: str, *, good: bool) -> None:
        await asyncio.to_thread(self.server.set_health, name, good=good)


def _octal(text: bytes) -> str:
    """For printf."""
    return "".join(f"\\{byte:03o}" for byte in text)


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


@asynccontextmanager
async def real(server: Server) -> AsyncIterator[Real]:
    async with over_ssh(server) as engine:
        yield Real(engine, server)
