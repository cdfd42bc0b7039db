"""The stand-in for Telegram refuses what Telegram refuses: one row per rule, over real HTTP."""

import io
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from playground.telegram import Chat, Limits, Message, Person, Telegram


class Stage:
    """A bot with one person, a forum and a basic group, and messages to act upon; `call` is one raw JSON call."""

    def __init__(self, tg: Telegram, http: aiohttp.ClientSession) -> None:
        self.tg, self.http = tg, http
        self.aigerim: Person = tg.person(1001, "Aigerim")
        self.silent: Person = tg.person(1003, "Stranger", started=False)
        self.forum: Chat = tg.group(-100200, members=[self.aigerim], topics=[5])
        self.plain: Chat = tg.group(-100300, members=[self.aigerim], bot="administrator")

    async def call(self, method: str, /, token: str = "1:test", **params: Any) -> tuple[int, dict[str, Any]]:
        async with self.http.post(f"{self.tg.url}/bot{token}/{method}", json=params) as answer:
            return answer.status, await answer.json()

    async def ok(self, method: str, **params: Any) -> Any:
        status, body = await self.call(method, **params)
        assert status == 200, body
        return body["result"]

    async def sent(self, **params: Any) -> int:
        return int(
            (await self.ok("sendMessage", **{"chat_id": 1001, "text": "hello", **params}))["message_id"]
        )

    async def upload(self, method: str, **fields: Any) -> tuple[int, dict[str, Any]]:
        form = aiohttp.FormData()
        for name, value in fields.items():
            if isinstance(value, bytes):
                form.add_field(name, io.BytesIO(value), filename="a.log")
            else:
                form.add_field(name, value)
        async with self.http.post(f"{self.tg.url}/bot1:test/{method}", data=form) as answer:
            return answer.status, await answer.json()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with Telegram(limits=Limits.none()) as tg, aiohttp.ClientSession() as http:
        yield Stage(tg, http)


def keys(*buttons: dict[str, Any]) -> dict[str, Any]:
    return {"inline_keyboard": [list(buttons)]}


def data(text: str = "x") -> dict[str, Any]:
    return {"text": "b", "callback_data": text}


def many(rows: int, columns: int) -> dict[str, Any]:
    return {"inline_keyboard": [[data()] * columns] * rows}


TEXT: dict[str, Any] = {"chat_id": 1001, "text": "hello"}
GOOD = [
    ("sendMessage", {"chat_id": 1001, "text": "x" * 4096}),
    ("sendMessage", {"chat_id": "1001", "text": "😀" * 2048}),
    ("sendMessage", {**TEXT, "reply_markup": keys(data("x" * 64))}),
    ("sendMessage", {**TEXT, "reply_markup": many(12, 8)}),
    ("sendMessage", {**TEXT, "reply_markup": keys({"text": "b", "copy_text": {"text": "x" * 256}})}),
    ("sendMessage", {**TEXT, "reply_markup": keys({**data(), "style": "danger"})}),
    ("sendMessage", {**TEXT, "reply_markup": keys({"text": "b", "disabled": {}})}),
    ("sendMessage", {**TEXT, "reply_markup": keys({"text": "b", "url": "http://10.0.0.1:3000/d/x?a=1"})}),
    ("sendMessage", {**TEXT, "reply_markup": {"force_reply": True}}),
    ("sendMessage", {**TEXT, "chat_id": -100200, "message_thread_id": 5}),
    ("sendMessage", {**TEXT, "reply_parameters": {"message_id": 9, "allow_sending_without_reply": True}}),
    ("sendMessage", {**TEXT, "text": "<b>1 &lt; 2</b>", "parse_mode": "HTML"}),
    ("sendMessageDraft", {"chat_id": 1001, "draft_id": 7, "text": "thinking"}),
    ("sendChatAction", {"chat_id": 1001, "action": "typing"}),
    ("setMyCommands", {"commands": [{"command": "up", "description": "d" * 256}], "language_code": "ru"}),
    ("getChatMember", {"chat_id": -100200, "user_id": 1001}),
    ("GETCHAT", {"chat_id": -100200}),
    ("deleteWebhook", {"drop_pending_updates": True}),
]


