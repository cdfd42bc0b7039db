"""The page's server: who is let in, and what a page is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from playground.page import About, CannotServe, Page, Place
from playground.telegram import Chat, Limits, Person, Telegram
from tests.browser.gallery import call


@dataclass
class Scene:
    telegram: Telegram
    page: Page
    session: aiohttp.ClientSession
    dias: Person
    ops: Chat

    async def post(self, name: str, **facts: Any) -> tuple[int, Any]:
        async with self.session.post(f"{self.page.url}/api/{name}", json=facts) as answer:
            return answer.status, await answer.json()


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with Telegram(limits=Limits.none()) as telegram:
        dias = telegram.person(1002, "Dias")
        ops = telegram.group(-1005, "Ops", members=[dias])
        about = About({1002: "operator"}, (Place("server1"),))
        async with Page(telegram, about, port=0) as page, aiohttp.ClientSession() as session:
            yield Scene(telegram, page, session, dias, ops)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:{port}"}, 200),
        ({"Origin": "http://127.0.0.1:{port}"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:{port}"}, 403),
        ({"Host": "127.0.0.1"}, 403),
        ({"Host": "127.0.0.1:1"}, 403),
        ({"Host": ""}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "https://127.0.0.1:{port}"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/live", "/static/app.js"])
async def test_only_this_page_on_this_machine(
    scene: Scene, headers: dict[str, str], status: int, path: str
) -> None:
    port = scene.page.url.rpartition(":")[2]
    sent = {name: value.format(port=port) for name, value in headers.items()}
    async with scene.session.get(scene.page.url + path, headers=sent) as answer:
        assert answer.status == status
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


async def test_acts_are_json_from_here(scene: Scene) -> None:
    url = f"{scene.page.url}/api/say"
    body = json.dumps({"person": 1002, "chat": 1002, "text": "/status"})
    async with scene.session.post(url, data=body, headers={"Content-Type": "text/plain"}) as answer:
        assert answer.status == 415
    foreign = {"Content-Type": "application/json", "Origin": "http://evil.example"}
    async with scene.session.post(url, data=body, headers=foreign) as answer:
        assert answer.status == 403
    assert not scene.dias.chat.messages
    assert await scene.post("say", person=1002, chat=1002, text="/status") == (200, {"message_id": 1})


async def test_nothing_but_the_page_is_served(scene: Scene) -> None:
    for path in ("/static/../server.py", "/static/%2e%2e%2fserver.py", "/static/", "/static/none.js"):
        async with scene.session.get(scene.page.url + path) as answer:
            assert answer.status == 404


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("say", {"person": 1002, "chat": 77, "text": "hello"}),
        ("say", {"person": -1005, "chat": -1005, "text": "hello"}),
        ("say", {"person": 1002, "chat": 1002}),
        ("say", {"person": 1002, "chat": 1002, "text": "x" * 4097}),
        ("say", {"person": 1002, "chat": 1002, "text": "hello", "reply_to": 5}),
        ("press", {"person": 1002, "chat": 1002, "message": 1, "data": "x"}),
        ("stop", {"person": 1002, "draft": 4}),
    ],
)
async def test_what_a_person_could_not_do(scene: Scene, name: str, facts: dict[str, Any]) -> None:
    status, answer = await scene.post(name, **facts)
    assert status == 400
    assert answer["error"]


async def test_a_page_is_told_what_is_new_and_what_has_changed(scene: Scene) -> None:
    async with scene.session.get(f"{scene.page.url}/api/live") as live:

        async def told() -> Any:
            async with asyncio.timeout(5):
                async for line in live.content:
                    if line.startswith(b"data: "):
                        return json.loads(line[6:])
            raise AssertionError("the page's server has closed the stream")

        first = await told()
        assert [each["role"] for each in first["people"]] == ["operator"]
        assert first["about"]["places"] == [{"name": "server1", "real": False}]
        assert {each["id"] for each in first["chats"]} == {1002, -1005}
        assert not first["about"]["awake"]
        await call(scene.telegram, "getUpdates")
        assert (await told())["about"]["awake"]

        keyboard = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
        sent = await call(
            scene.telegram, "sendMessage", chat_id=1002, text="one", reply_markup=keyboard,
            disable_notification=True,
        )  # fmt: skip
        (message,) = (await told())["messages"]
        assert (message["text"], message["silent"]) == ("one", True)
        number = sent["message_id"]
        await call(scene.telegram, "editMessageText", chat_id=1002, message_id=number, text="two")
        (message,) = (await told())["messages"]
        assert message["text"] == "two"
        assert "reply_markup" not in message
        await scene.post("react", person=1002, chat=1002, message=number, emojis=["👍"])
        (message,) = (await told())["messages"]
        assert message["reactions"] == {"👍": [1002]}
        await call(scene.telegram, "sendChatAction", chat_id=1002, action="typing")
        assert next(chat for chat in (await told())["chats"] if chat["id"] == 1002)["actions"] == 1
        await call(scene.telegram, "deleteMessage", chat_id=1002, message_id=number)
        assert (await told())["messages"] == [{"message_id": number, "chat": {"id": 1002}, "deleted": True}]


async def test_a_press_shows_the_answer(scene: Scene) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    sent = await call(scene.telegram, "sendMessage", chat_id=1002, text="?", reply_markup=keyboard)
    async with asyncio.TaskGroup() as group:
        press = group.create_task(
            scene.post("press", person=1002, chat=1002, message=sent["message_id"], data="go")
        )
        (update,) = await call(scene.telegram, "getUpdates", timeout=5)
        query = update["callback_query"]
        assert (query["data"], query["from"]["id"]) == ("go", 1002)
        await call(
            scene.telegram, "answerCallbackQuery", callback_query_id=query["id"], text="No.", show_alert=True
        )
    assert press.result() == (200, {"text": "No.", "show_alert": True})


async def test_a_draft_is_stopped(scene: Scene) -> None:
    await call(scene.telegram, "sendMessageDraft", chat_id=1002, draft_id=7, text="line", can_stop=True)
    assert await scene.post("stop", person=1002, draft=7) == (200, {})
    (update,) = await call(scene.telegram, "getUpdates")
    assert update["stopped_message_generation"]["draft_id"] == 7


async def test_the_bot_is_told_the_language_of_the_page(scene: Scene) -> None:
    await scene.post("language", person=1002, language="ru")
    await scene.post("say", person=1002, chat=-1005, text="/status")
    (update,) = await call(scene.telegram, "getUpdates")
    assert update["message"]["from"]["language_code"] == "ru"


async def test_a_file_never_runs_here(scene: Scene) -> None:
    page = b"<script>alert(1)</script>"
    sent = await call(scene.telegram, "sendDocument", chat_id=1002, document=("отчёт.html", page))
    async with scene.session.get(f"{scene.page.url}/files/{sent['document']['file_id']}") as answer:
        assert await answer.read() == page
        assert answer.content_type == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''%D0")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_taken_port(scene: Scene) -> None:
    port = int(scene.page.url.rpartition(":")[2])
    with pytest.raises(CannotServe, match=f"port {port} is in use"):
        async with Page(scene.telegram, About(), port=port):
            pass


async def test_a_long_demo_forgets_old_calls(scene: Scene) -> None:
    scene.telegram.server.remembers = 3
    for number in range(20):
        await call(scene.telegram, "sendMessage", chat_id=1002, text=str(number))
    kept = [each.params["text"] for each in scene.telegram.calls]
    assert kept == [str(number) for number in range(20 - len(kept), 20)]
    assert 3 <= len(kept) <= 6
