"""What a bot may do to the stand-in for Telegram, as values for tables: played on a stage, each gives its answer."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from playground.telegram import Limits, Telegram
from tests.unit.test_telegram_standin import TEXT, Stage, data, keys

Answer = tuple[int, dict[str, Any]]
Act = Callable[[Stage], Awaitable[Answer]]


class Hand:
    """A clock that is turned by hand."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def open_stage(limits: Limits) -> AsyncIterator[Stage]:
    async with Telegram(limits=limits, clock=Hand()) as tg, aiohttp.ClientSession() as http:
        yield Stage(tg, http)


def later(stage: Stage, seconds: float) -> None:
    clock = stage.tg.world.clock
    assert isinstance(clock, Hand)
    clock.now += seconds


# What is done in a row


def call(method: str, **params: Any) -> Act:
    return lambda stage: stage.call(method, **params)


def send(**more: Any) -> Act:
    return call("sendMessage", **{**TEXT, **more})


def html(text: str) -> Act:
    return send(text=text, parse_mode="HTML")


def with_buttons(*buttons: dict[str, Any], **more: Any) -> Act:
    return send(reply_markup=keys(*buttons), **more)


def copying(text: str) -> Act:
    return with_buttons({"text": "b", "copy_text": {"text": text}})


def linked(url: str) -> Act:
    return with_buttons({"text": "b", "url": url})


def upload(method: str = "sendDocument", **fields: Any) -> Act:
    return lambda stage: stage.upload(method, chat_id="1001", **{"document": b"log", **fields})


def edit(method: str, **new: Any) -> Act:
    """Of a message that says "hello"."""

    async def act(stage: Stage) -> Answer:
        return await stage.call(method, chat_id=1001, message_id=await stage.sent(), **new)

    return act


def edit_file(method: str, *, of: bool = True, **new: Any) -> Act:
    """Of a document, or of a text that has just become one."""

    async def act(stage: Stage) -> Answer:
        if of:
            _, sent = await stage.upload("sendDocument", chat_id="1001", document=b"log")
            message_id = sent["result"]["message_id"]
        else:
            message_id = await stage.sent()
            media = json.dumps({"type": "document", "media": "attach://log"})
            status, _ = await stage.upload(
                "editMessageMedia", chat_id="1001", message_id=str(message_id), media=media, log=b"log"
            )
            assert status == 200
        return await stage.call(method, chat_id=1001, message_id=message_id, **new)

    return act


def media(size: int = 3, caption: str = "") -> Act:
    """A text becomes a document of so many bytes."""

    async def act(stage: Stage) -> Answer:
        new = json.dumps({"type": "document", "media": "attach://log", "caption": caption})
        message_id = str(await stage.sent())
        return await stage.upload(
            "editMessageMedia", chat_id="1001", message_id=message_id, media=new, log=bytes(size)
        )

    return act


def answer(text: str = "", *, twice: bool = False, late: bool = False) -> Act:
    """To a press."""

    async def act(stage: Stage) -> Answer:
        await stage.sent(reply_markup=keys(data()))
        await stage.aigerim.presses(stage.aigerim.chat.sent[-1], "b", wait=False)
        [query] = stage.tg.world.queries
        stage.tg.world.callback_life = 0 if late else 15
        asked = {"callback_query_id": query, "text": text}
        return [await stage.call("answerCallbackQuery", **asked) for _ in range(1 + twice)][-1]

    return act


def in_old_group(method: str, **params: Any) -> Act:
    """One that has become a supergroup, -100777."""
    return _migrated(-77, method, **params)


def in_new_group(method: str, **params: Any) -> Act:
    return _migrated(-100777, method, **params)


def _migrated(chat: int, method: str, **params: Any) -> Act:
    async def act(stage: Stage) -> Answer:
        if -77 not in stage.tg.world.chats:
            old = stage.tg.group(-77, members=[stage.aigerim], basic=True)
            stage.tg.migrate(old, -100777)
        return await stage.call(method, chat_id=chat, **params)

    return act


def delete(age: float) -> Act:
    async def act(stage: Stage) -> Answer:
        message_id = await stage.sent()
        later(stage, age)
        return await stage.call("deleteMessage", chat_id=1001, message_id=message_id)

    return act


def edit_of_age(age: float, text: str) -> Act:
    async def act(stage: Stage) -> Answer:
        message_id = await stage.sent()
        later(stage, age)
        return await stage.call("editMessageText", chat_id=1001, message_id=message_id, text=text)

    return act


def react(*emojis: str) -> Act:
    async def act(stage: Stage) -> Answer:
        reaction = [{"type": "emoji", "emoji": emoji} for emoji in emojis]
        message_id = await stage.sent()
        return await stage.call("setMessageReaction", chat_id=1001, message_id=message_id, reaction=reaction)

    return act


def commands(count: int = 1, name: str = "up", about: str = "d") -> Act:
    return call("setMyCommands", commands=[{"command": name, "description": about}] * count)


def times(count: int, act: Act, pause: float = 0.0) -> Act:
    """The answer to the last. Those before are taken."""

    async def acts(stage: Stage) -> Answer:
        for _ in range(count - 1):
            status, body = await act(stage)
            assert status == 200, body
            await asyncio.sleep(pause)
        return await act(stage)

    return acts


def to_people(count: int) -> Act:
    """To so many people, a message each; side by side, as it is about what comes within one second."""

    async def act(stage: Stage) -> Answer:
        people = [stage.tg.person(person).id for person in range(5000, 5000 + count)]
        calls = [stage.call("sendMessage", chat_id=person, text="x") for person in people[:-1]]
        assert {status for status, _ in await asyncio.gather(*calls)} <= {200}
        return await stage.call("sendMessage", chat_id=people[-1], text="x")

    return act


def after_a_flood(pause: float) -> Act:
    async def act(stage: Stage) -> Answer:
        while (await stage.call("sendMessage", **TEXT))[0] == 200:
            pass
        await asyncio.sleep(pause)
        return await stage.call("sendMessage", **TEXT)

    return act


def edits(count: int, pause: float) -> Act:
    async def act(stage: Stage) -> Answer:
        new = (str(number) for number in itertools.count())
        _, sent = await stage.call("sendMessage", chat_id=-100300, text="x")

        async def one(stage: Stage) -> Answer:
            where = {"chat_id": -100300, "message_id": sent["result"]["message_id"]}
            return await stage.call("editMessageText", **where, text=next(new))

        await asyncio.sleep(pause)
        return await times(count - 1, one, pause)(stage)

    return act


def polled_twice(gap: bool) -> Act:
    """The answer to the first of two pollers; gap: the second comes when the first has gone."""

    async def act(stage: Stage) -> Answer:
        async with asyncio.TaskGroup() as group:
            first = group.create_task(stage.call("getUpdates", timeout=1 if gap else 30))
            await stage.tg.until(lambda: stage.tg.world.updates.polled or first.done())
            if gap:
                await first
            second = group.create_task(stage.call("getUpdates", timeout=1))
        assert second.result()[0] == 200
        return first.result()

    return act
