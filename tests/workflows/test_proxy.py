"""The bot's HTTP goes through a real SOCKS5 or HTTP CONNECT proxy when it is told to, and by no other way."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import BufferedInputFile
from aiohttp_socks import ProxyConnectionError, ProxyError

from playground.telegram import Limits, Telegram
from tests.lab.network import LabUnavailable
from tests.lab.obtainable import obtainable
from tests.ports import free_port

pytestmark = pytest.mark.lab  # microsocks and tinyproxy are Debian packages

TINYPROXY = """
Port {port}
Listen 127.0.0.1
Allow 127.0.0.1
LogFile "{log}"
LogLevel Connect
MaxClients 20
{login}
"""


@dataclass
class Proxy:
    """`scheme` is what the settings' URL begins with; `log` is the proxy's own."""

    scheme: str
    port: int
    log: Path
    login: str
    process: asyncio.subprocess.Process

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.login and self.login + '@'}127.0.0.1:{self.port}"

    def connected_to(self, port: int) -> int:
        """How many connections to that port of this machine the proxy says it made."""
        return self.log.read_text().count(f":{port}")

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()


def _program(name: str) -> str:
    with obtainable():
        if found := shutil.which(name):
            return found
        raise LabUnavailable(f"{name} is not installed")


@asynccontextmanager
async def proxy(kind: str, directory: Path, login: str = "") -> AsyncIterator[Proxy]:
    """socks5 (microsocks) or http (tinyproxy) on loopback. `login`: user:password that it asks for."""
    port, log = free_port(), directory / f"{kind}.log"
    log.touch()
    user, _, password = login.partition(":")
    if kind == "socks5":
        asked = ["-u", user, "-P", password] if login else []
        command = [_program("microsocks"), "-i", "127.0.0.1", "-p", str(port), *asked]
    else:
        config = directory / "tinyproxy.conf"
        asked_for = f"BasicAuth {user} {password}" if login else ""
        config.write_text(TINYPROXY.format(port=port, log=log, login=asked_for))
        log.chmod(0o666)
        directory.chmod(0o755)
        command = [_program("tinyproxy"), "-d", "-c", str(config)]
    with log.open("a") as written:
        # tinyproxy repeats its log on stdout; microsocks has no other than stderr
        quiet = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            *command, stdout=quiet, stderr=written if kind == "socks5" else quiet
        )
    made = Proxy(kind, port, log, login, process)
    try:
        await _listening(port)
        yield made
    finally:
        await made.stop()


async def _listening(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                await writer.wait_closed()
                return


@asynccontextmanager
async def bot_behind(url: str, telegram: Telegram) -> AsyncIterator[Bot]:
    session = AiohttpSession(proxy=url, api=TelegramAPIServer.from_base(telegram.url), timeout=10)
    async with Bot(telegram.token, session) as bot:
        yield bot


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with Telegram(limits=Limits.none()) as served:
        yield served
        assert served.refusals == []


def port_of(telegram: Telegram) -> int:
    return int(telegram.url.rpartition(":")[2])


@pytest.mark.parametrize("kind", ["socks5", "http"])
@pytest.mark.parametrize("login", ["", "vakhta:secret"])
async def test_the_bot_talks_through_a_proxy(
    telegram: Telegram, tmp_path: Path, kind: str, login: str
) -> None:
    aigerim = telegram.person(1001, "Aigerim")
    async with proxy(kind, tmp_path, login) as way, bot_behind(way.url, telegram) as bot:
        assert (await bot.get_me()).username == "vakhta_bot"
        waiting = asyncio.create_task(bot.get_updates(timeout=5))
        await telegram.until(lambda: telegram.world.updates.polled)
        await aigerim.says("/status")
        [update] = await waiting
        assert update.message and update.message.text == "/status"
        await bot.send_message(1001, "🟢 9 fine")
        await bot.send_document(1001, BufferedInputFile(b"line\n" * 20_000, "directus.log"))
        text, file = await telegram.next_message(aigerim), await telegram.next_message(aigerim)
        assert text.text == "🟢 9 fine" and file.document and len(file.document.content) == 100_000
        assert way.connected_to(port_of(telegram)) >= 1, "the proxy has seen it in its log"

        calls = len(telegram.calls)
        await way.stop()
        with pytest.raises(ProxyConnectionError):
            await bot.get_me()
        assert len(telegram.calls) == calls, "without the proxy there is no way round it"


@pytest.mark.parametrize("kind", ["socks5", "http"])
async def test_a_wrong_login_reaches_nobody(telegram: Telegram, tmp_path: Path, kind: str) -> None:
    async with proxy(kind, tmp_path, "vakhta:secret") as way:
        wrong = f"{kind}://vakhta:wrong@127.0.0.1:{way.port}"
        async with bot_behind(wrong, telegram) as bot:
            with pytest.raises(ProxyError):
                await bot.get_me()
    assert telegram.calls == []
