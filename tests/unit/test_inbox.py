"""The inbox over a real SQLite store: durable, in order, bounded."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.alertmanager import fingerprint
from services.alerts import inbox as module
from services.alerts.decoding import head, reports
from services.alerts.inbox import Inbox, InboxFull
from services.domain.alerts import Notification, Origin, Report, Status
from services.errors import StoreUnavailable
from services.ports import Store
from services.store.sqlite import open_sqlite
from tests.clock import HandClock

MIB = 1 << 20


@pytest.fixture
async def store(tmp_path: Path, clock: HandClock) -> AsyncIterator[Store]:
    store = await open_sqlite(tmp_path / "vakhta.db", clock)
    yield store
    await store.close()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def inbox(store: Store, clock: HandClock) -> Inbox:
    inbox = Inbox(store, clock)
    await inbox.open()
    return inbox


async def finish(inbox: Inbox, store: Store) -> list[bytes]:
    """Everything, as the desk does it."""
    bodies = []
    while entries := await inbox.waiting(16):
        for entry in entries:
            bodies.append(entry.body)
            await store.write(inbox.done(entry))
            inbox.note_done(entry)
    return bodies


async def test_what_was_accepted_waits_in_order_until_it_is_done(
    inbox: Inbox, store: Store, clock: HandClock
) -> None:
    for number in range(30):  # several at the same moment
        await inbox.accept(Origin.ALERTMANAGER, b"%d\n\n" % number)
        clock.pass_by(seconds=number % 3 == 0)
    (first, *_) = await inbox.waiting(3)
    assert (first.origin, first.received) == (Origin.ALERTMANAGER, HandClock().now())
    assert await finish(inbox, store) == [b"%d\n\n" % number for number in range(30)]
    assert await store.backlog("inbox") == 0


async def test_a_later_run_finds_it(inbox: Inbox, store: Store, clock: HandClock) -> None:
    await inbox.accept(Origin.WATCH, b"first")
    clock.pass_by(hours=-1)  # set back: what was written before is not to wait for its time
    later = Inbox(store, clock)
    await later.open()
    await asyncio.wait_for(later.wait(), 15)
    (entry,) = await later.waiting(16)
    assert (entry.origin, entry.body) == (Origin.WATCH, b"first")


async def test_our_own_notification(inbox: Inbox, clock: HandClock) -> None:
    report = Report(fingerprint({"a": "b"}), {"a": "b"}, {}, Status.FIRING, clock.now())
    await inbox.put(Notification(Origin.CATCH_UP, "key", clock.now(), (report,)))
    (entry,) = await inbox.waiting(1)
    assert entry.origin is Origin.CATCH_UP
    assert list(reports(head(entry.body), entry.received)) == [report]


async def test_replicas_at_the_same_moment_do_not_overwrite_each_other(
    store: Store, clock: HandClock
) -> None:
    replicas = [Inbox(store, clock), Inbox(store, clock)]
    for each in replicas:
        await each.accept(Origin.ALERTMANAGER, b"x")
    assert await store.backlog("inbox") == 2


async def test_no_more_than_so_many_entries(store: Store, clock: HandClock) -> None:
    inbox = Inbox(store, clock, most_entries=3)
    for _ in range(3):
        await inbox.accept(Origin.ALERTMANAGER, b"x")
    with pytest.raises(InboxFull):
        await inbox.accept(Origin.ALERTMANAGER, b"x")
    later = Inbox(store, clock, most_entries=3)
    await later.open()
    with pytest.raises(InboxFull):
        await later.accept(Origin.ALERTMANAGER, b"x")
    (entry, *_) = await later.waiting(1)
    await store.write(later.done(entry))
    later.note_done(entry)
    await later.accept(Origin.ALERTMANAGER, b"x")
    assert await store.backlog("inbox") == 3


async def test_no_more_than_so_many_bytes(store: Store, clock: HandClock) -> None:
    inbox = Inbox(store, clock, most_bytes=100)
    taken = await asyncio.gather(
        *(inbox.accept(Origin.ALERTMANAGER, b"x" * 40) for _ in range(4)), return_exceptions=True
    )
    assert [type(each) for each in taken] == [type(None), type(None), InboxFull, InboxFull]
    assert len(await finish(inbox, store)) == 2
    await inbox.accept(Origin.ALERTMANAGER, b"x" * 100)


async def test_entries_that_somebody_else_was_done_with_are_not_counted_for_ever(
    store: Store, clock: HandClock
) -> None:
    ours, theirs = Inbox(store, clock, most_entries=2), Inbox(store, clock)
    for _ in range(2):
        await ours.accept(Origin.ALERTMANAGER, b"x")
    await finish(theirs, store)
    assert not await ours.waiting(16)
    await ours.accept(Origin.ALERTMANAGER, b"x")


@pytest.mark.parametrize("earlier", [False, True])
async def test_large_bodies_are_not_all_loaded_at_once(
    store: Store, clock: HandClock, monkeypatch: pytest.MonkeyPatch, *, earlier: bool
) -> None:
    monkeypatch.setattr(module, "LARGEST", MIB)
    monkeypatch.setattr(module, "_AT_ONCE", 2 * MIB)
    inbox = Inbox(store, clock)
    for _ in range(5):
        await inbox.accept(Origin.ALERTMANAGER, b"x" * MIB)
    reader = Inbox(store, clock) if earlier else inbox
    await reader.open()
    loaded = []
    while entries := await reader.waiting(16):
        loaded.append(sum(len(entry.body) for entry in entries))
        for entry in entries:
            await store.write(reader.done(entry))
            reader.note_done(entry)
    assert sum(loaded) == 5 * MIB
    assert max(loaded) <= 2 * MIB


async def test_small_bodies_come_many_at_once(inbox: Inbox) -> None:
    for _ in range(20):
        await inbox.accept(Origin.ALERTMANAGER, b"x")
    await inbox.waiting(16)
    assert len(await inbox.waiting(16)) == 16


async def test_waiting_ends_with_the_next_one(inbox: Inbox) -> None:
    await inbox.wait()
    waiter = asyncio.ensure_future(inbox.wait())
    await asyncio.sleep(0.01)
    assert not waiter.done()
    await inbox.accept(Origin.WATCH, b"x")
    await asyncio.wait_for(waiter, 15)


async def test_a_store_that_fails_takes_no_room(store: Store, clock: HandClock) -> None:
    inbox = Inbox(store, clock, most_entries=1)
    await store.close()
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            await inbox.accept(Origin.ALERTMANAGER, b"x")
