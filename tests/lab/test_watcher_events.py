"""A real engine's events: what they say, what is remembered, and how soon their end is known."""

import asyncio
import time
from contextlib import aclosing
from datetime import timedelta

import pytest

from services.domain.containers import Health
from services.domain.events import Event, EventAction
from services.errors import HostSilent
from services.fleet.engine import DockerEngine
from tests.lab.server import Server
from tests.lab.transport import over_ssh, over_unix, until
from tests.lab.watching import Now

pytestmark = pytest.mark.lab


async def follow(engine: DockerEngine, into: list[Event]) -> None:
    """From a minute ago until the engine is silent."""
    async with aclosing(engine.events(since=Now().now() - timedelta(minutes=1))) as events:
        with pytest.raises(HostSilent):
            async for event in events:
                into.append(event)


async def test_what_the_engine_tells_and_remembers(server: Server) -> None:
    def acts() -> None:
        labels = {"vakhta.expected": "false", "other": "no"}
        server.run_container("shop", labels=labels, healthcheck="true", extra=["--health-interval=1s"])
        server.wait_health("shop", "healthy")
        for command in (("pause",), ("unpause",), ("kill", "-s", "USR1"), ("kill",), ("start",), ("stop",)):
            server.docker(*command, "shop")
        server.docker("rename", "shop", "store")
        server.docker("rm", "store")

    def of_shop() -> list[Event]:
        return [event for event in told if event.labels.get("vakhta.expected") == "false"]

    async def gone() -> bool:
        return any(event.action is EventAction.DESTROY for event in of_shop())

    told: list[Event] = []
    async with over_ssh(server) as engine, asyncio.TaskGroup() as group:
        following = group.create_task(follow(engine, told))
        await asyncio.to_thread(acts)
        await until(gone, "the end of shop is told", 5)
        following.cancel()
        # The same once more, from the engine's memory, beside other calls
        first, told = of_shop(), []
        again = group.create_task(follow(engine, told))
        await until(gone, "it is remembered", 5)
        again.cancel()
        assert of_shop() == first
        assert len(await engine.containers(deadline=5)) == len(server.team)

    words = [event.action for event in first if event.action is not EventAction.HEALTH_STATUS]
    assert words == [
        "create", "start", "pause", "unpause", "kill", "kill", "die", "start", "kill", "die", "stop",
        "rename", "destroy",
    ]  # fmt: skip
    assert [event.signal for event in first if event.action is EventAction.KILL] == [10, 9, 15]
    assert [event.exit_code for event in first if event.action is EventAction.DIE] == [137, 0]
    assert Health.HEALTHY in {event.health for event in first}
    assert [(e.old_name, e.name) for e in first if e.action is EventAction.RENAME] == [("shop", "store")]
    assert all(event.labels == {"vakhta.expected": "false"} for event in first)
    assert abs(first[-1].at - Now().now()) < timedelta(seconds=10)


@pytest.mark.parametrize("way", [over_ssh, over_unix])
async def test_an_engine_that_ends_is_known_at_once(server: Server, way: type) -> None:
    async with way(server) as engine:
        await engine.containers(deadline=5)
        following = asyncio.ensure_future(follow(engine, []))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(server.stop_docker)
        began = time.monotonic()
        await following
        assert time.monotonic() - began < 5


async def test_a_pulled_cable_is_noticed_though_nobody_asks(server: Server) -> None:
    async with over_ssh(server) as engine:
        await engine.containers(deadline=5)
        following = asyncio.ensure_future(follow(engine, []))
        await asyncio.sleep(0.3)
        server.pull_cable()
        async with asyncio.timeout(15):
            await following


async def test_streams_that_are_left_leave_nothing_behind(server: Server) -> None:
    async with over_ssh(server) as engine:
        await engine.containers(deadline=5)
        await asyncio.sleep(0.5)  # channels are opened ahead
        before = server.sshd_descriptors()
        for _ in range(20):
            async with aclosing(engine.events(since=Now().now() - timedelta(minutes=10))) as events:
                await anext(events)

        async def gone() -> bool:
            return server.sshd_descriptors() <= before

        await until(gone, "no channel is left open", 5)
