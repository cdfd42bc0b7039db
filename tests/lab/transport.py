"""What the tests of the transport share: engines of the lab's servers, and waiting."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from services.errors import HostError, HostSilent, Silence
from services.fleet.engine import DockerEngine
from services.fleet.hosts import HostAddress, open_engine
from tests.lab.servers import Server


def address_of(server: Server, **changes: Any) -> HostAddress:
    """The server through its restricted key; `changes` replace fields."""
    fields = {
        "name": server.name,
        "address": f"ssh://{server.ssh_user}@{server.address}:{server.ssh_port}",
        "identity_file": str(server.identity_file),
        "known_hosts": str(server.known_hosts),
        "docker_socket": server.docker_socket,
    }
    return HostAddress(**{**fields, **changes})


def over_ssh(server: Server, **changes: Any) -> AbstractAsyncContextManager[DockerEngine]:
    return open_engine(address_of(server, **changes))


def over_unix(server: Server) -> AbstractAsyncContextManager[DockerEngine]:
    return open_engine(HostAddress(name=server.name, address=f"unix://{server.docker_socket}"))


async def silence_of(engine: DockerEngine) -> HostSilent:
    """Why the host is silent; fails when it answers."""
    try:
        await engine.containers(deadline=15)
    except HostSilent as silence:
        return silence
    raise AssertionError(f"{engine.host} answers")


async def until(holds: Callable[[], Awaitable[bool]], what: str, seconds: float = 30) -> None:
    """Wait for it; fails in the end."""
    end = asyncio.get_running_loop().time() + seconds
    while not await holds():
        assert asyncio.get_running_loop().time() < end, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.05)


async def until_silent(engine: DockerEngine, reason: Silence, seconds: float = 30) -> HostSilent:
    found: list[HostSilent] = []

    async def silent() -> bool:
        try:
            await engine.containers(deadline=1)
        except HostSilent as silence:
            found[:] = [silence]
            return silence.reason is reason
        except HostError:
            return False
        return False

    await until(silent, f"{engine.host} is silent: {reason}, but {found}", seconds)
    return found[0]


async def until_back(engine: DockerEngine, seconds: float = 30) -> None:
    async def answers() -> bool:
        try:
            await engine.containers(deadline=2)
        except HostError:
            return False
        return True

    await until(answers, f"{engine.host} answers again", seconds)
