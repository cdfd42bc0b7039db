"""The outbox in trouble: what is refused, lost or closed hides nothing, rings no storm, and is put right afterwards."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.alerts.notices import QUEUE, Notices
from services.alerts.orphans import Orphans
from services.alerts.policy import Policy, Route
from services.domain.access import Actor, Role, Scope
from services.domain.posts import Bulletin, Destination, Notice, Ring, Trouble
from services.errors import ChatClosed, MessageLost, MessageRefused
from services.ports import Sent
from tests.alerts import OPS, report
from tests.unit.outbox_scenery import AIGERIM, SPARE, Scenery, kinds, names, on, over, scenery_in, until

CRITICAL, WARNING = Destination(-11), Destination(-12)
SPLIT = Policy(
    routes=(Route(CRITICAL, ("critical",)), Route(WARNING, ("warning",))), fallback=SPARE, admins=(AIGERIM,)
)
BOSS = Actor(1, "Boss", Role.ADMIN, Scope.of("*/*"))
DIAS = Actor(2, "Dias", Role.OPERATOR, Scope.of("server2/*"))
COPY = Sent(OPS.chat, 77)


@pytest.fixture
async def scenery(tmp_path: Path) -> AsyncIterator[Scenery]:
    async with scenery_in(tmp_path) as found:
        yield found


async def passing(scenery: Scenery, times: int, **each: float) -> None:
    """Time goes by, and the outbox does what it has to."""
    async with scenery.working() as outbox:
        for _ in range(times):
            scenery.clock.pass_by(**each)
            await scenery.until_quiet(outbox)


def seen(scenery: Scenery) -> set[str]:
    """All alerts that some message names."""
    return {name for each in scenery.memory.bulletins.values() for name in names(each).split(",")}


# Refused, lost, broken


async def test_a_refused_digest_goes_one_by_one_and_hides_nobody(scenery: Scenery) -> None:
    for number in range(5):
        await scenery.hears(f"k{number}", report(f"A{number}"))
    scenery.memory.failing[OPS.chat] = [MessageRefused("Bad Request")]
    await passing(scenery, 6, minutes=2)
    assert sorted(scenery.memory.told) == [f"post {OPS.key} A{number}" for number in range(5)]


async def test_one_that_is_refused_alone_too_holds_up_none_of_its_digest(scenery: Scenery) -> None:
    for number in range(5):
        await scenery.hears(f"k{number}", report(f"A{number}"))
    scenery.memory.failing[OPS.chat] = [MessageRefused("Bad Request"), MessageRefused("Bad Request")]
    await passing(scenery, 6, minutes=2)
    assert kinds(scenery.memory.told) == ["post"] * 4
    (hidden,) = {f"A{number}" for number in range(5)} - seen(scenery)
    await scenery.hears(f"k{hidden[1]}", report(hidden), report("N"))
    await passing(scenery, 1, minutes=2)
    assert kinds(scenery.memory.told) == ["post"] * 5
    assert seen(scenery) == {"A0", "A1", "A2", "A3", "A4", "N"}


async def test_a_ring_that_is_refused_is_not_tried_again(
    scenery: Scenery, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Ring] = []

    async def refuse(to: Destination, ring: Ring, message: Sent) -> Sent:
        tried.append(ring)
        raise MessageRefused("Bad Request")

    monkeypatch.setattr(scenery.memory, "ring", refuse)
    await scenery.hears("a", report("A"))
    await passing(scenery, 1, minutes=1)
    scenery.clock.pass_by(minutes=6)
    await scenery.hears("a", report("A"), report("B"))
    await passing(scenery, 2, seconds=10)
    assert len(tried) == 1


async def test_a_deleted_digest_is_told_anew_with_all_its_members(scenery: Scenery) -> None:
    for number in range(5):
        await scenery.hears(f"k{number}", report(f"A{number}"))
    await passing(scenery, 1, minutes=1)
    assert kinds(scenery.memory.told) == ["post"]
    scenery.memory.bulletins.clear()  # with the message
    scenery.memory.failing[OPS.chat] = [MessageLost("message to edit not found")]
    await scenery.hears("k2", report("A2"), report("N"))
    await passing(scenery, 2, minutes=2)
    assert seen(scenery) == {"A0", "A1", "A2", "A3", "A4", "N"}


async def test_a_message_that_cannot_be_made_stops_no_other(
    scenery: Scenery, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = scenery.memory.post

    async def post(bulletin: Bulletin) -> Sent:
        if "BAD" in names(bulletin):
            raise ValueError("unforeseen")
        return await really(bulletin)

    monkeypatch.setattr(scenery.memory, "post", post)
    await scenery.hears("a", report("BAD"))
    async with scenery.working() as outbox:
        await until(lambda: bool(scenery.memory.notices))
        await scenery.hears("b", report("GOOD"))
        await scenery.until_quiet(outbox)
    assert scenery.memory.told == [f"post {OPS.key} GOOD"]
    assert [notice.trouble for _, notice in scenery.memory.notices] == [Trouble.REFUSED]


async def test_a_notice_that_repeats_comes_every_ten_minutes_and_does_come(scenery: Scenery) -> None:
    notices = Notices(scenery.store, scenery.memory, (AIGERIM,), scenery.clock)
    start = scenery.clock.now()
    heard: list[tuple[datetime, str]] = []
    async with asyncio.TaskGroup() as group:
        task = group.create_task(notices.run())
        for number in range(35):
            now = scenery.clock.now()
            await notices.tell(Notice(Trouble.UNDECODABLE, now, {"key": str(number)}))
            async with asyncio.timeout(5):
                while await scenery.store.due(QUEUE, now=now, limit=1):
                    await asyncio.sleep(0.001)
            heard += [(now, notice.facts["key"]) for _, notice in scenery.memory.notices[len(heard) :]]
            scenery.clock.pass_by(minutes=1)
        task.cancel()
    assert heard == [(start + timedelta(minutes=at), str(at)) for at in (0, 10, 20, 30)]


async def test_a_notice_for_one_admin_is_told_to_nobody_else(scenery: Scenery) -> None:
    other = replace(AIGERIM, chat=AIGERIM.chat + 1)
    notices = Notices(scenery.store, scenery.memory, (AIGERIM, other), scenery.clock)
    await notices.tell(Notice(Trouble.STANDARDS, scenery.clock.now(), {}), other.chat)
    due = await scenery.store.due(QUEUE, now=scenery.clock.now(), limit=9)
    assert [each.key.partition("/")[0] for each in due] == [str(other.chat)]


# Chats that close and return


async def test_the_fallback_s_copy_is_kept_up_to_date_when_the_chat_is_back(scenery: Scenery) -> None:
    scenery.memory.closed.add(OPS.chat)
    await scenery.hears("a", report("A"))
    await passing(scenery, 1, seconds=1)
    scenery.memory.closed.clear()
    scenery.clock.pass_by(minutes=11)
    await scenery.hears("b", report("B"))
    await passing(scenery, 1, minutes=1)
    assert scenery.memory.told == [f"post {SPARE.key} A", f"post {OPS.key} B"]
    await scenery.hears("a", over(report("A"), scenery.clock.now()))
    await passing(scenery, 2, minutes=1)
    assert f"edit {SPARE.key} A-over" in scenery.memory.told


async def test_a_chat_s_old_message_is_brought_up_to_date_when_it_is_back(scenery: Scenery) -> None:
    await scenery.hears("a", report("A"))
    await passing(scenery, 1, seconds=1)
    scenery.memory.closed.add(OPS.chat)
    scenery.clock.pass_by(minutes=1)
    await scenery.hears("a", over(report("A"), scenery.clock.now()))
    await passing(scenery, 1, seconds=1)
    scenery.memory.closed.clear()
    scenery.clock.pass_by(minutes=11)
    await scenery.hears("b", report("B"))
    await passing(scenery, 2, minutes=1)
    assert f"edit {OPS.key} A-over" in scenery.memory.told


async def test_a_group_that_moved_is_tried_at_once_where_it_is_now(scenery: Scenery) -> None:
    await scenery.hears("a", report("A"))
    await passing(scenery, 1, seconds=1)
    scenery.memory.closed.add(OPS.chat)
    scenery.clock.pass_by(minutes=1)
    await scenery.hears("a", over(report("A"), scenery.clock.now()))
    async with scenery.working() as outbox:
        await scenery.until_quiet(outbox)
        assert scenery.memory.told == [f"post {OPS.key} A", f"post {SPARE.key} A-over"]
        scenery.memory.closed.clear()
        outbox.moved(OPS.chat)
        await scenery.until_quiet(outbox)
    assert scenery.memory.told[2:] == [f"edit {OPS.key} A-over"]


async def test_a_chat_that_opens_and_closes_again_is_told_of_once_in_ten_minutes(scenery: Scenery) -> None:
    async with scenery.working() as outbox:
        for turn in range(3):
            scenery.clock.pass_by(seconds=0.1)  # ten minutes are 0.6 s here
            scenery.memory.closed.add(OPS.chat)
            await scenery.hears(f"a{turn}", report(f"A{turn}"))
            await scenery.until_quiet(outbox)
            scenery.memory.closed.clear()
            outbox.moved(OPS.chat)
            await scenery.hears(f"b{turn}", report(f"B{turn}"))
            scenery.clock.pass_by(seconds=0.05)
            await scenery.until_quiet(outbox)
    troubles = [notice.trouble for _, notice in scenery.memory.notices]
    assert troubles == [Trouble.CHAT_CLOSED]
    opened = [line for line in scenery.memory.told if line.startswith(f"post {OPS.key} ")]
    assert opened == [f"post {OPS.key} B{turn}" for turn in range(3)]


async def test_a_closing_that_was_too_soon_to_be_told_is_told_later(scenery: Scenery) -> None:
    async with scenery.working() as outbox:
        for turn, pause in enumerate((0.1, 0.1, 1)):  # ten minutes are 0.6 s here
            scenery.clock.pass_by(seconds=pause)
            scenery.memory.closed.add(OPS.chat)
            await scenery.hears(f"a{turn}", report(f"A{turn}"))
            await scenery.until_quiet(outbox)
            if turn == 0:
                scenery.memory.closed.clear()
                outbox.moved(OPS.chat)
                scenery.clock.pass_by(seconds=0.1)
                await scenery.until_quiet(outbox)
        told = [notice.at for _, notice in scenery.memory.notices]
    assert len(told) == 2
    assert told[1] - told[0] > timedelta(seconds=0.6)


async def test_what_the_old_id_refuses_while_the_group_moves_closes_nothing(
    scenery: Scenery, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = scenery.memory.post
    async with scenery.working() as outbox:

        async def post(bulletin: Bulletin) -> Sent:
            monkeypatch.setattr(scenery.memory, "post", really)
            outbox.moved(OPS.chat)
            raise ChatClosed("Forbidden")

        monkeypatch.setattr(scenery.memory, "post", post)
        await scenery.hears("a", report("A"))
        await scenery.until_quiet(outbox)
    assert scenery.memory.told == [f"post {OPS.key} A"]
    assert scenery.memory.notices == []


async def test_one_fallback_for_two_closed_chats_shows_what_both_miss(tmp_path: Path) -> None:
    async with scenery_in(tmp_path, SPLIT) as scenery:
        scenery.memory.closed |= {CRITICAL.chat, WARNING.chat}
        await scenery.hears("a", report("CRIT", labels={"severity": "critical"}), report("WARN"))
        await passing(scenery, 3, minutes=1)
        (last,) = scenery.memory.bulletins.values()
        assert (last.to, names(last)) == (SPARE, "CRIT,WARN")


async def test_a_chat_that_closes_while_the_fallback_s_message_is_on_its_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scenery_in(tmp_path, SPLIT) as scenery:
        scenery.memory.closed.add(CRITICAL.chat)
        really, on_its_way, arrives = scenery.memory.post, asyncio.Event(), asyncio.Event()

        async def post(bulletin: Bulletin) -> Sent:
            if bulletin.to == SPARE:
                on_its_way.set()
                await arrives.wait()
            if bulletin.to == WARNING:
                await on_its_way.wait()
                raise ChatClosed("Forbidden")
            return await really(bulletin)

        monkeypatch.setattr(scenery.memory, "post", post)
        identity = await scenery.hears("a", report("CRIT", labels={"severity": "critical"}), report("WARN"))
        async with scenery.working() as outbox:
            async with asyncio.timeout(5):
                while len((await scenery.ledger.diverted(SPARE, [identity])).get(identity, ())) < 2:
                    await asyncio.sleep(0.01)
            arrives.set()
            for _ in range(2):
                await scenery.until_quiet(outbox)
                scenery.clock.pass_by(minutes=1)
        assert scenery.memory.told[0] == f"post {SPARE.key} CRIT"
        (last,) = scenery.memory.bulletins.values()
        assert names(last) == "CRIT,WARN"


async def test_a_chat_that_closes_when_the_fallback_s_message_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing has changed since, and yet it has to show more."""
    async with scenery_in(tmp_path, SPLIT) as scenery:
        scenery.memory.closed.add(CRITICAL.chat)
        really = scenery.memory.post
        identity = await scenery.hears("a", report("CRIT", labels={"severity": "critical"}), report("WARN"))

        async def post(bulletin: Bulletin) -> Sent:
            if bulletin.to == WARNING:
                async with asyncio.timeout(5):
                    while not await scenery.ledger.posts(SPARE, [identity]):
                        await asyncio.sleep(0.01)
                raise ChatClosed("Forbidden")
            return await really(bulletin)

        monkeypatch.setattr(scenery.memory, "post", post)
        await passing(scenery, 2, minutes=1)
        assert scenery.memory.told == [f"post {SPARE.key} CRIT", f"edit {SPARE.key} CRIT,WARN"]


