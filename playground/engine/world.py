"""All simulated servers of one simulation, and whatever goes on in them meanwhile."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

from playground.engine.clock import Clock, WallClock
from playground.engine.host import Host, Machine


class World:
    """An asynchronous context: what its hosts do in the background ends with it."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or WallClock()
        self.hosts: dict[str, Host] = {}
        self._group = asyncio.TaskGroup()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        if isinstance(error, asyncio.CancelledError):  # perhaps the group's own, since something in it failed
            await self._group.__aexit__(kind, error, trace)
        else:  # the group would wrap it
            await self._group.__aexit__(None, None, None)

    def host(self, name: str, machine: Machine | None = None) -> Host:
        """A new host without containers."""
        self.hosts[name] = Host(name, self.clock, self._spawn, machine)
        return self.hosts[name]

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
