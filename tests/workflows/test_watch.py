"""The bot's own watch, from a container that dies on a real server to the message in the chat."""

import asyncio
import time
from collections.abc import Callable
from functools import partial

import pytest

from playground.telegram import Message
from tests.bots import Setup, running
from tests.conftest import Cast, labels
from tests.lab.servers import Lab

pytestmark = [pytest.mark.lab, pytest.mark.long]

Make = Callable[..., Setup]

ALERTS = {"chats": [{"id": -1001234567890}]}


@pytest.fixture
def watched(lab: Lab, setup: Make) -> Setup:
    return setup(lab.servers["server1"], lab.servers["server2"], more={"alerts": ALERTS})


def _done(question: Message) -> bool:
    return question.text.startswith("✅")


async def at_work(cast: Cast) -> None:
    """The bot has seen both servers."""
    await cast.dias.says("/status")
    await cast.telegram.next_message(cast.dias, 20)
    await asyncio.sleep(1)


async def test_a_killed_container_is_told_within_three_seconds_with_its_evidence(
    lab: Lab, cast: Cast, watched: Setup
) -> None:
    server = lab.servers["server2"]
    async with running(watched):
        await at_work(cast)
        killed = time.monotonic()
        server.docker("kill", "directus")
        message = await cast.telegram.next_message(cast.ops, 10)
        took = time.monotonic() - killed
        await cast.telegram.until(lambda: "exit 137" in message.text)
        assert message.text.splitlines()[0] == "🔥 directus is down on server2"
        assert "INFO: Server started at http://0.0.0.0:80" in message.text, "its last log lines"
        assert "out of memory" not in message.text
        assert labels(message) == ["Acknowledge", "Silence", "Logs", "Restart"]
        assert took < 3

        await cast.dias.presses(message, "Restart")
        question = await cast.telegram.reply_to(message)
        assert question.text.startswith("Restart directus on server2?")
        await cast.dias.presses(question, "Yes, restart")
        await cast.telegram.until(lambda: message.text.startswith("✅ directus is back on server2"), 20)
        await cast.telegram.until(lambda: question.text.startswith("✅"), 20)
        assert [each for each in cast.ops.sent if each.text.startswith("🔥")] == []


async def test_what_the_bot_does_itself_is_no_alert(lab: Lab, cast: Cast, watched: Setup) -> None:
    async with running(watched):
        await at_work(cast)
        for command, yes in (("/restart directus", "Yes, restart"), ("/stop pgadmin", "Yes, stop")):
            await cast.dias.says(command)
            question = await cast.telegram.next_message(cast.dias)
            await cast.dias.presses(question, yes)
            await cast.telegram.until(partial(_done, question), 30)
        await cast.telegram.silence(cast.ops, 3)


async def test_three_deaths_at_once_are_one_message_that_ends_with_the_last(
    lab: Lab, cast: Cast, watched: Setup
) -> None:
    server = lab.servers["server2"]
    async with running(watched):
        await at_work(cast)
        server.docker("kill", "directus", "pgadmin", "dozzle")
        message = await cast.telegram.next_message(cast.ops, 10)
        assert message.text.startswith("🔥 3 containers are down on server2")
        await cast.telegram.silence(cast.ops, 3)
        server.docker("start", "directus", "pgadmin")
        await asyncio.sleep(2)
        assert message.text.startswith("🔥")
        server.docker("start", "dozzle")
        await cast.telegram.until(lambda: message.text.startswith("✅"), 10)


async def test_a_server_that_reboots_with_40_containers_is_one_message(
    lab: Lab, cast: Cast, watched: Setup
) -> None:
    server = lab.servers["server1"]
    for number in range(40 - 5):
        server.run_container(f"worker-{number:02}", restart="unless-stopped", extra=["--network=host"])
    async with running(watched):
        await at_work(cast)
        await asyncio.to_thread(server.stop_docker)
        server.stop_sshd()
        message = await cast.telegram.next_message(cast.ops, 40)
        await cast.telegram.until(lambda: "server1 does not answer" in message.text, 40)
        await asyncio.to_thread(server.start_docker)
        server.start_sshd()
        await cast.telegram.until(lambda: message.text.startswith("✅"), 90)
        await cast.telegram.silence(cast.ops, 5)
        assert len(cast.ops.sent) == 1


async def test_a_container_that_flaps_is_one_message_that_counts(
    lab: Lab, cast: Cast, watched: Setup
) -> None:
    server = lab.servers["server2"]
    async with running(watched):
        await at_work(cast)
        for _ in range(2):
            server.docker("kill", "directus")
            await cast.telegram.until(lambda: cast.ops.sent and cast.ops.sent[0].text.startswith("🔥"), 10)
            server.docker("start", "directus")
            await cast.telegram.until(lambda: cast.ops.sent[0].text.startswith("✅"), 10)
        assert "2nd time since" in cast.ops.sent[0].text
        living = [each for each in cast.ops.sent if each.reply_to is None]
        assert len(living) == 1
