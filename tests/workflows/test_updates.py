"""The update pump on the real aiogram, the real store and the stand-in: what comes in is handled, whatever happens."""

import asyncio
import json
import logging
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.methods import SendMessage
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message, Update

from bot.courier import Courier
from bot.inbox import TRIES, Inbox
from bot.readiness import Readiness
from bot.turns import Turn, Turns, person_of
from bot.updates import Away, Polling, UpdatePump, is_stale
from playground.telegram import Kind, Limits, Telegram
from services.errors import StoreUnavailable
from services.ports import Put, Store, Write
from services.store import open_store

TOKEN = "1:test"
QUICK = Polling(
    timeout=2, grace=3, drain=0.3, replay=0.2, back_off=(0.05, 0.2), conflict=0.2, refused=0.2, waiting=1000
)  # one person plays a crowd
STRANGE: dict[str, Any] = {"message": {"message_id": "not a number", "date": 0, "chat": {"id": 1}}}

Handler = Callable[[Message, Away | None], Awaitable[object]]


class HandClock:
    """Moves by hand only."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 14, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def pass_by(self, **time: float) -> None:
        self.time += timedelta(**time)


class Heard:
    """A handler that remembers what it was given, and does what it is told for certain words."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.ended: list[str] = []
        self.aways: dict[str, Away | None] = {}
        self.go_on = asyncio.Event()

    async def hear(self, message: Message, away: Away | None) -> object:
        text = message.text or ""
        self.texts.append(text)
        self.aways[text] = away
        if "hang" in text:
            await asyncio.sleep(3600)
        if "wait" in text:
            await self.go_on.wait()
        if "break" in text:
            raise ZeroDivisionError
        self.ended.append(text)
        return SendMessage(chat_id=message.chat.id, text="yes") if "answer" in text else None


@asynccontextmanager
async def a_bot(url: str) -> AsyncIterator[Bot]:
    session = AiohttpSession(api=TelegramAPIServer.from_base(url), timeout=10)
    session.middleware(Courier())
    try:
        yield Bot(TOKEN, session=session)
    finally:
        await session.close()


class Watch:
    """One run of the bot: the pump, its ears and its readiness."""

    def __init__(self, pump: UpdatePump, bot: Bot, heard: Heard, readiness: Readiness) -> None:
        self.pump, self.bot, self.heard, self.readiness = pump, bot, heard, readiness
        self.stop = asyncio.Event()
        self.task: asyncio.Task[None] = asyncio.create_task(self.pump.run(self.stop))

    async def until(self, condition: Callable[[], object], patience: float = 15) -> None:
        async with asyncio.timeout(patience):
            while not condition():
                if self.task.done():
                    await self.task
                await asyncio.sleep(0.005)

    async def end(self) -> None:
        self.stop.set()
        await self.task


@asynccontextmanager
async def watching(
    telegram: Telegram, store: Store, clock: HandClock, polling: Polling = QUICK
) -> AsyncIterator[Watch]:
    heard, readiness, dispatcher = Heard(), Readiness(), Dispatcher()
    dispatcher.message.register(heard.hear)
    async with a_bot(telegram.url) as bot:
        watch = Watch(UpdatePump(bot, dispatcher, store, clock, readiness, polling), bot, heard, readiness)
        try:
            yield watch
        finally:
            watch.task.cancel()
            await asyncio.wait({watch.task})
    if not watch.task.cancelled():
        watch.task.result()


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with Telegram(TOKEN, Limits.none()) as telegram:
        telegram.world.updates.allow(["message"])
        yield telegram


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def store(tmp_path: Path, clock: HandClock) -> AsyncIterator[Store]:
    async with open_store(f"sqlite://{tmp_path / 'test.db'}", clock) as store:
        yield store


# Decoding


