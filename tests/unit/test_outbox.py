"""The outbox over a real store, with a notifier that remembers: order, digests, rings, closed chats, lost messages."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.alerts.incidents import changed, opened
from services.alerts.ledger import Ledger, incident_writes
from services.alerts.notices import Notices
from services.alerts.outbox import Outbox
from services.alerts.policy import Policy, Route
from services.alerts.stages import Case, Scene, decide
from services.domain.alerts import Notification, Origin, Report, Status
from services.domain.posts import Bulletin, Destination, Notice, Ring, Ringing, Trouble
from services.errors import ChatClosed, DeliveryError, MessageLost, MessageRefused, NotDelivered
from services.ports import Sent, Store
from services.store import open_store
from tests.alerts import OPS, report
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
    number: int = 100

    def _may(self, chat: int) -> None:
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
        self.told.append("redirect")

    async def tell(self, person: int, notice: Notice) -> None:
        self.notices.append((person, notice))


def names(bulletin: Bulletin) -> str:
    return ",".join(
        f"{alert.name}{'' if alert.firing else '-over'}" for shown in bulletin.shown for alert in shown.alerts
    )


@dataclass
class Scenery:
    store: Store
    ledger: Ledger
    clock: HandClock
    memory: Memory
    policy: Policy

    async def hears(self, key: str, *reports: Report) -> str:
        """As the desk does; the incident's id."""
        now = self.clock.now()
        notification = Notification(Origin.ALERTMANAGER, key, now, reports)
        before = await self.ledger.of_group(key)
        incident = before or opened(notification, f"{len(key):02x}{abs(hash(key)) % 16**6:06x}")
        known = await self.ledger.alerts_of(incident.id, [each.fingerprint for each in reports])
        scene = Scene(self.policy, key, now)
        change = changed(incident, [decide(Case(r, known.get(r.fingerprint)), scene) for r in reports], now)
        await self.ledger.write(
            *incident_writes(change.incident, before, change.alerts),
            *await self.ledger.looks(change.incident, self.policy, now),
        )
        return incident.id

    @asynccontextmanager
    async def working(self) -> AsyncIterator[Outbox]:
        """The outbox as after a start of the bot."""
        notices = Notices(self.store, self.memory, (AIGERIM,), self.clock)
        outbox = Outbox(self.store, self.ledger, self.memory, notices, self.policy, self.clock, scale=0.001)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(outbox.run()), group.create_task(notices.run())]
            try:
                yield outbox
            finally:
                for task in tasks:
                    task.cancel()

    async def until_quiet(self, outbox: Outbox) -> None:
        """Nothing more is told for a while."""
        while True:
            before = len(self.memory.told)
            outbox.wake()
            await asyncio.sleep(0.15)
            if len(self.memory.told) == before:
                return


@pytest.fixture
async def scenery(tmp_path: Path) -> AsyncIterator[Scenery]:
    clock = HandClock()
    async with open_store(f"sqlite://{tmp_path}/store.db", clock) as store:
        policy = Policy(routes=(Route(OPS),), fallback=SPARE, admins=(AIGERIM,))
        yield Scenery(store, Ledger(store), clock, Memory(), policy)


def over(each: Report, at: datetime) -> Report:
    return replace(each, status=Status.RESOLVED, ends=at)


async def test_told_once_and_edited_to_its_end(scenery: Scenery) -> None:
    async with scenery.working() as outbox:
        await scenery.hears("a", report("A"))
        await scenery.until_quiet(outbox)
        scenery.clock.pass_by(minutes=5)
        await scenery.hears("a", over(report("A"), scenery.clock.now()))
        await scenery.until_quiet(outbox)
    assert scenery.memory.told == [f"post {OPS.key} A", f"edit {OPS.key} A-over"]
    assert await scenery.store.backlog(f"outbox/{OPS.key}") == 0


async def test_a_restart_tells_nothing_twice(scenery: Scenery) -> None:
    await scenery.hears("a", report("A"))
    for _start in range(3):
        async with scenery.working() as outbox:
            await scenery.until_quiet(outbox)
    assert scenery.memory.told == [f"post {OPS.key} A"]


async def test_a_message_whose_answer_never_came_goes_again(scenery: Scenery) -> None:
    scenery.memory.failing[OPS.chat] = [NotDelivered("no answer"), NotDelivered("flood", 0.01)]
    async with scenery.working() as outbox:
        await scenery.hears("a", report("A"))
        await scenery.until_quiet(outbox)
    assert scenery.memory.told == [f"post {OPS.key} A"]


async def test_what_happened_meanwhile_goes_as_one_state(scenery: Scenery) -> None:
    """Fired, grew and ended while Telegram was away: one message tells how it is now."""
    await scenery.hears("a", report("A"))
    await scenery.hears("a", report("A"), report("B"))
    await scenery.hears("a", over(report("A"), scenery.clock.now()), report("B"))
    async with scenery.working() as outbox:
        await scenery.until_quiet(outbox)
    assert scenery.memory.told == [f"post {OPS.key} B,A-over"]


async def test_many_at_once_are_one_digest_that_names_all(scenery: Scenery) -> None:
    for number in range(30):
        await scenery.hears("g" * (number + 1), report(f"A{number}"))
    async with scenery.working() as outbox:
        await scenery.until_quiet(outbox)
        (digest,) = scenery.memory.bulletins.values()
        assert {alert.name for alert in digest.roll} == {f"A{number}" for number in range(30)}
        scenery.clock.pass_by(minutes=1)
        await scenery.hears("g", over(report("A0"), scenery.clock.now()))
        await scenery.until_quiet(outbox)
    assert [line.split()[0] for line in scenery.memory.told] == ["post", "edit"]
    assert await scenery.store.backlog(f"outbox/{OPS.key}") == 0


