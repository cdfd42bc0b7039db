"""server2's Traefik, simulated and real, and a hand on the containers behind it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from aiohttp import web

from playground.engine.api.listing import address
from playground.engine.host import Host
from playground.engine.story import Story
from playground.engine.team import open_team
from playground.engine.world import World
from playground.traefik.server import api
from services.domain.routing import Routing
from services.traefik import open_traefik
from tests.lab.obtainable import obtainable
from tests.lab.servers import Server
from tests.lab.traefik import TraefikServer
from tests.unit.manual_clock import ManualClock

PATIENCE = 20.0  # seconds: the Docker provider is told of what happens, and waits a while for more


class Stage(Protocol):
    url: str

    async def address(self, name: str) -> str:
        """Of a container, in its network."""
        ...

    async def stop(self, name: str) -> None: ...

    async def start(self, name: str) -> None: ...

    async def pause(self, name: str) -> None: ...

    async def sicken(self, name: str) -> None:
        """Returns when it is unhealthy."""
        ...


class Simulated:
    def __init__(self, url: str, host: Host, clock: ManualClock) -> None:
        self.url = url
        self._host, self._clock = host, clock

    async def address(self, name: str) -> str:
        return address(self._host.find(name))

    async def stop(self, name: str) -> None:
        await self._act(self._host.life(self._host.find(name)).stop(1))

    async def start(self, name: str) -> None:
        await self._act(self._host.life(self._host.find(name)).start())
        await self._clock.advance(60)

    async def pause(self, name: str) -> None:
        self._host.life(self._host.find(name)).pause()

    async def sicken(self, name: str) -> None:
        Story(self._host).sicken(name, "sick")
        await self._clock.advance(60)

    async def _act(self, act: Awaitable[None]) -> None:
        doing = asyncio.ensure_future(act)
        while not doing.done():
            await self._clock.advance(1)
        await doing


class Real:
    def __init__(self, url: str, server: Server) -> None:
        self.url = url
        self._server = server

    async def address(self, name: str) -> str:
        found = await self._docker("inspect", "--format={{.NetworkSettings.IPAddress}}", name)
        return found.strip()

    async def stop(self, name: str) -> None:
        await self._docker("stop", "--time=1", name)

    async def start(self, name: str) -> None:
        await self._docker("start", name)

    async def pause(self, name: str) -> None:
        await self._docker("pause", name)

    async def sicken(self, name: str) -> None:
        await asyncio.to_thread(self._server.set_health, name, good=False)
        await asyncio.to_thread(self._server.wait_health, name, "unhealthy")

    async def _docker(self, *words: str) -> str:
        return await asyncio.to_thread(self._server.docker, *words)


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    """Its URL."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def simulated(login: str = "") -> AsyncIterator[Simulated]:
    clock = ManualClock()
    async with World(clock) as world:
        _, server2 = open_team(world)
        async with serving(api(server2, login=login)) as url:
            yield Simulated(url, server2, clock)


@asynccontextmanager
async def real(server: Server, home: Path, login: str = "") -> AsyncIterator[Real]:
    """On this machine's own loopback, where a test can ask it; its login is `NAME:PASSWORD`."""
    name, _, password = login.partition(":")
    resolver = {"acme": {"email": "admin@tapbot.kz", "storage": str(home / "acme.json"), "tlsChallenge": {}}}
    resolver["acme"]["caServer"] = "https://127.0.0.1:1/directory"  # nobody is there
    traefik = TraefikServer(
        home,
        {},
        {"certificatesResolvers": {"letsencrypt": resolver}},
        docker_socket=server.docker_socket,
        login=(name, password) if login else None,
    )
    with obtainable():
        traefik.start()
    try:
        yield Real(traefik.url, server)
    finally:
        traefik.kill()


async def settled(stage: Stage, so: Callable[[Routing], bool]) -> Routing:
    """When that is true of it."""
    async with open_traefik(stage.url) as traefik, asyncio.timeout(PATIENCE):
        while not so(routing := await traefik.routing()):
            await asyncio.sleep(0.05)
    return routing
