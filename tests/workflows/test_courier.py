"""The courier on the real aiogram, over real HTTP, against the strict stand-in."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramAPIError, TelegramForbiddenError, TelegramMigrateToChat
from aiogram.types import BufferedInputFile

from bot.courier import Courier, background
from bot.manners import UPLOAD
from bot.pacing import Rates
from playground.telegram import Kind, Limits, Telegram
from services.store import open_store

TOKEN = "1:test"
# A minute of Telegram in a second.
FAST, STRICT = Rates(scale=1 / 60), Limits(scale=60)


@asynccontextmanager
async def a_bot(telegram: Telegram, courier: Courier) -> AsyncIterator[Bot]:
    api = TelegramAPIServer.from_base(telegram.url)
    async with AiohttpSession(api=api, timeout=UPLOAD.request + 10) as session:
        session.middleware(courier)
        yield Bot(TOKEN, session=session)


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with Telegram(TOKEN, STRICT) as telegram:
        yield telegram


@pytest.fixture
def courier() -> Courier:
    return Courier(rates=FAST)


@pytest.fixture
async def bot(telegram: Telegram, courier: Courier) -> AsyncIterator[Bot]:
    async with a_bot(telegram, courier) as bot:
        yield bot


async def test_bursts_never_meet_flood_control(telegram: Telegram, courier: Courier, bot: Bot) -> None:
    people = [telegram.person(number) for number in range(1, 6)]
    group = telegram.group(-100, members=people)
    async with asyncio.TaskGroup() as senders:
        for number in range(100):
            for chat in (group.id, *(person.id for person in people)):
                senders.create_task(bot.send_message(chat, str(number)))
    assert telegram.floods == []
    assert (courier.sent, courier.floods, courier.retried) == (600, 0, 0)
    for place in (group, *(person.chat for person in people)):
        assert len(place.sent) == 100


async def test_edits_count_with_messages(telegram: Telegram, bot: Bot) -> None:
    group = telegram.group(-100, members=[telegram.person(1)])
    messages = [await bot.send_message(group.id, str(number)) for number in range(25)]
    async with asyncio.TaskGroup() as editors:
        for message in messages:
            editors.create_task(
                bot.edit_message_text("edited", chat_id=group.id, message_id=message.message_id)
            )
    assert telegram.floods == []
    assert [message.text for message in group.sent] == ["edited"] * 25


async def test_many_edits_of_one_message_take_few_turns(telegram: Telegram, bot: Bot) -> None:
    group = telegram.group(-100, members=[telegram.person(1)])
    message = await bot.send_message(group.id, "0")
    async with asyncio.TaskGroup() as editors:
        for number in range(1, 50):
            editors.create_task(
                bot.edit_message_text(str(number), chat_id=group.id, message_id=message.message_id)
            )
    assert group.sent[0].text == "49"
    assert len(group.sent[0].edits) < 6


async def test_the_order_in_a_chat_is_the_order_of_asking(telegram: Telegram, bot: Bot) -> None:
    person = telegram.person(1)
    for number in range(3):  # a warm connection for each of the burst
        await bot.send_message(person.id, f"warm {number}")
    async with asyncio.TaskGroup() as senders:
        for number in range(20):
            senders.create_task(bot.send_message(person.id, str(number)))
    texts = [int(message.content.body.text) for message in person.chat.sent[3:]]
    assert all(abs(place - number) < 3 for place, number in enumerate(texts)), (
        "but for those on the way together"
    )


async def test_a_flood_is_obeyed(telegram: Telegram, courier: Courier, bot: Bot) -> None:
    person, other = telegram.person(1), telegram.person(2)
    telegram.fail_next(
        "sendMessage", Kind.FLOOD, retry_after=1, when=lambda call: call.text("chat_id") == "1"
    )
    began = time.monotonic()
    async with asyncio.TaskGroup() as senders:
        for number in range(3):
            senders.create_task(bot.send_message(person.id, str(number)))
        await telegram.until(lambda: telegram.called("sendMessage"))
        await bot.send_message(other.id, "not held")
        assert time.monotonic() - began < 1
    calls = [call for call in telegram.called("sendMessage") if call.text("chat_id") == "1"]
    refused = next(call for call in calls if call.status == 429)
    assert all(call.at >= refused.at + 1 for call in calls if call.at > refused.at + 0.2), "held for all"
    assert sorted(message.content.body.text for message in person.chat.sent) == ["0", "1", "2"]
    assert courier.floods == 1


@pytest.mark.parametrize("kind", [Kind.BAD_GATEWAY, Kind.SERVER_ERROR, Kind.RESET, Kind.HTML])
async def test_trouble_on_the_way_passes(telegram: Telegram, courier: Courier, bot: Bot, kind: Kind) -> None:
    person = telegram.person(1)
    telegram.fail_next("sendMessage", kind)
    await bot.send_message(person.id, "hello")
    assert [message.content.body.text for message in person.chat.sent] == ["hello"]
    assert courier.retried == 1


async def test_an_answer_lost_on_the_way_may_double_a_message_but_never_an_edit(
    telegram: Telegram, bot: Bot
) -> None:
    person = telegram.person(1)
    telegram.fail_next("sendMessage", Kind.LOST_502)
    message = await bot.send_message(person.id, "hello")
    assert len(person.chat.sent) == 2
    telegram.fail_next("editMessageText", Kind.LOST)
    await bot.edit_message_text("bye", chat_id=person.id, message_id=message.message_id)
    assert len(person.chat.sent[1].edits) == 1
    assert [refusal.method for refusal in telegram.refusals] == ["editMessageText"], "not modified: as wished"


async def test_a_hung_call_is_ended(telegram: Telegram) -> None:
    person = telegram.person(1)
    async with a_bot(telegram, Courier(request_timeout=0.3)) as bot:
        telegram.fail_next("sendMessage", Kind.HANG)
        await bot.send_message(person.id, "hello")
    assert len(person.chat.sent) == 1


async def test_a_file_is_sent_again_in_full(telegram: Telegram, bot: Bot) -> None:
    person = telegram.person(1)
    content = bytes(range(256)) * 4096
    for kind in (Kind.RESET, Kind.BAD_GATEWAY):
        telegram.fail_next("sendDocument", kind)
    await bot.send_document(person.id, BufferedInputFile(content, "all.log"))
    uploads = [file.content for call in telegram.called("sendDocument") for file in call.files.values()]
    assert len(person.chat.sent) == 1
    assert uploads[-1] == content
    assert telegram.refusals == []


async def test_a_group_that_moved_is_followed_also_after_a_restart(
    telegram: Telegram, tmp_path: Path
) -> None:
    group = telegram.group(-5, basic=True, members=[telegram.person(1)])
    told: list[tuple[int, int]] = []

    async def on_migrate(old: int, new: int) -> None:
        told.append((old, new))

    async with open_store(f"sqlite://{tmp_path / 'test.db'}", SystemTime()) as store:
        async with a_bot(telegram, Courier(rates=FAST, store=store, on_migrate=on_migrate)) as bot:
            before = await bot.send_message(group.id, "before")
            fresh = telegram.migrate(group, -1005)
            with pytest.raises(TelegramMigrateToChat):  # its message has stayed behind
                await bot.edit_message_text("after", chat_id=group.id, message_id=before.message_id)
            async with asyncio.TaskGroup() as senders:
                for number in range(3):
                    senders.create_task(bot.send_message(group.id, str(number)))
        again = Courier(rates=FAST, store=store)
        await again.load()
        async with a_bot(telegram, again) as bot:
            await bot.send_message(group.id, "after the restart")
    assert told == [(-5, -1005)]
    assert len(fresh.sent) == 4
    assert len(telegram.refusals) == 1, "asked once, known ever after"


async def test_a_group_is_followed_in_the_middle_of_a_burst(
    telegram: Telegram, courier: Courier, bot: Bot
) -> None:
    group = telegram.group(-5, basic=True, members=[telegram.person(1)])
    fresh = telegram.migrate(group, -1005)
    async with asyncio.TaskGroup() as senders:
        for number in range(10):
            senders.create_task(bot.send_message(group.id, str(number)))
    assert len(fresh.sent) == 10
    assert telegram.floods == []


async def test_a_press_is_answered_although_it_is_too_late(telegram: Telegram, bot: Bot) -> None:
    assert await bot.answer_callback_query("12345") is True
    assert len(telegram.refusals) == 1


async def test_a_refusal_is_raised_at_once(telegram: Telegram, courier: Courier, bot: Bot) -> None:
    person = telegram.person(1)
    await person.blocks()
    with pytest.raises(TelegramForbiddenError):
        await bot.send_message(person.id, "hello")
    assert len(telegram.called("sendMessage")) == 1


async def test_no_telegram_is_an_error_of_aiograms() -> None:
    api = TelegramAPIServer.from_base("http://127.0.0.1:1")
    async with AiohttpSession(api=api) as session:
        session.middleware(Courier())
        with pytest.raises(TelegramAPIError):
            await Bot(TOKEN, session=session).answer_callback_query("1")


async def test_the_budget_of_a_group_outlives_a_crash(telegram: Telegram, tmp_path: Path) -> None:
    group = telegram.group(-100, members=[telegram.person(1)])
    async with open_store(f"sqlite://{tmp_path / 'test.db'}", SystemTime()) as store:
        for numbers in (range(18), range(18, 48)):  # nothing is left of the first one but its store
            courier = Courier(rates=FAST, store=store)
            await courier.load()
            async with a_bot(telegram, courier) as bot, asyncio.TaskGroup() as senders:
                for number in numbers:
                    senders.create_task(bot.send_message(group.id, str(number)))
    assert telegram.floods == []
    assert len(group.sent) == 48


async def test_without_its_books_a_group_meets_flood_control(telegram: Telegram) -> None:
    """What the test above is worth."""
    group = telegram.group(-100, members=[telegram.person(1)])
    for numbers in (range(18), range(18, 30)):
        async with a_bot(telegram, Courier(rates=FAST)) as bot, asyncio.TaskGroup() as senders:
            for number in numbers:
                senders.create_task(bot.send_message(group.id, str(number)))
    assert telegram.floods


async def alert(bot: Bot, chat: int, number: int, message: int | None = None) -> None:
    with background():
        if message is None:
            await bot.send_message(chat, f"alert {number}")
        else:
            await bot.edit_message_text(f"state {number}", chat_id=chat, message_id=message)


@asynccontextmanager
async def flooding(
    bot: Bot, group: int, messages: Sequence[int], people: Sequence[int]
) -> AsyncIterator[None]:
    """200 alerts, to a group and to people; what still waits is given up at the end."""
    async with asyncio.TaskGroup() as tasks:
        alerts = [
            tasks.create_task(call)
            for number in range(50)
            for call in (
                alert(bot, group, number),
                alert(bot, group, number, messages[number % len(messages)]),
                alert(bot, people[number % len(people)], number),
                alert(bot, people[0], number),
            )
        ]
        yield
        for each in alerts:
            each.cancel()


async def test_a_person_is_answered_in_the_middle_of_a_flood_of_alerts() -> None:
    second = 0.2
    async with Telegram(TOKEN, Limits(scale=1 / second)) as telegram:
        people = [telegram.person(number).id for number in range(1, 6)]
        group = telegram.group(-100, members=[telegram.person(6)])
        async with a_bot(telegram, Courier(rates=Rates(scale=second))) as bot:
            messages = [(await bot.send_message(group.id, "alert")).message_id for _ in range(2)]
            slowest = 0.0
            async with flooding(bot, group.id, messages, people):
                for _ in range(5):
                    await asyncio.sleep(1.5 * second)
                    for chat in (group.id, people[0]):
                        began = time.monotonic()
                        await bot.send_message(chat, "reply")
                        slowest = max(slowest, time.monotonic() - began)
    assert slowest < second
    assert telegram.floods == []
    alerts = [
        call for call in telegram.called("sendMessage") if (call.text("text") or "").startswith("alert ")
    ]
    assert 20 < len(alerts) < 120, "the flood was under way"


async def test_alerts_get_through_while_people_keep_a_group_busy(telegram: Telegram, bot: Bot) -> None:
    group = telegram.group(-100, members=[telegram.person(1)])

    async def talk() -> None:
        while True:
            await bot.send_message(group.id, "talk")
            await asyncio.sleep(1 / 17)  # seventeen a minute: what is left is less than people's reserve

    async with asyncio.TaskGroup() as tasks:
        talking = tasks.create_task(talk())
        await asyncio.sleep(1)
        async with asyncio.timeout(10):
            for number in range(6):
                await alert(bot, group.id, number)
        talking.cancel()
    assert telegram.floods == []


class SystemTime:
    def now(self) -> datetime:
        return datetime.now(UTC)
