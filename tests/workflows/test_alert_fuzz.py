"""Anything to the hook: all of it is answered, every alert can be read in the chat, and the rest is kept as it came.

`FUZZ_SEED=n` draws the cases of a run that failed once more.
"""

import asyncio
import logging
import os
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.app import Tempo
from bot.container import SystemClock
from bot.pacing import Rates
from playground.telegram import Chat, Limits, Person, Telegram
from services.store import open_store
from tests.alertmanager import Alertmanager, Fire
from tests.bots import AIGERIM, DIAS, OPS, QUICK, STUDENT, TOKEN, Setup, running
from tests.conftest import labels
from tests.hostile import BODIES, MARKER, Drawing
from tests.workflows.test_alerts import alarms

PATIENCE = 60.0  # seconds until the last of them is shown


class Reader:
    """The markers that a chat's messages have shown, in whatever revision, and their files."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._found: set[str] = set()
        self._read: dict[int, object] = {}  # what is kept here cannot give its id to another

    def found(self) -> set[str]:
        for message in self._chat.sent:
            for content in (message.content, *(edit.content for edit in message.edits)):
                if id(content) not in self._read:
                    self._read[id(content)] = content
                    text = content.body.text + (content.file.content.decode() if content.file else "")
                    self._found |= set(MARKER.findall(text.replace("\u2060", "")))
        return self._found


@pytest.fixture
def seed() -> int:
    chosen = int(os.environ.get("FUZZ_SEED", random.SystemRandom().randrange(2**32)))
    logging.getLogger(__name__).warning("to draw the same once more: FUZZ_SEED=%d", chosen)
    return chosen


@pytest.mark.long(busy=True)
async def test_anything_to_the_hook(tmp_path: Path, caplog: pytest.LogCaptureFixture, seed: int) -> None:
    drawing = Drawing(seed)
    tempo = Tempo(Rates(scale=1e-3), QUICK.polling)
    async with Telegram(token=TOKEN, limits=Limits.none()) as telegram:
        people = {each: telegram.person(each) for each in (AIGERIM, DIAS, STUDENT)}
        ops = telegram.group(OPS, title="Ops", members=people.values())
        setup, port = alarms(Setup(tmp_path, telegram.url))
        async with running(setup, tempo) as bot, Alertmanager(port) as alertmanager:
            await alertmanager.tells(Fire("Q99999q", {"host": "server1"}))
            assert await alertmanager.posts_once(b"") == 400
            statuses: Counter[int] = Counter()
            kept = []
            for body, aside in drawing.bodies():
                statuses[await alertmanager.posts_once(body)] += 1
                if aside:
                    kept.append(body)
            assert set(statuses) == {200}
            reader = Reader(ops)
            await shown(reader, drawing.owed | {"Q99999q"}, bot)
            await acted(telegram, people[DIAS], ops, random.Random(seed))
            assert alive(bot)
        assert [each for each in telegram.refusals if not harmless(each.description)] == []
        said = [message.text for chat in telegram.world.chats.values() for message in chat.sent]
        assert not [text for text in said if "Something broke here" in text]
    assert drawing.alerts + BODIES >= 10_000
    assert unforeseen(caplog.records) == []
    async with open_store(f"sqlite://{tmp_path}/vakhta.db", SystemClock()) as store:
        found = set((await store.scan("undecodable/")).values())
    assert set(kept) <= found


async def shown(reader: Reader, owed: set[str], bot: asyncio.Task[None]) -> None:
    """Until all of it can be read, or nothing more comes."""
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE
    while not owed <= reader.found():
        assert alive(bot)
        if loop.time() > end:
            missing = sorted(owed - reader.found())
            raise AssertionError(f"{len(missing)} of {len(owed)} cannot be read: {missing[:20]}")
        await asyncio.sleep(0.2)


async def acted(telegram: Telegram, dias: Person, ops: Chat, draw: random.Random) -> None:
    """Over that state the commands and buttons work."""
    for command in ("/alerts", "/alerts critical", "/ack", "/why Q99999q", "/silences"):
        await dias.says(command)
        answer = await telegram.next_message(dias, 15)
        assert "Something broke" not in answer.text, command
    assert "host=server1" in dias.chat.sent[3].text
    for label in ("Acknowledge", "Silence"):
        pressable = [message for message in ops.sent if label in labels(message)]
        for message in draw.sample(pressable, min(10, len(pressable))):
            if label in labels(message):
                pressed = await dias.presses(message, label, timeout=15)
                assert "broke" not in pressed.text
    await telegram.until(lambda: any("Acknowledged: " in message.text for message in ops.sent), 15)


def alive(bot: asyncio.Task[None]) -> bool:
    names = {task.get_name() for task in asyncio.all_tasks()}
    return not bot.done() and {"desk", "notices", "relay", "watchdog", f"outbox {OPS}"} <= names


def harmless(refusal: str) -> bool:
    return "message is not modified" in refusal


def unforeseen(records: Sequence[logging.LogRecord]) -> list[str]:
    """Tracebacks, and errors other than of what was put aside."""
    return [
        record.getMessage()[:300]
        for record in records
        if record.exc_info or (record.levelno >= logging.ERROR and "undecodable/" not in record.getMessage())
    ]
