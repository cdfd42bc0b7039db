"""`/status` on real servers: what is there, trouble first, and one tap to the next step."""

from collections.abc import Callable
from functools import partial

import pytest

from playground.telegram import Message
from tests.bots import Setup, running
from tests.conftest import Cast, labels, next_answer
from tests.lab.servers import Lab

pytestmark = pytest.mark.lab

Make = Callable[..., Setup]


async def test_all_is_well(lab: Lab, cast: Cast, setup: Make) -> None:
    async with running(setup(*lab.servers.values())):
        await cast.aigerim.says("/status")
        reply = await cast.telegram.next_message(cast.aigerim)
    first, *rest = reply.text.splitlines()
    assert first == "🟢 All well: 11"
    assert "server1" in rest
    assert "n8n, redis, redis-commander, traefik, vakhta" in reply.text
    assert "directus, dozzle, pgadmin, portainer, postgres, traefik" in reply.text
    assert reply.buttons == [["server1 ▸", "server2 ▸", "↻"]]


async def test_a_container_stopped_by_hand_shows_in_the_very_next_status(
    lab: Lab, cast: Cast, setup: Make
) -> None:
    async with running(setup(*lab.servers.values())):
        await cast.aigerim.says("/status")
        assert (await cast.telegram.next_message(cast.aigerim)).text.startswith("🟢")
        lab.servers["server2"].docker("kill", "directus")
        await cast.aigerim.says("/status")
        reply = await cast.telegram.next_message(cast.aigerim)
    first, _, host, trouble = reply.text.splitlines()[:4]
    assert first == "🔴 1 of 11 needs you"
    assert host == "server2"
    assert trouble.startswith("🔴 directus: down since ")
    assert trouble.endswith(", exit 137")
    assert reply.buttons[0] == ["directus ▸"]


async def test_unhealthy_is_unwell(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server2"]
    server.set_health("directus", good=False)
    server.wait_health("directus", "unhealthy")
    async with running(setup(server)):
        await cast.aigerim.says("/status")
        reply = await next_answer(cast, cast.aigerim)
        assert "🟡 directus: unhealthy since " in reply.text
        await cast.aigerim.presses(reply, "directus ▸")
        card = await next_answer(cast, cast.aigerim)
    assert card.text.startswith("🟡 directus on server2: unhealthy since ")
    assert "\nsick\n" in card.text


async def test_a_host_and_the_way_back(lab: Lab, cast: Cast, setup: Make) -> None:
    async with running(setup(*lab.servers.values())):
        await cast.aigerim.says("/status Server1")
        reply = await cast.telegram.next_message(cast.aigerim)
        assert reply.text.startswith("🟢 All well: 5")
        assert "directus" not in reply.text
        assert "n8n ▸" in labels(reply)
        await cast.aigerim.presses(reply, "‹ All hosts")
        await cast.telegram.until(lambda: "directus" in reply.text)


async def test_the_card(lab: Lab, cast: Cast, setup: Make) -> None:
    lab.servers["server2"].wait_health("directus", "healthy")
    async with running(setup(*lab.servers.values())):
        await cast.aigerim.says("/status directus")
        card = await cast.telegram.next_message(cast.aigerim)
    lines = card.text.splitlines()
    assert lines[0].startswith("🟢 directus on server2: running since ")
    assert lines[1] == "directus/directus:11.5"
    assert lines[2] == "healthy"
    assert any(line.startswith("up ") and " · CPU " in line and " · memory " in line for line in lines)
    assert "Domains: dir.tapbot.kz" in lines
    assert "Ports: 80/tcp" in lines
    assert "Compose: platform / directus" in lines
    assert card.buttons == [["Logs", "Restart", "Stop", "↻"]]


@pytest.mark.parametrize(
    ("typed", "host"), [("DIRECTUS", "server2"), ("server2/directus", "server2"), ("database", "server2")]
)
async def test_names_as_people_type_them(lab: Lab, cast: Cast, setup: Make, typed: str, host: str) -> None:
    async with running(setup(*lab.servers.values())):
        await cast.aigerim.says(f"/status {typed}")
        card = await cast.telegram.next_message(cast.aigerim)
    assert f" on {host}: running" in card.text


@pytest.mark.parametrize("typed", ["dirctus", "вшкусегы"])
async def test_a_near_miss_is_asked_back(lab: Lab, cast: Cast, setup: Make, typed: str) -> None:
    async with running(setup(*lab.servers.values())):
        await cast.aigerim.says(f"/status {typed}")
        question = await cast.telegram.next_message(cast.aigerim)
        assert question.text == f'No container "{typed}". Did you mean:'
        await cast.aigerim.presses(question, "directus")
        card = await cast.telegram.next_message(cast.aigerim)
    assert card.text.startswith("🟢 directus on server2")


async def test_a_name_on_two_hosts_is_asked_back(lab: Lab, cast: Cast, setup: Make) -> None:
    async with running(setup(*lab.servers.values())):
        await cast.aigerim.says("/logs traefik")
        question = await cast.telegram.next_message(cast.aigerim)
        assert question.text == '"traefik" is on several hosts. Which one?'
        await cast.aigerim.presses(question, "server1/traefik")
        lines = await cast.telegram.next_message(cast.aigerim)
    assert lines.text.startswith("traefik on server1 · ")


async def test_no_such_name_at_all(lab: Lab, cast: Cast, setup: Make) -> None:
    async with running(setup(*lab.servers.values())):
        await cast.aigerim.says("/status zzzzzzzzzz")
        reply = await cast.telegram.next_message(cast.aigerim)
    assert reply.text == 'No container "zzzzzzzzzz".'
    assert reply.buttons == []


async def test_in_russian(lab: Lab, cast: Cast, setup: Make) -> None:
    lab.servers["server2"].docker("kill", "directus")
    async with running(setup(*lab.servers.values(), language="ru")):
        await cast.aigerim.says("/status")
        reply = await cast.telegram.next_message(cast.aigerim)
    assert reply.text.startswith("🔴 1 из 11 требует внимания")
    assert "🔴 directus: не работает с " in reply.text


def _edited_since(message: Message, edits: int) -> bool:
    return len(message.edits) > edits


async def test_every_name_is_on_some_page(lab: Lab, cast: Cast, setup: Make) -> None:
    """Far more trouble than one message holds."""
    server = lab.servers["server1"]
    names = [f"worker-with-a-rather-long-name-{number:03}" for number in range(120)]
    for name in names:
        server.docker("create", "--name", name, "--label", "vakhta.expected=false", "n8nio/n8n:1.70", "true")
    async with running(setup(server)):
        await cast.aigerim.says("/status")
        reply = await cast.telegram.next_message(cast.aigerim)
        seen = reply.text
        page = 2
        while any(label.startswith(f"{page}/") for label in labels(reply)):
            label = next(label for label in labels(reply) if label.startswith(f"{page}/"))
            edits = len(reply.edits)
            await cast.aigerim.presses(reply, label)
            await cast.telegram.until(partial(_edited_since, reply, edits))
            seen += reply.text
            page += 1
    assert page > 2
    assert all(name in seen for name in [*names, "n8n", "redis"])
