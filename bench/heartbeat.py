"""The bot with a pulse: `python -m bench.heartbeat FILE [SCALE]` runs it and writes how long its event loop was held.

FILE gets the longest hold since it was last removed, in milliseconds. SCALE multiplies Telegram's limits as the bot
keeps them.
"""

import asyncio
import sys
from pathlib import Path
from time import perf_counter

from bot.__main__ import main
from bot.app import Tempo, run
from bot.pacing import Rates
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
    scale = float(sys.argv[2]) if sys.argv[2:] else 1.0
    pulse = asyncio.create_task(_pulse(Path(sys.argv[1])))
    try:
        await run(settings, Tempo(Rates(scale=scale)))
    finally:
        pulse.cancel()


if __name__ == "__main__":
    import bot.app

    bot.app.run = _beating  # type: ignore[assignment]
    sys.exit(main(["run"]))
