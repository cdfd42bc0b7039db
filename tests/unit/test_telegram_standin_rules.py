"""The rules of the stand-in that need more than one call: edits, files, access, menus, pins."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from playground.telegram import Chat, Limits, Message, Person, Telegram
from playground.telegram.state import Content, Text, User
from tests.unit.test_telegram_standin import TEXT, Stage, data, keys


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with Telegram(limits=Limits.none()) as tg, aiohttp.ClientSession() as http:
        yield Stage(tg, http)


async def test_an_edit_must_change_something(stage: Stage) -> None:
    markup = keys(data())
    message_id = await stage.sent(reply_markup=markup)
    same: dict[str, Any] = {
        "chat_id": 1001,
        "message_id": message_id,
        "text": " hello\n",
        "reply_markup": markup,
    }
    status, body = await stage.call("editMessageText", **same)
    assert status == 400 and "message is not modified" in body["description"]
    edited = await stage.ok("editMessageText", **{**same, "reply_markup": keys(data("y"))})
    assert edited["edit_date"] >= edited["date"]


async def test_an_edit_without_keyboard_takes_it_away(stage: Stage) -> None:
    message_id = await stage.sent(reply_markup=keys(data()))
    edited = await stage.ok("editMessageText", chat_id=1001, message_id=message_id, text="bye")
    assert "reply_markup" not in edited
    [message] = stage.aigerim.chat.sent
    assert message.buttons == [] and message.text == "bye"
    assert message.edits[0].content.body.text == "hello" and message.edits[0].keyboard


async def test_what_cannot_be_edited(stage: Stage) -> None:
    theirs = await stage.aigerim.says("hi")
    below = await stage.sent(reply_markup={"force_reply": True})
    text = await stage.sent()
    status, file = await stage.upload("sendDocument", chat_id="1001", document=b"log")
    assert status == 200
    document = file["result"]["message_id"]
    for method, message_id, reason in [
        ("editMessageText", theirs.id, "message can't be edited"),
        ("editMessageText", below, "message can't be edited"),
        ("editMessageText", document, "there is no text in the message to edit"),
        ("editMessageCaption", text, "there is no caption in the message to edit"),
    ]:
        new: dict[str, Any] = {"caption" if method == "editMessageCaption" else "text": "new"}
        status, body = await stage.call(method, chat_id=1001, message_id=message_id, **new)
        assert status == 400 and reason in body["description"], (method, body)


async def test_a_text_becomes_a_file_and_never_a_text_again(stage: Stage) -> None:
    message_id = await stage.sent()
    media = json.dumps({"type": "document", "media": "attach://log", "caption": "now a file"})
    status, body = await stage.upload(
        "editMessageMedia", chat_id="1001", message_id=str(message_id), media=media, log=b"lines"
    )
    assert status == 200 and body["result"]["document"]["file_name"] == "a.log"
    [message] = stage.aigerim.chat.sent
    assert message.document and message.document.content == b"lines"
    assert (message.text, message.caption) == ("", "now a file")
    status, body = await stage.call("editMessageText", chat_id=1001, message_id=message_id, text="back")
    assert status == 400 and "no text in the message" in body["description"]


async def test_files(stage: Stage) -> None:
    status, body = await stage.upload("sendDocument", chat_id="1001", document=b"", caption="x")
    assert status == 400 and "file must be non-empty" in body["description"]
    status, body = await stage.upload("sendDocument", chat_id="1001", document=b"x", caption="x" * 1025)
    assert status == 400 and "message caption is too long" in body["description"]
    status, body = await stage.upload("sendDocument", chat_id="1001", document=bytes(50 * 1024 * 1024 + 1))
    assert status == 413
    status, body = await stage.upload("sendDocument", chat_id="1001", document="attach://one", two=b"x")
    assert status == 400 and 'file "two" is attached and named by no parameter' in body["description"]
    status, body = await stage.upload("sendPhoto", chat_id="1001", photo=b"no picture")
    assert status == 400 and "IMAGE_PROCESS_FAILED" in body["description"]

    status, body = await stage.upload("sendDocument", chat_id="1001", document=b"content")
    file = await stage.ok("getFile", file_id=body["result"]["document"]["file_id"])
    async with stage.http.get(f"{stage.tg.url}/file/bot1:test/{file['file_path']}") as answer:
        assert await answer.read() == b"content"
    again = await stage.ok("sendDocument", chat_id=1001, document=file["file_id"])
    assert again["document"]["file_id"] == file["file_id"]


async def test_blocked_and_kicked(stage: Stage) -> None:
    await stage.aigerim.blocks()
    status, body = await stage.call("sendMessage", **TEXT)
    assert (status, body["description"]) == (403, "Forbidden: bot was blocked by the user")
    stage.tg.kick_bot(stage.forum)
    status, body = await stage.call("sendMessage", chat_id=-100200, text="x")
    assert (status, body["description"]) == (403, "Forbidden: bot was kicked from the supergroup chat")
    await stage.ok("leaveChat", chat_id=-100300)
    status, body = await stage.call("sendMessage", chat_id=-100300, text="x")
    assert (status, body["description"]) == (403, "Forbidden: bot is not a member of the supergroup chat")
    changes = [update for update in await stage.ok("getUpdates") if "my_chat_member" in update]
    assert [u["my_chat_member"]["new_chat_member"]["status"] for u in changes] == ["kicked", "kicked", "left"]


async def test_a_person_of_the_group_who_never_wrote(stage: Stage) -> None:
    stage.tg.joins(stage.silent, stage.forum)
    status, body = await stage.call("sendMessage", chat_id=1003, text="x")
    assert (status, body["description"]) == (403, "Forbidden: bot can't initiate conversation with a user")
    await stage.silent.says("/start")
    await stage.ok("sendMessage", chat_id=1003, text="x")


async def test_a_migrated_group_names_its_new_id(stage: Stage) -> None:
    old = stage.tg.group(-77, members=[stage.aigerim], basic=True)
    new = stage.tg.migrate(old, -100777)
    status, body = await stage.call("sendMessage", chat_id=-77, text="x")
    assert (status, body["parameters"]) == (400, {"migrate_to_chat_id": -100777})
    assert (await stage.ok("sendMessage", chat_id=-100777, text="x"))["chat"]["type"] == "supergroup"
    first, second = [update["message"] for update in await stage.ok("getUpdates")]
    assert (first["chat"]["id"], first["migrate_to_chat_id"]) == (-77, -100777)
    assert (second["chat"]["id"], second["migrate_from_chat_id"]) == (-100777, -77)
    await stage.aigerim.says("/status", chat=new)


async def test_deleting(stage: Stage) -> None:
    theirs, message_id = await stage.aigerim.says("hi", chat=stage.forum), await stage.sent(chat_id=-100200)
    status, body = await stage.call("deleteMessage", chat_id=-100200, message_id=theirs.id)
    assert status == 400 and "message can't be deleted" in body["description"]
    await stage.ok("deleteMessage", chat_id=-100200, message_id=message_id)
    status, body = await stage.call("editMessageText", chat_id=-100200, message_id=message_id, text="x")
    assert status == 400 and "message to edit not found" in body["description"]
    in_private = await stage.aigerim.says("hi")
    await stage.ok("deleteMessage", chat_id=1001, message_id=in_private.id)
    of_an_admin = await stage.aigerim.says("/hi", chat=stage.plain)
    await stage.ok("deleteMessage", chat_id=-100300, message_id=of_an_admin.id)


async def test_pins_and_reactions(stage: Stage) -> None:
    message_id = await stage.sent(chat_id=-100300)
    await stage.ok("pinChatMessage", chat_id=-100300, message_id=message_id)
    here = await stage.sent(chat_id=-100200)
    status, body = await stage.call("pinChatMessage", chat_id=-100200, message_id=here)
    assert status == 400 and "not enough rights" in body["description"]
    eyes = {"type": "emoji", "emoji": "👀"}
    await stage.ok("setMessageReaction", chat_id=-100200, message_id=here, reaction=[eyes])
    assert stage.forum.messages[here].reactions == {1: ("👀",)}
    for wrong, reason in (
        ([eyes, eyes], "REACTIONS_TOO_MANY"),
        ([{**eyes, "emoji": "🔧"}], "REACTION_INVALID"),
    ):
        status, body = await stage.call(
            "setMessageReaction", chat_id=-100200, message_id=here, reaction=wrong
        )
        assert status == 400 and reason in body["description"]


async def test_menus_keep_scopes_and_languages(stage: Stage) -> None:
    def listed(name: str) -> list[dict[str, str]]:
        return [{"command": name, "description": "d"}]

    await stage.ok("setMyCommands", commands=listed("anyone"))
    await stage.ok("setMyCommands", commands=listed("alone"), scope={"type": "all_private_chats"})
    own = {"type": "chat_member", "chat_id": -100200, "user_id": 1001}
    await stage.ok("setMyCommands", commands=listed("hers"), scope=own)
    await stage.ok(
        "setMyCommands", commands=listed("ru"), language_code="ru", scope={"type": "all_private_chats"}
    )
    dias = stage.tg.person(1002, "Dias", language_code="ru")

    def offered(person: Person, chat: Chat | None = None) -> list[str]:
        return [command.command for command in stage.tg.menu(person, chat)]

    assert offered(stage.aigerim) == ["alone"] and offered(dias) == ["ru"]
    assert offered(stage.aigerim, stage.forum) == ["hers"] and offered(dias, stage.forum) == ["anyone"]
    await stage.ok("deleteMyCommands", scope=own)
    assert offered(stage.aigerim, stage.forum) == ["anyone"]


async def test_web_apps_only_in_private(stage: Stage) -> None:
    markup = keys({"text": "b", "web_app": {"url": "https://a.kz"}})
    await stage.ok("sendMessage", **TEXT, reply_markup=markup)
    status, body = await stage.call("sendMessage", chat_id=-100200, text="x", reply_markup=markup)
    assert status == 400 and "BUTTON_TYPE_INVALID" in body["description"]


async def test_message_ids_as_telegram_counts_them(stage: Stage) -> None:
    dias = stage.tg.person(1002, "Dias")
    ids = [
        await stage.sent(),
        (await dias.says("hi")).id,
        await stage.sent(chat_id=-100200),
        await stage.sent(),
    ]
    assert ids == [1, 2, 1, 3], "private chats share a counter, a supergroup has its own"


def test_messages_read_well() -> None:
    chat = Chat(1, "private")
    assert str(Message(3, chat, User(1, "A"), 0, Content(Text("hello")))) == "message 3 in 1 'hello'"
