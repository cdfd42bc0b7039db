"""What tests of the alert path stand on: a real store and outbox, and a notifier that remembers what was told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2s
from pathlib import Path
from typing import Any

from services.alerts.incidents import changed, opened
from services.alerts.ledger import Ledger, incident_writes
from services.alerts.notices import QUEUE, Notices
from services.alerts.outbox import Outbox, _Lane
from services.alerts.policy import Policy, Route
from services.alerts.silences import Silences
from services.alerts.stages import Case, Scene, decide
from services.domain.alerts import Notification, Origin, Report, Status
from services.domain.posts import Bulletin, Destination, Notice, Ring
from services.errors import ChatClosed, DeliveryError
from services.ports import Sent, Store
from services.store import open_store
from tests.alerts import OPS
from tests.clock import HandClock

AIGERIM, SPARE = Destination(1001), Destination(-5)


@dataclass
class Memory:
    """A notifier without a Telegram. `failing`: what the next calls raise, by chat."""

    told: list[str] = field(default_factory=list)
    bulletins: dict[int, Bulletin] = field(default_factory=dict)
    rings: list[Ring] = field(default_factory=list)
    notices: list[tuple[int, Notice]] = field(default_factory=list)
    files: list[Bulletin] = field(default_factory=list)
    failing: dict[int, list[DeliveryError]] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)
    redirected: list[tuple[Sent, Sent]] = field(default_factory=list)
    number: int = 100
    tries: int = 0

    def _may(self, chat: int) -> None:
        self.tries += 1
        if chat in self.closed:
            raise ChatClosed("Forbidden")
        if self.failing.get(chat):
            raise self.failing[chat].pop(0)

    async def post(self, bulletin: Bulletin) -> Sent:
        self._may(bulletin.to.chat)
        self.number += 1
        self.bulletins[self.number] = bulletin
        self.told.append(f"post {bulletin.to.key} {names(bulletin)}")
        return Sent(bulletin.to.chat, self.number, document=bulletin.is_digest and bool(bulletin.roll))

    async def revise(self, bulletin: Bulletin, message: Sent) -> None:
        self._may(message.chat)
        self.bulletins[message.message] = bulletin
        self.told.append(f"edit {bulletin.to.key} {names(bulletin)}")

    async def attach(self, bulletin: Bulletin, to: Sent, instead_of: int | None) -> int:
        self.files.append(bulletin)
        self.told.append(f"file {bulletin.to.key} {len(bulletin.roll)}")
        return 1

    async def ring(self, to: Destination, ring: Ring, message: Sent) -> Sent:
        self._may(message.chat)
        self.rings.append(ring)
        self.told.append(f"ring {to.key} {ring.why}")
        self.number += 1
        return Sent(message.chat, self.number)

    async def redirect(self, orphan: Sent, newer: Sent) -> None:
        self.redirected.append((orphan, newer))
        self.told.append("redirect")

    async def tell(self, person: int, notice: Notice) -> None:
        self.notices.append((person, notice))


def names(bulletin: Bulletin) -> str:
    return ",".join(
        f"{alert.name}{'' if alert.firing else '-over'}" for shown in bulletin.shown for alert in shown.alerts
    )


class Watched(Outbox):
    """Tells what its workers have looked at. rounds: how many have begun and ended, by destination."""

    def __init__(self, *given: Any, **settings: Any) -> None:
        super().__init__(*given, **settings)
        self.rounds = dict.fromkeys(self._lanes, (0, 0))
        self.going_on = 0  # rounds that were followed at once by another

    async def _round(self, to: Destination, lane: _Lane) -> float:
        begun = self.rounds[to][0] + 1
        self.rounds[to] = (begun, begun - 1)
        wait = await super()._round(to, lane)
        self.going_on += wait <= 0
        self.rounds[to] = (begun, begun)
        return wait

    async def looked(self) -> bool:
        """Once each worker has had a round that began after this call: whether all came to rest."""
        before, going_on = dict(self.rounds), self.going_on
        self.wake()
        while any(self.rounds[to][1] <= begun for to, (begun, _) in before.items()):
            await asyncio.sleep(0.001)
        return self.going_on == going_on


@dataclass
class Scenery:
    store: Store
    ledger: Ledger
    clock: HandClock
    memory: Memory
    policy: Policy
    silences: Silences

    async def hears(self, key: str, *reports: Report) -> str:
        """As the desk does; the incident's id."""
        now = self.clock.now()
        notification = Notification(Origin.ALERTMANAGER, key, now, reports)
        before = await self.ledger.of_group(key)
        incident = before or opened(notification, blake2s(key.encode(), digest_size=4).hexdigest())
        known = await self.ledger.alerts_of(incident.id, [each.fingerprint for each in reports])
        scene = Scene(self.policy, key, now, await self.silences.ours_active())
        change = changed(incident, [decide(Case(r, known.get(r.fingerprint)), scene) for r in reports], now)
        await self.ledger.write(
            *incident_writes(change.incident, before, change.alerts),
            *await self.ledger.looks(change.incident, self.policy, now),
        )
        return incident.id

    @asynccontextmanager
    async def working(self) -> AsyncIterator[Watched]:
        """The outbox as after a start of the bot."""
        notices = Notices(self.store, self.memory, (AIGERIM,), self.clock)
        outbox = Watched(self.store, self.ledger, self.memory, notices, self.policy, self.clock, scale=0.001)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(outbox.run()), group.create_task(notices.run())]
            try:
                yield outbox
            finally:
                for task in tasks:
                    task.cancel()

    async def until_quiet(self, outbox: Watched) -> None:
        """All that is due has been told or tried, and all failures are behind it."""
        async with asyncio.timeout(10):
            while True:
                before = (self.memory.tries, len(self.memory.told))
                rests = await outbox.looked()
                failing = any(self.memory.failing.values())
                if rests and not failing and before == (self.memory.tries, len(self.memory.told)):
                    break
            while await self.store.due(QUEUE, now=self.clock.now(), limit=1):
                outbox._notices._woken.set()  # it would look by itself, twice a minute
                await asyncio.sleep(0.001)


async def until(happened: Callable[[], bool]) -> None:
    """Raises TimeoutError when it does not within seconds."""
    async with asyncio.timeout(5):
        while not happened():
            await asyncio.sleep(0.01)


POLICY = Policy(routes=(Route(OPS),), fallback=SPARE, admins=(AIGERIM,))


@asynccontextmanager
async def scenery_in(folder: Path, policy: Policy = POLICY) -> AsyncIterator[Scenery]:
    """`folder`: for the store's file."""
    clock = HandClock()
    async with open_store(f"sqlite://{folder}/store.db", clock) as store:
        yield Scenery(store, Ledger(store), clock, Memory(), policy, Silences(store, clock, None))


def over(each: Report, at: datetime) -> Report:
    return replace(each, status=Status.RESOLVED, ends=at)


def on(host: str, container: str, severity: str = "critical") -> dict[str, str]:
    """Labels."""
    return {"host": host, "container": container, "severity": severity}


def kinds(told: Sequence[str]) -> list[str]:
    """post, edit, file, ring."""
    return [line.split()[0] for line in told]
