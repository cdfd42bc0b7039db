"""Follows on real servers: who may have how many, how they end, and what is left of them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.domain.access import Actor, Role, Scope
from services.domain.containers import ContainerKey, key_of
from services.domain.plans import Place
from services.errors import (
    ChatClosed,
    FollowsFull,
    LogsUnreadable,
    MessageRefused,
    NoSuchContainer,
    NotDelivered,
    NotFollowed,
    NotYourFollow,
    PatternRefused,
    TooManyLogs,
)
from services.logs.follow import presence
from services.logs.follow.following import Finish, FollowQuestion, Snapshot
from services.logs.follow.follows import Bounds, Hooks
from tests.lab.following import ALL, DIAS, STUDENT, Wall, watching, writer
from tests.lab.servers import Lab

pytestmark = pytest.mark.lab


async def test_when_all_have_ended_for_good_it_is_over(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "GRACE", 1.0)
    server = lab.servers["server1"]
    for name in ("one", "two"):
        server.run_container(name, *writer(5, burst=5, pause=0.1, then="exit 0"))
    async with watching(tmp_path, server) as watch:
        wall = await watch.follow("one", "two")
        shown = await wall.ended()
        assert shown.finish is Finish.ENDED
        assert [standing.end.exit_code for standing in shown.standings if standing.end] == [0, 0]
        with pytest.raises(NotFollowed):
            watch.follows.stop(shown.number, by=DIAS)


async def test_who_may_stop_it_and_how_many_there_may_be(lab: Lab, tmp_path: Path) -> None:
    server, other = lab.servers["server1"], lab.servers["server2"]
    bounds = Bounds(each=1, all=2, logs=3)
    async with watching(tmp_path, server, other, bounds=bounds) as watch:
        with pytest.raises(TooManyLogs):
            await watch.follow("server2/*")
        with pytest.raises(PatternRefused):
            await watch.follow("n8n", pattern="(")
        with pytest.raises(NoSuchContainer):
            await watch.follow("n9n")
        mine = await watch.follow("n8n")
        with pytest.raises(FollowsFull) as full:
            await watch.follow("redis")
        assert full.value.own
        theirs = await watch.follow("redis", by=STUDENT)
        with pytest.raises(FollowsFull) as full:
            await watch.follow("redis", by=Actor(1, "Third", Role.ADMIN, ALL, chat=-1))
        assert not full.value.own
        await mine.until(lambda _: True, "the first message")
        await theirs.until(lambda _: True, "the first message")
        with pytest.raises(NotYourFollow) as refused:
            watch.follows.stop(mine.last.number, by=STUDENT)
        assert refused.value.owner == "Dias"
        with pytest.raises(NotFollowed):
            watch.follows.stop(mine.last.number, by=Actor(1001, "Aigerim", Role.ADMIN, ALL, chat=-2))
        watch.follows.stop(theirs.last.number, by=DIAS)
        assert (await theirs.ended()).by == "Dias"
        watch.follows.stop(mine.last.number, by=DIAS)
        assert (await mine.ended()).by == ""
        assert watch.follows.of(DIAS.id, -1) == ()


async def test_a_log_that_cannot_be_read_is_refused_alone_and_named_among_others(
    lab: Lab, tmp_path: Path
) -> None:
    server = lab.servers["server1"]
    server.run_container("mute", "sleep", "1000", extra=["--log-driver=none"])
    async with watching(tmp_path, server) as watch:
        with pytest.raises(LogsUnreadable):
            await watch.follow("mute")
        wall = await watch.follow("mute", "n8n")
        shown = await wall.until(lambda shown: shown.standings[0].failure, "why not")
        assert isinstance(shown.standings[0].failure, LogsUnreadable)
        assert shown.standings[1].failure is None


async def test_it_ends_by_itself_and_can_be_gone_on_with(lab: Lab, tmp_path: Path) -> None:
    async with watching(tmp_path, lab.servers["server1"], bounds=Bounds(seconds=0.5)) as watch:
        wall = await watch.follow("n8n")
        shown = await wall.ended(5)
        assert shown.finish is Finish.TIME
        question = await watch.follows.question(shown.token)
        assert question == FollowQuestion(("n8n",))
        assert await watch.follows.left_over() == []


async def test_a_chat_that_takes_it_later_and_one_that_never_does(lab: Lab, tmp_path: Path) -> None:
    server = lab.servers["server1"]
    server.run_container("writer", *writer(100_000, burst=1, pause=0.1))
    async with watching(tmp_path, server) as watch:
        patient = await watch.follow("writer", wall=Wall(trouble=[NotDelivered("flood", 0.2)] * 3))
        await patient.until(lambda shown: shown.total > 2, "lines in the end")
        assert sum(each.came for each in patient.shown) == patient.last.total, "none is left out of the count"
        patient.trouble += [MessageRefused("no")] * 2
        total = patient.last.total
        await patient.until(lambda shown: shown.total > total, "lines after two refusals")
        patient.trouble += [ChatClosed("kicked")]
        while watch.follows.of(DIAS.id, -1):
            await asyncio.sleep(0.02)
        assert patient.last.finish is None, "nobody is there to be told"
        assert await watch.follows.left_over() == []


async def test_who_may_no_longer_see_it_sees_no_more(lab: Lab, tmp_path: Path) -> None:
    server = lab.servers["server1"]
    server.run_container("writer", *writer(100_000, burst=1, pause=0.1))
    narrow = Actor(1003, "Student", Role.VIEWER, Scope.of("*/writer"), chat=-1)
    async with watching(tmp_path, server) as watch:
        wall = await watch.follow("writer", by=narrow)
        await wall.until(lambda shown: shown.total > 2, "lines")
        server.docker("rename", "writer", "secret")
        renamed = wall.last.total
        shown = await wall.ended(10)
        assert shown.standings[0].gone
        assert shown.rows == ()
        assert shown.total <= renamed + 30, "at the next showing already"


async def test_who_is_nobody_by_now_sees_no_more(lab: Lab, tmp_path: Path) -> None:
    server = lab.servers["server1"]
    server.run_container("writer", *writer(100_000, burst=1, pause=0.1))
    known: list[Actor | None] = [STUDENT]
    async with watching(tmp_path, server, hooks=Hooks(judge=lambda by: known[0])) as watch:
        wall = await watch.follow("writer", by=STUDENT)
        await wall.until(lambda shown: shown.total > 2, "lines")
        known[0] = None
        count = len(wall.shown)
        shown = await wall.ended(5)
        assert all(not each.rows for each in wall.shown[count + 1 :]), "one may have been on its way"
        assert shown.standings[0].gone


async def test_of_what_a_person_may_no_longer_see_only_that_is_taken_away(lab: Lab, tmp_path: Path) -> None:
    server = lab.servers["server1"]
    for name in ("theirs", "writer"):
        server.run_container(name, *writer(100_000, burst=1, pause=0.1))
    known = [STUDENT]
    async with watching(tmp_path, server, hooks=Hooks(judge=lambda by: known[0])) as watch:
        wall = await watch.follow("writer", "theirs", by=STUDENT)
        await wall.until(lambda shown: {row.name for row in shown.rows} == {"writer", "theirs"}, "both")
        known[0] = Actor(STUDENT.id, STUDENT.name, STUDENT.role, Scope.of("*/writer"), chat=-1)
        shown = await wall.until(lambda shown: shown.standings[0].gone, "one is taken away")
        total = shown.total
        assert {row.name for row in shown.rows} == {"writer"}
        shown = await wall.until(lambda shown: shown.total > total + 5, "the other goes on")
        assert {row.name for row in shown.rows} == {"writer"}
        assert [each.gone for each in shown.standings] == [True, False]


async def test_the_bot_stops_and_a_sudden_end_is_remembered(lab: Lab, tmp_path: Path) -> None:
    server = lab.servers["server1"]
    async with watching(tmp_path, server) as watch:
        wall = await watch.follow("n8n")
        await wall.until(lambda _: True, "the first message")
        await asyncio.sleep(0.2)
        (left,) = await watch.follows.left_over()
        assert (left.number, left.place, left.asker) == (wall.last.number, Place(-1, 7), DIAS.id)
        assert left.names == (("server1", "n8n"),)
        await watch.follows.finish(5)
        assert wall.last.finish is Finish.BOT_STOPS
        assert await watch.follows.left_over() == []


async def test_only_the_first_and_the_last_word_go_as_a_person_s(lab: Lab, tmp_path: Path) -> None:
    server = lab.servers["server1"]
    server.run_container("writer", *writer(100_000, burst=1, pause=0.1))
    inside = False
    live: list[bool] = []

    @contextmanager
    def around() -> Iterator[None]:
        nonlocal inside
        inside = True
        yield
        inside = False

    class Noting(Wall):
        async def show(self, snapshot: Snapshot) -> None:
            live.append(inside)
            await super().show(snapshot)

    async with watching(tmp_path, server, hooks=Hooks(around)) as watch:
        wall = await watch.follow("writer", wall=Noting())
        await wall.until(lambda shown: shown.total > 5, "lines")
        watch.follows.stop(wall.last.number, by=DIAS)
        await wall.ended()
    assert live == [False, *[True] * (len(live) - 2), False]
    assert len(live) > 3


async def test_nothing_is_left_open_on_the_host(lab: Lab, tmp_path: Path) -> None:
    server = lab.servers["server1"]
    for name in ("one", "two"):
        server.run_container(name, *writer(100_000, burst=1, pause=0.1))
    left: list[int] = []
    async with watching(tmp_path, server) as watch:
        for _number in range(6):
            wall = await watch.follow("one", "two")
            await wall.until(lambda shown: shown.total > 0, "lines")
            while_read = 0
            for _ in range(10):  # of the channels that are opened ahead one may be in use
                while_read = max(while_read, server.sshd_descriptors())
                await asyncio.sleep(0.03)
            watch.follows.stop(wall.last.number, by=DIAS)
            await wall.ended()
            await asyncio.sleep(0.3)
            left.append(server.sshd_descriptors())
            assert left[-1] < while_read
    assert left[-1] <= max(left[:2]), "requests keep a few open, follows none"


async def test_a_button_of_one_container_follows_it(lab: Lab, tmp_path: Path) -> None:
    async with watching(tmp_path, lab.servers["server1"]) as watch:
        wall = Wall()
        question = FollowQuestion(ContainerKey("server1", key_of("server1", "n8n")))
        container = await watch.follows.start(question, lambda _number: wall, by=DIAS)
        assert container is not None
        assert container.name == "n8n"
        await wall.until(lambda _: "Version: 1.70.3" in wall.texts, "its lines")
