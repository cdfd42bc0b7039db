"""What the nursery bears are real bots: born at once, killed for real, and gone when nobody is left to mind them."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from tests.bots import Setup
from tests.conftest import Cast
from tests.faults.nursery import Bot, Nursery
from tests.faults.pace import Pace


async def _answers(cast: Cast) -> None:
    await cast.dias.says("/whoami")
    answer = await cast.telegram.next_message(cast.dias, 10)
    assert "Dias" in answer.text


async def test_born_killed_and_born_again(tmp_path: Path, cast: Cast) -> None:
    setup = Setup(tmp_path, cast.telegram.url)
    with Nursery(tmp_path) as nursery:
        for _ in range(2):
            began = time.monotonic()
            bot = await nursery.bear(setup.environment(), tmp_path / "log", Pace())
            assert time.monotonic() - began < 1  # importing alone takes longer
            await _answers(cast)
            await bot.kill()
            assert bot.code == -9
        bot = await nursery.bear(setup.environment(), tmp_path / "log", Pace())
        await _answers(cast)
        assert await bot.terminate() == 0
    assert (tmp_path / "log").read_text().count("watching 0 hosts") == 3


async def test_settings_that_are_wrong_are_said(tmp_path: Path, cast: Cast) -> None:
    setup = Setup(tmp_path, cast.telegram.url, users=())
    with Nursery(tmp_path) as nursery:
        bot = await nursery.bear(setup.environment(), tmp_path / "log", Pace())
        assert await bot.death() == 70
    assert "SettingsError" in (tmp_path / "log").read_text()


async def test_none_outlives_the_nursery(tmp_path: Path, cast: Cast) -> None:
    setup = Setup(tmp_path, cast.telegram.url)
    with Nursery(tmp_path) as nursery:
        bot = await nursery.bear(setup.environment(), tmp_path / "log", Pace())
        await _answers(cast)
    assert await bot.death() == -9
    await _gone(bot)


async def _gone(bot: Bot) -> None:
    for _ in range(100):
        try:
            os.kill(bot.pid, 0)
        except ProcessLookupError:
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"{bot.pid} still lives")