async def test_a_strange_update_among_good_ones_is_set_aside_once(
    telegram: Telegram, store: Store, clock: HandClock
) -> None:
    dias = telegram.person(1002)
    await dias.says("before")
    bad = [
        telegram.queue_raw(STRANGE),
        telegram.queue_raw({"a_kind_of_tomorrow": {"id": 1}}),
        telegram.queue_raw(b'{"update_id": UPDATE_ID, "message": {"text": "half a pair \\ud83d"}}'),
    ]
    await dias.says("after")
    async with watching(telegram, store, clock) as watch:
        await watch.until(lambda: len(watch.heard.ended) == 2)
        assert watch.heard.ended == ["before", "after"]
        await telegram.until(lambda: not telegram.world.updates.pending)
        await watch.end()
    aside = await store.scan("bad_update/")
    assert list(aside) == [f"bad_update/{update_id}" for update_id in bad]
    assert json.loads(aside[f"bad_update/{bad[0]}"]) == {"update_id": bad[0], **STRANGE}
    clock.pass_by(days=8)
    assert not await store.scan("bad_update/"), "they go after a week"


async def test_a_handler_may_return_its_answer(telegram: Telegram, store: Store, clock: HandClock) -> None:
    dias = telegram.person(1002)
    async with watching(telegram, store, clock):
        await dias.says("answer")
        assert (await telegram.next_message(dias)).content.body.text == "yes"


# Many at a time


async def test_a_slow_handler_keeps_nobody_waiting(
    telegram: Telegram, store: Store, clock: HandClock
) -> None:
    dias = telegram.person(1002)
    async with watching(telegram, store, clock) as watch:
        await dias.says("wait")
        for number in range(20):
            await dias.says(str(number))
        await watch.until(lambda: len(watch.heard.ended) == 20)
        assert watch.heard.texts == ["wait", *map(str, range(20))], "they start in order"
        watch.heard.go_on.set()
        await watch.until(lambda: "wait" in watch.heard.ended)


async def test_no_more_handlers_at_a_time_than_allowed(
    telegram: Telegram, store: Store, clock: HandClock
) -> None:
    dias = telegram.person(1002)
    async with watching(telegram, store, clock, Polling(timeout=1, in_flight=3)) as watch:
        for number in range(10):
            await dias.says(f"wait {number}")
        await watch.until(lambda: len(watch.heard.texts) == 3)
        await asyncio.sleep(0.1)
        assert len(watch.heard.texts) == 3
        watch.heard.go_on.set()
        await watch.until(lambda: len(watch.heard.ended) == 10)


async def test_more_than_one_request_gives(telegram: Telegram, store: Store, clock: HandClock) -> None:
    dias = telegram.person(1002)
    for number in range(250):
        await dias.says(str(number))
    async with watching(telegram, store, clock) as watch:
        await watch.until(lambda: len(watch.heard.ended) == 250)
        assert watch.heard.texts == list(map(str, range(250)))


# One person's many


