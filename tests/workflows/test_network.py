"""Hosts that die, hang, come back or are not who they were, seen from the chat."""

import asyncio
from collections.abc import Callable
from time import monotonic

import pytest

from tests.bots import Setup, running
from tests.conftest import Cast
from tests.lab.servers import Lab

pytestmark = pytest.mark.lab

Make = Callable[..., Setup]


async def _status(cast: Cast) -> tuple[str, float]:
    began = monotonic()
    await cast.aigerim.says("/status")
    reply = await cast.telegram.next_message(cast.aigerim)
    return reply.text, monotonic() - began


async def test_a_pulled_cable(lab: Lab, cast: Cast, setup: Make) -> None:
    """Demanded: the other host's answer within 2 s, the dead one named; then it costs nothing; then it is back."""
    server1, server2 = lab.servers["server1"], lab.servers["server2"]
    async with running(setup(server1, server2)):
        text, _ = await _status(cast)
        assert text.startswith("🟢")
        await asyncio.to_thread(server1.pull_cable)
        text, took = await _status(cast)
        assert took < 2
        assert text.startswith("⚠️ 5 of 11 need you")
        assert "⚠️ server1: no contact since " in text
        assert "5 unknown" in text
        assert "directus, dozzle, pgadmin, portainer, postgres, traefik" in text
        await asyncio.sleep(4)  # the doubt is decided
        text, took = await _status(cast)
        assert took < 0.5
        await cast.dias.says("/restart n8n")
        refusal = await cast.telegram.next_message(cast.dias)
        assert refusal.text.startswith("⚠️ server1: no contact since ")
        await asyncio.to_thread(server1.plug_cable)
        for _ in range(100):
            text, _ = await _status(cast)
            if text.startswith("🟢 All well: 11"):
                break
            await asyncio.sleep(0.5)
        assert text.startswith("🟢 All well: 11")


async def test_the_cable_goes_in_the_middle_of_a_status(lab: Lab, cast: Cast, setup: Make) -> None:
    server1, server2 = lab.servers["server1"], lab.servers["server2"]
    async with running(setup(server1, server2)):
        await _status(cast)
        await asyncio.to_thread(server1.pause_docker)  # holds the answer, so that the cable goes meanwhile
        asking = asyncio.create_task(_status(cast))
        await asyncio.sleep(0.2)
        await asyncio.to_thread(server1.pull_cable)
        await asyncio.to_thread(server1.resume_docker)
        text, took = await asking
    assert took < 2
    assert "⚠️ server1: " in text
    assert "directus" in text


async def test_a_viewer_of_the_other_host_does_not_hear_of_the_dead_one(
    lab: Lab, cast: Cast, setup: Make
) -> None:
    async with running(setup(*lab.servers.values())):
        await cast.student.says("/status")
        await cast.telegram.next_message(cast.student)
        await asyncio.to_thread(lab.servers["server1"].pull_cable)
        await cast.student.says("/status")
        reply = await cast.telegram.next_message(cast.student)
    assert reply.text.startswith("🟢 All well: 1")
    assert "server1" not in reply.text


async def test_a_changed_host_key_is_refused_and_said(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    await asyncio.to_thread(server.change_host_key)
    async with running(setup(server)):
        await asyncio.sleep(1)
        text, _ = await _status(cast)
        assert "⚠️ server1: no contact yet: its SSH host key is not the pinned one, refused" in text
        await asyncio.to_thread(server.restore_host_key)
        for _ in range(60):
            text, _ = await _status(cast)
            if text.startswith("🟢"):
                break
            await asyncio.sleep(0.5)
        assert text.startswith("🟢 All well: 5")


async def test_a_namesake_on_a_silent_host_is_asked_about(lab: Lab, cast: Cast, setup: Make) -> None:
    server1, server2 = lab.servers["server1"], lab.servers["server2"]
    async with running(setup(server1, server2)):
        await _status(cast)
        await asyncio.to_thread(server1.pull_cable)
        await cast.dias.says("/restart traefik")
        question = await cast.telegram.next_message(cast.dias)
        assert question.text == '"traefik" is on several hosts. Which one?'
        await cast.dias.presses(question, "server1/traefik")
        refusal = await cast.telegram.next_message(cast.dias)
        assert refusal.text.startswith("⚠️ server1: no contact since ")
