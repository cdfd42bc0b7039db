"""Confirmations and intents: spent once, by the asker alone, in time, and never forgotten half-way."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.audit import Audit, Result
from services.domain.access import Action, Actor, Role, Scope
from services.domain.containers import Stop
from services.domain.plans import Intent, Place, Plan
from services.errors import NotYourPlan, PlanGone, StoreUnavailable
from services.plans import Plans
from services.ports import Put, Store
from services.store import open_store
from tests.clock import HandClock

DIAS = Actor(1002, "Dias", Role.OPERATOR, Scope.of("*/*"))
AIGERIM = Actor(1001, "Aigerim", Role.ADMIN, Scope.of("*/*"))
PLACE = Place(chat=-100123, message=77)
READER = Actor(1001, "Aigerim", Role.ADMIN, Scope.of("*/*"))


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite://{tmp_path}/store.db"


@pytest.fixture
async def store(url: str, clock: HandClock) -> AsyncIterator[Store]:
    async with open_store(url, clock) as store:
        yield store


@pytest.fixture
def plans(store: Store, clock: HandClock) -> Plans:
    return Plans(store, clock, Audit(store, clock))


@pytest.fixture
def plan(clock: HandClock) -> Plan:
    return Plan(
        token="t" * 22,
        action=Action.RESTART,
        host="server2",
        container_id="c" * 64,
        name="directus",
        asker=DIAS.id,
        asker_name=DIAS.name,
        asked=clock.now(),
        up_since=clock.now() - timedelta(days=3, microseconds=1),
        last_at=None,
        last_by=None,
        protected=True,
    )


async def _done(plans: Plans, plan: Plan, result: Result = Result.DONE) -> None:
    await plans.offer(plan)
    await plans.finish(await plans.begin(plan.token, DIAS, PLACE), result)


async def test_a_plan_waits_whole_for_two_minutes(plans: Plans, plan: Plan, clock: HandClock) -> None:
    await plans.offer(plan)
    clock.pass_by(seconds=119)
    assert await plans.peek(plan.token, DIAS) == plan
    clock.pass_by(seconds=1)
    with pytest.raises(PlanGone):
        await plans.peek(plan.token, DIAS)
    with pytest.raises(PlanGone):
        await plans.begin(plan.token, DIAS, PLACE)
    assert await plans.unfinished() == []


async def test_beginning_spends_the_token_and_writes_intent_and_audit(
    plans: Plans, plan: Plan, store: Store, clock: HandClock
) -> None:
    await plans.offer(plan)
    clock.pass_by(seconds=5)
    intent = await plans.begin(plan.token, DIAS, PLACE)
    assert intent == Intent(plan, PLACE, clock.now())
    assert await plans.unfinished() == [intent]
    with pytest.raises(PlanGone):
        await plans.peek(plan.token, DIAS)
    (line,) = await Audit(store, clock).page(by=READER, limit=9)
    assert (line.actor_name, line.action, line.host, line.container, line.chat, line.result, line.at) == (
        "Dias",
        Action.RESTART,
        "server2",
        "directus",
        PLACE.chat,
        Result.INTENT,
        clock.now(),
    )


async def test_of_two_presses_at_once_one_begins(
    url: str, plans: Plans, plan: Plan, clock: HandClock
) -> None:
    """From two processes on the same store, too."""
    await plans.offer(plan)
    async with open_store(url, clock) as other:
        outcomes = await asyncio.gather(
            *(
                each.begin(plan.token, DIAS, PLACE)
                for each in (plans, Plans(other, clock, Audit(other, clock))) * 5
            ),
            return_exceptions=True,
        )
    assert sum(isinstance(outcome, Intent) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, PlanGone) for outcome in outcomes) == 9
    assert len(await plans.unfinished()) == 1


async def test_the_asker_alone_may_confirm_or_cancel(plans: Plans, plan: Plan) -> None:
    await plans.offer(plan)
    with pytest.raises(NotYourPlan) as told:
        await plans.begin(plan.token, AIGERIM, PLACE)
    assert told.value.owner == "Dias"
    with pytest.raises(NotYourPlan):
        await plans.cancel(plan.token, AIGERIM)
    assert await plans.peek(plan.token, DIAS) == plan


async def test_a_cancelled_plan_cannot_be_begun(plans: Plans, plan: Plan) -> None:
    await plans.offer(plan)
    await plans.cancel(plan.token, DIAS)
    with pytest.raises(PlanGone):
        await plans.begin(plan.token, DIAS, PLACE)
    with pytest.raises(PlanGone):
        await plans.cancel(plan.token, DIAS)


async def test_finishing_writes_the_result_once(
    plans: Plans, plan: Plan, store: Store, clock: HandClock
) -> None:
    await plans.offer(plan)
    intent = await plans.begin(plan.token, DIAS, PLACE)
    clock.pass_by(seconds=4)
    await plans.finish(intent, Result.FAILED, detail="driver failed")
    await plans.finish(intent, Result.DONE)
    assert await plans.unfinished() == []
    result, _ = await Audit(store, clock).page(by=READER, limit=9)
    assert (result.result, result.detail, result.at) == (Result.FAILED, "driver failed", clock.now())
    assert await plans.last("server2", "directus", Action.RESTART) is None


async def test_of_two_finishes_at_once_one_is_written(
    url: str, plans: Plans, plan: Plan, store: Store, clock: HandClock
) -> None:
    await plans.offer(plan)
    intent = await plans.begin(plan.token, DIAS, PLACE)
    async with open_store(url, clock) as other:
        await asyncio.gather(
            *(
                each.finish(intent, Result.DONE)
                for each in (plans, Plans(other, clock, Audit(other, clock))) * 5
            )
        )
    lines = await Audit(store, clock).page(by=READER, limit=99)
    assert [line.result for line in lines] == [Result.DONE, Result.INTENT]


async def test_what_a_crash_left_is_found_after_it(url: str, plan: Plan, clock: HandClock) -> None:
    later = replace(plan, token="u" * 22, name="n8n")
    begun: list[Intent] = []
    async with open_store(url, clock) as store:
        for each in (later, plan):
            plans = Plans(store, clock, Audit(store, clock))
            await plans.offer(each)
            clock.pass_by(seconds=1)
            begun.append(await plans.begin(each.token, DIAS, PLACE))
    async with open_store(url, clock) as store:
        plans = Plans(store, clock, Audit(store, clock))
        assert await plans.unfinished() == begun
        for intent in await plans.unfinished():
            await plans.finish(intent, Result.UNKNOWN)
        assert await plans.unfinished() == []


async def test_the_last_act_is_told_by_kind(plans: Plans, plan: Plan, clock: HandClock) -> None:
    await _done(plans, plan)
    first = clock.now()
    clock.pass_by(days=1)
    await _done(plans, replace(plan, token="u" * 22, asked=clock.now()), Result.FAILED)
    await _done(plans, replace(plan, token="v" * 22, asked=clock.now(), name="n8n"))
    assert await plans.last("server2", "directus", Action.RESTART) == (first, "Dias")
    assert await plans.last("server2", "directus", Action.STOP) is None
    assert await plans.last("server1", "directus", Action.RESTART) is None


@pytest.mark.parametrize("again", [Action.START, Action.RESTART])
async def test_a_stop_is_remembered_until_it_is_started_again(
    plans: Plans, plan: Plan, clock: HandClock, again: Action
) -> None:
    stopping = replace(plan, action=Action.STOP)
    await _done(plans, stopping)
    await _done(plans, replace(stopping, token="u" * 22, name="n8n"))
    stop = Stop("Dias", clock.now())
    assert await plans.stops() == {("server2", "directus"): stop, ("server2", "n8n"): stop}
    clock.pass_by(hours=1)
    starting = replace(plan, action=again, asked=clock.now())
    await _done(plans, replace(starting, token="v" * 22), Result.FAILED)
    assert len(await plans.stops()) == 2
    await _done(plans, replace(starting, token="w" * 22))
    assert await plans.stops() == {("server2", "n8n"): stop}


@pytest.mark.parametrize("result", [Result.FAILED, Result.UNKNOWN])
async def test_a_stop_that_may_not_have_been_is_not_remembered(
    plans: Plans, plan: Plan, result: Result
) -> None:
    await _done(plans, replace(plan, action=Action.STOP), result)
    assert await plans.stops() == {}


async def test_nothing_begins_when_it_cannot_be_written(
    url: str, plans: Plans, plan: Plan, clock: HandClock
) -> None:
    async with open_store(url, clock) as store:
        closing = Plans(store, clock, Audit(store, clock))
        await closing.offer(plan)
    with pytest.raises(StoreUnavailable):
        await closing.begin(plan.token, DIAS, PLACE)
    assert await plans.peek(plan.token, DIAS) == plan
    assert await plans.unfinished() == []


async def test_a_plan_of_an_unknown_shape_is_an_error_of_the_store(
    plans: Plans, plan: Plan, store: Store
) -> None:
    await plans.offer(plan)
    ((key, value),) = (await store.scan("plan/")).items()
    await store.write(Put(key, value.replace(b"restart", b"explode")))
    with pytest.raises(StoreUnavailable, match="cannot be read"):
        await plans.peek(plan.token, DIAS)
