"""A demo that runs, and what its page is told: for tests that act through the page's server."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from playground import demo as demos

PATIENCE = 90.0  # seconds, of a machine that has much else to do
_LONGEST = 1 << 22  # bytes of what a page is told at once
# Nothing of the machine's own environment makes a demo what it is.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}


class Demo:
    """`messages`: chat → message id → as last told by the page."""

    def __init__(self, url: str, process: asyncio.subprocess.Process, session: aiohttp.ClientSession) -> None:
        self.url, self.process, self.session = url, process, session
        self.messages: dict[int, dict[int, dict[str, Any]]] = {}
        self.heard = asyncio.Event()
        self._told = asyncio.Event()

    async def listen(self) -> None:
        async with self.session.get(f"{self.url}/api/live", timeout=aiohttp.ClientTimeout()) as live:
            self.heard.set()
            try:
                async for line in live.content:
                    if line.startswith(b"data: "):
                        self._note(json.loads(line[6:]).get("messages", []))
            except aiohttp.ClientError:
                pass  # the demo has ended in the midst of a word

    def _note(self, messages: list[dict[str, Any]]) -> None:
        for message in messages:
            self.messages.setdefault(message["chat"]["id"], {})[message["message_id"]] = message
        self._told.set()

    async def act(self, name: str, **facts: Any) -> Any:
        async with self.session.post(f"{self.url}/api/{name}", json=facts) as answer:
            found = await answer.json()
            assert answer.status == 200, found
            return found

    async def commands(self, person: int) -> list[str]:
        """The person's menu, once there is one."""
        offered: list[str] = []
        async with asyncio.timeout(PATIENCE):
            while not offered:
                async with self.session.get(
                    f"{self.url}/api/commands", params={"person": person, "chat": person}
                ) as answer:
                    offered = [each["command"] for each in await answer.json()]
                await asyncio.sleep(0.05)
        return offered

    async def message(self, chat: int, fits: Callable[[str], object]) -> dict[str, Any]:
        """The bot's newest message there with such a text, once there is one."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for each in list(self.messages.get(chat, {}).values())[::-1]:
                    text = each.get("text") or each.get("caption") or ""
                    if each.get("from", {}).get("is_bot") and fits(text):
                        return each
                self._told.clear()
                await self._told.wait()

    async def press(self, person: int, message: dict[str, Any], label: str) -> Any:
        rows = message["reply_markup"]["inline_keyboard"]
        data = next(key["callback_data"] for row in rows for key in row if key["text"] == label)
        chat = message["chat"]["id"]
        return await self.act("press", person=person, chat=chat, message=message["message_id"], data=data)


@asynccontextmanager
async def demo(*arguments: str) -> AsyncIterator[Demo]:
    async with (
        demos.demo(*arguments, environment=ENVIRONMENT) as (url, process),
        aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=PATIENCE), read_bufsize=_LONGEST
        ) as session,
        asyncio.TaskGroup() as group,
    ):
        running = Demo(url, process, session)
        listening = group.create_task(running.listen())
        await running.heard.wait()
        yield running
        listening.cancel()
