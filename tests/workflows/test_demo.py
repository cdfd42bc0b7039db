"""The demo as somebody starts it: `python -m bot demo`, and what the page's server answers."""

import asyncio
import json
import os
import re
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from playground.cast import OPS
from tests.lab.servers import Lab

ROOT = Path(__file__).parents[2]
AIGERIM, DIAS, STUDENT, STRANGER = 1001, 1002, 1003, 6666
READY = 10.0  # seconds


class Demo:
    """A demo that runs. `messages`: chat → message id → as last told by the page."""

    def __init__(self, url: str, process: asyncio.subprocess.Process, session: aiohttp.ClientSession) -> None:
        self.url, self.process, self.session = url, process, session
        self.messages: dict[int, dict[int, dict[str, Any]]] = {}
        self._told = asyncio.Event()

    async def listen(self) -> None:
        async with self.session.get(f"{self.url}/api/live", timeout=aiohttp.ClientTimeout()) as live:
            async for line in live.content:
                if line.startswith(b"data: "):
                    for message in json.loads(line[6:]).get("messages", []):
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
        async with asyncio.timeout(20):
            while not offered:
                async with self.session.get(
                    f"{self.url}/api/commands", params={"person": person, "chat": person}
                ) as answer:
                    offered = [each["command"] for each in await answer.json()]
                await asyncio.sleep(0.05)
        return offered

    async def message(self, chat: int, fits: Callable[[str], object], patience: float = 40) -> dict[str, Any]:
        """The bot's newest message there with such a text, once there is one."""
        async with asyncio.timeout(patience):
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


async def started(*arguments: str) -> asyncio.subprocess.Process:
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "demo", *arguments, cwd=ROOT, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


@asynccontextmanager
async def demo(*arguments: str) -> AsyncIterator[Demo]:
    process = await started("--port", "0", *arguments)
    assert process.stdout
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), READY)).decode()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            running = Demo(found[0], process, session)
            listening = group.create_task(running.listen())
            yield running
            listening.cancel()
    finally:
        await ended(process)


async def ended(process: asyncio.subprocess.Process) -> float:
    """By Ctrl-C; the seconds that it took."""
    begun = time.monotonic()
    if process.returncode is None:
        process.send_signal(signal.SIGINT)
    try:
        await asyncio.wait_for(process.wait(), 15)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return time.monotonic() - begun


async def test_the_story_from_the_alert_to_its_end() -> None:
    async with demo("--trouble", "3") as running:
        async with running.session.get(running.url) as index:
            assert index.status == 200
            assert "<title>Vakhta</title>" in await index.text()
        await running.act("say", person=DIAS, chat=DIAS, text="/status")
        assert "server1" in (await running.message(DIAS, lambda text: "server2" in text))["text"]

        alert = await running.message(OPS, lambda text: "directus is down on server2" in text)
        assert "out of memory" in alert["text"]
        assert not alert["silent"]
        await running.press(DIAS, alert, "Acknowledge")
        await running.message(OPS, lambda text: "Acknowledged: Dias" in text)
        answer = await running.press(AIGERIM, running.messages[OPS][alert["message_id"]], "Logs")
        assert not answer.get("expired")
        await running.message(OPS, lambda text: "heap" in text and "last" in text)

        await running.press(DIAS, running.messages[OPS][alert["message_id"]], "Restart")
        question = await running.message(OPS, lambda text: text.startswith("Restart directus on server2?"))
        await running.press(DIAS, question, "Yes, restart")
        await running.message(OPS, lambda text: text.startswith("✅ directus is back on server2"))

        assert await ended(running.process) < 2
        assert running.process.returncode == 0
        assert running.process.stderr
        assert await running.process.stderr.read() == b""


async def test_it_ends_at_once_while_the_bot_still_starts() -> None:
    async with demo() as running:
        assert await ended(running.process) < 2
        assert running.process.returncode == 0


async def test_a_stranger_and_a_viewer_see_what_is_theirs() -> None:
    async with demo() as running:
        await running.act("say", person=STUDENT, chat=STUDENT, text="/status")
        shown = (await running.message(STUDENT, lambda text: "directus" in text))["text"]
        assert "n8n" not in shown
        await running.act("say", person=STRANGER, chat=STRANGER, text="/start")
        assert "6666" in (await running.message(STRANGER, bool))["text"]
        offered = await running.commands(STUDENT)
        assert "status" in offered
        assert "restart" not in offered


async def failing(*arguments: str) -> str:
    """What it says on standard error when it cannot start."""
    process = await started(*arguments)
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    assert out == b""
    return err.decode()


async def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = await failing("--port", str(port))
    assert said == f"!!  port {port} is in use: stop what listens there, or choose another with --port\n"
    said = await failing("--port", "0", "--local", str(tmp_path / "none.sock"))
    assert said.startswith(f"!!  --local: {tmp_path}/none.sock cannot be used (")
    (tmp_path / "file").touch()
    said = await failing("--port", "0", "--keep", str(tmp_path / "file"))
    assert said.startswith("!!  --keep: ")
    assert said.count("\n") == 1


@pytest.mark.lab
async def test_this_machines_own_engine_is_looked_at_and_not_touched(lab: Lab) -> None:
    async with demo("--local", lab.servers["server2"].docker_socket, "--trouble", "600") as running:
        await running.act("say", person=AIGERIM, chat=AIGERIM, text="/status local")
        await running.message(AIGERIM, lambda text: "local" in text and "directus" in text)
        await running.act("say", person=AIGERIM, chat=AIGERIM, text="/restart local/directus")
        question = await running.message(AIGERIM, lambda text: text.startswith("Restart directus on local?"))
        await running.press(AIGERIM, question, "Yes, restart")
        await running.message(AIGERIM, lambda text: "nothing was done" in text)


async def test_what_is_kept_is_known_to_the_next_demo(tmp_path: Path) -> None:
    async with demo("--keep", str(tmp_path), "--trouble", "600") as running:
        await running.act("say", person=DIAS, chat=DIAS, text="/restart n8n")
        question = await running.message(DIAS, lambda text: text.startswith("Restart n8n on server1?"))
        await running.press(DIAS, question, "Yes, restart")
        await running.message(DIAS, lambda text: "n8n restarted" in text)
        await ended(running.process)
    async with demo("--keep", str(tmp_path), "--trouble", "600") as running:
        await running.act("say", person=AIGERIM, chat=AIGERIM, text="/audit")
        await running.message(AIGERIM, lambda text: "Dias" in text and "n8n" in text)


@pytest.mark.lab
async def test_a_machine_without_loopback() -> None:
    process = await asyncio.create_subprocess_exec(
        "unshare", "--net", sys.executable, "-m", "bot", "demo", cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    assert err.decode().startswith("!!  this machine has no loopback (127.0.0.1)")
    assert err.count(b"\n") == 1
