"""Everything behind alerts, opened in order: from the hook's inbox to the chats, and the watch over the hosts."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from aiogram import Bot

from bot.alerting import policy_of
from bot.container import Services
from bot.courier import Courier
from bot.illustrator import TelegramIllustrator
from bot.notifier import TelegramNotifier
from bot.settings import Settings
from bot.watches import Work, watches
from services.alertmanager import Alertmanager, open_alertmanager
from services.alerts.ack_silence import AckSilences
from services.alerts.acts import AlertActs
from services.alerts.browse import AlertBrowser
from services.alerts.catch_up import Alive, CatchUp, Here
from services.alerts.delivery import nobody
from services.alerts.desk import Desk, Ears
from services.alerts.heartbeat import Heartbeat
from services.alerts.inbox import Inbox
from services.alerts.ledger import Ledger
from services.alerts.notices import Notices
from services.alerts.orphans import Orphans
from services.alerts.outbox import Outbox
from services.alerts.pictures import AlertPictures
from services.alerts.quieting import Quieting
from services.alerts.reconcile import Receivers, Reconcile, warn_of_channels
from services.alerts.relay import Relay
from services.alerts.retention import prune
from services.alerts.silences import Silences
from services.alerts.standing import Standings
from services.alerts.supervision import supervised
from services.alerts.watchdog import Watchdog
from services.annotations import Annotations
from services.domain.alerts import Origin
from services.errors import StoreUnavailable
from services.grafana import open_grafana
from services.ports import Store

log = logging.getLogger(__name__)

# Of our own alerts: as the team's rules name them (deploy/monitoring), so that Alertmanager takes both for one.
CHANNELS = "telegram,sms,email"


FAREWELL = 8.0  # seconds


@dataclass(slots=True)
class AlertStack:
    """`given`: what handlers take by name. `works`: what runs as long as the bot does."""

    inbox: Inbox
    desk: Desk
    outbox: Outbox
    notices: Notices
    store: Store
    services: Services
    given: dict[str, Any] = field(default_factory=dict)
    works: dict[str, Work] = field(default_factory=dict)

    async def accept(self, body: bytes) -> None:
        """From Alertmanager's webhook; durable when it returns."""
        await self.inbox.accept(Origin.ALERTMANAGER, body)

    async def prune(self, retention: timedelta) -> int:
        """Drop old incidents; how many. Raises StoreError."""
        return await prune(self.store, self.services.clock.now() - retention)

    async def oldest_undelivered(self) -> timedelta | None:
        """How long the oldest alert has waited to be shown in any chat. Raises StoreError."""
        waiting = await self.inbox.waiting(1)
        moments = [entry.received for entry in waiting]
        if self.outbox.oldest_waiting:
            moments.append(self.outbox.oldest_waiting)
        return self.services.clock.now() - min(moments) if moments else None

    async def drain(self) -> None:
        """Before the end: what is on its way to a chat arrives, and is recorded."""
        try:
            async with asyncio.timeout(FAREWELL):
                await asyncio.gather(self.outbox.drain(), self.notices.drain())
        except TimeoutError:
            log.warning("the end did not wait for a message that is on its way")

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for name, work in self.works.items():
                group.create_task(_run(work), name=name)


async def _run(work: Work) -> None:
    await work()


class Entrance:
    """The way to the alerts for what is there before them. Nothing is taken before the inbox is open."""

    def __init__(self) -> None:
        self.stack: AlertStack | None = None

    async def accept(self, body: bytes) -> None:
        if self.stack is None:
            raise StoreUnavailable("the bot is still starting")
        await self.stack.accept(body)

    def moved(self, group: int) -> None:
        """The group of the settings has another id from now on."""
        if self.stack is not None:
            self.stack.outbox.moved(group)


