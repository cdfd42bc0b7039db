"""The real servers and the stand-in for Telegram that tests share."""

import gc
import os
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from playground.telegram import Chat, Limits, Message, Person, Refusal, Telegram
from tests.bots import AIGERIM, DIAS, OPS, SCALE, STRANGER, STUDENT, TOKEN, Setup
from tests.crowd import HOSTS, Crowd, open_crowd
from tests.lab.obtainable import obtainable
from tests.lab.servers import Lab, Server
from tests.order import Entry, dealt

# How long an example takes says more about the machine than about the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Whatever collecting makes stays: nobody need look for garbage in it, then or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        entries = [_entry(place, item) for place, item in enumerate(items)]
        items[:] = [items[entry.place] for entry in dealt(entries, workers)]


def _entry(place: int, item: pytest.Item) -> Entry:
    mark = item.get_closest_marker("long")
    busy = mark is not None and bool(mark.kwargs.get("busy"))
    return Entry(place, item.nodeid.partition("::")[0], mark is not None, busy)


@pytest.fixture(scope="session")
def _lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with obtainable(), Lab.build(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture
def lab(_lab: Lab) -> Iterator[Lab]:
    """Two servers with the team's containers; whatever a test did to them is undone after it."""
    yield _lab
    for server in _lab.servers.values():
        server.reset()


def host_settings(server: Server) -> dict[str, Any]:
    """A lab server as the settings' `hosts` name it, with the restricted key."""
    return {
        "address": f"ssh://{server.ssh_user}@{server.address}:{server.ssh_port}",
        "identity_file": str(server.identity_file),
        "known_hosts": str(server.known_hosts),
        "docker_socket": server.docker_socket,
    }


@dataclass(frozen=True)
class Cast:
    """The people of the settings, a stranger, and the team's group."""

    telegram: Telegram
    aigerim: Person
    dias: Person
    student: Person
    stranger: Person
    ops: Chat


@pytest.fixture
async def cast() -> AsyncIterator[Cast]:
    """A refusal by the stand-in fails the test, and so does a flood that the bot ran into."""
    async with Telegram(token=TOKEN, limits=Limits(scale=1 / SCALE)) as telegram:
        aigerim = telegram.person(AIGERIM, first_name="Aigerim")
        dias = telegram.person(DIAS, first_name="Dias")
        student = telegram.person(STUDENT, first_name="Student")
        stranger = telegram.person(STRANGER, first_name="Stranger")
        ops = telegram.group(OPS, title="Ops", members=[aigerim, dias, student, stranger])
        yield Cast(telegram, aigerim, dias, student, stranger, ops)
        assert [each for each in telegram.refusals if not _harmless(each)] == []
        assert telegram.floods == []


def _harmless(refusal: Refusal) -> bool:
    """What says that nothing is left to do: the message looks like that already, the press is long dead."""
    return "message is not modified" in refusal.description or "query is too old" in refusal.description


async def next_answer(cast: Cast, person: Person) -> Message:
    """What the bot's own watch tells meanwhile is none."""
    while (reply := await cast.telegram.next_message(person)).text.startswith(("🔥", "✅")):
        pass
    return reply


def labels(message: Message) -> list[str]:
    """Of all its buttons, row after row."""
    return list(chain.from_iterable(message.buttons))


@pytest.fixture
def setup(tmp_path: Path, cast: Cast) -> Callable[..., Setup]:
    """A setup whose bot talks to the stand-in; servers by name join with the restricted key."""

    def make(*servers: Server, **more: Any) -> Setup:
        hosts = {server.name: host_settings(server) for server in servers}
        return Setup(tmp_path, cast.telegram.url, hosts, **more)

    return make


@pytest.fixture
async def crowd(request: pytest.FixtureRequest) -> AsyncIterator[Crowd]:
    """Five hundred simulated servers behind SSH, or as many as the parameter says, with a hundred containers each; in a
    process of their own."""
    async with open_crowd(getattr(request, "param", HOSTS)) as crowd:
        yield crowd
