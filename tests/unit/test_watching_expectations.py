"""What the bot has done itself is no trouble: by its own books, also those of a run that was cut short."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.alerts.expectations import LONGEST_ACT, LONGEST_SETTLING, BotActs
from services.audit import Audit, Result
from services.domain.access import Action, Actor, Role, Scope
from services.domain.plans import Intent, Place, Plan
from services.plans import Plans
from services.store import open_store
from tests.clock import HandClock

DIAS = Actor(1002, "Dias", Role.OPERATOR, Scope.of("*/*"))


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def plans(tmp_path: Path, clock: HandClock) -> AsyncIterator[Plans]:
    async with open_store(f"sqlite://{tmp_path / 'vakhta.db'}", clock) as store:
        yield Plans(store, clock, Audit(store, clock))


async def begun(plans: Plans, clock: HandClock, action: Action) -> Intent:
    plan = Plan(f"token-{action}", action, "server2", "1" * 64, "n8n", DIAS.id, DIAS.name, clock.now())
    await plans.offer(plan)
    return await plans.begin(plan.token, DIAS, Place(1, 2))


async def test_an_act_from_its_beginning_to_its_end(plans: Plans, clock: HandClock) -> None:
    acts = BotActs(plans, clock)
    assert not await acts.restarting("server2", "n8n")
    acts.begins("server2", "n8n")
    clock.pass_by(seconds=100)
    assert await acts.restarting("server2", "n8n")
    assert not await acts.restarting("server2", "redis")
    assert not await acts.restarting("server1", "n8n")
    acts.answered("server2", "n8n")
    clock.pass_by(seconds=59)
    assert await acts.restarting("server2", "n8n")
    acts.ended("server2", "n8n")
    assert not await acts.restarting("server2", "n8n")
    acts.ended("server2", "n8n")
    acts.begins("server2", "n8n")
    assert await acts.restarting("server2", "n8n"), "an end too many takes nothing from the next"


@pytest.mark.parametrize(("answered", "most"), [(True, LONGEST_SETTLING), (False, LONGEST_ACT)])
async def test_an_end_that_never_came(
    plans: Plans, clock: HandClock, answered: bool, most: timedelta
) -> None:
    acts = BotActs(plans, clock)
    acts.begins("server2", "n8n")
    if answered:
        acts.answered("server2", "n8n")
    clock.pass_by(seconds=most.total_seconds() + 1)
    assert not await acts.restarting("server2", "n8n")


async def test_two_acts_at_a_time(plans: Plans, clock: HandClock) -> None:
    acts = BotActs(plans, clock)
    acts.begins("server2", "n8n")
    acts.begins("server2", "n8n")
    acts.ended("server2", "n8n")
    assert await acts.restarting("server2", "n8n")
    acts.ended("server2", "n8n")
    assert not await acts.restarting("server2", "n8n")


async def test_what_a_crash_has_left(plans: Plans, clock: HandClock) -> None:
    await begun(plans, clock, Action.RESTART)
    acts = BotActs(plans, clock)  # of the next run
    assert await acts.restarting("server2", "n8n")
    assert not await acts.restarting("server2", "redis")
    clock.pass_by(seconds=LONGEST_ACT.total_seconds() + 1)
    assert not await acts.restarting("server2", "n8n"), "whatever becomes of the books"


async def test_a_stop_lasts_until_the_start(plans: Plans, clock: HandClock) -> None:
    acts = BotActs(plans, clock)
    await plans.finish(await begun(plans, clock, Action.STOP), Result.DONE)
    stop = await acts.stopped("server2", "n8n")
    assert stop is not None and stop.by == "Dias"
    assert await acts.stopped("server2", "redis") is None
    await plans.finish(await begun(plans, clock, Action.START), Result.DONE)
    assert await acts.stopped("server2", "n8n") is None