async def test_a_chat_that_closes_while_the_fallback_s_message_is_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the edit showed was less than what it has to show by then."""
    async with scenery_in(tmp_path, SPLIT) as scenery:
        critical = report("CRIT", labels={"severity": "critical"})
        warning = report("WARN")
        identity = await scenery.hears("a", critical, warning)
        scenery.memory.closed.add(CRITICAL.chat)
        await passing(scenery, 1, minutes=1)
        assert names(scenery.memory.bulletins[max(scenery.memory.bulletins)]) == "CRIT"
        really, under_way = scenery.memory.revise, asyncio.Event()

        async def revise(bulletin: Bulletin, message: Sent) -> None:
            if bulletin.to == SPARE:
                under_way.set()
                async with asyncio.timeout(5):
                    while len((await scenery.ledger.diverted(SPARE, [identity]))[identity]) < 2:
                        await asyncio.sleep(0.01)
            if bulletin.to == WARNING:
                await under_way.wait()
                raise ChatClosed("Forbidden")
            await really(bulletin, message)

        monkeypatch.setattr(scenery.memory, "revise", revise)
        await scenery.hears("a", critical, warning, report("MORE"))
        await passing(scenery, 3, minutes=1)
        assert scenery.memory.told[-1].startswith(f"edit {SPARE.key} ")
        assert {*scenery.memory.told[-1].split()[-1].split(",")} == {"CRIT", "WARN", "MORE"}


async def test_a_fallback_that_has_alerts_of_its_own_says_for_whom_it_stands_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other chat closes while its own message is on its way."""
    routes = (Route(SPARE, ("critical",)), Route(WARNING, ("warning",)))
    async with scenery_in(tmp_path, replace(SPLIT, routes=routes)) as scenery:
        really, on_its_way = scenery.memory.post, asyncio.Event()

        async def post(bulletin: Bulletin) -> Sent:
            if bulletin.to == WARNING:
                await on_its_way.wait()
                raise ChatClosed("Forbidden")
            on_its_way.set()
            async with asyncio.timeout(5):
                while not await scenery.ledger.diverted(SPARE, [identity]):
                    await asyncio.sleep(0.01)
            return await really(bulletin)

        identity = await scenery.hears("a", report("CRIT", labels={"severity": "critical"}), report("WARN"))
        monkeypatch.setattr(scenery.memory, "post", post)
        await passing(scenery, 2, minutes=1)
        (last,) = scenery.memory.bulletins.values()
        assert (names(last), last.instead_of) == ("CRIT,WARN", WARNING.chat)


