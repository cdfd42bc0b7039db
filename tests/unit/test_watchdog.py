"""The alert that always fires: missed once, back once, and patience anew after a restart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.alerts.watchdog import LOOKS_EACH, Watchdog
from services.domain.posts import Notice, Trouble
from services.ports import Store
from services.store.sqlite import open_sqlite
from tests.clock import HandClock


@dataclass
class Stage:
    store: Store
    clock: HandClock
    told: list[Notice] = field(default_factory=list)
    looks: int = 0

    async def tell(self, notice: Notice) -> None:
        self.told.append(notice)

    async def sleep(self, seconds: float) -> None:
        assert seconds == LOOKS_EACH
        self.looks += 1
        until = self.clock.now() + timedelta(seconds=seconds)
        while self.clock.now() < until:
            await asyncio.sleep(0.001)

    @asynccontextmanager
    async def run(self, *, expected: bool = True, name: str = "Watchdog") -> AsyncIterator[Watchdog]:
        watchdog = Watchdog(name, self.store, self.clock, self.tell, expected=expected, sleep=self.sleep)
        running = asyncio.ensure_future(watchdog.run())
        try:
            if name:
                await self.looked()
            yield watchdog
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def passes(self, **time: float) -> None:
        self.clock.pass_by(**time)
        await self.looked()

    async def looked(self) -> None:
        """One whole look after this moment."""
        looks = self.looks
        async with asyncio.timeout(5):
            while self.looks == looks:
                await asyncio.sleep(0.001)

    @property
    def troubles(self) -> list[Trouble]:
        return [notice.trouble for notice in self.told]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    clock = HandClock()
    store = await open_sqlite(tmp_path / "vakhta.db", clock)
    yield Stage(store, clock)
    await store.close()


async def test_missed_once_and_back_once(stage: Stage) -> None:
    async with stage.run() as watchdog:
        await watchdog.heard()
        last = stage.clock.now()
        await stage.passes(minutes=4.9)
        assert stage.told == []
        await stage.passes(seconds=6)
        assert stage.troubles == [Trouble.WATCHDOG]
        assert datetime.fromisoformat(stage.told[0].facts["since"]) == last
        await stage.passes(minutes=30)
        assert len(stage.told) == 1
        await watchdog.heard()
        await stage.passes(seconds=5)
        assert stage.troubles == [Trouble.WATCHDOG, Trouble.WATCHDOG_BACK]
        await stage.passes(minutes=4)
        await watchdog.heard()
        await stage.passes(minutes=4)
        assert len(stage.told) == 2


@pytest.mark.parametrize(("expected", "troubles"), [(True, [Trouble.WATCHDOG]), (False, [])])
async def test_never_come(stage: Stage, expected: bool, troubles: list[Trouble]) -> None:
    async with stage.run(expected=expected):
        await stage.passes(minutes=9.9)
        assert stage.told == []
        await stage.passes(seconds=10)
        assert stage.troubles == troubles
        assert "since" not in (stage.told[0].facts if stage.told else {})


async def test_after_a_restart_patience_begins_anew(stage: Stage) -> None:
    async with stage.run() as watchdog:
        await watchdog.heard()
        await stage.passes(seconds=30)
    stage.clock.pass_by(hours=1)
    async with stage.run(expected=False):
        await stage.passes(minutes=4.9)
        assert stage.told == []
        await stage.passes(seconds=10)
        assert stage.troubles == [Trouble.WATCHDOG]
    async with stage.run() as watchdog:
        await stage.passes(minutes=6)
        assert len(stage.told) == 1
        await watchdog.heard()
        await stage.passes(seconds=5)
        assert stage.troubles == [Trouble.WATCHDOG, Trouble.WATCHDOG_BACK]


async def test_a_restart_says_neither_missed_nor_back(stage: Stage) -> None:
    async with stage.run() as watchdog:
        await watchdog.heard()
        await stage.passes(minutes=6)
    assert len(stage.told) == 1
    async with stage.run():
        for _ in range(5):
            await stage.passes(minutes=1)
    assert len(stage.told) == 1


async def test_it_comes_each_minute_and_is_written_seldom(stage: Stage) -> None:
    async with stage.run() as watchdog:
        await watchdog.heard()
        await stage.passes(seconds=30)
        first = await stage.store.get("watchdog")
        await watchdog.heard()
        await stage.passes(seconds=10)
        assert await stage.store.get("watchdog") == first
        await stage.passes(seconds=20)
        assert await stage.store.get("watchdog") != first


async def test_turned_off(stage: Stage) -> None:
    async with stage.run(name=""):
        await asyncio.sleep(0.05)
    assert stage.looks == 0
