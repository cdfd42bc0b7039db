"""A bot's life inside the nursery: the bot as it is, but for its pace."""

import asyncio
import logging
import os
import signal
import ssl
import sys
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import Any

from bot import manners
from bot.app import Tempo, run
from bot.logbook import open_logbook
from bot.pacing import Rates
from bot.settings import load_settings
from bot.updates import Polling
from handlers.words import catalogues
from services.alerts import desk, notices, outbox, surely
from services.errors import VakhtaError
from tests.faults.pace import Pace


def prepare() -> None:
    """Reads for all bots to come what each would read for itself, which takes a third of its start: the words, and the
    authorities of a TLS that none of them speaks."""
    catalogues("en")
    context = ssl.create_default_context()
    ssl.create_default_context = lambda *_, **__: context


def live(environment: Mapping[str, str], pace: Pace) -> int:
    """The exit code. As `python -m bot run`, with the settings from this environment alone."""
    os.umask(0o077)
    settings = load_settings(environment)
    open_logbook(settings.secrets())
    hasten(pace)
    polling = Polling(
        timeout=1, grace=1, drain=2, farewell=0.5, replay=0.5, back_off=(0.02, 0.1), conflict=0.1, refused=0.1
    )
    code = 0
    try:
        asyncio.run(_lead(run(settings, Tempo(Rates(scale=pace.scale), polling))))
    except* VakhtaError as failed:
        logging.getLogger("vakhta").critical("cannot run: %r", failed.exceptions)
        code = 1
    return code


async def _lead(life: Coroutine[Any, Any, None]) -> None:
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, _confess)
    await life


def _confess() -> None:
    """What every task waits for, into the log."""
    for task in asyncio.all_tasks():
        task.print_stack(file=sys.stderr)


def hasten(pace: Pace) -> None:
    """What the settings of a run do not reach: how long one call may take, and the pauses after failures."""
    for name in ("SEND", "UPLOAD", "SWIFT", "OTHER"):
        old = getattr(manners, name)
        new = replace(old, request=pace.request, total=3 * pace.request)
        setattr(manners, name, new)
        manners.BACKGROUND[new] = replace(manners.BACKGROUND.pop(old), request=new.request, total=new.total)
    first, second, third = manners._BACK_OFF
    manners._BACK_OFF = (first * pace.scale, second * pace.scale, third * pace.scale)  # type: ignore[assignment]
    desk.PAUSE = outbox.PAUSE = surely.PAUSE = pace.pause
    notices._IDLE *= pace.scale