# Copies of messages whose answer was lost


def orphans_of(scenery: Scenery) -> Orphans:
    return Orphans(scenery.ledger, scenery.memory, scenery.policy, scenery.clock, {})


async def test_a_lone_copy_becomes_the_message_without_a_sound(scenery: Scenery) -> None:
    identity = await scenery.hears("a", report("A", labels={"severity": "critical"}))
    await orphans_of(scenery).pressed(COPY, None, identity, by=BOSS)
    await passing(scenery, 2, minutes=6)
    assert scenery.memory.told == [f"edit {OPS.key} A"]
    assert set(scenery.memory.bulletins) == {COPY.message}


async def test_a_copy_points_to_the_newer_message_beside_it(
    scenery: Scenery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy was pressed while its message was sent once more, so that it was taken for the only one."""
    really, arrives, on_its_way = scenery.memory.post, asyncio.Event(), asyncio.Event()

    async def post(bulletin: Bulletin) -> Sent:
        on_its_way.set()
        await arrives.wait()
        return await really(bulletin)

    monkeypatch.setattr(scenery.memory, "post", post)
    identity = await scenery.hears("a", report("A"))
    async with scenery.working() as outbox:
        await on_its_way.wait()
        await orphans_of(scenery).pressed(COPY, None, identity, by=BOSS)
        arrives.set()
        await scenery.until_quiet(outbox)
        assert not scenery.memory.redirected
        await orphans_of(scenery).pressed(COPY, None, identity, by=BOSS)
        await orphans_of(scenery).pressed(Sent(OPS.chat, 101), None, identity, by=BOSS)
    assert scenery.memory.redirected == [(COPY, Sent(OPS.chat, 101))]


@pytest.mark.parametrize(
    ("pressed", "identity", "by"),
    [
        pytest.param(COPY, "ffffffff", BOSS, id="no such incident"),
        pytest.param(COPY, "", DIAS, id="an incident out of sight"),
        pytest.param(replace(COPY, chat=-99), "", BOSS, id="a chat that gets no alerts"),
    ],
)
@pytest.mark.parametrize("told", [False, True], ids=["not told yet", "told"])
async def test_a_forged_press_edits_nothing(
    scenery: Scenery, pressed: Sent, identity: str, by: Actor, told: bool
) -> None:
    real = await scenery.hears("a", report("A", labels=on("server1", "n8n")))
    if told:
        await passing(scenery, 1, seconds=1)
    kept = await scenery.store.scan("post/"), await scenery.store.scan("said/")
    before = list(scenery.memory.told)
    await orphans_of(scenery).pressed(pressed, None, identity or real, by=by)
    assert scenery.memory.told == before
    assert (await scenery.store.scan("post/"), await scenery.store.scan("said/")) == kept