@asynccontextmanager
async def open_alerts(
    settings: Settings, services: Services, bot: Bot, courier: Courier, scale: float
) -> AsyncIterator[AlertStack]:
    """`scale`: what Telegram's limits are multiplied by. Raises StoreError."""
    store, clock, roster = services.store, services.clock, services.roster
    policy = policy_of(settings, roster.admins())
    notifier = TelegramNotifier(bot, services.languages, services.catalogues, services.timezone, courier)
    async with AsyncExitStack() as stack:
        alertmanager, prometheus = await _alertmanager(settings, stack), services.prometheus
        ledger = Ledger(store)
        inbox = Inbox(store, clock)
        await inbox.open()
        silences = Silences(store, clock, alertmanager)
        notices = Notices(store, notifier, policy.admins, clock)
        illustrator = TelegramIllustrator(bot, notifier, services.gallery)
        pictures = AlertPictures(store, services.gallery.graphs, illustrator, clock)
        posted = pictures.posted if settings.alerts.pictures else nobody
        outbox = Outbox(store, ledger, notifier, notices, policy, clock, scale=scale, posted=posted)
        acts = AlertActs(ledger, policy, silences, services.audit, roster, clock, outbox.wake)
        watchdog = Watchdog(
            policy.watchdog, store, clock, notices.tell,
            expected=alertmanager is not None, patience=settings.alerts.watchdog_patience,
        )  # fmt: skip
        ears = Ears(tell=notices.tell, watchdog=watchdog.heard)
        desk = Desk(inbox, ledger, silences, policy, ears, clock, outbox.wake)
        relay = Relay(
            store, clock, inbox.put, alertmanager,
            channels=CHANNELS, hosts=services.fleet.hosts, refreshed=desk.refreshed,
        )  # fmt: skip
        receivers = Receivers(store)
        await receivers.open()
        ears.relay, ears.receiver, ears.stands = relay.heard, receivers.heard, relay.is_open
        standings = Standings(ledger)
        here = Here(
            inbox.put, standings.open_alerts, standings.is_known, receivers, policy.watchdog, relay.is_open
        )
        alerts = AlertStack(inbox, desk, outbox, notices, store, services)
        alerts.given = {
            "acts": acts,
            "browser": AlertBrowser(ledger, policy, clock),
            "orphans": Orphans(ledger, notifier, policy, clock, courier.moved),
            "quieting": Quieting(silences, acts, policy, services.audit, roster),
        }
        alerts.works = {
            "desk": desk.run,
            "outbox": outbox.run,
            "notices": notices.run,
            "relay": relay.run,
            "watchdog": watchdog.run,
            "pictures": partial(supervised, "pictures", pictures.run, notices.tell, clock),
        }
        alive = Alive(store, clock)
        catch_up = CatchUp(clock, here, alertmanager, prometheus)
        alerts.works |= {
            "alive": alive.run,
            "catch up": partial(catch_up.run, await alive.last()),
        }
        if alertmanager is not None:
            alerts.works["reconcile"] = Reconcile(clock, here, notices.tell, alertmanager, prometheus).run
        if prometheus is not None:
            alerts.works["channels"] = partial(warn_of_channels, prometheus, store, clock, notices.tell)
        if alertmanager is not None and policy.ack_silence:
            silencer = AckSilences(ledger, store, alertmanager, clock, policy.ack_silence)
            alerts.works["ack silences"] = silencer.run
        if settings.alerts.heartbeat_url:
            url = settings.alerts.heartbeat_url.get_secret_value()
            alerts.works["heartbeat"] = Heartbeat(url, alerts.oldest_undelivered).run
        if settings.grafana and settings.grafana.token:
            grafana = await stack.enter_async_context(
                open_grafana(settings.grafana.url, settings.grafana.token.get_secret_value())
            )
            annotations = Annotations(store, ledger, grafana, notices.tell, clock)
            alerts.works["annotations"] = partial(
                supervised, "annotations", annotations.run, notices.tell, clock
            )
        alerts.works |= watches(settings, services, relay, notices.tell, stack.callback)
        yield alerts


async def _alertmanager(settings: Settings, stack: AsyncExitStack) -> Alertmanager | None:
    api = settings.alertmanager
    return await stack.enter_async_context(open_alertmanager(api.url, *api.login)) if api else None
