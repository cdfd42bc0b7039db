"""What the courier makes of each answer, with the network replaced by a list of answers."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import (
    AnswerCallbackQuery,
    DeleteMessage,
    EditMessageReplyMarkup,
    EditMessageText,
    GetMe,
    SendChatAction,
    SendDocument,
    SendMessage,
    TelegramMethod,
)
from aiogram.types import ReplyParameters
from aiohttp_socks import ProxyError

from bot import manners
from bot.courier import Courier
from bot.manners import OTHER, SEND, SWIFT, UPLOAD, manner_of
from bot.pacing import Rates

HELLO = SendMessage(chat_id=7, text="hello")
EDIT = EditMessageText(chat_id=7, message_id=1, text="x")
PRESS = AnswerCallbackQuery(callback_query_id="1")
BOT = Bot("1:test")
DONE = object()


class Wire:
    """Gives the next answer of a list, the last one for ever; remembers what was sent."""

    def __init__(self, *answers: object, takes: float = 0) -> None:
        self.answers = list(answers) or [DONE]
        self.takes = takes
        self.sent: list[TelegramMethod[Any]] = []

    async def __call__(self, bot: Bot, method: TelegramMethod[Any]) -> Any:
        self.sent.append(method)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        await asyncio.sleep(3600 if answer == "hang" else self.takes)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(manners, "_BACK_OFF", (0.001,))
    yield


def page() -> ClientDecodeError:
    return ClientDecodeError("Failed to decode object", ValueError("no JSON"), "<html>502 Bad Gateway</html>")


def bad(words: str, method: TelegramMethod[Any] = EDIT) -> TelegramBadRequest:
    return TelegramBadRequest(method, f"Bad Request: {words}")


@pytest.mark.parametrize(
    ("name", "manner"),
    [
        ("sendMessage", SEND),
        ("editMessageText", SEND),
        ("editMessageReplyMarkup", SEND),
        ("copyMessage", SEND),
        ("forwardMessages", SEND),
        ("setMessageReaction", SEND),
        ("sendDocument", UPLOAD),
        ("sendMediaGroup", UPLOAD),
        ("editMessageMedia", UPLOAD),
        ("sendChatAction", SWIFT),
        ("answerCallbackQuery", SWIFT),
        ("getMe", OTHER),
        ("deleteMessage", OTHER),
        ("setMyCommands", OTHER),
    ],
)
def test_what_is_paced(name: str, manner: object) -> None:
    assert manner_of(name) is manner


@pytest.mark.parametrize(
    "trouble",
    [
        page(),
        TelegramNetworkError(HELLO, "reset"),
        TelegramServerError(HELLO, "Internal Server Error"),
        ConnectionResetError("gone"),
        TimeoutError(),
        ProxyError("refused by the proxy"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "page in another encoding"),
    ],
    ids=lambda exc: type(exc).__name__,
)
async def test_trouble_on_the_way_is_tried_again_and_then_raised_as_aiograms(trouble: Exception) -> None:
    courier, wire = Courier(rates=Rates(scale=0.001)), Wire(trouble, trouble, DONE)
    assert await courier(wire, BOT, HELLO) is DONE
    assert (courier.sent, courier.retried) == (1, 2)

    wire = Wire(trouble)
    with pytest.raises(AiogramError):
        await courier(wire, BOT, EDIT)
    assert len(wire.sent) == SEND.tries


@pytest.mark.parametrize(
    "final",
    [
        TelegramForbiddenError(HELLO, "bot was blocked by the user"),
        bad("can't parse entities"),
        TelegramEntityTooLarge(HELLO, "Request Entity Too Large"),
        ClientDecodeError(
            "Failed to deserialize object", ValueError("a new field"), {"ok": True, "result": {}}
        ),
    ],
    ids=lambda exc: type(exc).__name__,
)
async def test_what_another_try_cannot_mend_is_raised_at_once(final: Exception) -> None:
    wire = Wire(final)
    with pytest.raises(type(final)):
        await Courier()(wire, BOT, HELLO)
    assert len(wire.sent) == 1


@pytest.mark.parametrize(
    "answer",
    [
        bad("message is not modified: specified new message content and reply markup are exactly the same"),
        bad("query is too old and response timeout expired or query ID is invalid", PRESS),
    ],
    ids=["not modified", "too old"],
)
async def test_nothing_left_to_do_is_success(answer: Exception) -> None:
    assert await Courier()(Wire(answer), BOT, EDIT) is True  # type: ignore[comparison-overlap]


async def test_a_flood_holds_its_chat_until_it_is_over_and_keeps_the_order() -> None:
    courier = Courier(rates=Rates(chat_interval=0.001, chat_burst=1))
    wire = Wire(TelegramRetryAfter(HELLO, "Too Many Requests", 1), DONE, takes=0.01)
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        group.create_task(courier(wire, BOT, HELLO))
        group.create_task(courier(wire, BOT, SendMessage(chat_id=7, text="second")))
        await asyncio.sleep(0.1)
        await courier(wire, BOT, SendMessage(chat_id=8, text="elsewhere"))
        assert time.monotonic() - began < 0.9
    assert time.monotonic() - began >= 1
    assert courier.floods == 1
    assert [getattr(method, "text", "") for method in wire.sent] == ["hello", "elsewhere", "hello", "second"]


async def test_floods_in_two_chats_at_once_hold_all() -> None:
    courier = Courier()
    flood = TelegramRetryAfter(HELLO, "Too Many Requests", 1)
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for chat in (1, 2):
            group.create_task(courier(Wire(flood, DONE), BOT, SendMessage(chat_id=chat, text="x")))
        await asyncio.sleep(0.01)
        await courier(Wire(), BOT, SendMessage(chat_id=3, text="x"))
        assert time.monotonic() - began >= 1


async def test_a_flood_longer_than_the_deadline_is_raised_and_the_chat_stays_held() -> None:
    courier = Courier(patience=0.05)
    with pytest.raises(TelegramRetryAfter):
        await courier(Wire(TelegramRetryAfter(HELLO, "Too Many Requests", 900)), BOT, HELLO)
    wire = Wire()
    with pytest.raises(TelegramRetryAfter):
        await courier(wire, BOT, HELLO)
    assert not wire.sent
    assert await courier(wire, BOT, SendMessage(chat_id=8, text="elsewhere")) is DONE


async def test_a_press_is_answered_while_its_chat_waits() -> None:
    courier, wire = Courier(rates=Rates(total_limit=1, total_window=3600)), Wire()
    await courier(wire, BOT, HELLO)
    async with asyncio.timeout(15):
        for method in (
            PRESS,
            SendChatAction(chat_id=7, action="typing"),
            GetMe(),
            DeleteMessage(chat_id=7, message_id=1),
        ):
            assert await courier(wire, BOT, method) is DONE
    assert courier.sent == 1


async def test_a_press_is_tried_while_its_answer_is_of_use() -> None:
    wire = Wire(page())
    with pytest.raises(ClientDecodeError):
        await Courier()(wire, BOT, PRESS)
    assert len(wire.sent) in (3, 4)  # as pauses happen to fit into five seconds


async def test_a_call_that_hangs_is_ended_and_tried_again() -> None:
    courier, wire = Courier(request_timeout=0.02), Wire("hang", DONE)
    assert await courier(wire, BOT, HELLO) is DONE
    assert courier.retried == 1


async def test_a_group_that_has_moved_is_followed_and_remembered() -> None:
    moves: list[tuple[int, int]] = []

    async def on_migrate(old: int, new: int) -> None:
        moves.append((old, new))

    courier = Courier(on_migrate=on_migrate)
    wire = Wire(TelegramMigrateToChat(HELLO, "upgraded", -1005), DONE)
    first = SendMessage(chat_id=-5, text="a", reply_parameters=ReplyParameters(message_id=3))
    await courier(wire, BOT, first)
    await courier(wire, BOT, SendMessage(chat_id="-5", text="b"))
    assert [getattr(method, "chat_id", 0) for method in wire.sent] == [-5, -1005, -1005]
    assert isinstance(wire.sent[1], SendMessage)
    assert wire.sent[1].reply_parameters is None, "the message with that number there is another one"
    assert first.chat_id == -5, "the caller's own method stays as it was"
    assert moves == [(-5, -1005)]


async def test_a_group_that_moves_twice_is_found_in_one_step() -> None:
    courier, wire = Courier(), Wire()
    await courier.migrate(-5, -1005)
    await courier.migrate(-1005, -1006)
    await courier(wire, BOT, SendMessage(chat_id=-5, text="a"))
    assert getattr(wire.sent[0], "chat_id", 0) == -1006
    assert courier.moved == {-5: -1006, -1005: -1006}


async def test_an_edit_of_a_message_that_stayed_behind_is_not_aimed_at_a_stranger() -> None:
    wire = Wire(TelegramMigrateToChat(EDIT, "upgraded", -1005))
    courier = Courier()
    for _ in range(2):  # when the move is news, and when it is known
        with pytest.raises(TelegramMigrateToChat):
            await courier(wire, BOT, EditMessageText(chat_id=-5, message_id=1, text="x"))
    assert len(wire.sent) == 1
    assert courier.moved == {-5: -1005}


async def test_a_file_may_take_longer_than_a_message() -> None:
    assert UPLOAD.request > SEND.request
    courier = Courier(request_timeout=0.02)
    wire = Wire("hang", DONE)
    method = SendDocument(chat_id=7, document="a file id")
    assert await courier(wire, BOT, method) is DONE


async def test_an_unthrottled_send_costs_next_to_nothing() -> None:
    """No timer, no lock, no task of its own: far below what the request itself costs."""
    courier, wire = Courier(rates=Rates(chat_burst=10**6, total_limit=10**6)), Wire()
    await courier(wire, BOT, HELLO)
    began = time.thread_time()
    for _ in range(1000):
        await courier(wire, BOT, HELLO)
    assert (time.thread_time() - began) / 1000 < 0.001


def edit(text: str, *, message: int = 1) -> EditMessageText:
    return EditMessageText(chat_id=7, message_id=message, text=text)


def texts(wire: Wire) -> list[str]:
    return [getattr(method, "text", None) or method.__api_method__ for method in wire.sent]


async def test_of_the_edits_of_a_message_that_wait_the_last_one_goes_in_the_place_of_the_first() -> None:
    courier, wire = Courier(rates=Rates(chat_interval=0.2, chat_burst=1)), Wire()
    await courier(wire, BOT, HELLO)
    waiting: list[TelegramMethod[Any]] = [
        edit("old"),
        edit("other", message=2),
        SendMessage(chat_id=7, text="between"),
        edit("newer"),
        edit("newest"),
    ]
    answers = await asyncio.gather(*(courier(wire, BOT, method) for method in waiting))
    assert texts(wire) == ["hello", "newest", "other", "between"]
    assert answers == [True, DONE, DONE, True, DONE]
    assert courier.sent == 4


async def test_an_edit_of_another_kind_supersedes_nothing() -> None:
    courier, wire = Courier(rates=Rates(chat_interval=0.2, chat_burst=1)), Wire()
    await courier(wire, BOT, HELLO)
    markup = EditMessageReplyMarkup(chat_id=7, message_id=1)
    waiting: list[TelegramMethod[Any]] = [edit("a"), markup, edit("b")]
    await asyncio.gather(*(courier(wire, BOT, each) for each in waiting))
    assert texts(wire) == ["hello", "a", "editMessageReplyMarkup", "b"]


async def test_an_edit_that_fails_does_not_come_after_a_newer_one() -> None:
    courier = Courier(rates=Rates(chat_interval=0.05, chat_burst=1))
    wire = Wire(TelegramNetworkError(EDIT, "reset"), DONE, takes=0.01)
    async with asyncio.TaskGroup() as group:
        older = group.create_task(courier(wire, BOT, edit("old")))
        await asyncio.sleep(0)
        group.create_task(courier(wire, BOT, edit("new")))
    assert texts(wire) == ["old", "new"]
    assert older.result() is True  # type: ignore[comparison-overlap]


async def test_an_edit_given_up_in_the_queue_leaves_the_next_its_turn() -> None:
    courier, wire = Courier(rates=Rates(chat_interval=0.05, chat_burst=1)), Wire()
    await courier(wire, BOT, HELLO)
    given_up = asyncio.create_task(courier(wire, BOT, edit("given up")))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait({given_up})
    assert await courier(wire, BOT, edit("next")) is DONE
    assert texts(wire) == ["hello", "next"]
