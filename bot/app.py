"""The running bot: everything opened, the pump at work, and an orderly end."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from bot.container import Services, open_services
from bot.courier import UPLOAD, Courier
from bot.dispatcher import build_dispatcher
from bot.pacing import Rates
from bot.readiness import Readiness
from bot.recovery import report_interrupted
from bot.settings import Settings, Telegram
from bot.updates import Polling, UpdatePump
from bot.web import serve
from services.ports import Clock

log = logging.getLogger(__name__)

PRUNE_EVERY = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Tempo:
    """What tests scale: how fast Telegram may be called, and how patiently it is polled."""

    rates: Rates = field(default_factory=Rates)
    polling: Polling = field(default_factory=Polling)


async def run(settings: Settings, tempo: Tempo | None = None) -> None:
    """Until SIGTERM or SIGINT. Raises StoreError when the store cannot be opened."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await run_until(stop, settings, tempo or Tempo())


async def run_until(
    stop: asyncio.Event, settings: Settings, tempo: Tempo, clock: Clock | None = None
) -> None:
    """The whole life of the bot, for a caller that has signals of its own."""
    readiness = Readiness()
    async with (
        serve(settings.http.listen, readiness),
        open_services(settings, clock) as services,
        open_bot(settings.telegram, services, tempo.rates) as (bot, courier),
        asyncio.TaskGroup() as background,
    ):
        dispatcher = build_dispatcher(courier=courier, **services.by_name())
        pump = UpdatePump(bot, dispatcher, services.store, services.clock, readiness, tempo.polling)
        chores = [
            background.create_task(report_interrupted(bot, services), name="recovery"),
            background.create_task(_prune(settings, services), name="prune"),
        ]
        log.info("watching %d hosts for %d people", len(settings.hosts), len(settings.users))
        await pump.run(stop)
        for chore in chores:
            chore.cancel()
    log.info("stopped")


@asynccontextmanager
async def open_bot(
    telegram: Telegram, services: Services, rates: Rates
) -> AsyncIterator[tuple[Bot, Courier]]:
    """A bot whose every call goes through the courier."""
    session = AiohttpSession(
        proxy=telegram.proxy.get_secret_value() if telegram.proxy else None,
        api=TelegramAPIServer.from_base(telegram.api_url),
        timeout=UPLOAD.request + 10,
    )

    async def moved(old: int, new: int) -> None:
        services.roster.moved(old, new)

    courier = Courier(rates=rates, store=services.store, on_migrate=moved)
    await courier.load()
    for old, new in courier.moved.items():
        services.roster.moved(old, new)
    session.middleware(courier)
    bot = Bot(telegram.token.get_secret_value(), session=session)
    try:
        yield bot, courier
    finally:
        await session.close()


async def _prune(settings: Settings, services: Services) -> None:
    """Drop what is older than `retention`, at the start and once a day."""
    while True:
        dropped = await services.audit.prune(settings.retention)
        if dropped:
            log.info("dropped %d audit entries older than %s", dropped, settings.retention)
        await asyncio.sleep(PRUNE_EVERY)
