"""Groups as Telegram knows them: they become supergroups, have topics, and throw the bot out."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from aiogram.types import Chat as TelegramChat
from aiogram.types import Message

from bot.courier import Courier
from bot.middlewares import doors
from bot.middlewares.doors import note_migration
from services.domain.access import Scope
from services.roster import Chat, Roster
from tests.bots import OPS, Setup, running
from tests.conftest import Cast

Make = Callable[..., Setup]

NEW = -1009876543210


async def test_a_group_that_becomes_a_supergroup_stays_known(cast: Cast, setup: Make) -> None:
    made = setup()
    async with running(made):
        await cast.dias.says("/whoami", chat=cast.ops)
        await cast.telegram.next_message(cast.ops)
        new = cast.telegram.migrate(cast.ops, NEW)
        await cast.dias.says("/whoami", chat=new)
        reply = await cast.telegram.next_message(new)
        assert reply.text.startswith("Dias · operator")
        await cast.telegram.silence(new, 3)  # a bot that did not know it would leave by then
        assert new.bot == "member"
    async with running(made):
        await cast.dias.says("/whoami", chat=new)
        assert (await cast.telegram.next_message(new)).text.startswith("Dias · operator")


async def test_an_answer_stays_in_its_topic(cast: Cast, setup: Make) -> None:
    forum = cast.telegram.group(-100555, title="Forum", members=[cast.dias], topics={7: "Servers"})
    async with running(setup(chats=[{"id": OPS}, {"id": -100555}])):
        await cast.dias.says("/whoami", chat=forum, topic=7)
        reply = await cast.telegram.next_message(forum)
    assert reply.topic == 7


async def test_put_into_an_unknown_group_it_leaves_and_says_so(cast: Cast, setup: Make) -> None:
    async with running(setup()):
        await cast.aigerim.says("/start")
        await cast.telegram.next_message(cast.aigerim)
        other = cast.telegram.group(-100778, title="Trap", members=[cast.stranger], bot="left")
        cast.telegram.add_bot(cast.stranger, other)
        told = await cast.telegram.next_message(cast.aigerim)
    assert "Trap (-100778)" in told.text
    assert other.bot == "left"


async def test_put_into_many_it_leaves_all_and_tells_of_few(
    cast: Cast, setup: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "MIGRATION_NOTICE", 0.02)
    hostile = "🔴 server1\u2028\u202e is down:  log in at https://evil.example/login now"
    async with running(setup()):
        chats = [
            cast.telegram.group(-100779 - number, title=hostile, members=[cast.stranger], bot="left")
            for number in range(30)
        ]
        for chat in chats:
            cast.telegram.add_bot(cast.stranger, chat)
        told = await cast.telegram.next_message(cast.aigerim)
        await cast.telegram.until(lambda: all(chat.bot == "left" for chat in chats), 10)
        await cast.telegram.silence(cast.aigerim)
        title = next(entity for entity in told.content.body.entities if entity.type == "code")
        assert told.text.encode("utf-16-le")[2 * title.offset :][: 2 * title.length].decode("utf-16-le") == (
            "🔴 server1 is down: log in at https://evi"
        )
        assert [entity.type for entity in told.content.body.entities] == ["code"]
        monkeypatch.setattr(doors, "TELLING", 0)
        last = cast.telegram.group(-100878, title="", members=[cast.stranger], bot="left")
        cast.telegram.add_bot(cast.stranger, last)
        told = await cast.telegram.next_message(cast.aigerim)
    assert told.text.endswith("And 29 more since the last such message.")


@pytest.mark.parametrize(("old", "moved"), [(OPS, {OPS: NEW}), (-100778, {})])
async def test_only_a_group_of_the_settings_is_followed(old: int, moved: dict[int, int]) -> None:
    roster = Roster((), (Chat(OPS, Scope(())),))
    here, there = TelegramChat(id=old, type="group"), TelegramChat(id=NEW, type="supergroup")
    for notice in (
        Message(message_id=1, date=datetime.now(UTC), chat=here, migrate_to_chat_id=NEW),
        Message(message_id=1, date=datetime.now(UTC), chat=there, migrate_from_chat_id=old),
    ):
        courier = Courier()
        await note_migration(notice, courier, roster)
        assert courier.moved == moved
