"""Calls for what is live: behind people's and alerts', and given up at once."""

import asyncio
from typing import Any

import pytest
from aiogram.exceptions import TelegramNetworkError, TelegramRetryAfter
from aiogram.methods import SendMessage, TelegramMethod

from bot import courier as module
from bot.courier import Courier, background, live
from bot.limits import Bucket, Kind, Window
from bot.pacing import Edit, Pacer, Rates
from tests.unit.test_courier import BOT, HELLO, Wire, edit, texts

# One chat's calls, a tenth of a second each.
SLOW = Rates(chat_interval=0.1, chat_burst=1)


async def shown(courier: Courier, wire: Any, method: TelegramMethod[Any]) -> Any:
    with live():
        return await courier(wire, BOT, method)


def gone(limit: Bucket | Window, kind: Kind, times: int, now: float = 0) -> None:
    for _ in range(times):
        limit.take(kind)
        limit.done(now, kind)


def test_one_of_the_burst_is_for_what_is_live() -> None:
    bucket = Bucket(1.0, 3, share=2, live=1)
    assert bucket.free_at(100.0, Kind.LIVE) <= 100
    gone(bucket, Kind.LIVE, 1, 100)
    assert bucket.free_at(100.0, Kind.LIVE) == 101
    assert bucket.free_at(100.0, Kind.BACKGROUND) <= 100


def test_a_group_s_minute_has_room_for_alerts_and_people_beside_it() -> None:
    window = Window(20, 60, share=15, floor=3, live=10)
    gone(window, Kind.LIVE, 10)
    assert window.free_at(1.0, Kind.LIVE) == 60
    gone(window, Kind.BACKGROUND, 5, 1)
    gone(window, Kind.PEOPLE, 5, 2)
    assert window.free_at(3.0) == 60, "twenty in all"


@pytest.mark.parametrize("kind", [Kind.PEOPLE, Kind.BACKGROUND])
def test_it_waits_while_others_use_what_it_would(kind: Kind) -> None:
    window = Window(20, 60, share=15, floor=3, live=10)
    gone(window, kind, 10)
    assert window.free_at(1.0, Kind.LIVE) == 60
    assert window.free_at(1.0, Kind.BACKGROUND) == 1


async def test_people_go_before_alerts_and_alerts_before_what_is_live() -> None:
    courier, wire = Courier(rates=SLOW), Wire()
    await courier(wire, BOT, HELLO)

    def said(text: str) -> SendMessage:
        return SendMessage(chat_id=7, text=text)

    async def alerted() -> None:
        with background():
            await courier(wire, BOT, said("alert"))

    async with asyncio.TaskGroup() as group:
        group.create_task(shown(courier, wire, said("lines")))
        await asyncio.sleep(0)
        group.create_task(alerted())
        await asyncio.sleep(0)
        group.create_task(courier(wire, BOT, said("reply")))
    assert texts(wire) == ["hello", "reply", "alert", "lines"]


async def test_it_is_tried_once_and_waits_for_no_flood() -> None:
    courier, wire = (
        Courier(),
        Wire(TelegramNetworkError(HELLO, "reset"), TelegramRetryAfter(HELLO, "Wait", 900)),
    )
    for error in (TelegramNetworkError, TelegramRetryAfter):
        with pytest.raises(error):
            await shown(courier, wire, HELLO)
    assert len(wire.sent) == 2
    assert courier.retried == 0


async def test_its_patience_in_the_queue_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIVE_PATIENCE", 0.05)
    courier, wire = Courier(rates=Rates(chat_interval=3, chat_burst=1)), Wire()
    await courier(wire, BOT, HELLO)
    with pytest.raises(TelegramRetryAfter):
        await shown(courier, wire, HELLO)


async def test_a_person_s_last_word_takes_the_place_of_an_edit_that_waits() -> None:
    courier, wire = Courier(rates=SLOW), Wire()
    await courier(wire, BOT, HELLO)
    async with asyncio.TaskGroup() as group:
        lines = group.create_task(shown(courier, wire, edit("lines")))
        await asyncio.sleep(0)
        group.create_task(courier(wire, BOT, edit("stopped")))
    assert texts(wire) == ["hello", "stopped"]
    assert lines.result() is True


async def test_an_alert_s_edit_takes_the_place_but_stays_an_alert_s() -> None:
    pacer = Pacer(SLOW)
    lane, change = pacer.lane(7), Edit(1, "editMessageText")
    assert pacer.take_now(lane)
    async with asyncio.TaskGroup() as group:
        older = group.create_task(pacer.take(lane, Kind.LIVE, edit=change))
        await asyncio.sleep(0)
        newer = group.create_task(pacer.take(lane, Kind.BACKGROUND, edit=change))
        await asyncio.sleep(0)
        pacer.done(lane)
    assert older.result() is None
    assert newer.result() is Kind.BACKGROUND
