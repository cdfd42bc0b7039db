"""Searches that run: their time, their end, how many there may be, and what they cannot read."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from services.domain.access import Actor, Role, Scope
from services.domain.logs import LogQuery, Stream
from services.errors import HostSilent, LogsUnreadable, NotYourSearch, SearchesFull, Silence
from services.logs.search.hits import Found, SearchQuestion, Stop, Watch
from services.logs.search.search import FILE, MOST, MOST_OF_ONE, Searcher
from tests.garbage import set_aside
from tests.unit.engine_log import EngineLog
from tests.unit.log_fleet import ACTOR, container
from tests.unit.search_fleet import ALL, SearchFleet, cut_small, fleet_of, searcher, write


class Unending(EngineLog):
    """Reads hang behind their first buffer."""

    async def logs(
        self, container_id: str, query: LogQuery, *, deadline: float | None
    ) -> AsyncGenerator[bytes, None]:
        async for data in super().logs(container_id, query, deadline=deadline):
            yield data
            if (query.tail or 0) > 100:
                await asyncio.Event().wait()


async def test_when_the_time_is_up_it_says_how_far_it_got_and_goes_on_from_there() -> None:
    log = Unending(buffer=300)
    write(log, [("ERROR", Stream.STDOUT)] * 500)
    fleet = SearchFleet({"n8n": log})
    with cut_small():
        search = searcher(fleet, windows=(40, 90, 1000))
        first = await search.find(SearchQuestion("ERROR"), by=ACTOR, bounds=replace(ALL, seconds=0.3))
        assert first.stop is Stop.TIME
        assert first.reached is not None
        assert 30 < first.count == len(first.hits) < 140
        onward = first.onward(len(first.hits))
        assert onward is not None
        log.__class__ = EngineLog  # type: ignore[assignment]  # mended
        second = await search.find(onward, by=ACTOR, bounds=ALL)
    numbers = [int(hit.line.text.split()[-1]) for hit in (*first.hits, *second.hits)]
    assert numbers == list(reversed(range(500)))
    assert second.onward(len(second.hits)) is None


DIAS, AIGERIM = ACTOR, Actor(2, "aigerim", Role.ADMIN, Scope(()))


@contextmanager
def shut(fleet: SearchFleet) -> Iterator[None]:
    fleet.gate.clear()
    try:
        yield
    finally:
        fleet.gate.set()


async def running(
    search: Searcher, group: asyncio.TaskGroup, by: Actor
) -> tuple[Watch, "asyncio.Task[Found]"]:
    watch = Watch()
    task = group.create_task(search.find(SearchQuestion("ERROR"), by=by, watch=watch))
    while not watch.token or not watch.progress().of:
        await asyncio.sleep(0.001)
    return watch, task


async def test_only_the_asker_cancels_and_what_was_found_is_told() -> None:
    fleet = fleet_of([("ERROR", Stream.STDOUT)] * 10)
    search = searcher(fleet)
    async with asyncio.TaskGroup() as group:
        with shut(fleet):
            watch, task = await running(search, group, DIAS)
            with pytest.raises(NotYourSearch) as refused:
                search.cancel(watch.token, by=AIGERIM)
            assert refused.value.owner == "dias"
            assert search.cancel(watch.token, by=DIAS)
            found = await asyncio.wait_for(task, 1)
    assert (found.stop, found.count, found.unbegun) == (Stop.CANCELLED, 0, 1)
    assert not search.cancel(watch.token, by=DIAS)  # it is over
    onward = found.onward(0)
    assert onward is not None
    assert (await search.find(onward, by=DIAS)).count == 10


async def test_so_many_searches_at_a_time_and_no_more() -> None:
    fleet = fleet_of([("ERROR", Stream.STDOUT)] * 10)
    search = searcher(fleet)
    people = [Actor(number, str(number), Role.VIEWER, Scope(())) for number in range(MOST // MOST_OF_ONE)]
    async with asyncio.TaskGroup() as group:
        with shut(fleet):
            for person in people * MOST_OF_ONE:
                await running(search, group, person)
            with pytest.raises(SearchesFull) as own:
                await search.find(SearchQuestion("x"), by=people[0])
            with pytest.raises(SearchesFull) as all_full:
                await search.find(SearchQuestion("x"), by=Actor(99, "late", Role.VIEWER, Scope(())))
    assert (own.value.own, own.value.most) == (True, MOST_OF_ONE)
    assert (all_full.value.own, all_full.value.most) == (False, MOST)
    assert (await search.find(SearchQuestion("ERROR"), by=people[0])).count == 10


async def test_reads_of_a_host_are_few_at_a_time() -> None:
    fleet = SearchFleet({f"c{number}": EngineLog() for number in range(12)})
    for log in fleet.logs_of.values():
        write(log, [("ERROR", Stream.STDOUT)] * 5)
    found = await searcher(fleet).find(SearchQuestion("ERROR"), by=ACTOR, bounds=ALL)
    assert found.count == 60
    assert fleet.most_reading <= 4


class Broken(EngineLog):
    async def logs(
        self, container_id: str, query: LogQuery, *, deadline: float | None
    ) -> AsyncGenerator[bytes, None]:
        raise HostSilent(self.host, Silence.ENGINE)
        yield b""


async def test_what_cannot_be_read_is_told_and_spoils_nothing() -> None:
    fleet = fleet_of([("ERROR", Stream.STDOUT)] * 10)
    fleet.logs_of |= {"directus": Broken(), "redis": Broken()}
    found = await searcher(fleet).find(SearchQuestion("ERROR"), by=ACTOR)
    assert found.count == 10
    assert [type(failure) for failure in found.failures] == [HostSilent]  # once for the host
    onward = found.onward(len(found.hits))
    assert onward is not None
    assert {place.container for place in onward.places or ()} == {
        container(n).id for n in ("directus", "redis")
    }
    with pytest.raises(HostSilent):
        await searcher(SearchFleet({"directus": Broken()})).find(SearchQuestion("ERROR"), by=ACTOR)


async def test_a_log_that_is_none_is_told() -> None:
    fleet = fleet_of([("ERROR", Stream.STDOUT)] * 10, [])
    fleet.told["log_driver"] = "none"
    found = await searcher(fleet).find(SearchQuestion("ERROR"), by=ACTOR)
    assert [type(failure) for failure in found.failures] == [LogsUnreadable, LogsUnreadable]
    assert found.onward(0) is None


async def test_where_a_silent_host_may_go_on_is_not_forgotten() -> None:
    silence = HostSilent("server1", Silence.UNREACHABLE)
    fleet = fleet_of([("ERROR", Stream.STDOUT)] * 100)
    search = searcher(fleet)
    with cut_small():
        first = await search.find(SearchQuestion("ERROR"), by=ACTOR, bounds=replace(ALL, most=10))
    onward = first.onward(10)
    assert onward is not None
    logs, fleet.logs_of, fleet.silent = fleet.logs_of, {}, (silence,)
    second = await search.find(onward, by=ACTOR, bounds=ALL)
    assert (second.count, second.failures) == (0, (silence,))
    later = second.onward(0)
    fleet.logs_of, fleet.silent = logs, ()
    assert later is not None
    assert (await search.find(later, by=ACTOR, bounds=ALL)).count == 90


async def test_as_many_hits_as_a_file_holds_keep_the_event_loop_free() -> None:
    fleet = fleet_of([("ERROR refused by somebody", Stream.STDOUT)] * 25_000, tick=1000, buffer=60_000)
    search = searcher(fleet, windows=(1000, 5000, 20_000))
    with set_aside():
        longest, last = 0.0, time.thread_time()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(search.find(SearchQuestion("ERROR"), by=ACTOR, bounds=FILE))
            while not task.done():
                await asyncio.sleep(0.001)
                longest, last = max(longest, time.thread_time() - last), time.thread_time()
    found = task.result()
    assert 5000 < len(found.hits) <= FILE.most
    assert sum(hit.size for hit in found.hits) <= FILE.room
    assert longest < 0.05
