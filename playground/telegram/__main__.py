"""python -m playground.telegram --port 8081 --token 1:test: the stand-in by itself, with /control, on loopback."""

import argparse
import asyncio
import signal
import sys

from playground.telegram.control import Control
from playground.telegram.floods import Limits
from playground.telegram.telegram import Telegram


def main() -> None:
    parser = argparse.ArgumentParser(prog="playground.telegram", description=__doc__)
    parser.add_argument("--port", type=int, default=8081, help="0 takes a free one (default: 8081)")
    parser.add_argument("--token", default="1:test", help="the bot's token (default: 1:test)")
    parser.add_argument("--username", default="vakhta_bot")
    parser.add_argument("--no-limits", action="store_true", help="no flood control")
    parser.add_argument("--scale", type=float, default=1.0, help="how many times faster the flood limits run")
    parser.add_argument("--no-privacy", action="store_true", help="the bot sees all messages in groups")
    args = parser.parse_args()
    limits = Limits.none() if args.no_limits else Limits(scale=args.scale)
    telegram = Telegram(
        args.token, limits, username=args.username, privacy=not args.no_privacy, port=args.port
    )
    asyncio.run(serve(telegram))


async def serve(telegram: Telegram) -> None:
    """Until SIGINT or SIGTERM. The first line on stdout is the address."""
    Control(telegram).attach(telegram.app)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with telegram:
        sys.stdout.write(f"{telegram.url}\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    main()
