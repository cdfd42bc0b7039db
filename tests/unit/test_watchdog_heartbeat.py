"""The sign of life to a service outside: given, and kept back."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiohttp import web

from services.alerts import heartbeat
from services.alerts.heartbeat import EACH, Heartbeat
from services.errors import StoreUnavailable
from tests.lab.monitoring import free_port


class Outside:
    """The service; `answer` is its status, 0 for none at all."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answer = 200
        self.asked = 0
        self.elsewhere = 0
        self.age: timedelta | Exception | None = None
        self.sleeps = 0

    async def ping(self, _request: web.Request) -> web.Response:
        self.asked += 1
        if not self.answer:
            await asyncio.sleep(60)
        return web.Response(status=self.answer, headers={"location": "/elsewhere"})

    async def other(self, _request: web.Request) -> web.Response:
        self.elsewhere += 1
        return web.Response()

    async def oldest(self) -> timedelta | None:
        if isinstance(self.age, Exception):
            raise self.age
        return self.age

    async def sleep(self, seconds: float) -> None:
        assert seconds == EACH
        self.sleeps += 1
        await asyncio.sleep(0.005)

    async def rounds(self, count: int = 3) -> int:
        """How often it was asked in so many rounds."""
        await self._slept(1)  # what is under way
        asked = self.asked
        await self._slept(count)
        return self.asked - asked

    async def _slept(self, count: int) -> None:
        until = self.sleeps + count
        async with asyncio.timeout(10):
            while self.sleeps < until:
                await asyncio.sleep(0.001)


@asynccontextmanager
async def serving(made: Outside) -> AsyncIterator[None]:
    app = web.Application()
    app.router.add_get("/a-secret", made.ping)
    app.router.add_get("/elsewhere", made.other)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", made.port).start()
    yield
    await runner.cleanup()


@asynccontextmanager
async def beating(made: Outside) -> AsyncIterator[None]:
    url = f"http://127.0.0.1:{made.port}/a-secret"
    running = asyncio.ensure_future(Heartbeat(url, made.oldest, sleep=made.sleep).run())
    yield
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    made = Outside(free_port())
    async with serving(made), beating(made):
        yield made


async def test_given_while_alerts_go_out(outside: Outside) -> None:
    assert await outside.rounds() >= 3
    outside.age = timedelta(seconds=59)
    assert await outside.rounds() >= 3
    outside.age = timedelta(seconds=60)
    assert await outside.rounds() <= 1
    outside.age = None
    assert await outside.rounds() >= 3


async def test_kept_back_while_the_store_does_not_answer(outside: Outside) -> None:
    outside.age = StoreUnavailable("gone")
    await outside.rounds(1)
    assert await outside.rounds() == 0
    outside.age = None
    assert await outside.rounds() >= 3


@pytest.mark.parametrize("answer", [500, 302])
async def test_a_failure_is_logged_once(
    outside: Outside, answer: int, caplog: pytest.LogCaptureFixture
) -> None:
    outside.answer = answer
    await outside.rounds(5)
    outside.answer = 200
    await outside.rounds(2)
    said = [each for each in caplog.records if each.name == heartbeat.__name__]
    assert [each.getMessage() for each in said if each.levelno == logging.WARNING] == [
        f"no heartbeat: answered {answer}"
    ]
    assert not any("secret" in each.getMessage() for each in said)
    assert outside.elsewhere == 0


async def test_a_service_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "DEADLINE", 0.05)
    made = Outside(free_port())
    made.answer = 0
    async with serving(made), beating(made):
        assert await made.rounds() >= 3


async def test_the_environments_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    made = Outside(free_port())
    async with serving(made), beating(made):
        assert await made.rounds() >= 3
