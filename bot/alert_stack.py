"""Everything behind alerts, opened in order: from the hook's inbox to the chats, and the watch over the hosts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiogram import Bot

from bot.alerting import policy_of
from bot.container import Services
from bot.courier import Courier
from bot.notifier import TelegramNotifier
from bot.settings import Settings
from services.alertmanager import Alertmanager, open_alertmanager
from services.alerts.ack_silence import AckSilences
from services.alerts.acts import AlertActs
from services.alerts.browse import AlertBrowser
from services.alerts.desk import Desk, Ears
from services.alerts.inbox import Inbox
from services.alerts.ledger import Ledger
from services.alerts.notices import Notices
from services.alerts.orphans import Orphans
from services.alerts.outbox import Outbox
from services.alerts.quieting import Quieting
from services.alerts.silences import Silences
from services.domain.alerts import Origin
from services.errors import StoreUnavailable
from services.prometheus import Prometheus, open_prometheus

Work = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class AlertStack:
    """`given`: what handlers take by name. `works`: what runs as long as the bot does."""

    inbox: Inbox
    given: dict[str, Any]
    works: tuple[tuple[str, Work], ...]

    async def accept(self, body: bytes) -> None:
        """From Alertmanager's webhook; durable when it returns."""
        await self.inbox.accept(Origin.ALERTMANAGER, body)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for name, work in self.works:
                group.create_task(_run(work), name=name)


async def _run(work: Work) -> None:
    await work()


class Entrance:
    """What the hook gives its bodies to. Nothing is taken before the inbox is open."""

    def __init__(self) -> None:
        self.stack: AlertStack | None = None

    async def accept(self, body: bytes) -> None:
        if self.stack is None:
            raise StoreUnavailable("the bot is still starting")
        await self.stack.accept(body)


@asynccontextmanager
async def open_alerts(
    settings: Settings, services: Services, bot: Bot, courier: Courier, scale: float
) -> AsyncIterator[AlertStack]:
    """`scale`: what Telegram's limits are multiplied by. Raises StoreError."""
    store, clock, roster = services.store, services.clock, services.roster
    policy = policy_of(settings, roster.admins())
    notifier = TelegramNotifier(bot, roster, services.catalogues, services.timezone, courier)
    async with AsyncExitStack() as stack:
        alertmanager, prometheus = await _sources(settings, stack)
        ledger = Ledger(store)
        inbox = Inbox(store, clock)
        await inbox.open()
        silences = Silences(store, clock, alertmanager)
        notices = Notices(store, notifier, policy.admins, clock)
        outbox = Outbox(store, ledger, notifier, notices, policy, clock, scale=scale)
        acts = AlertActs(ledger, policy, silences, services.audit, roster, clock, outbox.wake)
        desk = Desk(inbox, ledger, silences, policy, Ears(tell=notices.tell), clock, outbox.wake)
        works: list[tuple[str, Work]] = [
            ("desk", desk.run),
            ("outbox", outbox.run),
            ("notices", notices.run),
        ]
        if alertmanager is not None and policy.ack_silence:
            silencer = AckSilences(ledger, store, alertmanager, clock, policy.ack_silence)
            works.append(("ack silences", silencer.run))
        given = {
            "acts": acts,
            "browser": AlertBrowser(ledger, policy, clock),
            "orphans": Orphans(ledger, notifier, policy, clock),
            "quieting": Quieting(silences, acts, policy, services.audit, roster),
        }
        yield AlertStack(inbox, given, tuple(works))


async def _sources(
    settings: Settings, stack: AsyncExitStack
) -> tuple[Alertmanager | None, Prometheus | None]:
    alertmanager, prometheus = None, None
    if settings.alertmanager:
        username, password = settings.alertmanager.login
        alertmanager = await stack.enter_async_context(
            open_alertmanager(settings.alertmanager.url, username, password)
        )
    if settings.prometheus:
        username, password = settings.prometheus.login
        prometheus = await stack.enter_async_context(
            open_prometheus(settings.prometheus.url, username, password)
        )
    return alertmanager, prometheus