async def test_one_who_sends_too_much_keeps_nobody_waiting(
    telegram: Telegram, store: Store, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    student, dias = telegram.person(1003), telegram.person(1002)
    few = Polling(timeout=1, in_flight=3, each=2, waiting=3)
    async with watching(telegram, store, clock, few) as watch:
        for number in range(300):
            await student.says(f"wait {number}")
        await dias.says("mine")
        await watch.until(lambda: "mine" in watch.heard.ended)
        assert watch.heard.texts == ["wait 0", "wait 1", "mine"]
        await watch.until(lambda: not telegram.world.updates.pending)
        async with asyncio.timeout(5):
            while len(await store.scan("update/")) > 5:
                await asyncio.sleep(0.01)
        watch.heard.go_on.set()
        await watch.until(lambda: len(watch.heard.ended) == 6)
        await student.says("again")
        await watch.until(lambda: "again" in watch.heard.ended)
        assert watch.heard.texts == ["wait 0", "wait 1", "mine", "wait 2", "wait 3", "wait 4", "again"]
        await watch.end()
    assert not await store.scan("update/")
    told = [record.message for record in caplog.records if "sends more than" in record.message]
    assert len(told) == 1, "once a minute, not for each"
    assert "1003" in told[0]


async def test_a_press_that_is_dropped_is_answered(
    telegram: Telegram, store: Store, clock: HandClock
) -> None:
    telegram.world.updates.allow(["message", "callback_query"])
    student = telegram.person(1003)
    heard, dispatcher = Heard(), Dispatcher()
    few, stop = Polling(timeout=1, each=1, waiting=1), asyncio.Event()

    async def hear(callback: CallbackQuery) -> None:
        heard.texts.append(callback.id)
        await heard.go_on.wait()

    dispatcher.callback_query.register(hear)
    async with a_bot(telegram.url) as bot:
        keyboard = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="↻", callback_data="x")]])
        await bot.send_message(student.id, "hello", reply_markup=keyboard)
        for _ in range(5):
            await student.presses_data(student.chat.sent[0], "x", wait=False)
        async with asyncio.TaskGroup() as group:
            group.create_task(UpdatePump(bot, dispatcher, store, clock, Readiness(), few).run(stop))
            await telegram.until(lambda: len(telegram.called("answerCallbackQuery")) == 3)
            assert len(heard.texts) == 1
            heard.go_on.set()
            await telegram.until(lambda: len(heard.texts) == 2)
            stop.set()
    answered = {call.text("callback_query_id") for call in telegram.called("answerCallbackQuery")}
    assert not answered & set(heard.texts)


def test_a_chat_that_the_bot_is_put_into_has_its_turn_however_many() -> None:
    turns = Turns[int](each=1, waiting=1)
    assert [turns.admit(7, number) for number in range(3)] == [Turn.NOW, Turn.LATER, Turn.NEVER]
    assert turns.admit(7, 3, patient=True) is Turn.LATER
    assert turns.admit(8, 4) is Turn.NOW
    assert [turns.next(7) for _ in range(3)] == [1, 3, None]
    assert turns.admit(7, 5) is Turn.NOW


def test_excess_is_told_once_a_minute_for_each_person() -> None:
    turns = Turns[int](each=1, waiting=1)
    assert [turns.is_news(7, now) for now in (0.0, 59.0, 60.0, 61.0)] == [True, False, True, False]
    assert turns.is_news(8, 61.0)


def test_a_person_is_known_by_whatever_they_do() -> None:
    user, group = {"id": 7, "is_bot": False, "first_name": "x"}, {"id": -5, "type": "group", "title": "x"}
    said = {"message_id": 1, "date": 1, "chat": group}
    member = {"status": "member", "user": user}
    change = {"chat": group, "from": user, "date": 1, "old_chat_member": member, "new_chat_member": member}
    for event, person in (
        ({"message": {**said, "from": user}}, 7),
        ({"callback_query": {"id": "1", "from": user, "chat_instance": "1", "data": "x"}}, 7),
        ({"my_chat_member": change}, 7),
        ({"channel_post": said}, -5),
    ):
        assert person_of(Update.model_validate({"update_id": 1, **event})) == person


# Sudden ends


async def test_what_was_confirmed_but_not_handled_is_handled_by_the_next_run(
    telegram: Telegram, store: Store, clock: HandClock
) -> None:
    dias = telegram.person(1002)
    async with watching(telegram, store, clock) as watch:
        for text in ("quick", "break", "hang 1", "hang 2"):
            await dias.says(text)
        await watch.until(lambda: len(watch.heard.texts) == 4)
        await telegram.until(lambda: not telegram.world.updates.pending, what="Telegram has forgotten them")
        await watch.until(lambda: watch.heard.ended)
    async with watching(telegram, store, clock) as watch:
        await watch.until(lambda: len(watch.heard.texts) == 2)
        await dias.says("new")
        await watch.until(lambda: "new" in watch.heard.ended)
        assert watch.heard.texts == ["hang 1", "hang 2", "new"], "handled ones, also broken, never run again"


