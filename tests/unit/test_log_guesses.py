"""A log that is read while it is found out whether it is the one that is meant."""

import asyncio
from dataclasses import replace

import pytest

from services.domain.access import Actor, Scope
from services.domain.containers import ContainerKey
from services.errors import HostSilent, LogsUnreadable, Silence
from services.logs.pages.guesses import Guesses, means_alone
from services.logs.pages.page import LogPage
from services.logs.pages.questions import LogQuestion
from services.logs.pages.reader import LogReader
from tests.unit.engine_log import EngineLog
from tests.unit.log_fleet import ACTOR, LogFleet, container, reading


def logs(**texts: bytes) -> dict[str, EngineLog]:
    found = {name: EngineLog() for name in texts}
    for name, log in found.items():
        log.write(texts[name])
    return found


async def asked(reader: LogReader, name: str | ContainerKey, by: Actor = ACTOR) -> LogPage:
    names = name if isinstance(name, ContainerKey) else (name,)
    return await reader.newest(LogQuestion(names, 5), by=by)


def texts(page: LogPage) -> list[str]:
    return [line.text for line in page.lines]


@pytest.mark.parametrize("name", ["server1/n8n", container("n8n").key])
async def test_a_name_in_full_is_held_against_an_inspect_alone(name: str) -> None:
    what = name if "/" in name else ContainerKey("server1", name)
    fleet = LogFleet(logs(n8n=b"one\n"))
    async with reading(fleet) as reader:
        await asked(reader, what)
        selects, inspects = fleet.selects, fleet.inspects
        assert texts(await asked(reader, what)) == ["one"]
        assert (fleet.selects, fleet.inspects) == (selects, inspects + 1)


async def test_a_container_that_has_another_name_now_is_looked_for_again() -> None:
    fleet = LogFleet(logs(n8n=b"one\n"))
    async with reading(fleet) as reader:
        await asked(reader, "server1/n8n")
        fleet.told["name"] = "other"
        await asked(reader, "server1/n8n")
        assert fleet.selects == 2


async def test_what_somebody_may_not_see_any_more_is_not_read_for_him() -> None:
    fleet = LogFleet(logs(n8n=b"one\n"))
    async with reading(fleet) as reader:
        await asked(reader, "server1/n8n")
        await asked(reader, "server1/n8n", replace(ACTOR, scope=Scope.of("*/directus")))
        assert fleet.selects == 2  # which tells him that there is no such thing


async def test_nobody_profits_from_what_others_have_seen() -> None:
    guesses = Guesses()
    fleet = LogFleet(logs(n8n=b"one\n"))
    guesses.learn(("n8n",), ACTOR, await fleet.select(("n8n",), by=ACTOR))
    assert guesses.of(("n8n",), ACTOR) is not None
    assert guesses.of(("n8n",), replace(ACTOR, id=2)) is None
    assert guesses.of(("n8n",), replace(ACTOR, chat=-100)) is None


async def test_a_name_in_full_means_the_same_to_all_who_may_see_it() -> None:
    guesses = Guesses()
    fleet = LogFleet(logs(n8n=b"one\n"))
    names = ("server1/n8n",)
    guesses.learn(names, ACTOR, await fleet.select(names, by=ACTOR))
    assert guesses.of(names, replace(ACTOR, id=2)) is not None
    assert guesses.of(names, replace(ACTOR, id=2, scope=Scope.of("*/directus"))) is None


async def test_a_bare_name_is_read_while_all_hosts_are_asked_for_it() -> None:
    fleet = LogFleet(logs(n8n=b"one\n"))
    async with reading(fleet) as reader:
        await asked(reader, "n8n")
        fleet.doors.clear()
        reads = len(fleet.logs_of["n8n"].queries)
        async with asyncio.TaskGroup() as group:
            page = group.create_task(asked(reader, "n8n"))
            async with asyncio.timeout(5):
                while len(fleet.logs_of["n8n"].queries) == reads:
                    await asyncio.sleep(0)
            fleet.doors.set()
        assert texts(page.result()) == ["one"]
        assert len(fleet.logs_of["n8n"].queries) == 2 * reads  # and not once more


async def test_where_the_name_means_another_one_now_that_one_is_shown() -> None:
    class Renamed(LogFleet):
        meant = "n8n"

        async def select(self, words: object, *, by: object) -> object:  # type: ignore[override]
            return await super().select((self.meant,), by=ACTOR)

    fleet = Renamed(logs(n8n=b"one\n", other=b"two\n"))
    async with reading(fleet) as reader:
        await asked(reader, "api")
        fleet.meant = "other"
        fleet.gate.clear()  # the wrong log never comes
        async with asyncio.TaskGroup() as group:
            page = group.create_task(asked(reader, "api"))
            async with asyncio.timeout(5):
                while not fleet.logs_of["n8n"].queries[1:] and fleet.reading < 2:
                    await asyncio.sleep(0)
            fleet.gate.set()
        assert texts(page.result()) == ["two"]


async def test_failures_are_those_of_the_one_that_is_meant() -> None:
    fleet = LogFleet(logs(n8n=b"one\n"))
    async with reading(fleet) as reader:
        await asked(reader, "n8n")
        fleet.silent = (HostSilent("server2", Silence.TIMEOUT),)
        assert (await asked(reader, "n8n")).silent == fleet.silent  # it may be there, too
    fleet = LogFleet(logs(n8n=b"one\n"), told={"log_driver": "none"})
    async with reading(fleet) as reader:
        for _ in range(2):
            with pytest.raises(LogsUnreadable):
                await asked(reader, "server1/n8n")


def test_what_words_can_mean_nothing_else() -> None:
    of = container("n8n")
    assert means_alone(("server1/n8n",), of) and means_alone(ContainerKey("server1", of.key), of)
    assert not any(
        means_alone(names, of) for names in [("n8n",), ("SERVER1/n8n",), ("server1/n8n", "redis"), ("*/n8n",)]
    )
