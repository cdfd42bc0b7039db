"""`/grep` on real servers: what is found, how it reads, and what its buttons do."""

from collections.abc import Callable

import pytest

from playground.telegram import Message
from tests.bots import Setup, running
from tests.conftest import Cast
from tests.lab.servers import Lab

pytestmark = pytest.mark.lab

Make = Callable[..., Setup]


def log(*lines: str) -> bytes:
    return "".join(line + "\n" for line in lines).encode()


async def answer(cast: Cast, text: str) -> Message:
    await cast.dias.says(text)
    return await cast.telegram.next_message(cast.dias)


async def test_hits_of_several_containers_newest_first(lab: Lab, cast: Cast, setup: Make) -> None:
    first, second = lab.servers["server1"], lab.servers["server2"]
    first.run_logger("api", log("ERROR one", "INFO two", "ERROR three"))
    second.run_logger("web", log("INFO four", "ERROR five"))
    async with running(setup(first, second)):
        reply = await answer(cast, "/grep ^ERROR api,web")
        head, counts, *_bar, newest, second_newest, oldest = reply.text.splitlines()
        assert head == "🔎 ^ERROR · 3 hits in 2 of 2 · all of the logs"
        assert counts == "api 2 · web 1"
        assert newest.endswith("web│ ERROR five")
        assert second_newest.endswith("api│ ERROR three")
        assert oldest.endswith("api│ ERROR one")
        assert reply.buttons == [["File", "↻"]]
        assert {entity.type for entity in reply.entities} >= {"code", "pre"}
