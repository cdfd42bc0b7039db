"""The stand-in by itself, in another process: python -m playground.telegram."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest


class Remote:
    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url, self.http = url, http

    async def bot(self, method: str, **params: Any) -> Any:
        async with self.http.post(f"{self.url}/bot7:abc/{method}", json=params) as answer:
            return (await answer.json()).get("result")

    async def act(self, name: str, **fields: Any) -> Any:
        async with self.http.post(f"{self.url}/control/{name}", json=fields) as answer:
            return await answer.json()

    async def look(self, name: str, **query: int) -> Any:
        async with self.http.get(f"{self.url}/control/{name}", params=query) as answer:
            return await answer.json()


@pytest.fixture
async def remote() -> AsyncIterator[Remote]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "playground.telegram", "--port", "0", "--token", "7:abc", "--no-limits"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    try:
        async with asyncio.timeout(20), aiohttp.ClientSession() as http:
            url = (await process.stdout.readline()).decode().strip()
            assert url.startswith("http://127.0.0.1:"), "loopback only: /control has no lock"
            yield Remote(url, http)
    finally:
        process.terminate()
        code = await process.wait()
    assert code == 0


async def test_a_chat_from_another_process(remote: Remote) -> None:
    await remote.act("person", id=1001, first_name="Aigerim")
    await remote.act("group", id=-100200, title="Ops", members=[1001], topics=[5])
    said = await remote.act("says", person=1001, chat=-100200, topic=5, text="/status")
    [update] = await remote.bot("getUpdates", timeout=5)
    assert update["message"]["text"] == "/status" and update["message"]["message_thread_id"] == 5

    markup = {"inline_keyboard": [[{"text": "Restart", "callback_data": "r"}]]}
    reply = {"message_id": said["message_id"]}
    await remote.bot("sendMessage", chat_id=-100200, text="down", reply_parameters=reply, reply_markup=markup)
    shown = await remote.act("next", chat=-100200)
    assert shown["reply_to_message"]["message_id"] == said["message_id"]

    press = {"person": 1001, "chat": -100200, "message_id": shown["message_id"]}
    pressing = asyncio.create_task(remote.act("presses", **press, label="Restart"))
    [update] = await remote.bot("getUpdates", timeout=5, offset=update["update_id"] + 1)
    await remote.bot("answerCallbackQuery", callback_query_id=update["callback_query"]["id"], text="sure")
    assert await pressing == {"text": "sure", "show_alert": False}

    await remote.bot("editMessageText", chat_id=-100200, message_id=shown["message_id"], text="up")
    _, edited = await remote.look("messages", chat=-100200)
    assert edited["text"] == "up" and edited["edits"][0]["text"] == "down"
    assert edited["edits"][0]["reply_markup"] == markup


async def test_calls_refusals_and_faults(remote: Remote) -> None:
    await remote.act("fail", method="getMe", kind="500")
    assert await remote.bot("getMe") is None
    assert (await remote.bot("getMe"))["id"] == 7
    await remote.bot("sendMessage", chat_id=5, text="x")
    calls = await remote.look("calls")
    assert [(call["method"], call["status"]) for call in calls] == [
        ("getMe", 500),
        ("getMe", 200),
        ("sendMessage", 400),
    ]
    assert [call["method"] for call in await remote.look("calls", after=2)] == ["sendMessage"]
    [refusal] = await remote.look("refusals")
    assert refusal["description"] == "Bad Request: chat not found" and refusal["params"]["chat_id"] == 5
    await remote.act("reset")
    assert await remote.look("refusals") == await remote.look("floods") == await remote.look("calls") == []


async def test_mistakes_are_said(remote: Remote) -> None:
    await remote.act("person", id=1001)
    assert "no chat 9" in (await remote.act("says", person=9, text="x"))["error"]
    assert (
        "is not in" in (await remote.act("says", person=1001, text="x", chat=await _group(remote)))["error"]
    )
    assert "Can't find field" in (await remote.act("says", person=1001))["error"]
    assert (
        "no message 4"
        in (await remote.act("presses", person=1001, chat=1001, message_id=4, data="x"))["error"]
    )
    assert "not within 0.05 s" in (await remote.act("next", chat=1001, timeout=0.05))["error"]
    assert (await remote.act("update", message={"odd": 1}))["update_id"]
    assert (await remote.bot("getUpdates"))[0]["message"] == {"odd": 1}


async def _group(remote: Remote) -> int:
    return int((await remote.act("group", id=-100300))["id"])
