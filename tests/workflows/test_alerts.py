"""Alerts in the chat, from the hook to the message and back: taken, given back, silenced, over."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from services.ports import Clock
from tests.alertmanager import WEBHOOK_TOKEN, Alertmanager, Fire
from tests.bots import OPS, QUICK, Setup, running
from tests.conftest import Cast, labels
from tests.lab.monitoring import free_port

Make = Callable[..., Setup]

DIRECTUS = {"host": "server2", "container": "directus", "severity": "critical"}
# A socket that nobody serves: a host that is known by name and needs no contact here.
HOSTS = {name: {"address": f"unix:///nowhere/{name}.sock"} for name in ("server1", "server2")}


@pytest.fixture
def alarmed(setup: Make) -> Callable[..., tuple[Setup, int]]:
    """A setup whose alerts go to the team's group, and its hook's port."""

    def make(**alerts: Any) -> tuple[Setup, int]:
        port = free_port()
        block = {"webhook_token": WEBHOOK_TOKEN, "chats": [{"id": OPS}], **alerts}
        made = setup(more={"http": {"listen": f"127.0.0.1:{port}"}, "alerts": block, "hosts": HOSTS})
        return made, port

    return make


@asynccontextmanager
async def watching(made: tuple[Setup, int], clock: Clock | None = None) -> AsyncIterator[Alertmanager]:
    async with running(made[0], QUICK, clock), Alertmanager(made[1]) as alertmanager:
        yield alertmanager


async def test_from_firing_to_its_end(cast: Cast, alarmed: Callable[..., tuple[Setup, int]]) -> None:
    async with watching(alarmed()) as alertmanager:
        fire = Fire("service_down", DIRECTUS)
        key = await alertmanager.tells(fire)
        message = await cast.telegram.next_message(cast.ops)
        assert message.text.splitlines()[0] == "🔥 directus is down on server2"
        assert labels(message) == ["Acknowledge", "Silence", "Logs", "Restart"]
        assert not message.silent

        answer = await cast.dias.presses(message, "Acknowledge")
        assert (answer.text, answer.show_alert) == ("You have it.", False)
        await cast.telegram.until(lambda: "👤 Acknowledged: Dias" in message.text)
        assert labels(message) == ["Release", "Silence", "Logs", "Restart"]

        fire.over()
        await alertmanager.tells(fire, key=key)
        await cast.telegram.until(lambda: message.text.startswith("✅ directus is back on server2 · down "))
        assert "👤 Acknowledged: Dias" in message.text
        assert labels(message) == ["Logs"]
        await cast.telegram.silence(cast.ops)
