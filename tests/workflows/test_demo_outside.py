"""What the demo shows of the way from outside in: Traefik, domains and services are simulated, the bot is real."""

import asyncio

import pytest

from playground.cast import ALERTS, DOMAINS, OPS
from tests.bots import AIGERIM, STUDENT
from tests.demos import PATIENCE, Demo, demo

pytestmark = pytest.mark.long(busy=True)

_JOINER = "\N{WORD JOINER}"  # keeps Telegram from making links of names
_WAITING = "⏳"
ANSWERED = 10.0  # seconds, while the bot has just begun


async def shown(running: Demo, person: int, command: str, wanted: str) -> str:
    """The bot's newest message that says that. It is asked again: on a busy machine an answer may lack what has not
    come in time."""

    def fits(text: str) -> bool:
        return wanted in text.replace(_JOINER, "") and _WAITING not in text

    async with asyncio.timeout(PATIENCE):
        while True:
            await running.act("say", person=person, chat=person, text=command)
            try:
                async with asyncio.timeout(ANSWERED):
                    message = await running.message(person, fits)
            except TimeoutError:
                continue
            return str(message["text"]).replace(_JOINER, "")


@pytest.mark.parametrize(
    ("language", "planned", "fine", "fallen"),
    [
        ("en", "only planned, but already there", "🟢 5 fine", "no live server, its container: down"),
        ("ru", "в планах, но уже есть", "🟢 5 в порядке", "нет живых бэкендов, контейнер: не работает"),
    ],
)
async def test_routes_before_and_after_the_fall(language: str, planned: str, fine: str, fallen: str) -> None:
    async with demo("--trouble", "4", "--language", language) as running:
        text = await shown(running, AIGERIM, "/routes", "traefik2.tapbot.kz → Traefik:8080")
        assert f"n8n.tapbot.kz → n8n:5678 · {planned}" in text
        assert fine in text
        assert "redis1.tapbot.kz → redis-commander:8081" in text
        seen = await shown(running, STUDENT, "/routes", "dir.tapbot.kz")
        assert "n8n" not in seen
        assert "pg.tapbot.kz" not in seen
        await running.message(OPS, lambda text: "🔥" in text and "directus" in text)
        text = await shown(running, AIGERIM, "/routes", f"dir.tapbot.kz → directus:80 · {fallen}")
        assert "pg.tapbot.kz → pgadmin:80" in text


async def test_certificates_checks_and_what_becomes_of_them() -> None:
    async with demo("--trouble", "600") as running:
        text = await shown(running, AIGERIM, "/certs", "2 of 7 certificates need you")
        assert "pg.tapbot.kz · server2: the certificate expires in 5 d" in text
        assert "traefik1.tapbot.kz · server1: Traefik's default certificate" in text
        assert "dir.tapbot.kz: expires in 73 d" in text
        text = await shown(running, AIGERIM, "/check dir.tapbot.kz", "dir.tapbot.kz: HTTP 200 OK")
        assert "DNS: 203.0.113.2" in text
        assert "server1, server2: HTTP 200 OK" in text or "server2: HTTP 200 OK" in text
        await shown(running, AIGERIM, "/check https://example.org", "example.org · DNS")
        alert = await running.message(OPS, lambda text: "🔥" in text and "pg." in text)
        assert alert["message_thread_id"] == DOMAINS


async def test_probes_and_that_one_fall_is_one_incident() -> None:
    async with demo("--trouble", "3") as running:
        await running.message(OPS, lambda text: "🔥" in text and "directus is down on server2" in text)
        text = await shown(running, AIGERIM, "/uptime", "🟢 n8n: ")
        assert "postgres" in text
        told = await running.message(
            OPS, lambda text: "certificate" in text
        )  # by then all watches have looked
        assert told
        fires = [
            message["text"]
            for message in running.messages[OPS].values()
            if "🔥" in message.get("text", "") and message["message_thread_id"] == ALERTS
        ]
        assert len(fires) == 1, "the container's, and neither its route's nor its probe's as well"


async def test_probes_have_a_past_that_fits_the_servers() -> None:
    async with demo("--trouble", "600") as running:
        text = await shown(running, AIGERIM, "/uptime", "🟢 n8n: ")
        n8n, postgres = (
            next(line for line in text.splitlines() if name in line) for name in ("n8n", "postgres")
        )
        assert "100 %" not in n8n, "it was restarted two hours ago"
        assert "100 %" in postgres
