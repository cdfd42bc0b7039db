"""The books of what was sent lately, over the real store."""

import asyncio
import logging
import sqlite3
import struct
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import EditMessageText, SendMessage

from bot.courier import Courier
from bot.floods import FLOOD, ON_ITS_WAY, PATIENCE, Floods
from bot.pacing import Rates
from services.ports import Put, Store
from services.store import open_store
from tests.clock import HandClock
from tests.unit.test_courier import BOT, DONE, HELLO, Wire

GROUP = -100


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "test.db"


@pytest.fixture
async def store(path: Path, clock: HandClock) -> AsyncIterator[Store]:
    async with open_store(f"sqlite://{path}", clock) as store:
        yield store


def floods(store: Store, clock: HandClock) -> Floods:
    return Floods(store, clock, seconds=60, most=20)


async def ages(store: Store, clock: HandClock) -> list[float]:
    calls, _ = await floods(store, clock).load()
    return calls.get(GROUP, [])


async def test_a_call_is_in_the_books_before_it_is_made(store: Store, clock: HandClock) -> None:
    books = floods(store, clock)
    call = await books.note(GROUP)
    clock.pass_by(seconds=5)
    assert await ages(store, clock) == [0], "Telegram may see it as late as now"
    clock.pass_by(seconds=ON_ITS_WAY.total_seconds())
    assert await ages(store, clock) == [5]
    books.answer(call)
    clock.pass_by(seconds=10)
    await books.note(GROUP)
    assert await ages(store, clock) == [10, 0], "as of its answer"


async def test_calls_older_than_the_window_are_gone(store: Store, clock: HandClock) -> None:
    books = floods(store, clock)
    for _ in range(30):
        books.answer(await books.note(GROUP))
        clock.pass_by(seconds=4)
    known = await ages(store, clock)
    assert known == [*(4.0 * number for number in range(14, 1, -1)), 0], "the last answer was not written"
    (value,) = (await store.scan(FLOOD)).values()
    assert len(value) <= 20 * 8
    clock.pass_by(seconds=100)
    assert not await store.scan(FLOOD)


async def test_a_clock_set_back_leaves_no_call_in_the_future(store: Store, clock: HandClock) -> None:
    books = floods(store, clock)
    books.answer(await books.note(GROUP))
    await books.note(GROUP)
    clock.pass_by(hours=-1)
    assert await ages(store, clock) == [0, 0]


async def test_what_cannot_be_read_is_left_out(store: Store, clock: HandClock) -> None:
    far = struct.pack("<q", 2**62)
    await store.write(
        Put("flood/-1", b"abc"), Put("flood/-2", far), Put("flood/hold/-1", b""), Put("flood/hold/-2", far)
    )
    await floods(store, clock).note(GROUP)
    calls, holds = await floods(store, clock).load()
    assert list(calls) == [GROUP]
    assert not holds


async def test_private_chats_are_not_in_the_books(store: Store, clock: HandClock) -> None:
    courier = Courier(store=store, clock=clock)
    await courier(Wire(), BOT, HELLO)
    assert not await store.scan("")
    await courier(Wire(), BOT, EditMessageText(chat_id=GROUP, message_id=1, text="x"))
    assert list(await store.scan("")) == [f"flood/{GROUP}"]


async def test_a_new_courier_goes_on_from_the_old_ones_window(store: Store, clock: HandClock) -> None:
    rates = Rates(chat_interval=0, group_limit=3)
    old = Courier(rates=rates, store=store, clock=clock)
    for _ in range(3):
        await old(Wire(), BOT, SendMessage(chat_id=GROUP, text="x"))
    for seconds, goes in ((0, False), (61, True)):
        clock.pass_by(seconds=seconds)
        new, wire = Courier(rates=rates, store=store, clock=clock, patience=0.05), Wire()
        await new.load()
        if goes:
            assert await new(wire, BOT, SendMessage(chat_id=GROUP, text="x")) is DONE
        else:
            with pytest.raises(TelegramRetryAfter):
                await new(wire, BOT, SendMessage(chat_id=GROUP, text="x"))
            assert not wire.sent


@pytest.mark.parametrize("chat", [GROUP, 7])
async def test_a_pause_that_was_asked_for_outlives_the_courier(
    store: Store, clock: HandClock, chat: int
) -> None:
    method = SendMessage(chat_id=chat, text="x")
    with pytest.raises(TelegramRetryAfter):
        await Courier(store=store, clock=clock)(
            Wire(TelegramRetryAfter(method, "Too Many Requests", 900)), BOT, method
        )
    for seconds, goes in ((800, False), (101, True)):
        clock.pass_by(seconds=seconds)
        new, wire = Courier(store=store, clock=clock, patience=0.05), Wire()
        await new.load()
        if goes:
            assert await new(wire, BOT, method) is DONE
        else:
            with pytest.raises(TelegramRetryAfter):
                await new(wire, BOT, method)
            assert await new(wire, BOT, SendMessage(chat_id=99, text="x")) is DONE


async def test_a_pause_for_all_outlives_the_courier(store: Store, clock: HandClock) -> None:
    old = Courier(store=store, clock=clock)
    for chat in (7, 8):
        method = SendMessage(chat_id=chat, text="x")
        with pytest.raises(TelegramRetryAfter):
            await old(Wire(TelegramRetryAfter(method, "Too Many Requests", 900)), BOT, method)
    new = Courier(store=store, clock=clock, patience=0.05)
    await new.load()
    with pytest.raises(TelegramRetryAfter):
        await new(Wire(), BOT, SendMessage(chat_id=99, text="x"))


async def test_a_store_that_fails_keeps_no_message_and_is_told_of_once(
    store: Store, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    courier, wire = Courier(rates=Rates(scale=0.001), store=store, clock=clock), Wire()
    await store.close()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert await courier(wire, BOT, SendMessage(chat_id=GROUP, text="x")) is DONE
    assert len([record for record in caplog.records if record.name == "bot.floods"]) == 1


async def test_a_store_that_hangs_delays_one_message_and_no_more(
    store: Store, path: Path, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    courier, wire = Courier(rates=Rates(scale=0.001), store=store, clock=clock), Wire()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    try:
        for _ in range(3):
            assert await courier(wire, BOT, SendMessage(chat_id=GROUP, text="x")) is DONE
        assert PATIENCE <= time.monotonic() - began < 2 * PATIENCE
    finally:
        other.execute("COMMIT")
        other.close()
    assert len([record for record in caplog.records if record.name == "bot.floods"]) == 1
    async with asyncio.timeout(5):
        while not await store.scan(FLOOD):
            await asyncio.sleep(0.01)
    clock.pass_by(seconds=1)
    await courier(wire, BOT, SendMessage(chat_id=GROUP, text="x"))
    calls, _ = await floods(store, clock).load()
    assert len(calls[GROUP]) == 4, "those that were not written come with the next one"
