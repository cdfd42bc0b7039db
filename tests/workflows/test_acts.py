"""Restart, stop and start on real servers: asked, confirmed once, told to the end."""

import asyncio
import re
import time
from collections.abc import Callable

import pytest

from services.fleet import control
from tests.bots import Setup, running
from tests.conftest import Cast, labels
from tests.lab.servers import Lab, Server

pytestmark = pytest.mark.lab

Make = Callable[..., Setup]


def started(server: Server, name: str) -> str:
    return server.docker("inspect", "-f", "{{.State.StartedAt}} {{.State.Running}}", name)


async def test_restart_is_asked_confirmed_and_told(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server2"]
    before = started(server, "directus")
    async with running(setup(*lab.servers.values())):
        command = await cast.dias.says("/restart directus", chat=cast.ops)
        question = await cast.telegram.next_message(cast.ops)
        assert question.text.startswith("Restart directus on server2?\nAway meanwhile: dir.tapbot.kz. Up ")
        assert question.reply_to is command
        assert question.buttons == [["Cancel", "Yes, restart"]]
        assert question.button("Yes, restart").style == "danger"
        assert started(server, "directus") == before
        answer = await cast.aigerim.presses(question, "Yes, restart")
        assert answer.text == "Only Dias can confirm this."
        await cast.dias.presses(question, "Yes, restart")
        await cast.telegram.until(lambda: question.text.startswith("✅"), 15)
        assert re.fullmatch(
            r"✅ directus restarted in [\d.]+ s, healthy after [\d.]+ s · 👤 Dias, \d\d:\d\d", question.text
        )
        assert question.buttons == [["Logs", "Status"]]
        assert len(cast.ops.sent) == 1
        await cast.aigerim.says("/restart directus")
        second = await cast.telegram.next_message(cast.aigerim)
        assert re.search(r"last restart \d+ \w+: Dias", second.text)
        await cast.aigerim.presses(second, "Cancel")
        await cast.telegram.until(lambda: second.text == "Not restarted: directus")
        assert second.buttons == []
        await cast.aigerim.says("/audit")
        audit = await cast.telegram.next_message(cast.aigerim)
    assert "Dias: restart server2/directus: ✅ done" in audit.text
    assert "Dias: restart server2/directus: ⏳ begun" in audit.text
    assert started(server, "directus") != before


async def test_a_confirmation_counts_once_however_often_it_is_pressed(
    lab: Lab, cast: Cast, setup: Make
) -> None:
    server = lab.servers["server1"]
    began = time.time()
    async with running(setup(server)):
        await cast.dias.says("/restart n8n")
        question = await cast.telegram.next_message(cast.dias)
        yes = question.button("Yes, restart").data
        await asyncio.gather(*(cast.dias.presses_data(question, yes) for _ in range(5)))
        await cast.telegram.until(lambda: question.text.startswith("✅"), 15)
        answer = await cast.dias.presses_data(question, yes)
    assert answer.text == "This button has gone meanwhile. Look again."
    filters = ("--filter", "container=n8n", "--filter", "event=restart")
    events = server.docker("events", "--since", f"{began:.3f}", "--until", f"{time.time():.3f}", *filters)
    assert len(events.splitlines()) == 1


async def test_stop_and_up(lab: Lab, cast: Cast, setup: Make) -> None:
    async with running(setup(*lab.servers.values())):
        await cast.dias.says("/stop n8n")
        question = await cast.telegram.next_message(cast.dias)
        await cast.dias.presses(question, "Yes, stop")
        await cast.telegram.until(lambda: question.text.startswith("✅ n8n stopped in"), 15)
        await cast.dias.says("/status")
        status = await cast.telegram.next_message(cast.dias)
        assert status.text.startswith("🟢 All well")
        assert re.search(r"⚪ n8n: stopped since \d\d:\d\d: Dias", status.text)
        await cast.dias.says("/stop n8n")
        assert (await cast.telegram.next_message(cast.dias)).text.startswith("n8n is stopped, since ")
        await cast.dias.says("/up n8n")
        result = await cast.telegram.next_message(cast.dias)
        await cast.telegram.until(lambda: result.text.startswith("✅ n8n started in"), 15)
        await cast.dias.says("/up n8n")
        assert (await cast.telegram.next_message(cast.dias)).text.startswith("n8n already runs, since ")


async def test_the_bot_does_not_stop_itself(lab: Lab, cast: Cast, setup: Make) -> None:
    async with running(setup(*lab.servers.values())):
        for command in ("/stop vakhta", "/restart vakhta"):
            await cast.aigerim.says(command)
            reply = await cast.telegram.next_message(cast.aigerim)
            assert reply.text.startswith("vakhta is this bot itself")
            assert reply.buttons == []


async def test_bare_commands_offer_names_trouble_first_then_last_used(
    lab: Lab, cast: Cast, setup: Make
) -> None:
    lab.servers["server2"].docker("kill", "pgadmin")
    async with running(setup(*lab.servers.values())):
        await cast.dias.says("/logs redis-commander")
        await cast.telegram.next_message(cast.dias)
        await cast.dias.says("/restart")
        picker = await cast.telegram.next_message(cast.dias)
        offered = labels(picker)
        assert picker.text == "Restart which one?"
        assert offered[:2] == ["🔴 pgadmin", "🟢 redis-commander"]
        assert "🟢 server1/traefik" in offered
        await cast.dias.presses(picker, "🟢 redis-commander")
        question = await cast.telegram.next_message(cast.dias)
    assert question.text.startswith("Restart redis-commander on server1?")


async def test_a_container_that_falls_over_again_is_no_success(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    server.run_container("broken", "sh", "-c", "exit 3")
    async with running(setup(server)):
        await cast.dias.says("/restart broken")
        question = await cast.telegram.next_message(cast.dias)
        await cast.dias.presses(question, "Yes, restart")
        await cast.telegram.until(lambda: "restarted in" in question.text, 15)
    assert question.text.startswith("🔴 broken restarted in")
    assert "but now: down" in question.text
    assert "exit 3" in question.text


async def test_a_failure_says_what_failed_and_what_is_now(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    server.docker("create", "--name", "hopeless", "n8nio/n8n:1.70", "/no/such/program")
    async with running(setup(server)):
        await cast.dias.says("/up hopeless")
        reply = await cast.telegram.next_message(cast.dias)
        await cast.telegram.until(lambda: reply.text.startswith("🔴"), 15)
    assert "hopeless was not started." in reply.text
    assert "no such file" in reply.text
    assert "Now: " in reply.text
    assert reply.buttons == [["Logs", "Try again"]]


async def test_a_container_made_anew_is_not_the_one_that_was_asked_about(
    lab: Lab, cast: Cast, setup: Make
) -> None:
    server = lab.servers["server1"]
    server.run_container("twin", "sleep", "1000")
    async with running(setup(server)):
        await cast.dias.says("/stop twin")
        question = await cast.telegram.next_message(cast.dias)
        server.docker("rm", "-f", "twin")
        server.run_container("twin", "sleep", "1000")
        answer = await cast.dias.presses(question, "Yes, stop")
    assert answer.text == "twin on server1 is gone or was made anew. Ask again."
    assert answer.show_alert
    assert "true" in started(server, "twin")


@pytest.mark.long
async def test_a_timeout_says_that_it_may_still_be_running_and_looks_again(
    lab: Lab, cast: Cast, setup: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "ACT_MARGIN", -8.0)
    monkeypatch.setattr(control, "LOOK_AGAIN_AFTER", 8.0)
    server = lab.servers["server1"]
    server.run_container("stubborn", "sh", "-c", "trap '' TERM; while :; do sleep 1; done")
    async with running(setup(server)):
        await cast.dias.says("/restart stubborn")
        question = await cast.telegram.next_message(cast.dias)
        await cast.dias.presses(question, "Yes, restart")
        await cast.telegram.until(lambda: question.text.startswith("⚠️"), 15)
        assert "server1 did not confirm within 2 s; stubborn may still be restarting." in question.text
        await cast.telegram.until(lambda: "Checked" in question.text, 30)
    assert "running" in question.text.splitlines()[-1]


@pytest.mark.long
async def test_the_healthcheck_is_waited_for_and_the_waiting_is_said(
    lab: Lab, cast: Cast, setup: Make
) -> None:
    server = lab.servers["server1"]
    extra = ["--health-interval=4s", "--health-retries=1"]
    server.run_container("slow", "sleep", "1000", healthcheck="exit 0", extra=extra)
    async with running(setup(server)):
        await cast.dias.says("/restart slow")
        question = await cast.telegram.next_message(cast.dias)
        await cast.dias.presses(question, "Yes, restart")
        await cast.telegram.until(lambda: question.text.startswith("✅"), 40)
    earlier = [revision.content.body.text for revision in question.edits]
    assert any("waiting for its healthcheck" in text for text in earlier)
    assert ", healthy after " in question.text


@pytest.mark.parametrize("kind", ["html", "502", "reset"])
async def test_a_confirmed_act_is_done_though_telegram_stumbles(
    lab: Lab, cast: Cast, setup: Make, kind: str
) -> None:
    server = lab.servers["server1"]
    before = started(server, "n8n")
    async with running(setup(server)):
        await cast.dias.says("/restart n8n")
        question = await cast.telegram.next_message(cast.dias)
        cast.telegram.fail_next("answerCallbackQuery", kind, times=4)
        cast.telegram.fail_next("editMessageText", kind, times=4)
        await cast.dias.presses(question, "Yes, restart", wait=False)
        last = question.chat.sent
        await cast.telegram.until(lambda: "✅" in question.text + last[-1].text, 60)
    assert started(server, "n8n") != before


async def test_a_confirmed_act_does_not_wait_for_a_telegram_that_hangs(
    lab: Lab, cast: Cast, setup: Make
) -> None:
    server = lab.servers["server1"]
    before = started(server, "n8n")
    async with running(setup(server)):
        await cast.dias.says("/restart n8n")
        question = await cast.telegram.next_message(cast.dias)
        cast.telegram.fail_next("editMessageText", "hang", seconds=15)
        await cast.dias.presses(question, "Yes, restart", timeout=5)
        await cast.telegram.until(lambda: question.text.startswith("✅"), 12)
    assert started(server, "n8n") != before
