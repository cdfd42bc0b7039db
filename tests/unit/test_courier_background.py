"""Alerts' calls: behind people's, and given back early to whoever keeps what they say."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramNetworkError, TelegramRetryAfter
from aiogram.methods import EditMessageText, SendMessage, TelegramMethod

from bot import courier as module
from bot import manners
from bot.courier import Courier, background
from bot.pacing import Rates
from tests.unit.test_courier import BOT, DONE, EDIT, HELLO, Wire, edit, texts

LOST = TelegramNetworkError(HELLO, "reset")
FLOOD = TelegramRetryAfter(HELLO, "Too Many Requests", 900)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(manners, "_BACK_OFF", (0.001,))
    yield


async def alert(courier: Courier, wire: Any, method: TelegramMethod[Any]) -> Any:
    with background():
        return await courier(wire, BOT, method)


async def test_a_flood_is_raised_at_once_and_holds_the_chat() -> None:
    courier, wire = Courier(patience=0.05), Wire(TelegramRetryAfter(HELLO, "Too Many Requests", 1), DONE)
    with pytest.raises(TelegramRetryAfter):
        await alert(courier, wire, HELLO)
    with pytest.raises(TelegramRetryAfter):
        await courier(wire, BOT, HELLO)
    assert len(wire.sent) == 1
    assert courier.floods == 1


async def test_a_lost_answer_is_asked_for_once_more_and_counted() -> None:
    courier, wire = Courier(rates=Rates(scale=0.01)), Wire(LOST)
    with pytest.raises(TelegramNetworkError):
        await alert(courier, wire, HELLO)
    assert len(wire.sent) == 2
    assert (courier.retried, courier.unsure) == (1, 1)
    with pytest.raises(TelegramNetworkError):
        await alert(courier, wire, SendMessage(chat_id=8, text="x"))
    assert courier.unsure == 2
    with pytest.raises(TelegramNetworkError):
        await alert(courier, wire, EditMessageText(chat_id=8, message_id=1, text="x"))
    assert courier.unsure == 2, "an edit doubles nothing"


async def test_a_second_try_that_finds_no_room_raises_what_went_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "BACKGROUND_RETRY", 0.02)
    courier, wire = Courier(rates=Rates(chat_burst=1, chat_interval=60)), Wire(LOST)
    with pytest.raises(TelegramNetworkError):
        await alert(courier, wire, HELLO)
    assert len(wire.sent) == 1


async def test_patience_in_the_queue_is_shorter_than_peoples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACKGROUND_PATIENCE", 0.05)
    courier, wire = Courier(rates=Rates(chat_burst=1, chat_interval=1)), Wire()
    await alert(courier, wire, HELLO)
    with pytest.raises(TelegramRetryAfter):
        await alert(courier, wire, HELLO)
    assert await courier(wire, BOT, HELLO) is DONE, "its turn comes, and a person waits for it"


async def test_a_persons_call_is_no_alert_although_alerts_are_under_way() -> None:
    courier, wire = Courier(rates=Rates(chat_interval=0.02)), Wire()
    async with asyncio.TaskGroup() as group:
        for number in range(6):
            group.create_task(alert(courier, wire, SendMessage(chat_id=7, text=f"alert {number}")))
        await asyncio.sleep(0)
        group.create_task(courier(wire, BOT, SendMessage(chat_id=7, text="reply")))
    assert texts(wire).index("reply") == 2, "two of the burst's three are on their way"


async def test_an_alert_that_takes_an_older_edits_place_goes_as_a_persons() -> None:
    courier, wire = Courier(rates=Rates(chat_interval=0.02, chat_burst=1)), Wire()
    await courier(wire, BOT, HELLO)
    async with asyncio.TaskGroup() as group:
        older = group.create_task(courier(wire, BOT, edit("a person's")))
        group.create_task(courier(wire, BOT, SendMessage(chat_id=7, text="reply")))
        await asyncio.sleep(0)
        group.create_task(alert(courier, wire, edit("newer state")))
    assert texts(wire) == ["hello", "newer state", "reply"]
    assert older.result() is True  # type: ignore[comparison-overlap]


class ByText:
    """Answers by the text that is sent; remembers the texts."""

    def __init__(self, **answers: list[object]) -> None:
        self.answers = answers
        self.sent: list[str] = []

    async def __call__(self, bot: Bot, method: TelegramMethod[Any]) -> Any:
        text = getattr(method, "text", "")
        self.sent.append(text)
        answers = self.answers.get(text)
        answer = answers.pop(0) if answers else DONE
        await asyncio.sleep(0.01)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize("alerts", [True, False])
async def test_a_second_try_never_undoes_a_newer_edit_that_has_gone(
    monkeypatch: pytest.MonkeyPatch, alerts: bool
) -> None:
    monkeypatch.setattr(manners, "_BACK_OFF", (0.1,))
    courier, wire = Courier(), ByText(old=[TelegramNetworkError(EDIT, "reset")])
    async with asyncio.TaskGroup() as group:
        older = group.create_task(courier(wire, BOT, edit("old")))
        await asyncio.sleep(0.02)
        newer = alert(courier, wire, edit("new")) if alerts else courier(wire, BOT, edit("new"))
        group.create_task(newer)
    assert wire.sent == ["old", "new"]
    assert older.result() is True  # type: ignore[comparison-overlap]
    assert not courier._newest
