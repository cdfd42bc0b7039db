"""The whole bot in a process of its own, the stand-in for Telegram here; no hosts: alerts come by the hook alone."""

import asyncio
import secrets
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import httpx
import psutil

from bench.alert_bodies import NAME
from bench.pulse import longest_hold
from playground.telegram import Chat, Limits, Telegram
from tests.bots import OPS, TOKEN, USERS, BotProcess, Setup, process
from tests.lab.monitoring import free_port

_STARTING = 60.0
_SETTLED = 2.0
_LOOK_EVERY = 0.1
_READ_EVERY = 0.3


@dataclass
class AlertStage:
    telegram: Telegram
    chat: Chat
    bot: BotProcess
    url: str
    token: str = field(repr=False)
    directory: Path
    client: httpx.AsyncClient
    read: dict[str, set[str]] = field(default_factory=dict)  # by a file's id: the names in it

    async def post(self, body: bytes) -> float:
        """The seconds until the 200."""
        began = perf_counter()
        (await self.client.post(self.url, content=body)).raise_for_status()
        return perf_counter() - began

    async def longest_hold(self) -> tuple[float, float]:
        """Milliseconds that the bot's event loop was held since the last call, and an idle process's beside it."""
        return await longest_hold(self.directory / "pulse"), await longest_hold(self.directory / "idle")

    def busy(self) -> float:
        """Seconds of processor time that the bot has taken so far, in all its threads."""
        times = psutil.Process(self.bot.pid).cpu_times()
        return float(times.user + times.system)

    async def backlog(self) -> int:
        """Bodies in the inbox that the desk has not taken yet."""
        return await asyncio.to_thread(self._backlog)

    def _backlog(self) -> int:
        with closing(sqlite3.connect(f"file:{self.directory / 'vakhta.db'}?mode=ro", uri=True)) as store:
            (count,) = store.execute("SELECT COUNT(*) FROM queued WHERE queue = 'inbox'").fetchone()
        return int(count)

    async def drained(self, patience: float) -> float | None:
        """The seconds until the inbox is empty; None: it is not."""
        began = perf_counter()
        while perf_counter() - began < patience:
            if not await self.backlog():
                return perf_counter() - began
            await asyncio.sleep(_LOOK_EVERY)
        return None

    async def readable(self, names: set[str], patience: float) -> float | None:
        """The seconds until all names can be read in the chat, files included; None: not all can."""
        began = perf_counter()
        missing = set(names)
        while perf_counter() - began < patience:
            missing -= await asyncio.to_thread(self._names)
            if not missing:
                return perf_counter() - began
            await asyncio.sleep(_READ_EVERY)
        print(f"  {len(missing)} names cannot be read, such as {min(missing)}")
        return None

    def _names(self) -> set[str]:
        found: set[str] = set()
        for message in list(self.chat.sent):
            found.update(NAME.findall(message.text + message.caption))
            if file := message.document:
                if file.id not in self.read:
                    self.read[file.id] = set(NAME.findall(file.content.decode()))
                found |= self.read[file.id]
        return found


@asynccontextmanager
async def open_alert_stage(limits: Limits, scale: float = 1) -> AsyncIterator[AlertStage]:
    """Ready when the bot polls and has calmed down. `scale`: of the rates that it keeps."""
    async with Telegram(token=TOKEN, limits=limits) as telegram:
        chat = telegram.group(OPS, title="Ops")
        for user in USERS:
            telegram.person(user["id"])
        with tempfile.TemporaryDirectory() as directory:
            port, token = free_port(), secrets.token_hex()
            more = {
                "http": {"listen": f"127.0.0.1:{port}", "metrics_listen": "127.0.0.1:0"},
                "alerts": {"webhook_token": token, "chats": [{"id": OPS}]},
            }
            setup = Setup(Path(directory), telegram.url, more=more)
            pulse = str(Path(directory, "pulse"))
            headers = {"Authorization": f"Bearer {token}"}
            async with (
                process(setup, module=("bench.heartbeat", pulse, str(scale))) as bot,
                process(setup, module=("bench.pulse", str(Path(directory, "idle")))),
                httpx.AsyncClient(headers=headers, timeout=120, trust_env=False) as client,
            ):
                await telegram.until(lambda: telegram.called("getUpdates"), _STARTING)
                await asyncio.sleep(_SETTLED)
                url = f"http://127.0.0.1:{port}/hooks/alertmanager"
                stage = AlertStage(telegram, chat, bot, url, token, Path(directory), client)
                await stage.longest_hold()  # what the start took
                yield stage
                await bot.terminate()
        if telegram.refusals:
            print(f"\nThe stand-in refused {len(telegram.refusals)} calls: {telegram.refusals[0]}")