@pytest.mark.parametrize(("method", "params"), GOOD)
async def test_accepts(stage: Stage, method: str, params: dict[str, Any]) -> None:
    await stage.ok(method, **params)
    assert stage.tg.refusals == []


PARSE = "can't parse entities: "
BAD = [
    # text
    ("sendMessage", {"chat_id": 1001, "text": ""}, "message text is empty"),
    ("sendMessage", {"chat_id": 1001}, "message text is empty"),
    ("sendMessage", {"chat_id": 1001, "text": " \n\t "}, "text must be non-empty"),
    ("sendMessage", {"chat_id": 1001, "text": "x" * 4097}, "message is too long"),
    ("sendMessage", {"chat_id": 1001, "text": "😀" * 2049}, "MESSAGE_TOO_LONG"),
    (
        "sendMessage",
        {**TEXT, "parse_mode": "HTML", "text": "<table>"},
        PARSE + 'Unsupported start tag "table"',
    ),
    ("sendMessage", {**TEXT, "parse_mode": "html", "text": "a < b"}, PARSE + 'Unsupported start tag ""'),
    ("sendMessage", {**TEXT, "parse_mode": "HTML", "text": "<b>x"}, PARSE + "Can't find end tag"),
    ("sendMessage", {**TEXT, "parse_mode": "HTML", "text": "<b>x</i>"}, PARSE + "Unmatched end tag"),
    ("sendMessage", {**TEXT, "parse_mode": "MarkdownV2"}, PARSE + "Markdown is not modelled"),
    ("sendMessage", {**TEXT, "parse_mode": "BBCode"}, "unsupported parse_mode"),
    ("sendMessage", {**TEXT, "entities": [{"type": "bold", "offset": 3, "length": 3}]}, "ends after the end"),
    ("sendMessage", {**TEXT, "entities": [{"type": "loud", "offset": 0, "length": 3}]}, "Unsupported type"),
    # keyboards
    ("sendMessage", {**TEXT, "reply_markup": keys(data("x" * 65))}, "BUTTON_DATA_INVALID"),
    ("sendMessage", {**TEXT, "reply_markup": keys(data("ы" * 33))}, "BUTTON_DATA_INVALID"),
    ("sendMessage", {**TEXT, "reply_markup": many(13, 8)}, "reply markup is too long"),
    ("sendMessage", {**TEXT, "reply_markup": many(1, 9)}, "reply markup is too long"),
    ("sendMessage", {**TEXT, "reply_markup": keys({"text": "b"})}, "Text buttons are unallowed"),
    ("sendMessage", {**TEXT, "reply_markup": keys({"text": "", "callback_data": "x"})}, "must be non-empty"),
    (
        "sendMessage",
        {**TEXT, "reply_markup": keys({**data(), "url": "https://a.kz"})},
        "more than one action",
    ),
    ("sendMessage", {**TEXT, "reply_markup": keys({**data(), "style": "red"})}, "invalid button style"),
    ("sendMessage", {**TEXT, "reply_markup": keys({**data(), "colour": "red"})}, 'unknown field "colour"'),
    (
        "sendMessage",
        {**TEXT, "reply_markup": keys({"text": "b", "copy_text": {"text": "x" * 257}})},
        "COPY_TEXT",
    ),
    (
        "sendMessage",
        {**TEXT, "reply_markup": keys({"text": "b", "url": "http://grafana:3000"})},
        "Wrong HTTP URL",
    ),
    (
        "sendMessage",
        {**TEXT, "reply_markup": keys({"text": "b", "url": "ssh://a.kz"})},
        "Unsupported URL protocol",
    ),
    ("sendMessage", {**TEXT, "reply_markup": [[data()]]}, "object expected as reply markup"),
    ("sendMessage", {**TEXT, "reply_markup": "{"}, "can't parse reply_markup JSON object"),
    # where to
    ("sendMessage", {"text": "x"}, "chat_id is empty"),
    ("sendMessage", {"chat_id": 4242, "text": "x"}, "chat not found"),
    ("sendMessage", {"chat_id": 1003, "text": "x"}, "chat not found"),
    ("sendMessage", {**TEXT, "message_thread_id": 5}, "message thread not found"),
    ("sendMessage", {**TEXT, "chat_id": -100200, "message_thread_id": 6}, "message thread not found"),
    ("sendMessage", {**TEXT, "reply_parameters": {"message_id": 9}}, "message to be replied not found"),
    ("sendMessageDraft", {"chat_id": 1001, "draft_id": 0, "text": "x"}, "must be non-zero"),
    ("sendMessageDraft", {"chat_id": -100200, "draft_id": 1, "text": "x"}, "only to private chats"),
    ("sendChatAction", {"chat_id": 1001, "action": "thinking"}, "wrong parameter action"),
    # misspelt and unmodelled
    ("sendMessage", {**TEXT, "replay_markup": keys(data())}, 'unknown parameter "replay_markup"'),
    ("sendMessage", {**TEXT, "rich_message": {}}, "not modelled"),
    ("sendMessage", {**TEXT, "reply_to_message_id": 1}, "not modelled"),
    ("sendMessage", {**TEXT, "disable_notification": "please"}, "must be of type Boolean"),
    # files
    ("sendDocument", {"chat_id": 1001}, "there is no document in the request"),
    ("sendDocument", {"chat_id": 1001, "document": "BQnobody"}, "wrong file identifier"),
    ("sendDocument", {"chat_id": 1001, "document": "https://a.kz/x"}, "failed to get HTTP URL content"),
    ("getFile", {"file_id": "BQnobody"}, "wrong file_id"),
    # edits and deletes
    ("editMessageText", {**TEXT, "message_id": 99}, "message to edit not found"),
    ("editMessageText", TEXT, "message identifier is not specified"),
    ("deleteMessage", {"chat_id": 1001, "message_id": 99}, "message to delete not found"),
    ("setMessageReaction", {"chat_id": 1001, "message_id": 99}, "message to react not found"),
    # chats
    ("getChat", {"chat_id": "@nobody"}, "chat not found"),
    ("getChatMember", {"chat_id": -100200, "user_id": 4242}, "user not found"),
    ("leaveChat", {"chat_id": 1001}, "can't be changed in private chats"),
    # the bot's own
    ("setMyCommands", {"commands": [{"command": "Up", "description": "d"}]}, "BOT_COMMAND_INVALID"),
    ("setMyCommands", {"commands": [{"command": "x" * 33, "description": "d"}]}, "BOT_COMMAND_INVALID"),
    ("setMyCommands", {"commands": [{"command": "up", "description": ""}]}, "DESCRIPTION_INVALID"),
    ("setMyCommands", {"commands": [{"command": "up", "description": "d" * 257}]}, "DESCRIPTION_INVALID"),
    ("setMyCommands", {"commands": [{"command": "up", "description": "d"}] * 101}, "BOT_COMMANDS_TOO_MUCH"),
    ("setMyCommands", {"commands": [], "scope": {"type": "everyone"}}, "Unsupported type"),
    ("setMyCommands", {"commands": [], "scope": {"type": "chat", "chat_id": 4242}}, "chat not found"),
    ("setMyCommands", {"commands": [], "language_code": "rus"}, "LANG_CODE_INVALID"),
    ("answerCallbackQuery", {"callback_query_id": "1", "text": "x" * 201}, "MESSAGE_TOO_LONG"),
    ("answerCallbackQuery", {"callback_query_id": "1"}, "query is too old"),
    ("getUpdates", {"allowed_updates": ["massage"]}, "unknown update types"),
]


@pytest.mark.parametrize(("method", "params", "reason"), BAD)
async def test_refuses(stage: Stage, method: str, params: dict[str, Any], reason: str) -> None:
    status, body = await stage.call(method, **params)
    assert (status, body["ok"], body["error_code"]) == (400, False, 400)
    assert body["description"].startswith("Bad Request: ")
    assert reason in body["description"]
    [refusal] = stage.tg.refusals
    assert refusal.method == method and refusal.description == body["description"]


async def test_refuses_strange_tokens_and_methods(stage: Stage) -> None:
    assert (await stage.call("getMe", token="1:other"))[0] == 401
    assert (await stage.call("sendTelegram"))[0] == 404
    assert [refusal.status for refusal in stage.tg.refusals] == [401, 404]


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
    from playground.telegram.state import Content, Text, User

    assert str(Message(3, chat, User(1, "A"), 0, Content(Text("hello")))) == "message 3 in 1 'hello'"
