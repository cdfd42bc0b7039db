"""A hundred hosts with a hundred containers each: what is asked for is there, and reads well. Nothing is timed.

`bench.crowd` has five hundred: they take a machine for themselves.
"""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from playground.telegram import Message
from tests.bots import OPS, Setup, process
from tests.conftest import Cast, labels
from tests.crowd import Crowd

ALL = "🔴 100 of 10000 need you"
DOWN = "project-00-web-0"


@pytest.fixture
async def bot(cast: Cast, crowd: Crowd, tmp_path: Path) -> AsyncIterator[None]:
    more = {"alerts": {"chats": [{"id": OPS}]}}  # what is down is told there
    async with process(Setup(tmp_path, cast.telegram.url, crowd.hosts, more=more)):
        yield


async def asked(cast: Cast, words: str) -> Message:
    await cast.aigerim.says(words)
    return await cast.telegram.next_message(cast.aigerim, 60)


async def told(cast: Cast, words: str, beginning: str, *, late: bool = False) -> Message:
    """The answer that begins so. Until then hosts may be late, with `late` in it as well; what is told of them fits on
    a screen or two."""
    for _ in range(60):
        reply = await asked(cast, words)
        if reply.text.startswith(beginning) and (late or "⚠️" not in reply.text):
            return reply
        first, *rest = reply.text.splitlines()
        assert re.fullmatch(r"(🔴|⚠️) \d+ of \d+ need you", first), reply.text
        assert len(rest) <= 20, reply.text
        assert len(labels(reply)) <= 40
    raise AssertionError(reply.text)


@pytest.mark.long(busy=True)
@pytest.mark.parametrize("crowd", [100], indirect=True, ids=["hosts"])
async def test_a_hundred_hosts(cast: Cast, crowd: Crowd, bot: None) -> None:
    status = await told(cast, "/status", ALL)
    lines = status.text.splitlines()[2:]
    assert all(re.fullmatch(rf"🔴 host-\d{{3}}/{DOWN}: down since \S+, exit 1", line) for line in lines[:14])
    assert lines[14] == "and 86 more"

    assert len(labels(status)) <= 24

    following = next(label for label in labels(status) if label.startswith("2/"))
    await cast.aigerim.presses(status, following, timeout=60)
    await cast.telegram.until(lambda: status.edits, 60)
    assert set(status.text.splitlines()).isdisjoint(lines[:14])
    shown = labels(status)[0]
    await cast.aigerim.presses(status, shown, timeout=60)
    card = await cast.telegram.next_message(cast.aigerim, 60)
    assert card.text.startswith(f"🔴 {DOWN} on {shown.partition('/')[0]}: down since")

    menu = await told(cast, "/menu", f"{ALL}\n🔴 host-")
    assert "and 92 more" in menu.text
    assert sum(label.endswith("▸") for label in labels(menu)) == 8 + 12, (
        "containers in trouble, a page of hosts"
    )
    await cast.aigerim.presses(menu, "host-009 ▸", timeout=60)
    await cast.telegram.until(lambda: "host-009" in menu.text.splitlines(), 60)
    assert menu.text.startswith("🔴 1 of 100 needs you")

    everywhere = await asked(cast, "/logs project-03-worker-3")
    assert everywhere.text.startswith('"project-03-worker-3" is on several hosts. Which one?\nand 84 more.')
    assert len(labels(everywhere)) == 16
    way = everywhere.text.rpartition(" ")[2]
    assert way == "host-099/project-03-worker-3"
    there = await asked(cast, f"/status {way}")
    assert there.text.startswith("🟢 project-03-worker-3 on host-099: running since")

    near = await asked(cast, "/status host-050/project-03-wroker-3")
    assert near.text == 'No container "host-050/project-03-wroker-3". Did you mean:'
    assert "project-03-worker-3" in labels(near)[0]

    await crowd.silence("host-023")
    silent = await told(cast, "/status", "🔴 199 of 10000 need you", late=True)
    assert "⚠️ host-023: no contact" in silent.text.splitlines()[2]
    await crowd.speak("host-023")
