"""The stand-in for Telegram refuses what Telegram refuses: one row per rule, over real HTTP."""

import io
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from playground.telegram import Chat, Limits, Person, Telegram


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
    ("sendMessageDraft", {"chat_id": -100200, "draft_id": 1, "text": "x"}, "TEXTDRAFT_PEER_INVALID"),
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
    ("setMyCommands", {"commands": [{"command": "/up", "description": "d"}]}, "BOT_COMMAND_INVALID"),
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


async def test_parameters_come_in_every_form(stage: Stage) -> None:
    url, form = f"{stage.tg.url}/bot1:test/sendMessage", {"chat_id": "1001", "text": "a & б"}
    markup = {"reply_markup": json.dumps(keys(data()))}
    async with (
        stage.http.get(url, params=form | markup) as one,
        stage.http.post(url, data=form | markup) as two,
    ):
        assert one.status == two.status == 200
    assert [(m.text, m.buttons) for m in stage.aigerim.chat.sent] == [("a & б", [["b"]])] * 2
    assert stage.tg.calls[0].params["chat_id"] == 1001, "in the log of calls they have their types"
    async with stage.http.post(url, data=b"{", headers={"Content-Type": "application/json"}) as answer:
        assert answer.status == 400
