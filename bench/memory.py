"""What the bot adds to the memory that importing its libraries takes. Resident set sizes, MB of 10^6 bytes."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil

from bench.stage import Stage

PACKAGES = (
    "aiogram, aiohttp_socks, asyncssh, babel, docker, httpx, msgspec, pydantic_settings, rapidfuzz, re2,"
    " redis.asyncio"
)
_BARE = f"""
import asyncio, {PACKAGES}
print("imported", flush=True)
asyncio.run(asyncio.sleep(600))
"""
_SETTLED = 5.0
_LOOK_EVERY = 0.1


def resident(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss / 1e6)


@dataclass
class Memory:
    """Resident MB (10^6 bytes) of one process: before, and at the most."""

    pid: int
    idle: float = 0.0
    peak: float = 0.0

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        self.idle = self.peak = resident(self.pid)
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(self._watch())
            yield
            watch.cancel()

    async def _watch(self) -> None:
        while True:
            self.peak = max(self.peak, resident(self.pid))
            await asyncio.sleep(_LOOK_EVERY)


async def idle(stage: Stage) -> float:
    """The bot's figure some seconds after its last work."""
    await asyncio.sleep(_SETTLED)
    return resident(stage.bot.pid)


async def bare() -> float:
    """The figure of a fresh interpreter that has imported the packages and runs an event loop."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _BARE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    try:
        assert await process.stdout.readline() == b"imported\n"
        await asyncio.sleep(1)
        return resident(process.pid)
    finally:
        process.kill()
        await process.communicate()


def report(fresh: float, worked: float, imported: float) -> None:
    print("\nmemory with 2 hosts")
    print(f"  {'bare import of the same packages':<52} {imported:8.1f} MB")
    print(f"  {'the idle bot':<52} {fresh:8.1f} MB")
    print(f"  {'difference':<52} {fresh - imported:8.1f} MB  wanted: 40 MB or less")
    print(f"  {'the idle bot after the commands above, difference':<52} {worked - imported:8.1f} MB")
