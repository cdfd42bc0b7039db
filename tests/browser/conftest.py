"""A browser for each test, and scenes to look at in it."""

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from playground.cast import OPS, TEAM
from playground.page import About, Page, Place
from playground.telegram import Chat, Limits, Person, Telegram
from tests.browser.chromium import Chromium

AXE = Path(__file__).parent / "node_modules/axe-core/axe.min.js"


@pytest.fixture
async def chromium(tmp_path: Path) -> AsyncIterator[Chromium]:
    missing = "Debian's chromium" if not shutil.which("chromium") else "" if AXE.exists() else "axe-core"
    if missing:
        assert os.environ.get("LAB") != "required", f"{missing} is not installed"
        pytest.skip(f"{missing} is not installed")
    async with Chromium(tmp_path / "profile") as browser:
        yield browser


@dataclass(frozen=True)
class Scene:
    """The page over a stand-in, without a bot: the test is the bot."""

    telegram: Telegram
    url: str
    aigerim: Person
    dias: Person
    ops: Chat


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with Telegram(limits=Limits.none()) as telegram:
        people = [telegram.person(each.id, each.name) for each in TEAM]
        ops = telegram.group(
            OPS, "Ops", members=people[1:3], admins=people[:1], bot="administrator", topics={5: "Critical"}
        )
        about = About(
            {each.id: each.role for each in TEAM if each.role}, (Place("server1"), Place("local", real=True))
        )
        async with Page(telegram, about, port=0) as page:
            yield Scene(telegram, page.url, people[0], people[1], ops)
