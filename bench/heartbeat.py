"""The bot with a pulse: `python -m bench.heartbeat FILE` runs it and writes how long its event loop was held.

FILE gets the longest hold since it was last removed, in milliseconds.
"""

import asyncio
import sys
from pathlib import Path
from time import perf_counter

from bot.__main__ import main
from bot.app import run
from bot.settings import Settings

_BEAT = 0.002


async def _pulse(file: Path) -> None:
    longest = 0.0
    while True:
        began = perf_counter()
        await asyncio.sleep(_BEAT)
        hold = perf_counter() - began - _BEAT
        if not file.exists() or hold > longest:
            longest = hold
            file.write_text(f"{longest * 1000:.1f}")


async def _beating(settings: Settings) -> None:
    pulse = asyncio.create_task(_pulse(Path(sys.argv[1])))
    try:
        await run(settings)
    finally:
        pulse.cancel()


if __name__ == "__main__":
    import bot.app

    bot.app.run = _beating  # type: ignore[assignment]
    sys.exit(main(["run"]))
