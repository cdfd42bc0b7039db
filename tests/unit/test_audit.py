"""The audit: what is written is read back whole, newest first, in pages, without secrets, until it is pruned."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.audit import LONGEST_DETAIL, Audit, AuditEntry, Result
from services.domain.access import Action, Actor, Role, Scope, Target
from services.errors import Denied
from services.ports import Put, Store
from services.store import open_store
from tests.clock import HandClock

DIAS = Actor(1002, "Dias", Role.OPERATOR, Scope.of("*/*"))
IN_GROUP = replace(DIAS, chat=-100)
READER = Actor(1001, "Aigerim", Role.ADMIN, Scope.of("*/*"))
DIRECTUS = Target("server2", "directus")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def store(tmp_path: Path, clock: HandClock) -> AsyncIterator[Store]:
    async with open_store(f"sqlite://{tmp_path}/store.db", clock) as store:
        yield store


@pytest.fixture
def audit(store: Store, clock: HandClock) -> Audit:
    return Audit(store, clock)


async def test_an_entry_comes_back_whole(audit: Audit, clock: HandClock) -> None:
    await audit.record(IN_GROUP, Action.RESTART, DIRECTUS, Result.FAILED, detail="no such image")
    await audit.record(DIAS, Action.READ_AUDIT, None, Result.DENIED)
    denied, failed = await audit.page(by=READER, limit=9)
    assert failed == AuditEntry(
        clock.now(),
        1002,
        "Dias",
        Action.RESTART,
        Result.FAILED,
        "server2",
        "directus",
        -100,
        "no such image",
        failed.seq,
    )
    assert (denied.host, denied.container, denied.chat, denied.detail) == ("", "", None, "")
    assert denied.seq > failed.seq > 0


async def test_pages_lead_back_to_the_first_entry(audit: Audit, clock: HandClock) -> None:
    for turn in range(5):
        await audit.record(DIAS, Action.RESTART, Target("server2", f"c{turn}"), Result.DONE)
        clock.pass_by(minutes=1)
    page = await audit.page(by=READER, limit=3)
    rest = await audit.page(by=READER, limit=3, before=page[-1].seq)
    assert [entry.container for entry in (*page, *rest)] == ["c4", "c3", "c2", "c1", "c0"]
    assert await audit.page(by=READER, limit=3, before=rest[-1].seq) == []


async def test_an_engine_s_words_are_kept_short_and_without_secrets(audit: Audit) -> None:
    words = "cannot pull: https://dias:hunter2@registry.example/directus " + "x" * 1000
    await audit.record(DIAS, Action.START, DIRECTUS, Result.FAILED, detail=words)
    (entry,) = await audit.page(by=READER, limit=1)
    assert entry.detail.startswith("cannot pull: https://dias:•••@registry.example/directus")
    assert len(entry.detail) == LONGEST_DETAIL


async def test_an_entry_is_written_together_with_what_it_is_about(
    audit: Audit, store: Store, clock: HandClock
) -> None:
    line = audit.line(AuditEntry(clock.now(), 1002, "Dias", Action.STOP, Result.INTENT))
    assert not await store.write(Put("a", b"1"), line, expect={"a": b"something else"})
    assert await audit.page(by=READER, limit=9) == []
    assert await store.write(Put("a", b"1"), line, expect={"a": None})
    assert [entry.action for entry in await audit.page(by=READER, limit=9)] == [Action.STOP]


async def test_pruning_keeps_what_is_young_enough(audit: Audit, clock: HandClock) -> None:
    await audit.record(DIAS, Action.STOP, DIRECTUS, Result.DONE)
    clock.pass_by(days=90)
    await audit.record(DIAS, Action.START, DIRECTUS, Result.DONE)
    assert await audit.prune(timedelta(days=90)) == 0
    clock.pass_by(seconds=1)
    assert await audit.prune(timedelta(days=90)) == 1
    assert [entry.action for entry in await audit.page(by=READER, limit=9)] == [Action.START]


async def test_it_is_read_by_admins_and_within_their_scope(audit: Audit) -> None:
    for number in range(250):
        target = Target("server1" if number % 2 else "server2", f"c{number}")
        await audit.record(DIAS, Action.RESTART, target, Result.DONE)
    await audit.record(DIAS, Action.READ_AUDIT, None, Result.DENIED)
    narrow = replace(READER, scope=Scope.of("server2/*"))
    first = await audit.page(by=narrow, limit=100)
    rest = await audit.page(by=narrow, limit=100, before=first[-1].seq)
    assert {entry.host for entry in [*first, *rest]} == {"server2"}
    assert (len(first), len(rest)) == (100, 25)
    assert (await audit.page(by=READER, limit=1))[0].host == ""
    with pytest.raises(Denied):
        await audit.page(by=DIAS, limit=1)
