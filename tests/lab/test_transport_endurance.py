"""Thousands of calls leave nothing behind: no channel, thread, descriptor or process; and they hold up nobody."""

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest

from services.domain.logs import LogQuery
from services.errors import DeadlineExceeded
from services.fleet.engine import DockerEngine
from tests.garbage import set_aside
from tests.lab.servers import Server
from tests.lab.transport import over_ssh, until

pytestmark = pytest.mark.lab

CALLS = 2000


@pytest.fixture
async def engine(server: Server) -> AsyncIterator[DockerEngine]:
    async with over_ssh(server) as engine:
        yield engine


class Caller:
    """Makes calls of every kind, in a random but repeatable order; a few of them end badly."""

    def __init__(self, engine: DockerEngine, ids: list[str], toy: str) -> None:
        self.engine, self.ids, self.toy = engine, ids, toy
        self.random = random.Random(7)
        self.kinds: list[Callable[[], Awaitable[object]]] = [
            *[self.list, self.inspect, self.logs] * 30,
            *[self.peek, self.overrun, self.give_up] * 3,
            self.restart,
        ]

    async def make(self, count: int) -> None:
        """`count` calls, eight at a time."""
        left = iter(self.random.choices(self.kinds, k=count))

        async def work() -> None:
            for call in left:
                await call()

        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(work())

    async def list(self) -> None:
        assert await self.engine.containers(deadline=10)

    async def inspect(self) -> None:
        await self.engine.inspect(self.random.choice(self.ids), deadline=10)

    async def logs(self) -> None:
        async for _ in self.engine.logs(self.random.choice(self.ids), LogQuery(tail=50), deadline=10):
            pass

    async def peek(self) -> None:
        """Leave a stream after its first buffer."""
        async with aclosing(self.engine.logs(self.ids[0], LogQuery(tail=50), deadline=10)) as buffers:
            await anext(buffers, b"")

    async def overrun(self) -> None:
        with contextlib.suppress(DeadlineExceeded):
            await self.engine.containers(deadline=0.0005)

    async def give_up(self) -> None:
        """Cancelled in the middle, wherever that is."""
        for call in (self.list, self.logs):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.random.uniform(0, 0.003)):
                    await call()

    async def restart(self) -> None:
        with contextlib.suppress(DeadlineExceeded):
            await self.engine.restart(self.toy, stop_timeout=5, deadline=10)


def holdings(server: Server) -> dict[str, int]:
    return {
        "threads": threading.active_count(),
        "descriptors": len([*Path("/proc/self/fd").iterdir()]),
        "descriptors of sshd": server.sshd_descriptors(),
        "children": len(psutil.Process().children()),
    }


async def test_two_thousand_mixed_calls(engine: DockerEngine, server: Server) -> None:
    toy = server.run_container("toy")
    try:
        caller = Caller(engine, [row.id for row in await engine.containers(deadline=5)], toy)
        # Every thread and connection that may be kept: four for acts and four for reads at once.
        await asyncio.gather(*(caller.restart() for _ in range(4)), *(caller.list() for _ in range(40)))
        await caller.make(100)
        await asyncio.sleep(0.5)
        contact = engine._link.contact
        before = holdings(server)
        await caller.make(CALLS)

        async def as_before() -> bool:
            return all(after <= before[what] for what, after in holdings(server).items())

        await until(as_before, f"{holdings(server)} is no more than {before}", 10)
        assert engine._link.contact == contact, "the contact lasted"
    finally:
        server.docker("rm", "--force", toy)


async def test_the_event_loop_is_not_held(engine: DockerEngine, server: Server) -> None:
    """While forty rows, long logs and new contacts go by."""
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            began = time.thread_time()  # what else runs on the machine is no fault of ours
            await asyncio.sleep(0.005)
            longest = max(longest, time.thread_time() - began)

    talker = server.run_logger("talker", b"some words of no importance\n" * 40_000)
    server.crowd(40)
    try:
        rows = await engine.containers(deadline=5)
        with set_aside():
            async with asyncio.TaskGroup() as group:
                watcher = group.create_task(watch())
                for _ in range(30):
                    await asyncio.gather(*(engine.containers(deadline=5) for _ in range(4)))
                async for _ in engine.logs(talker, LogQuery(tail=40_000), deadline=20):
                    pass
                for _ in range(3):
                    async with over_ssh(server) as another:
                        assert len(await another.containers(deadline=5)) == len(rows)
                watcher.cancel()
    finally:
        await asyncio.to_thread(server.reset)
    assert longest < 0.1
