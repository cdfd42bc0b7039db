"""Very many simulated servers for tests and benches, in a process of their own, so that the bot alone is measured."""

import asyncio
import json
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

HOSTS, CONTAINERS = 500, 100
_LONGEST_LINE = 1 << 20


@dataclass(frozen=True)
class Crowd:
    """hosts: `host-000` and so on, as they stand in the bot's settings."""

    hosts: Mapping[str, Mapping[str, str]]
    process: Process

    async def silence(self, host: str) -> None:
        """Its engine answers nothing any more, though SSH does."""
        await self._tell(f"silence {host}\n")

    async def speak(self, host: str) -> None:
        await self._tell(f"speak {host}\n")

    async def _tell(self, line: str) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(line.encode())
        assert (await self.process.stdout.readline()).decode() == line


@asynccontextmanager
async def open_crowd(
    hosts: int = HOSTS, containers: int = CONTAINERS, *, down: int = 1
) -> AsyncIterator[Crowd]:
    """down: of each host, how many containers are down."""
    with tempfile.TemporaryDirectory(prefix="crowd-") as directory:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "playground.crowd", directory, str(hosts), str(containers), str(down),
            stdin=PIPE, stdout=PIPE, limit=_LONGEST_LINE, cwd=Path(__file__).parents[1],
        )  # fmt: skip
        assert process.stdin
        assert process.stdout
        try:
            yield Crowd(json.loads(await process.stdout.readline()), process)
        finally:
            process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), 10)
            except TimeoutError:
                process.kill()
                await process.wait()
