"""The containers of `engine_stages` on a real dockerd of the lab, made by the admin's hand."""

import asyncio
import os
import secrets
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from subprocess import CalledProcessError

from services.fleet.engine import DockerEngine
from tests.contract.engine_stages import IMAGE, PLAIN, Wanted
from tests.lab.servers import Server
from tests.lab.transport import over_ssh

_IDLE = "trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done"


class Real:
    def __init__(self, engine: DockerEngine, server: Server) -> None:
        self.engine = engine
        self.server = server
        self._made: list[tuple[str, ...]] = []

    async def _run(self, name: str, script: str, wanted: Wanted, *more: str) -> str:
        options = [f"--label={key}={value}" for key, value in wanted.labels]
        options += [f"--expose={port}" for port in wanted.exposes]
        options += [f"--publish={outer}:{inner}" for outer, inner in wanted.publishes]
        options += [f"--volume={volume}:{place}" for volume, place in wanted.volumes]
        options += [f"--log-driver={wanted.log_driver}", f"--network={wanted.network}"]
        options += [f"--log-opt={key}={value}" for key, value in wanted.log_options]
        options += [f"--volume={path}:{place}{'' if rw else ':ro'}" for path, place, rw in wanted.binds]
        options += [f"--env={each}" for each in wanted.env] + [f"--cap-add={c}" for c in wanted.capabilities]
        options += [f"--user={wanted.user}"] if wanted.user else []
        options += ["--privileged"] if wanted.privileged else []
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
            image=wanted.image,
            healthcheck=check,
            restart=restart,
            tty=wanted.tty,
            extra=[*options, *more],
        )

    async def idle(self, name: str, wanted: Wanted = PLAIN) -> str:
        return await self._run(name, _IDLE, wanted)

    async def deaf(self, name: str, wanted: Wanted = PLAIN) -> str:
        return await self._run(name, "trap '' TERM; while :; do sleep 1; done", wanted)

    async def short(self, name: str, code: int, *, after: float = 0, wanted: Wanted = PLAIN) -> str:
        return await self._run(name, f"echo begun; sleep {after}; exit {code}", wanted)

    async def hog(self, name: str, wanted: Wanted = PLAIN) -> str:
        return await self._run(name, "sleep 1; x=a; while :; do x=$x$x; done", wanted)

    async def ticker(self, name: str, wanted: Wanted = PLAIN) -> str:
        script = (
            "trap 'echo bye; exit 0' TERM; n=0; while :; do sleep 0.2 & wait $!; echo tick $((n+=1)); done"
        )
        return await self._run(name, script, wanted)

    async def logger(self, name: str, out: bytes, *, err: bytes = b"", tty: bool = False) -> str:
        if tty or not err:
            return await asyncio.to_thread(self.server.run_logger, name, out, err=err, tty=tty)
        # Two streams are copied side by side: only what is written later is certainly later in the log.
        script = f"printf '{_octal(out)}'; sleep 0.3; printf '{_octal(err)}' >&2; {_IDLE}"
        identity = await self._run(name, script, PLAIN)
        await asyncio.sleep(1)
        return identity

    async def broken(self, name: str) -> str:
        identity = await self._docker("create", f"--name={name}", IMAGE, "nosuchcommand")
        try:
            await self._docker("start", identity)
        except CalledProcessError:
            return identity
        raise AssertionError("it started")

    async def created(self, name: str, image: str = IMAGE) -> str:
        return await self._docker("create", f"--name={name}", image, "true")

    async def image(self, *names: str) -> str:
        base = await self.created("base")
        made = await self._docker("commit", f"--message={secrets.token_hex(8)}", base)
        await self._docker("rm", base)
        for name in names:
            await self._docker("tag", made, name)
        self._made.append(("rmi", "--force", made))
        return made

    async def volume(self, name: str, **labels: str) -> str:
        marks = [f"--label={key}={value}" for key, value in labels.items()]
        return await self._docker("volume", "create", *marks, *([name] if name else []))

    async def network(self, name: str) -> None:
        await self._docker("network", "create", "--internal", name)
        self._made.append(("network", "rm", name))

    async def _docker(self, *words: str) -> str:
        return (await asyncio.to_thread(self.server.docker, *words)).strip()

    async def clear(self) -> None:
        """What is none of the lab's and outlives its tests."""
        if self._made:
            await asyncio.to_thread(self.server.reset)
        for words in self._made:
            with suppress(CalledProcessError):  # the test has removed it
                await self._docker(*words)

    async def crash(self, name: str) -> None:
        pid = await asyncio.to_thread(self.server.docker, "inspect", "--format={{.State.Pid}}", name)
        os.kill(int(pid), signal.SIGKILL)

    async def set_health(self, name: str, *, good: bool) -> None:
        await asyncio.to_thread(self.server.set_health, name, good=good)


def _octal(text: bytes) -> str:
    """For printf."""
    return "".join(f"\\{byte:03o}" for byte in text)


@asynccontextmanager
async def real(server: Server) -> AsyncIterator[Real]:
    async with over_ssh(server) as engine:
        stage = Real(engine, server)
        try:
            yield stage
        finally:
            await stage.clear()
