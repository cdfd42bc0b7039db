"""What the simulated engine and a real dockerd remember of their own events, as `Engine.history` asks it."""

import asyncio
from datetime import UTC, datetime, timedelta

from services.domain.news import Deed, Fact, History
from tests.contract.engine_asking import raw
from tests.contract.engine_stages import Stage, Wanted

SECOND = timedelta(seconds=1)


async def remembered(stage: Stage, since: datetime | None = None) -> History:
    return await stage.engine.history(since=since, until=datetime.now(UTC), deadline=5)


def told(history: History, container: str) -> list[Fact]:
    return [fact for fact in history.facts if fact.container == container]


async def test_the_whole_story_of_a_container(stage: Stage) -> None:
    began = datetime.now(UTC)
    identity = await stage.idle("toy", Wanted(volumes=(("data", "/data"),)))
    await stage.engine.restart(identity, stop_timeout=5, deadline=8)
    history = await remembered(stage, began - SECOND)
    facts = told(history, identity)
    assert [fact.deed for fact in facts] == [
        *(Deed.CREATE, Deed.CONNECT, Deed.MOUNT, Deed.START),
        *(Deed.KILL, Deed.DIE, Deed.DISCONNECT, Deed.UNMOUNT, Deed.STOP),
        *(Deed.CONNECT, Deed.MOUNT, Deed.START, Deed.RESTART),
    ]
    assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)
    assert all(began - SECOND < fact.at < datetime.now(UTC) + SECOND for fact in facts)
    by_deed = {fact.deed: fact for fact in facts}
    assert (by_deed[Deed.KILL].signal, by_deed[Deed.DIE].exit_code) == (15, 0)
    assert {fact.name for fact in facts if fact.deed.of_container} == {"toy"}
    assert by_deed[Deed.MOUNT].name == "data"
    assert history.oldest
    assert history.oldest <= facts[0].at


async def test_from_a_moment_on(stage: Stage) -> None:
    first = await stage.idle("first")
    cut = max(fact.at for fact in told(await remembered(stage), first)) + timedelta(microseconds=1)
    second = await stage.idle("second")
    history = await remembered(stage, cut)
    assert told(history, first) == []
    assert [fact.deed for fact in told(history, second)] == [Deed.CREATE, Deed.CONNECT, Deed.START]
    assert history.oldest
    assert history.oldest >= cut
    everything = await remembered(stage)
    assert told(everything, first)[-1].deed is Deed.START
    assert told(everything, second) == told(history, second)


async def test_up_to_a_moment(stage: Stage) -> None:
    """As the bot asks it of an engine whose clock differs."""
    identity = await stage.idle("toy")
    facts = told(await remembered(stage), identity)
    created, started = facts[0].at.timestamp(), facts[-1].at.timestamp()
    path = f"GET /events?since={created - 0.000001:.6f}&until={(created + started) / 2:.6f}"
    status, headers, body = await raw(stage.engine, path)
    assert status == 200
    assert headers["date"].endswith("GMT"), "the engine tells its time"
    assert b'"Action":"create"' in body
    assert b'"Action":"start"' not in body


async def test_nothing_has_happened_since(stage: Stage) -> None:
    await stage.idle("toy")
    since = datetime.now(UTC)
    await asyncio.sleep(0.01)
    # What others' healthchecks do meanwhile is no fact, but there may be some of it.
    assert (await remembered(stage, since)).facts == ()