async def test_a_large_group_has_its_file(scenery: Scenery) -> None:
    async with scenery.working() as outbox:
        await scenery.hears("a", *(report(f"A{number}") for number in range(1000)))
        await scenery.until_quiet(outbox)
    assert [line.split()[0] for line in scenery.memory.told] == ["post", "file"]
    assert len(scenery.memory.files[0].roll) == 1000


async def test_a_new_alert_rings_below_the_edited_message(scenery: Scenery) -> None:
    async with scenery.working() as outbox:
        await scenery.hears("a", report("A"))
        await scenery.until_quiet(outbox)
        scenery.clock.pass_by(minutes=6)
        await scenery.hears("a", report("A"), report("B"))
        await scenery.until_quiet(outbox)
    assert [line.split()[0] for line in scenery.memory.told] == ["post", "edit", "ring"]
    (ring,) = scenery.memory.rings
    assert (ring.why, [alert.name for alert in ring.alerts]) == (Ringing.NEW_ALERT, ["B"])


async def test_reminders_come_by_the_clock_until_somebody_takes_it(scenery: Scenery) -> None:
    critical = report("A", labels={"severity": "critical"})
    async with scenery.working() as outbox:
        await scenery.hears("a", critical)
        await scenery.until_quiet(outbox)
        for _ in range(2):
            scenery.clock.pass_by(minutes=15)
            await scenery.until_quiet(outbox)
    assert [ring.why for ring in scenery.memory.rings] == [Ringing.REMIND, Ringing.REMIND]


async def test_a_closed_chat_s_alerts_go_to_the_fallback_and_admins_are_told(scenery: Scenery) -> None:
    scenery.memory.closed.add(OPS.chat)
    async with scenery.working() as outbox:
        await scenery.hears("a", report("A"))
        await scenery.until_quiet(outbox)
        scenery.clock.pass_by(minutes=1)
        await scenery.hears("b", report("B"))
        await scenery.until_quiet(outbox)
    assert scenery.memory.told == [f"post {SPARE.key} A", f"post {SPARE.key} B"]
    assert scenery.memory.bulletins[101].instead_of == OPS.chat
    ((person, notice),) = scenery.memory.notices
    assert (person, notice.trouble) == (AIGERIM.chat, Trouble.CHAT_CLOSED)


async def test_when_the_fallback_is_closed_too_the_admins_get_them(scenery: Scenery) -> None:
    scenery.memory.closed |= {OPS.chat, SPARE.chat}
    async with scenery.working() as outbox:
        await scenery.hears("a", report("A"))
        await scenery.until_quiet(outbox)
        assert scenery.memory.told == [f"post {AIGERIM.key} A"]
        assert scenery.memory.bulletins[101].instead_of == OPS.chat
        await scenery.hears("a", over(report("A"), scenery.clock.now()))
        scenery.clock.pass_by(minutes=1)
        await scenery.until_quiet(outbox)
    assert scenery.memory.told[1:] == [f"edit {AIGERIM.key} A-over"]


async def test_a_chat_that_is_open_again_gets_what_is_new(scenery: Scenery) -> None:
    scenery.memory.closed.add(OPS.chat)
    async with scenery.working() as outbox:
        await scenery.hears("a", report("A"))
        await scenery.until_quiet(outbox)
    scenery.memory.closed.clear()
    scenery.clock.pass_by(minutes=11)
    async with scenery.working() as outbox:
        await scenery.hears("b", report("B"))
        await scenery.until_quiet(outbox)
    assert scenery.memory.told == [f"post {SPARE.key} A", f"post {OPS.key} B"]


async def test_a_message_that_was_deleted_is_told_anew(scenery: Scenery) -> None:
    async with scenery.working() as outbox:
        await scenery.hears("a", report("A"))
        await scenery.until_quiet(outbox)
        scenery.memory.failing[OPS.chat] = [MessageLost("message to edit not found")]
        scenery.clock.pass_by(minutes=1)
        await scenery.hears("a", report("A"), report("B"))
        await scenery.until_quiet(outbox)
    assert scenery.memory.told == [f"post {OPS.key} A", f"post {OPS.key} A,B"]


async def test_a_refused_message_holds_up_nothing_and_is_reported(scenery: Scenery) -> None:
    scenery.memory.failing[OPS.chat] = [MessageRefused("Bad Request")]
    async with scenery.working() as outbox:
        await scenery.hears("a", report("A"))
        await scenery.until_quiet(outbox)
        await scenery.hears("b", report("B"))
        await scenery.until_quiet(outbox)
        assert scenery.memory.told == [f"post {OPS.key} B"]
        assert scenery.memory.notices[0][1].trouble is Trouble.REFUSED
        scenery.clock.pass_by(minutes=1)
        await scenery.hears("a", report("A"), report("C"))
        await scenery.until_quiet(outbox)
    assert scenery.memory.told[1:] == [f"post {OPS.key} A,C"]


async def test_a_delay_of_more_than_a_minute_is_said(scenery: Scenery) -> None:
    await scenery.hears("a", report("A"))
    scenery.clock.pass_by(minutes=3)
    async with scenery.working() as outbox:
        await scenery.until_quiet(outbox)
    assert scenery.memory.bulletins[101].delayed == timedelta(minutes=3)
