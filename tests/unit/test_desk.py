"""The desk between a real inbox and a real outbox: what came in is shown, in whatever slices it was taken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.alerts.desk import AT_ONCE, Desk, Ears
from services.alerts.inbox import Inbox
from services.alerts.outbox import Outbox
from services.domain.alerts import Notification, Origin, Report
from services.domain.posts import Notice, Trouble
from tests.alerts import report
from tests.unit.outbox_scenery import Scenery, kinds, scenery_in, until


@pytest.fixture
async def scenery(tmp_path: Path) -> AsyncIterator[Scenery]:
    async with scenery_in(tmp_path) as found:
        yield found


@pytest.fixture
async def inbox(scenery: Scenery) -> Inbox:
    inbox = Inbox(scenery.store, scenery.clock)
    await inbox.open()
    return inbox


class Listener:
    """Hears what the desk passes on. `broken`: the name of an alert that it cannot bear."""

    def __init__(self, broken: str = "") -> None:
        self.broken = broken
        self.notices: list[Notice] = []
        self.beats = 0

    async def tell(self, notice: Notice) -> None:
        self.notices.append(notice)

    async def relay(self, heard: Report) -> None:
        if heard.labels["alertname"] == self.broken:
            raise ValueError("unforeseen")

    async def watchdog(self) -> None:
        self.beats += 1


@asynccontextmanager
async def at_work(scenery: Scenery, inbox: Inbox, listener: Listener) -> AsyncIterator[Outbox]:
    ears = Ears(tell=listener.tell, relay=listener.relay, watchdog=listener.watchdog)
    async with scenery.working() as outbox, asyncio.TaskGroup() as group:
        desk = Desk(inbox, scenery.ledger, scenery.silences, scenery.policy, ears, scenery.clock, outbox.wake)
        task = group.create_task(desk.run())
        try:
            yield outbox
        finally:
            task.cancel()


def told_of(scenery: Scenery, key: str, *reports: Report) -> Notification:
    return Notification(Origin.ALERTMANAGER, key, scenery.clock.now(), reports)


async def test_a_last_slice_with_nothing_to_show_hides_nothing(scenery: Scenery, inbox: Inbox) -> None:
    """A hundred alerts are one slice; the Watchdog behind them, alone in the next, is shown nowhere."""
    listener = Listener()
    reports = (*(report(f"R{number}") for number in range(AT_ONCE)), report("Watchdog"))
    await inbox.put(told_of(scenery, "g", *reports))
    async with at_work(scenery, inbox, listener):
        await until(lambda: "file" in kinds(scenery.memory.told))
    assert kinds(scenery.memory.told) == ["post", "file"]
    assert {alert.name for alert in scenery.memory.files[0].roll} == {f"R{n}" for n in range(AT_ONCE)}
    assert listener.beats == 1
    assert await scenery.store.backlog("inbox") == 0


async def test_a_body_that_breaks_the_desk_stops_no_other(scenery: Scenery, inbox: Inbox) -> None:
    listener = Listener(broken="BAD")
    for name in ("BAD", "GOOD"):
        await inbox.put(told_of(scenery, name, report(name)))
    async with at_work(scenery, inbox, listener) as outbox:
        await until(lambda: len(listener.notices) == 1)

        def told() -> bool:
            """New messages of a chat are spaced, by a clock that nobody else turns."""
            scenery.clock.pass_by(minutes=1)
            outbox.wake()
            return any("GOOD" in each for each in scenery.memory.told)

        await until(told)
    assert [notice.trouble for notice in listener.notices] == [Trouble.UNDECODABLE]
    assert len(await scenery.store.scan("undecodable/")) == 1
    assert await scenery.store.backlog("inbox") == 0


async def test_a_body_that_comes_again_and_again_is_kept_once(scenery: Scenery, inbox: Inbox) -> None:
    listener = Listener()
    for _ in range(3):
        await inbox.accept(Origin.ALERTMANAGER, b"no notification at all")
    async with at_work(scenery, inbox, listener):
        await until(lambda: len(listener.notices) == 3)
    assert len(await scenery.store.scan("undecodable/")) == 1
    assert await scenery.store.backlog("inbox") == 0
