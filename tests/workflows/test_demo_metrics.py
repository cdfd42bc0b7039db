"""What the demo shows of metrics: Prometheus is simulated, the bot and its pictures are real."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from playground.cast import OPS
from tests.bots import AIGERIM, DIAS, STUDENT
from tests.demos import PATIENCE, Demo, demo

WAITING = "⏳"
_JOINER = "\N{WORD JOINER}"
# By command: what its answer says, and whether it is a picture.
ENGLISH = {
    "/top": (("🟢 2 hosts within limits", "server1 · Prometheus", "CPU: directus"), False),
    "/stats directus": (("🟢 directus on server2: running", "of 1 GB", "Prometheus"), True),
    "/chart cpu 24h": (("CPU · server", "24 h: min", "Prometheus"), True),
    "/query up": (("series\nup\nvalue", "server2:9187"), False),
    "/query up{": (("does not understand the query, character 4: unexpected end of input",), False),
    "/query up[1h:1m]": (("the demo's simulated Prometheus", "not subqueries"), False),
    "/targets": (("🟢 All 21 targets are scraped",), False),
    "/rules": (("🔥 1 of 8 rules fires", "🟢 service_down"), False),
    "/traffic": (("directus · server2: ", "p50 ", "n8n · server1: "), False),
}
RUSSIAN = {
    "/top": (("🟢 2 сервера в норме", "server1 · Prometheus", "CPU: directus"), False),
    "/stats directus": (("🟢 directus · server2: работает", "из 1 ГБ", "Prometheus"), True),
    "/chart cpu 24h": (("CPU · server", "24 ч: мин.", "Prometheus"), True),
    "/query up": (("ряд", "значение", "server2:9187"), False),
    "/targets": (("🟢 21 цель",), False),
    "/rules": (("🔥 1 из 8 правил", "🟢 service_down"), False),
    "/traffic": (("directus · server2: ", "p50 ", "n8n · server1: "), False),
}


async def answered(running: Demo, person: int, command: str, *wanted: str) -> dict[str, Any]:
    """The bot's newest message that says all that."""
    await running.act("say", person=person, chat=person, text=command)
    return await running.message(
        person,
        lambda text: WAITING not in text and all(each in text.replace(_JOINER, "") for each in wanted),
    )


async def once_fired(running: Demo, rule: str) -> str:
    """What /rules says then: with the next scrape, some seconds after it has become so."""
    async with asyncio.timeout(PATIENCE):
        while True:
            before = len(running.messages.get(AIGERIM, {}))
            await running.act("say", person=AIGERIM, chat=AIGERIM, text="/rules")
            while len(running.messages.get(AIGERIM, {})) < before + 2:  # the question, and the answer
                await asyncio.sleep(0.05)
            text = (await running.message(AIGERIM, lambda text: "fire" in text))["text"]
            if f"🔥 {rule}" in text:
                return str(text)


@pytest.mark.parametrize(("language", "asked"), [("en", ENGLISH), ("ru", RUSSIAN)])
async def test_every_command_has_its_figures(
    language: str, asked: dict[str, tuple[tuple[str, ...], bool]]
) -> None:
    async with demo("--trouble", "600", "--language", language) as running:
        for command, (wanted, is_picture) in asked.items():
            message = await answered(running, AIGERIM, command, *wanted)
            assert bool(message.get("photo")) is is_picture, command


async def test_the_fall_is_seen_in_the_figures_and_from_the_alert() -> None:
    async with demo("--trouble", "20") as running:
        alert = await running.message(OPS, lambda text: "🔥 directus is down on server2" in text)
        await running.press(DIAS, alert, "Graph")
        graph = await running.message(OPS, lambda text: "Memory of containers · server2/directus" in text)
        assert graph["photo"]
        most = graph["caption"].partition("max ")[2].partition(" MiB")[0]
        assert 650 < float(most) < 1024, "it had grown before it fell"
        rules = await once_fired(running, "service_down")
        assert rules.startswith("🔥 2 of 8 rules fire")
        assert "server2/directus · since" in rules
        await answered(running, AIGERIM, "/stats directus", "🔴 directus on server2: down")


async def test_a_viewer_sees_the_figures_of_what_is_theirs() -> None:
    async with demo("--trouble", "600") as running:
        await answered(running, STUDENT, "/query up", "No right: /query")
        message = await answered(running, STUDENT, "/chart container_memory 1h", "Memory of containers")
        assert "postgres" not in message["caption"]
        message = await answered(running, STUDENT, "/targets", "1 target")
        assert "postgres" not in message["text"]


async def test_what_draws_the_pictures_ends_with_the_demo() -> None:
    async with demo("--trouble", "600") as running:
        await answered(running, AIGERIM, "/chart memory 1h", "Memory · server")
        started = offspring(running.process.pid)
        assert started
    async with asyncio.timeout(PATIENCE):
        while any(Path(f"/proc/{pid}").exists() for pid in started):
            await asyncio.sleep(0.05)
    assert running.process.returncode == 0


def offspring(pid: int) -> list[int]:
    """All processes that it has started, and those have."""
    found = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, file.read_text().split()):
            found += [child, *offspring(child)]
    return found
