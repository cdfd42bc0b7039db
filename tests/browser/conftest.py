"""A browser, and scenes to look at in it."""

import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from playground.cast import OPS, TEAM
from playground.chromium import Chromium
from playground.page import About, Page, Place
from playground.telegram import Chat, Limits, Person, Telegram
from tests.lab.network import LabUnavailable
from tests.lab.obtainable import obtainable

AXE = Path(__file__).parent / "node_modules/axe-core/axe.min.js"


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """One browser for all; each tab is a window of somebody else."""
    missing = (
        "Debian's chromium" if not shutil.which("chromium") else "" if AXE.exists() else "axe-core (npm)"
    )
    with obtainable():
        if missing:
            raise LabUnavailable(f"{missing} is not installed: as root, make test installs it")
    with Chromium(tmp_path_factory.mktemp("chromium")) as browser:
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
