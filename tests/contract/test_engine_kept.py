"""Lists that are kept for as long as events tell of no change, on the simulated engine and on a real dockerd alike."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from services.domain.containers import Health, State
from services.domain.events import EventAction
from services.errors import ContainerGone
from services.fleet import answers
from services.fleet.kept import KeepingEngine
from tests.contract.engine_asking import is_in, row_of
from tests.contract.engine_stages import Stage, Wanted
from tests.lab.transport import until


@asynccontextmanager
async def listening(engine: KeepingEngine) -> AsyncIterator[None]:
    """Somebody follows the events, as the watch over a host does."""

    async def listen() -> None:
        async for _ in engine.events(since=datetime.now(UTC)):
            pass

    async def listens() -> bool:
        return engine._kept.mark is not None

    async with asyncio.TaskGroup() as group:
        listener = group.create_task(listen())
        await until(listens, "it listens")
        await asyncio.sleep(0.2)  # what the engine remembers has been told again
        yield
        listener.cancel()


async def state_of(stage: Stage, name: str) -> State | None:
    rows = await stage.engine.containers(deadline=5, kept=True)
    return next((row.state for row in rows if row.name == name), None)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What has been asked of the engine: lists and inspections."""
    asked: list[str] = []

    def counting(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def understand(*answer: Any) -> Any:
            asked.append(name)
            return real(*answer)

        return understand

    monkeypatch.setattr(answers, "containers", counting("list", answers.containers))
    monkeypatch.setattr(answers, "details", counting("inspect", answers.details))
    return asked


async def test_a_list_is_kept_while_nothing_happens(stage: Stage, asked: list[str]) -> None:
    engine = stage.engine
    identity = await stage.idle("toy")

    async def both(*, kept: bool = True) -> int:
        """How much of them had to be asked."""
        asked.clear()
        rows = await engine.containers(deadline=5, kept=kept)
        details = await engine.inspect(identity, kept=kept)
        assert [row.state for row in rows if row.id == identity] == [details.state] == [State.RUNNING]
        return len(asked)

    assert [await both(), await both()] == [2, 2], "nobody listens"
    async with listening(engine):
        assert [await both(), await both(), await both()] == [2, 0, 0]
        assert await both(kept=False) == 2
    assert await both() == 2, "nobody listens any more"


async def test_what_is_listed_anew_and_is_the_same_is_not_kept_twice(stage: Stage) -> None:
    await stage.idle("toy")
    async with listening(stage.engine):
        lists = [await stage.engine.containers(deadline=5) for _ in range(10)]
    assert any(one is other for one, other in pairwise(lists)), "others may be changing there"


async def _stop(stage: Stage) -> None:
    await stage.engine.stop((await row_of(stage.engine, "toy")).id, stop_timeout=5, deadline=8)


async def _crash(stage: Stage) -> None:
    await stage.crash("toy")
    await until(lambda: is_in(stage.engine, "toy", State.EXITED), "it is down")


@pytest.mark.parametrize("act", [_stop, _crash])
async def test_a_change_is_seen_at_once(stage: Stage, act: Callable[[Stage], Awaitable[None]]) -> None:
    await stage.idle("toy")
    async with listening(stage.engine):
        assert await state_of(stage, "toy") is State.RUNNING
        await act(stage)
        assert await state_of(stage, "toy") is State.EXITED
        await stage.idle("other")
        assert await state_of(stage, "other") is State.RUNNING


async def test_its_health_too(stage: Stage) -> None:
    await stage.idle("toy", Wanted(probe=0.2))

    async def healthy() -> bool:
        rows = await stage.engine.containers(deadline=5, kept=True)
        return next(row.health for row in rows if row.name == "toy") is Health.HEALTHY

    async with listening(stage.engine):
        await until(healthy, "it is healthy")


async def test_what_is_listened_for_covers_every_change_of_a_row() -> None:
    """All that dockerd tells of a container, but what only reads it or happens within it."""
    assert {
        *("create", "start", "die", "oom", "kill", "stop", "restart"),
        *("pause", "unpause", "rename", "destroy", "health_status"),
    } == set(EventAction)


async def test_a_container_that_is_gone(stage: Stage) -> None:
    async with listening(stage.engine):
        with pytest.raises(ContainerGone):
            await stage.engine.inspect("0" * 64, kept=True)
