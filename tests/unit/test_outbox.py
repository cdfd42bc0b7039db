"""The outbox over a real store, with a notifier that remembers: order, digests, rings, closed chats, lost messages."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.domain.posts import Ringing, Trouble
from services.errors import MessageLost, MessageRefused, NotDelivered
from tests.alerts import OPS, report
from tests.unit.outbox_scenery import AIGERIM, SPARE, Scenery, kinds, over, scenery_in


@pytest.fixture
async def scenery(tmp_path: Path) -> AsyncIterator[Scenery]:
    async with scenery_in(tmp_path) as found:
        yield found


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
    assert kinds(scenery.memory.told) == ["post", "edit"]
    assert await scenery.store.backlog(f"outbox/{OPS.key}") == 0


async def test_a_large_group_has_its_file(scenery: Scenery) -> None:
    async with scenery.working() as outbox:
        await scenery.hears("a", *(report(f"A{number}") for number in range(1000)))
        await scenery.until_quiet(outbox)
    assert kinds(scenery.memory.told) == ["post", "file"]
    assert len(scenery.memory.files[0].roll) == 1000


async def test_a_new_alert_rings_below_the_edited_message(scenery: Scenery) -> None:
    async with scenery.working() as outbox:
        await scenery.hears("a", report("A"))
        await scenery.until_quiet(outbox)
        scenery.clock.pass_by(minutes=6)
        await scenery.hears("a", report("A"), report("B"))
        await scenery.until_quiet(outbox)
    assert kinds(scenery.memory.told) == ["post", "edit", "ring"]
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
