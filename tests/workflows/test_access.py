"""Who sees what and who may do what, on real servers: as admin, operator, viewer and stranger."""

import asyncio
from collections.abc import Callable
from functools import partial

import pytest

from playground.telegram import Message
from tests.bots import OPS, USERS, Setup, running
from tests.conftest import Cast
from tests.lab.servers import Lab

pytestmark = pytest.mark.lab

Make = Callable[..., Setup]

COMMANDS = (
    "/start", "/help", "/whoami", "/status", "/status n8n", "/status server1", "/logs n8n", "/logs", "/restart n8n",
    "/stop n8n", "/up n8n", "/audit", "/restart", "/stop", "/up",
)  # fmt: skip


async def test_a_scoped_viewer_sees_nothing_else(lab: Lab, cast: Cast, setup: Make) -> None:
    async with running(setup(*lab.servers.values())):
        for command in COMMANDS:
            await cast.student.says(command)
            reply = await cast.telegram.next_message(cast.student)
            shown = reply.text + str(reply.buttons)
            # What he typed himself may be echoed; nothing that he did not know may come back.
            for hidden in ("redis", "traefik", "postgres", "pgadmin", "server1 ▸", "n8n on", "n8n ▸"):
                assert hidden not in shown, (command, shown)
        await cast.student.says("/status")
        reply = await cast.telegram.next_message(cast.student)
    assert reply.text.startswith("🟢 All well: 1")
    assert "directus" in reply.text
    assert "server1" not in reply.text


@pytest.mark.parametrize("pattern", ["{}", "{}/n8n", "{}/zzz"])
async def test_a_hidden_host_is_not_told_apart_from_none(
    lab: Lab, cast: Cast, setup: Make, pattern: str
) -> None:
    async with running(setup(*lab.servers.values())):
        answers = []
        for host in ("server1", "serverX"):
            await cast.student.says(f"/status {pattern.format(host)}")
            reply = await cast.telegram.next_message(cast.student)
            answers.append((reply.text.replace(host, "HOST"), reply.buttons))
    assert answers[0] == answers[1]


async def test_a_viewer_may_not_act_and_learns_who_may(lab: Lab, cast: Cast, setup: Make) -> None:
    async with running(setup(*lab.servers.values())):
        await cast.student.says("/restart directus")
        reply = await cast.telegram.next_message(cast.student)
        assert reply.text == "No right to restart directus. Who has it: Aigerim, Dias."
        await cast.student.says("/status directus")
        card = await cast.telegram.next_message(cast.student)
        assert card.buttons == [["Logs", "↻"]]


async def test_hostile_button_data_gains_nothing(lab: Lab, cast: Cast, setup: Make) -> None:
    """A changed client may send any data: another asker, another container, another act."""
    started = lab.servers["server1"].docker("inspect", "-f", "{{.State.StartedAt}}", "n8n")
    async with running(setup(*lab.servers.values())):
        await cast.aigerim.says("/status server1")
        admins = await cast.telegram.next_message(cast.aigerim)
        n8n = admins.button("n8n ▸")
        await cast.student.says("/status")
        mine = await cast.telegram.next_message(cast.student)
        for data in (n8n.data, n8n.data.replace("card", "restart"), n8n.data.replace("card", "logs")):
            await cast.student.presses_data(mine, data)
        await cast.student.presses_data(mine, "y:3e9:tokenthatisnone:1")
        await cast.student.presses_data(mine, "s:zzz:server1:0", wait=False)
        await cast.student.presses_data(mine, "nonsense", wait=False)
        await cast.student.says("/whoami")
        await cast.telegram.until(lambda: any("viewer" in each.text for each in cast.student.chat.sent))
    for message in cast.student.chat.sent:
        assert "n8n on" not in message.text
        assert "running" not in message.text
    assert lab.servers["server1"].docker("inspect", "-f", "{{.State.StartedAt}}", "n8n") == started


