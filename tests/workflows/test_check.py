"""`python -m bot check`: every trial is made for real, every failure is told with its mend."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.check import check
from playground.telegram import Telegram
from services.errors import Silence
from tests.bots import TOKEN, Setup
from tests.conftest import host_settings
from tests.lab.servers import Lab

Check = Callable[..., Any]


async def report(setup: Setup) -> tuple[int, str]:
    """The exit code and all that was told."""
    lines: list[str] = []
    code = await check(setup.settings(), tell=lines.append)
    return code, "\n".join(lines)


@pytest.fixture
async def telegram() -> Any:
    async with Telegram(token=TOKEN) as telegram:
        yield telegram
