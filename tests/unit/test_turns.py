"""Turns: so many at a time, and nobody waits for one who does not come to an end."""

import asyncio

import pytest

from services.fleet.turns import Turns


async def test_so_many_at_a_time() -> None:
    turns = Turns(3, longest=60)
    inside: list[int] = []
    most = 0

    async def one(number: int) -> None:
        nonlocal most
        async with turns.turn():
            inside.append(number)
            most = max(most, len(inside))
            await asyncio.sleep(0.001)
            inside.remove(number)

    await asyncio.gather(*map(one, range(20)))
    assert most == 3


async def test_who_takes_too_long_no_longer_counts_and_goes_on() -> None:
    turns = Turns(2, longest=0.02)
    done = asyncio.Event()

    async def slow() -> str:
        async with turns.turn():
            await done.wait()
            return "done all the same"

    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(slow()) for _ in range(10)]
        await asyncio.sleep(0)
        async with asyncio.timeout(15), turns.turn():
            pass
        done.set()
    assert {task.result() for task in waiting} == {"done all the same"}


async def test_a_turn_is_given_back_once() -> None:
    turns = Turns(1, longest=0.01)
    async with turns.turn():
        await asyncio.sleep(0.05)
    async with turns.turn():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.005), turns.turn():
                pass


async def test_who_fails_or_is_cancelled_gives_it_back() -> None:
    turns = Turns(1, longest=60)
    with pytest.raises(LookupError):
        async with turns.turn():
            raise LookupError
    async with asyncio.TaskGroup() as group:
        asleep = group.create_task(_sleep(turns))
        await asyncio.sleep(0)
        asleep.cancel()
    async with asyncio.timeout(15), turns.turn():
        pass


async def _sleep(turns: Turns) -> None:
    async with turns.turn():
        await asyncio.sleep(60)