async def test_a_narrow_chat_shows_an_admin_only_its_scope(lab: Lab, cast: Cast, setup: Make) -> None:
    chats = [{"id": OPS, "scope": ["server2/directus", "server2/postgres"]}]
    async with running(setup(*lab.servers.values(), chats=chats)):
        await cast.aigerim.says("/status", chat=cast.ops)
        reply = await cast.telegram.next_message(cast.ops)
    assert reply.text.startswith("🟢 All well: 2")
    assert "directus, postgres" in reply.text
    assert "server1" not in reply.text
    assert "traefik" not in reply.text


def _edited_since(message: Message, edits: int) -> bool:
    return len(message.edits) > edits


async def test_an_admins_press_does_not_widen_a_viewers_message(lab: Lab, cast: Cast, setup: Make) -> None:
    async with running(setup(*lab.servers.values())):
        await cast.student.says("/status", chat=cast.ops)
        reply = await cast.telegram.next_message(cast.ops)
        assert "🟢 1 fine" in reply.text
        lab.servers["server2"].docker("kill", "directus")
        for _ in range(2):
            edits = len(reply.edits)
            await asyncio.sleep(1)  # a status of the same second is the same text
            await cast.aigerim.presses(reply, "↻")
            await cast.telegram.until(partial(_edited_since, reply, edits))
            assert "traefik" not in reply.text
            assert "server1" not in reply.text
    assert "directus: down" in reply.text


async def test_strangers_get_silence_and_once_a_day_their_id(cast: Cast, setup: Make) -> None:
    async with running(setup()):
        for word in ("/status", "hello", "/help", "/audit"):
            await cast.stranger.says(word)
        await cast.telegram.silence(cast.stranger)
        for word in ("/start", "/whoami", "/start"):
            await cast.stranger.says(word)
        reply = await cast.telegram.next_message(cast.stranger)
        assert str(cast.stranger.id) in reply.text
        await cast.telegram.silence(cast.stranger)
        await cast.stranger.says("/start", chat=cast.ops)
        await cast.telegram.silence(cast.ops)


async def test_a_strangers_press_gets_an_empty_answer(lab: Lab, cast: Cast, setup: Make) -> None:
    async with running(setup(*lab.servers.values())):
        await cast.aigerim.says("/status", chat=cast.ops)
        reply = await cast.telegram.next_message(cast.ops)
        answer = await cast.stranger.presses(reply, "↻")
        assert answer.text == ""
        await cast.telegram.silence(cast.ops)
        assert reply.edits == []


async def test_an_anonymous_admin_is_nobody(cast: Cast, setup: Make) -> None:
    async with running(setup()):
        await cast.aigerim.says("/whoami", chat=cast.ops, anonymous=True)
        await cast.telegram.silence(cast.ops)


async def test_a_group_that_the_settings_do_not_name_is_left(cast: Cast, setup: Make) -> None:
    async with running(setup()):
        await cast.aigerim.says("/start")
        await cast.telegram.next_message(cast.aigerim)
        other = cast.telegram.group(-100777, title="Other", members=[cast.aigerim])
        await cast.aigerim.says("/status", chat=other)
        told = await cast.telegram.next_message(cast.aigerim)
    assert "Other (-100777)" in told.text
    assert other.bot == "left"
    assert other.sent == []


async def test_protected_needs_an_admin(lab: Lab, cast: Cast, setup: Make) -> None:
    made = setup(*lab.servers.values(), more={"protected": ["*/postgres"]})
    async with running(made):
        await cast.dias.says("/restart postgres")
        reply = await cast.telegram.next_message(cast.dias)
        assert reply.text == "No right to restart postgres. Who has it: Aigerim."
        await cast.aigerim.says("/restart postgres")
        question = await cast.telegram.next_message(cast.aigerim)
        assert "It is protected: be sure." in question.text
        await cast.aigerim.says("/audit")
        audit = await cast.telegram.next_message(cast.aigerim)
    assert "Dias: restart server2/postgres: ⚠️ refused" in audit.text