async def test_what_ends_the_bot_each_time_is_set_aside(
    telegram: Telegram, store: Store, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    dias = telegram.person(1002)
    await dias.says("hang")
    update_id = next(iter(telegram.world.updates.pending))
    for run in range(TRIES):
        async with watching(telegram, store, clock) as watch:
            await watch.until(lambda: watch.heard.texts, patience=15 + run)
    async with watching(telegram, store, clock) as watch:
        await dias.says("good")
        await watch.until(lambda: watch.heard.ended)
        assert watch.heard.texts == ["good"]
    assert list(await store.scan("bad_update/")) == [f"bad_update/{update_id}"]
    assert not await store.scan("update/")
    assert any("each time" in record.message for record in caplog.records if record.levelno == logging.ERROR)


def _live(url: str, path: str, done: str) -> None:
    """A bot process: writes what it has handled to a file; a message says what else to do."""

    async def handle(message: Message) -> None:
        if message.text == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if message.text == "hang":
            await asyncio.sleep(3600)
        with Path(done).open("a") as file:
            file.write(f"{message.text}\n")

    async def main() -> None:
        dispatcher, stop = Dispatcher(), asyncio.Event()
        dispatcher.message.register(handle)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        async with AsyncExitStack() as stack:
            bot = await stack.enter_async_context(a_bot(url))
            store = await stack.enter_async_context(open_store(f"sqlite://{path}", HandClock()))
            await UpdatePump(bot, dispatcher, store, HandClock(), Readiness(), QUICK).run(stop)

    asyncio.run(main())


async def test_a_killed_process_loses_no_update_and_a_deadly_one_ends(
    telegram: Telegram, tmp_path: Path
) -> None:
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([__name__])
    done = tmp_path / "done"
    done.touch()

    async def live() -> int | None:
        process = processes.Process(target=_live, args=(telegram.url, str(tmp_path / "bot.db"), str(done)))
        process.start()
        try:
            async with asyncio.timeout(30):
                while process.is_alive() and "last\n" not in done.read_text():
                    await asyncio.sleep(0.01)
            if process.is_alive():
                process.terminate()
                await asyncio.to_thread(process.join, 10)
            return process.exitcode
        finally:
            process.kill()
            process.join()
            process.close()

    dias = telegram.person(1002)
    for text in ("one", "hang", "kill", "two", "three"):
        await dias.says(text)
    exits = [await live(), await live()]
    await dias.says("last")
    exits.append(await live())
    assert exits == [-signal.SIGKILL, -signal.SIGKILL, 0]
    assert set(done.read_text().split()) == {"last", "one", "two", "three"}, "at least once each"
    assert not telegram.world.updates.pending


# Ends on order


async def test_on_stop_handlers_under_way_are_let_end(
    telegram: Telegram, store: Store, clock: HandClock
) -> None:
    dias = telegram.person(1002)
    async with watching(telegram, store, clock) as watch:
        await dias.says("wait")
        await watch.until(lambda: watch.heard.texts)
        watch.stop.set()
        await asyncio.sleep(0.05)
        await dias.says("too late")
        watch.heard.go_on.set()
        await watch.task
        assert watch.heard.ended == ["wait"]
    assert not await store.scan("update/")
    left = [json.loads(update)["message"]["text"] for update in telegram.world.updates.pending.values()]
    assert left == ["too late"], "the last one is confirmed, what came later is not"


async def test_on_stop_what_was_taken_is_confirmed_and_what_had_no_turn_is_kept(
    telegram: Telegram, store: Store, clock: HandClock
) -> None:
    dias = telegram.person(1002)
    for text in ("wait", "had no turn"):
        await dias.says(text)
    async with watching(telegram, store, clock, Polling(in_flight=1)) as watch:
        await watch.until(lambda: watch.heard.texts)
        assert len(telegram.world.updates.pending) == 2
        watch.heard.go_on.set()
        watch.stop.set()
        await watch.task
        assert not telegram.world.updates.pending
        began = watch.heard.texts
    async with watching(telegram, store, clock) as watch:
        await watch.until(lambda: len(began + watch.heard.texts) == 2)
        await watch.end()
        assert began + watch.heard.texts == ["wait", "had no turn"]


async def test_on_stop_what_waits_for_its_author_is_kept_and_not_begun(
    telegram: Telegram, store: Store, clock: HandClock
) -> None:
    dias = telegram.person(1002)
    for text in ("wait", "had no turn"):
        await dias.says(text)
    async with watching(telegram, store, clock, Polling(each=1)) as watch:
        await watch.until(lambda: watch.heard.texts)
        watch.stop.set()
        await asyncio.sleep(0.05)
        watch.heard.go_on.set()
        await watch.task
        assert watch.heard.texts == ["wait"]
    async with watching(telegram, store, clock) as watch:
        await watch.until(lambda: watch.heard.ended == ["had no turn"])
        await watch.end()


async def test_on_stop_a_handler_without_end_is_cut_off_and_said(
    telegram: Telegram, store: Store, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    dias = telegram.person(1002)
    async with watching(telegram, store, clock) as watch:
        await dias.says("hang")
        await watch.until(lambda: watch.heard.texts)
        async with asyncio.timeout(5):
            await watch.end()
    assert any("Cut off" in record.message for record in caplog.records)
    assert await store.scan("update/"), "the next start may still do it"


async def test_a_cancelled_run_lets_handlers_end_too(
    telegram: Telegram, store: Store, clock: HandClock
) -> None:
    dias = telegram.person(1002)
    async with watching(telegram, store, clock) as watch:
        await dias.says("wait")
        await watch.until(lambda: watch.heard.texts)
        watch.task.cancel()
        await asyncio.sleep(0.05)
        watch.heard.go_on.set()
        await asyncio.wait({watch.task})
        assert watch.task.cancelled()
        assert watch.heard.ended == ["wait"]


# Trouble


async def test_a_refused_token_is_said_loudly_and_recovered_from(
    telegram: Telegram, store: Store, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with watching(telegram, store, clock, Polling(timeout=1, refused=0.1)) as watch:
        await watch.until(lambda: watch.readiness.ready)
        telegram.server.token = "1:another"
        await watch.until(lambda: not watch.readiness.ready)
        assert watch.readiness.reasons == ("telegram: the token is refused",)
        await asyncio.sleep(0.4)
        telegram.server.token = TOKEN
        await watch.until(lambda: watch.readiness.ready)
        await telegram.person(1002).says("hello")
        await watch.until(lambda: watch.heard.ended)
    loud = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert len(loud) == 1, "once, not with each try"
    assert "telegram.token" in loud[0]
    assert all(refusal.status == 401 for refusal in telegram.refusals)


async def test_another_poller_is_said_loudly_and_recovered_from(
    telegram: Telegram, store: Store, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with watching(telegram, store, clock) as watch, a_bot(telegram.url) as other:
        await watch.until(lambda: watch.readiness.ready and telegram.world.updates.polled)
        rival = asyncio.create_task(other.get_updates(timeout=1))
        await watch.until(lambda: not watch.readiness.ready)
        assert "another process" in watch.readiness.reasons[0]
        await asyncio.wait({rival})
        await watch.until(lambda: watch.readiness.ready)
        await telegram.person(1002).says("hello")
        await watch.until(lambda: watch.heard.ended)
        rival.exception()
    loud = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert loud
    assert all("other process" in line for line in loud)


@pytest.mark.parametrize("kind", [Kind.BAD_GATEWAY, Kind.SERVER_ERROR, Kind.RESET, Kind.HTML, Kind.FLOOD])
async def test_trouble_on_the_way_passes(
    telegram: Telegram, store: Store, clock: HandClock, kind: Kind
) -> None:
    telegram.fail_next("getUpdates", kind, times=1 if kind is Kind.FLOOD else 4)
    await telegram.person(1002).says("hello")
    async with watching(telegram, store, clock) as watch:
        await watch.until(lambda: watch.heard.ended)
        assert watch.readiness.ready


async def test_a_hung_poll_is_ended(telegram: Telegram, store: Store, clock: HandClock) -> None:
    telegram.fail_next("getUpdates", Kind.HANG)
    await telegram.person(1002).says("hello")
    async with watching(telegram, store, clock, Polling(timeout=1, grace=1, back_off=(0.05, 0.1))) as watch:
        await watch.until(lambda: watch.heard.ended)


async def test_the_token_is_in_no_log(
    telegram: Telegram, store: Store, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    telegram.fail_next("getUpdates", Kind.RESET, times=2)
    with caplog.at_level(logging.DEBUG):
        async with watching(telegram, store, clock) as watch:
            await watch.until(lambda: watch.readiness.ready)
    assert caplog.records
    assert TOKEN not in caplog.text


class BrokenStore:
    """The real store, which cannot be written for a while."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.broken = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, *writes: Write, **more: Any) -> bool:
        if self.broken:
            raise StoreUnavailable("disk full")
        return await self._store.write(*writes, **more)


async def test_what_cannot_be_kept_is_left_at_telegram(
    telegram: Telegram, store: Store, clock: HandClock
) -> None:
    broken = BrokenStore(store)
    async with watching(telegram, broken, clock) as watch:
        dias = telegram.person(1002)
        await dias.says("wait")
        await watch.until(lambda: watch.heard.texts)
        broken.broken = True
        watch.heard.go_on.set()
        await dias.says("two")
        await watch.until(lambda: watch.readiness.reasons == ("store: cannot be written",))
        await asyncio.sleep(0.1)
        assert watch.heard.texts == ["wait"]
        assert len(telegram.world.updates.pending) == 1
        broken.broken = False
        await watch.until(lambda: len(watch.heard.ended) == 2)
        await watch.until(lambda: watch.readiness.ready)
        await watch.end()
    assert not await store.scan("update/"), "also the one whose end could not be written at first"


# Absence and the offset


async def test_what_piled_up_while_the_bot_was_down_says_so(
    telegram: Telegram, store: Store, clock: HandClock
) -> None:
    dias = telegram.person(1002)
    async with watching(telegram, store, clock) as watch:
        await dias.says("at work")
        await dias.says("hang")
        await watch.until(lambda: len(watch.heard.texts) == 2)
        assert watch.heard.aways["at work"] is None
    since = clock.now()
    clock.pass_by(minutes=29)
    for number in range(150):
        await dias.says(f"while away {number}")
    async with watching(telegram, store, clock) as watch:
        await watch.until(lambda: len(watch.heard.ended) == 150)
        assert {watch.heard.aways[text] for text in watch.heard.ended} == {Away(since, clock.now())}
        assert watch.heard.aways["hang"] == Away(since, clock.now()), "what was left over too"
        await dias.says("back")
        await watch.until(lambda: "back" in watch.heard.ended)
        assert watch.heard.aways["back"] is None


async def test_an_absence_by_the_network_counts_too(
    telegram: Telegram, store: Store, clock: HandClock
) -> None:
    dias = telegram.person(1002)
    async with watching(telegram, store, clock) as watch:
        await watch.until(lambda: telegram.world.updates.polled)
        since = clock.now()
        fault = telegram.fail_next("getUpdates", Kind.RESET, times=10**6)
        await dias.says("interrupts the poll")
        await watch.until(lambda: fault.times < 10**6 - 1)
        assert watch.heard.texts == ["interrupts the poll"]
        clock.pass_by(minutes=5)
        await dias.says("while away")
        telegram.server.faults.waiting.clear()
        await watch.until(lambda: "while away" in watch.heard.ended)
        assert watch.heard.aways["while away"] == Away(since, clock.now())


async def test_a_short_gap_is_no_absence(telegram: Telegram, store: Store, clock: HandClock) -> None:
    async with watching(telegram, store, clock) as watch:
        await watch.until(lambda: watch.readiness.ready)
    clock.pass_by(seconds=119)
    await telegram.person(1002).says("hello")
    async with watching(telegram, store, clock) as watch:
        await watch.until(lambda: watch.heard.ended)
        assert watch.heard.aways == {"hello": None}


def test_stale_is_what_is_older_than_two_minutes(clock: HandClock) -> None:
    assert not is_stale(clock.now() - timedelta(seconds=120), clock.now())
    assert is_stale(clock.now() - timedelta(seconds=121), clock.now())


async def test_the_offset_of_the_last_run_is_used_while_it_is_young(
    telegram: Telegram, store: Store, clock: HandClock
) -> None:
    async with a_bot(telegram.url) as bot:
        inbox = Inbox(bot, store, clock)
        await inbox.keep([{"update_id": 41}])
        assert inbox.offset == 42
        clock.pass_by(days=5)
        again = Inbox(bot, store, clock)
        await again.recall()
        assert again.offset == 42
        clock.pass_by(days=2)
        assert again.offset is None, "Telegram may count from anywhere now"
        late = Inbox(bot, store, clock)
        await late.recall()
        assert late.offset is None
        await late.keep([{"update_id": 7}])
        assert late.offset == 8
        assert Inbox(Bot("2:another"), store, clock).offset is None


async def test_another_bot_does_not_take_over_the_offset(store: Store, clock: HandClock) -> None:
    await Inbox(Bot("1:one"), store, clock).keep([{"update_id": 41}])
    other = Inbox(Bot("2:two"), store, clock)
    await other.recall()
    assert other.offset is None


async def test_contact_is_written_now_and_then_only(store: Store, clock: HandClock) -> None:
    inbox = Inbox(Bot("1:one"), store, clock)
    await inbox.keep([])
    first = clock.now()
    for _ in range(2):
        clock.pass_by(seconds=14)
        await inbox.keep([])
    assert inbox.last_contact == clock.now()
    assert await store.get("contact") == first.isoformat().encode()
    clock.pass_by(seconds=14)
    await inbox.keep([])
    assert await store.get("contact") == clock.now().isoformat().encode()


async def test_what_the_store_could_not_be_told_it_is_told_with_the_next_batch(
    store: Store, clock: HandClock
) -> None:
    broken = BrokenStore(store)
    inbox = Inbox(Bot("1:one"), broken, clock)
    await inbox.keep([{"update_id": 1, "message": message(1)}])
    broken.broken = True
    await inbox.forget(1)
    broken.broken = False
    assert await store.scan("update/")
    await inbox.keep([])
    assert not await store.scan("update/")


async def test_batch_and_offset_are_one_write(store: Store, clock: HandClock) -> None:
    writes: list[tuple[Write, ...]] = []

    class Recording(BrokenStore):
        async def write(self, *batch: Write, **more: Any) -> bool:
            writes.append(batch)
            return await super().write(*batch, **more)

    inbox = Inbox(Bot("1:one"), Recording(store), clock)
    await inbox.keep([{"update_id": number, "message": message(number)} for number in (1, 2, 3)])
    assert len(writes) == 1
    assert [write.key for write in writes[0] if isinstance(write, Put)] == [
        "update/1", "update/2", "update/3", "offset/1", "contact",
    ]  # fmt: skip


def message(number: int) -> dict[str, Any]:
    return {"message_id": number, "date": 1, "chat": {"id": 1, "type": "private"}, "text": "x"}
