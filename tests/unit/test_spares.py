"""Channels opened ahead: taken at once, never twice, filled up afterwards, and none is left behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from services.errors import HostSilent, Silence
from services.fleet import spares as spares_module
from services.fleet.spares import MOST, Spares
from services.fleet.streams import Channel


class Line:
    def __init__(self) -> None:
        self.ended = self.closed = False

    async def read(self) -> bytes:
        return b""

    def write(self, data: bytes) -> None:
        pass

    def close(self) -> None:
        self.closed = True


class Exchange:
    """Opens lines, or refuses to."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.refuses = False

    async def open(self) -> Channel:
        if self.refuses:
            raise HostSilent("server2", Silence.UNREACHABLE)
        self.lines.append(Line())
        return self.lines[-1]


@pytest.fixture
def exchange(monkeypatch: pytest.MonkeyPatch) -> Exchange:
    monkeypatch.setattr(spares_module, "_PAUSE", 0)
    return Exchange()


@asynccontextmanager
async def kept(exchange: Exchange) -> AsyncIterator[Spares]:
    spares = Spares(exchange.open)
    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(spares.keep())
        yield spares
        keeping.cancel()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_none_is_opened_before_somebody_asks(exchange: Exchange) -> None:
    async with kept(exchange):
        await settled()
        assert not exchange.lines


async def test_who_comes_second_waits_no_more_and_the_place_is_filled(exchange: Exchange) -> None:
    async with kept(exchange) as spares:
        assert spares.take() is None
        await settled()
        assert len(exchange.lines) == MOST
        taken = {id(spares.take()) for _ in range(MOST)}
        assert taken == {id(line) for line in exchange.lines}
        assert spares.take() is None
        await settled()
        assert len(exchange.lines) == 2 * MOST


async def test_one_that_has_ended_is_not_given(exchange: Exchange) -> None:
    async with kept(exchange) as spares:
        spares.take()
        await settled()
        exchange.lines[-1].ended = True
        assert spares.take() is exchange.lines[-2]
        assert exchange.lines[-1].closed
        assert not exchange.lines[-2].closed


async def test_nothing_is_left_behind(exchange: Exchange) -> None:
    async with kept(exchange) as spares:
        spares.take()
        await settled()
        spares.drop()
        assert all(line.closed for line in exchange.lines)
        spares.take()
        await settled()
    assert len(exchange.lines) == 2 * MOST
    assert all(line.closed for line in exchange.lines)


async def test_a_refusal_is_tried_again_when_somebody_asks(exchange: Exchange) -> None:
    exchange.refuses = True
    async with kept(exchange) as spares:
        spares.take()
        await settled()
        exchange.refuses = False
        await settled()
        assert not exchange.lines
        spares.take()
        await settled()
        assert len(exchange.lines) == MOST