async def test_whoami_and_help_follow_the_role(cast: Cast, setup: Make) -> None:
    async with running(setup()):
        await cast.student.says("/whoami")
        reply = await cast.telegram.next_message(cast.student)
        assert "Student · viewer" in reply.text
        assert "1003" in reply.text
        assert "*/directus" in reply.text
        await cast.student.says("/help")
        viewers = (await cast.telegram.next_message(cast.student)).text
        await cast.aigerim.says("/help")
        admins = (await cast.telegram.next_message(cast.aigerim)).text
    assert "/logs" in viewers
    assert "/restart" not in viewers
    assert "/restart" in admins
    assert "/audit" in admins


async def test_protected_by_label_and_by_compose_service(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    server.run_container("vault", "sleep", "1000", labels={"vakhta.protected": "true"})
    compose = {"com.docker.compose.project": "shop", "com.docker.compose.service": "ledger"}
    server.run_container("shop-ledger-1", "sleep", "1000", labels=compose)
    async with running(setup(server, more={"protected": ["*/ledger"]})):
        for typed, name in (("vault", "vault"), ("ledger", "shop-ledger-1")):
            await cast.dias.says(f"/stop {typed}")
            reply = await cast.telegram.next_message(cast.dias)
            assert reply.text == f"No right to stop {name}. Who has it: Aigerim."


async def test_rights_are_asked_again_when_a_confirmation_is_pressed(
    lab: Lab, cast: Cast, setup: Make
) -> None:
    server = lab.servers["server1"]
    started = server.docker("inspect", "-f", "{{.State.StartedAt}}", "n8n")
    async with running(setup(server)):
        await cast.dias.says("/restart n8n")
        question = await cast.telegram.next_message(cast.dias)
    narrowed = [*USERS[:1], {**USERS[1], "scope": ["*/redis"]}]
    async with running(setup(server, users=narrowed)):
        answer = await cast.dias.presses(question, "Yes, restart")
    assert answer.text == 'No container "n8n".'
    assert server.docker("inspect", "-f", "{{.State.StartedAt}}", "n8n") == started


async def test_the_audit_keeps_to_the_scope_of_the_chat(lab: Lab, cast: Cast, setup: Make) -> None:
    chats = [{"id": OPS, "scope": ["server2/*"]}]
    async with running(
        setup(*lab.servers.values(), chats=chats, more={"protected": ["*/redis", "*/postgres"]})
    ):
        for name in ("redis", "postgres"):
            await cast.dias.says(f"/stop {name}")
            await cast.telegram.next_message(cast.dias)
        await cast.aigerim.says("/audit", chat=cast.ops)
        shown = (await cast.telegram.next_message(cast.ops)).text
    assert "server2/postgres" in shown
    assert "redis" not in shown


async def test_a_narrower_presser_gets_a_message_of_his_own(lab: Lab, cast: Cast, setup: Make) -> None:
    """Nobody blinds others: the admin's message stays as it is."""
    lab.servers["server1"].docker("kill", "n8n")
    async with running(setup(*lab.servers.values())):
        await cast.aigerim.says("/status", chat=cast.ops)
        admins = await cast.telegram.next_message(cast.ops)
        await cast.student.presses(admins, "↻")
        own = await cast.telegram.next_message(cast.ops)
        assert own.text.startswith("🟢 All well: 1")
        assert admins.edits == []
        assert "n8n: down" in admins.text


async def test_forged_data_is_refused_before_anything_is_asked(lab: Lab, cast: Cast, setup: Make) -> None:
    await asyncio.to_thread(lab.servers["server1"].pull_cable)
    async with running(setup(*lab.servers.values())):
        await cast.student.says("/status")
        mine = await cast.telegram.next_message(cast.student)
        for data in (
            "c:3eb:card:server1:000000000000",
            "s:3e9:server1:0",
            "r:3e9:logs:server1:000000000000:50",
        ):
            answer = await cast.student.presses_data(mine, data)
            assert answer.text == "This button has gone meanwhile. Look again."
        await cast.telegram.silence(cast.student)
