"""Making room while the world goes on: names that move, rights that shrink, a store that fails, many who ask."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from playground.engine.api.server import Sockets
from playground.engine.disk import Image
from playground.engine.host import Host
from playground.engine.world import World
from services.audit import Audit, Result
from services.clearing import Clearings
from services.domain.access import Actor, Role, Scope
from services.domain.plans import Place
from services.domain.stock import Cleared, Fate, Kind, Remains
from services.errors import Denied, EngineRefused, HostSilent, NoSuchHost, Silence
from services.fleet.engine import DockerEngine
from services.fleet.hosts import HostAddress, open_engine
from services.fleet.inventory import taken
from services.fleet.protection import Protection
from services.fleet.streams import Response
from services.roster import Roster
from services.shared import Shared
from services.store.sqlite import SqliteStore, open_sqlite
from tests.clock import HandClock

PLACE = Place(1, 5)
BOSS = Actor(1, "Boss", Role.ADMIN, Scope.of("*/*"))


@dataclass
class Room:
    """A host with eleven images of which no container is made, the first the largest."""

    clearings: Clearings
    host: Host
    store: SqliteStore

    async def begin(self) -> AsyncGenerator[Cleared, None]:
        clearing, _ = await self.clearings.propose("server2", (Kind.UNUSED,), by=BOSS)
        return self.clearings.carry_out(clearing.token, by=BOSS, place=PLACE)


@pytest.fixture
async def room(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> AsyncIterator[Room]:
    clock = HandClock()
    async with World() as world, Sockets(tmp_path_factory.mktemp("a")) as sockets:
        host = world.host("server2")
        for number in range(11):
            image = Image(f"sha256:{number:064x}", (f"lab/a{number:02}:1",), host.clock.now(), 99 - number)
            host.disk.keep(image)
        address = HostAddress("server2", f"unix://{await sockets.open(host)}")
        async with open_engine(address) as engine:
            store = await open_sqlite(tmp_path / "store.db", clock)
            audit = Audit(store, clock)
            yield Room(
                Clearings({"server2": engine}, Protection(()), store, audit, Roster(()), clock), host, store
            )
            await store.close()


async def test_a_name_that_moved_on_meanwhile_leads_to_no_removal(room: Room) -> None:
    steps = await room.begin()
    await anext(steps)
    cleared = await anext(steps)
    assert cleared.count(Fate.REMOVED) == 10
    pulled = Image(f"sha256:{'f' * 64}", ("lab/a10:1",), room.host.clock.now(), 5)
    room.host.disk.keep(pulled)
    *_, cleared = [each async for each in steps]
    assert cleared.over and cleared.fates[-1] is Fate.REFUSED
    assert pulled in room.host.disk.images


@pytest.mark.parametrize(
    ("by", "error"),
    [
        (replace(BOSS, role=Role.OPERATOR), Denied),
        (replace(BOSS, scope=Scope.of("server1/*")), NoSuchHost),
        (replace(BOSS, scope=BOSS.scope & Scope.of("server2/directus")), NoSuchHost),
    ],
)
async def test_rights_count_as_they_are_at_the_press(room: Room, by: Actor, error: type[Exception]) -> None:
    clearing, _ = await room.clearings.propose("server2", (Kind.UNUSED,), by=BOSS)
    with pytest.raises(error):
        await anext(room.clearings.carry_out(clearing.token, by=by, place=PLACE))
    assert len(room.host.disk.images) == 11


async def test_what_was_done_is_told_though_it_cannot_be_written_down(room: Room) -> None:
    steps = await room.begin()
    await anext(steps)
    await room.store.close()
    *_, cleared = [each async for each in steps]
    assert cleared.over and cleared.count(Fate.REMOVED) == 11


async def test_when_the_bot_stops_the_rest_is_told_as_not_tried(room: Room) -> None:
    steps = await room.begin()
    await anext(steps)
    await anext(steps)
    room.clearings.stop_all()
    *_, cleared = [each async for each in steps]
    assert (cleared.over, cleared.count(Fate.REMOVED), cleared.count(Fate.UNTRIED)) == (True, 10, 1)


async def test_what_was_cut_off_is_in_the_books_until_it_has_been_told(room: Room) -> None:
    steps = await room.begin()
    await anext(steps)
    await room.clearings.tells_at((await anext(steps)).clearing, Place(1, 6))
    (begun,) = await room.clearings.unfinished()
    assert begun.place == Place(1, 6)
    remains = await room.clearings.review(begun)
    assert isinstance(remains, Remains)
    assert ([item.name for item in remains.items], remains.failure) == (["lab/a10:1"], None)
    await room.clearings.close(begun)
    assert await room.clearings.unfinished() == []


async def test_an_end_stands_in_the_books_until_it_has_been_told(room: Room) -> None:
    async with aclosing(await room.begin()) as steps:
        first = await anext(steps)
        await room.clearings.tells_at(first.clearing, Place(1, 6))
        while not (cleared := await anext(steps)).over:
            pass
    (begun,) = await room.clearings.unfinished()
    assert begun.place == Place(1, 6)
    assert await room.clearings.review(begun) == cleared
    await room.clearings.close(begun)
    assert await room.clearings.unfinished() == []
    results = [entry.result for entry in await Audit(room.store, HandClock()).page(by=BOSS, limit=9)]
    assert results == [Result.DONE, Result.INTENT]


async def test_what_has_been_told_does_not(room: Room) -> None:
    async for _ in await room.begin():
        pass
    assert await room.clearings.unfinished() == []


async def test_an_image_that_has_lost_one_of_its_names_is_still_there(room: Room) -> None:
    first = room.host.disk.images[0]
    room.host.disk.keep(replace(first, names=(*first.names, "lab/second:1")))
    await anext(await room.begin())
    room.host.disk.keep(first)
    (begun,) = await room.clearings.unfinished()
    remains = await room.clearings.review(begun)
    assert isinstance(remains, Remains)
    assert len(remains.items) == 11


async def test_of_a_host_that_has_left_the_settings_nobody_knows_what_is_gone(room: Room) -> None:
    await anext(await room.begin())
    (begun,) = await room.clearings.unfinished()
    audit = Audit(room.store, HandClock())
    later = Clearings({}, Protection(()), room.store, audit, Roster(()), HandClock())
    remains = await later.review(begun)
    assert isinstance(remains, Remains)
    assert isinstance(remains.failure, NoSuchHost)


async def test_of_a_host_that_does_not_answer_nobody_knows_what_is_gone(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stock(*_given: object, **_named: object) -> None:
        raise HostSilent("server2", Silence.TIMEOUT)

    await anext(await room.begin())
    (begun,) = await room.clearings.unfinished()
    monkeypatch.setattr(DockerEngine, "stock", stock)
    remains = await room.clearings.review(begun)
    assert isinstance(remains, Remains)
    assert isinstance(remains.failure, HostSilent)


async def test_many_who_ask_at_once_cost_two_answers_and_none_is_older_than_its_question() -> None:
    shared: Shared[int] = Shared()
    asked, goes_on = 0, asyncio.Event()

    async def ask() -> int:
        nonlocal asked
        asked += 1
        await goes_on.wait()
        return asked

    async with asyncio.TaskGroup() as group:
        askers = [group.create_task(shared.answer("server2", ask)) for _ in range(9)]
        while not asked:
            await asyncio.sleep(0)
        goes_on.set()
    assert [each.result() for each in askers] == [1] + 8 * [2]
    assert await shared.answer("server2", ask) == 3


async def test_of_an_inventory_that_fails_nothing_goes_on() -> None:
    turns, hanging = asyncio.Semaphore(8), asyncio.Event()

    @asynccontextmanager
    async def ask(container: str, what: str) -> AsyncIterator[Response]:
        if what == "info":
            await hanging.wait()
            raise EngineRefused("server2", 500, "no")
        hanging.set()
        await asyncio.Event().wait()
        yield cast("Response", None)

    with pytest.raises(EngineRefused):
        await taken(ask, turns)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(turns.acquire())
