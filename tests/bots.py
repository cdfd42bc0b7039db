"""A real bot for tests: in this process, or in one of its own that can be killed."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.app import Tempo, run_until
from bot.pacing import Rates
from bot.settings import Settings, load_settings
from bot.updates import Polling
from services.ports import Clock

TOKEN = "1:test-token-that-nobody-else-has-AAAAAAAAAA"

AIGERIM, DIAS, STUDENT, STRANGER = 1001, 1002, 1003, 6666
OPS = -1001234567890

USERS: tuple[dict[str, Any], ...] = (
    {"id": AIGERIM, "name": "Aigerim", "role": "admin"},
    {"id": DIAS, "name": "Dias", "role": "operator"},
    {"id": STUDENT, "name": "Student", "role": "viewer", "scope": ["*/directus"]},
)

# Twenty times as fast as Telegram's real limits; the stand-in is scaled alike.
SCALE = 0.05
QUICK = Tempo(
    Rates(scale=SCALE), Polling(timeout=2, grace=5, drain=5, back_off=(0.05, 0.2), conflict=0.2, refused=0.3)
)


@dataclass(frozen=True)
class Setup:
    """What a test says about its bot; the rest is the default."""

    directory: Path
    api_url: str
    hosts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    users: Sequence[Mapping[str, Any]] = USERS
    chats: Sequence[Mapping[str, Any]] = ({"id": OPS},)
    language: str = "en"
    more: Mapping[str, Any] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """Writes the YAML; the token comes by the environment."""
        config = {
            "telegram": {"api_url": self.api_url},
            "language": self.language,
            "timezone": "Asia/Almaty",
            "store": f"sqlite://{self.directory / 'vakhta.db'}",
            "users": list(self.users),
            "chats": list(self.chats),
            "hosts": {name: dict(host) for name, host in self.hosts.items()},
            **self.more,
        }
        # Several bots may run at a time: each has what ports it gets, unless the test names one.
        config["http"] = {
            "listen": "127.0.0.1:0",
            "metrics_listen": "127.0.0.1:0",
            **self.more.get("http", {}),
        }
        path = self.directory / "config.yaml"
        path.write_text(yaml.safe_dump(config, allow_unicode=True))
        return {"VAKHTA_CONFIG": str(path), "VAKHTA_TELEGRAM__TOKEN": TOKEN}

    def settings(self) -> Settings:
        return load_settings(self.environment())


@asynccontextmanager
async def running(
    setup: Setup, tempo: Tempo = QUICK, clock: Clock | None = None
) -> AsyncIterator[asyncio.Task[None]]:
    """The bot as a task of this process; stopped as by SIGTERM."""
    stop = asyncio.Event()
    task = asyncio.create_task(run_until(stop, setup.settings(), tempo, clock))
    try:
        yield task
    finally:
        stop.set()
        await task


class BotProcess:
    """The bot in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid

    async def kill(self) -> None:
        """As a power cut would."""
        self._process.kill()
        await self._process.wait()

    async def death(self, patience: float = 30) -> int:
        """The exit code, negative for a signal."""
        return await asyncio.wait_for(self._process.wait(), patience)

    async def terminate(self, patience: float = 30) -> int:
        self._process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self._process.wait(), patience)


@asynccontextmanager
async def process(setup: Setup, *, module: Sequence[str] = ("bot", "run")) -> AsyncIterator[BotProcess]:
    """`python -m MODULE …`, which is or wraps the bot; killed at the end if it still runs."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *module,
        env={**os.environ, **setup.environment()},
        cwd=Path(__file__).parents[1],
    )  # fmt: skip
    bot = BotProcess(child)
    try:
        yield bot
    finally:
        if child.returncode is None:
            await bot.kill()
