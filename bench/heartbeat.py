"""The bot with a pulse: `python -m bench.heartbeat FILE [SCALE]` runs it and writes how long its event loop was held.

SCALE multiplies Telegram's limits as the bot keeps them.
"""

import asyncio
import sys
from pathlib import Path

from bench.pulse import pulse
from bot.__main__ import main
from bot.app import Tempo, run
from bot.pacing import Rates
from bot.settings import Settings


async def _beating(settings: Settings) -> None:
    scale = float(sys.argv[2]) if sys.argv[2:] else 1.0
    beating = asyncio.create_task(pulse(Path(sys.argv[1])))
    try:
        await run(settings, Tempo(Rates(scale=scale)))
    finally:
        beating.cancel()


if __name__ == "__main__":
    import bot.app

    bot.app.run = _beating  # type: ignore[assignment]
    sys.exit(main(["run"]))
