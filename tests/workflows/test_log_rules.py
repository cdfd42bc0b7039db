"""A rule over a log, from the lines that a container writes to the message in the chat, and to its end."""

import asyncio
from collections.abc import Callable

import pytest

from services.alerts import log_watch
from tests.bots import OPS, Setup, running
from tests.conftest import Cast, labels
from tests.lab.servers import Lab

pytestmark = pytest.mark.lab

RULE = {
    "name": "directus_errors",
    "containers": ["*/directus"],
    "pattern": "ERROR",
    "threshold": 5,
    "within": "1m",
    "cooldown": "4s",
}


@pytest.mark.parametrize(
    ("language", "first", "over"),
    [
        (
            "en",
            '🔥 directus on server2: 5 × "ERROR" in 1 min',
            '✅ resolved: directus on server2: 5 × "ERROR" in 1 min',
        ),
        (
            "ru",
            "🔥 server2: directus, 5 × «ERROR» за 1 мин",
            "✅ решено: server2: directus, 5 × «ERROR» за 1 мин",
        ),
    ],
)
async def test_five_errors_in_a_minute_are_one_message_with_the_lines(
    lab: Lab,
    cast: Cast,
    setup: Callable[..., Setup],
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    first: str,
    over: str,
) -> None:
    monkeypatch.setattr(log_watch, "LIST_EVERY", 0.5)
    server = lab.servers["server2"]
    alerts = {"chats": [{"id": OPS}], "log_rules": [RULE]}
    async with running(setup(server, language=language, more={"alerts": alerts})):
        await cast.dias.says("/status")
        await cast.telegram.next_message(cast.dias, 20)
        await asyncio.sleep(1.5)
        lines = "".join(f"echo ERROR {n} connect token=s3cr3tt0ken{n};" for n in range(5))
        await asyncio.to_thread(server.docker, "exec", "directus", "sh", "-c", f"({lines}) > /proc/1/fd/1")
        message = await cast.telegram.next_message(cast.ops, 10)
        assert message.text.splitlines()[0] == first
        assert "ERROR 4 connect token=•••" in message.text
        assert "s3cr3t" not in message.text
        assert labels(message)[2:] == (["Logs", "Restart"] if language == "en" else ["Логи", "Перезапуск"])
        await cast.telegram.until(lambda: message.text.startswith(over), 20)
        assert cast.ops.sent == [message]
