"""The demo as a process of its own, as somebody starts it: `python -m bot demo`."""

import asyncio
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
_PATIENCE = 60.0  # seconds, of a machine that has much else to do


async def begin(*arguments: str, environment: Mapping[str, str] | None = None) -> asyncio.subprocess.Process:
    """environment: None for one's own."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "demo", *arguments, cwd=ROOT, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def end(process: asyncio.subprocess.Process) -> float:
    """By Ctrl-C; the seconds that it took. Raises TimeoutError when it had to be killed."""
    begun = time.monotonic()
    if process.returncode is None:
        process.send_signal(signal.SIGINT)
    try:
        async with asyncio.timeout(_PATIENCE):
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return time.monotonic() - begun


@asynccontextmanager
async def demo(
    *arguments: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """On a free port, until the end of the context: the page's address, once it can be opened."""
    process = await begin("--port", "0", *arguments, environment=environment)
    assert process.stdout and process.stderr
    try:
        async with asyncio.timeout(_PATIENCE):
            line = (await process.stdout.readline()).decode()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        if not found:
            raise RuntimeError(f"the demo does not start: {(await process.stderr.read()).decode()}")
        yield found[0], process
    finally:
        await end(process)
