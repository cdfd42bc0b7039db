"""The running bot: everything opened, the pump at work, and an orderly end."""

import asyncio
import logging
import signal
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial

from bot.alert_stack import AlertStack, Entrance, open_alerts
from bot.command_menus import CommandMenus
from bot.container import Services, open_services
from bot.courier import Courier
from bot.dispatcher import build_dispatcher
from bot.gauge_sources import of_alerts, of_containers, of_ssh
from bot.gauges import Gauges
from bot.hooks import Hook
from bot.left_over import tell_left_over
from bot.pacing import Rates
from bot.readiness import Readiness
from bot.recovery import report_interrupted, unfinished
from bot.settings import Settings
from bot.telegram import open_bot
from bot.tidying import spare_collections, tidy
from bot.updates import Polling, UpdatePump
from bot.web import serve, serve_metrics
from services.errors import StoreError
from services.outside.ways import Ways
from services.ports import Clock

log = logging.getLogger(__name__)

PRUNE_EVERY = 24 * 3600.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# Seconds in which what is live is told that the bot stops.
FAREWELL = 5.0


@dataclass(frozen=True, slots=True)
class Tempo:
    """What tests scale: how fast Telegram may be called, and how patiently it is polled."""

    rates: Rates = field(default_factory=Rates)
    polling: Polling = field(default_factory=Polling)


# Seconds after which a working thread hands the interpreter over when the event loop wants it (Python's own
# choice is 5 ms, which adds up when several hosts' answers are being decoded).
SWITCH_INTERVAL = 0.0005


async def run(settings: Settings, tempo: Tempo | None = None) -> None:
    """Until SIGTERM or SIGINT. Raises StoreError when the store cannot be opened."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    spare_collections()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.set)
    try:
        await run_until(stop, settings, tempo or Tempo())
    finally:
        # A loop that is being closed has closed what its handlers write to: a second signal would be a traceback.
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)


async def run_until(
    stop: asyncio.Event,
    settings: Settings,
    tempo: Tempo,
    clock: Clock | None = None,
    ways: Ways | None = None,
) -> None:
    """The whole life of the bot, for a caller that has signals of its own, and perhaps an outside of its own."""
    readiness, gauges = Readiness(), Gauges()
    async with AsyncExitStack() as stack:
        if settings.http.metrics_listen:
            await stack.enter_async_context(serve_metrics(settings.http.metrics_listen, gauges))
        entrance = Entrance()
        await stack.enter_async_context(serve(settings.http.listen, readiness, _hook(settings, entrance)))
        services = await stack.enter_async_context(open_services(settings, clock, ways))
        courier = await _courier(services, tempo.rates, gauges, entrance)
        bot = await stack.enter_async_context(open_bot(settings.telegram, courier))
        background = await stack.enter_async_context(asyncio.TaskGroup())
        alerts = await stack.enter_async_context(
            open_alerts(settings, services, bot, courier, tempo.rates.scale)
        )
        entrance.stack = alerts
        gauges.sources += [partial(of_alerts, alerts), partial(of_ssh, services.links)]
        gauges.crowds.append(partial(of_containers, services.board))
        dispatcher = build_dispatcher(gauges, courier=courier, **services.by_name(), **alerts.given)
        pump = UpdatePump(bot, dispatcher, services.store, services.clock, readiness, tempo.polling)
        menus = CommandMenus(bot, services, courier.moved, scale=tempo.rates.scale)
        services.languages.changed = menus.wake
        left = await unfinished(services)  # before this run begins anything
        live = await services.follows.left_over()
        chores = [
            background.create_task(report_interrupted(left, bot, services), name="recovery"),
            background.create_task(tell_left_over(live, bot, services), name="left over"),
            background.create_task(_wind_down(stop, services), name="wind down"),
            background.create_task(_prune(settings, services, alerts), name="prune"),
            background.create_task(tidy(), name="tidy"),
            background.create_task(alerts.run(), name="alerts"),
            background.create_task(menus.run(), name="command menus"),
            background.create_task(gauges.watch_loop(), name="event loop"),
        ]
        log.info("watching %d hosts for %d people", len(settings.hosts), len(settings.users))
        await pump.run(stop)
        await asyncio.gather(services.follows.finish(FAREWELL), alerts.drain())
        for chore in chores:
            chore.cancel()
    log.info("stopped")


def _hook(settings: Settings, entrance: Entrance) -> Hook | None:
    token = settings.alerts.webhook_token
    return Hook(token.get_secret_value(), entrance.accept) if token else None


async def _wind_down(stop: asyncio.Event, services: Services) -> None:
    """What takes longer than the pump waits for its handlers is brought to a place where it can be left."""
    await stop.wait()
    services.project_control.stop_all()
    services.clearings.stop_all()


async def _courier(services: Services, rates: Rates, gauges: Gauges, entrance: Entrance) -> Courier:
    """Knows of the groups that have moved, and tells the roster and the outbox of those that will."""

    async def moved(old: int, new: int) -> None:
        services.roster.moved(old, new)
        entrance.moved(old)

    courier = Courier(rates=rates, store=services.store, on_migrate=moved, heard=gauges.called)
    await courier.load()
    for old, new in courier.moved.items():
        services.roster.moved(old, new)
    return courier


async def _prune(settings: Settings, services: Services, alerts: AlertStack) -> None:
    """Drop what is older than `retention`, at the start and once a day."""
    while True:
        try:
            dropped = await services.audit.prune(settings.retention)
            incidents = await alerts.prune(settings.retention)
            await services.uptimes.prune()
        except StoreError:
            log.exception("what is old could not be dropped")
        else:
            log.info(
                "dropped %d audit entries and %d incidents older than %s",
                dropped,
                incidents,
                settings.retention,
            )
        await asyncio.sleep(PRUNE_EVERY)
