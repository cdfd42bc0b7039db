"""The demo as somebody starts it: `python -m bot demo`, and what the page's server answers."""

import asyncio
import socket
import sys
import time
from pathlib import Path

import pytest

from playground.cast import ALERTS, OPS
from playground.demo import ROOT, begin, end
from tests.bots import AIGERIM, DIAS, STRANGER, STUDENT
from tests.demos import ENVIRONMENT, PATIENCE, demo
from tests.lab.servers import Lab

READY = 10.0  # seconds


@pytest.mark.long(busy=True)
async def test_the_story_from_the_alert_to_its_end() -> None:
    async with demo("--trouble", "3") as running:
        async with running.session.get(running.url) as index:
            assert index.status == 200
            assert "<title>Vakhta</title>" in await index.text()
        await running.act("say", person=DIAS, chat=DIAS, text="/status")
        assert "server1" in (await running.message(DIAS, lambda text: "server2" in text))["text"]

        alert = await running.message(OPS, lambda text: "directus is down on server2" in text)
        assert "out of memory" in alert["text"]
        assert alert["message_thread_id"] == ALERTS
        assert not alert["silent"]
        await running.press(DIAS, alert, "Acknowledge")
        await running.message(OPS, lambda text: "Acknowledged: Dias" in text)
        answer = await running.press(AIGERIM, running.messages[OPS][alert["message_id"]], "Logs")
        assert not answer.get("expired")
        await running.message(OPS, lambda text: "heap" in text and "last" in text)

        await running.press(DIAS, running.messages[OPS][alert["message_id"]], "Restart")
        question = await running.message(OPS, lambda text: text.startswith("Restart directus on server2?"))
        assert question["message_thread_id"] == ALERTS
        await running.press(DIAS, question, "Yes, restart")
        await running.message(OPS, lambda text: text.startswith("✅ directus is back on server2"))

        await end(running.process)
        assert running.process.returncode == 0
        assert running.process.stderr
        assert await running.process.stderr.read() == b""


async def test_it_is_there_soon_and_ends_at_once_while_the_bot_still_starts() -> None:
    begun = time.monotonic()
    async with demo() as running:
        started = time.monotonic() - begun
        assert started < READY
        # To import the bot takes far longer than to show the page, on whatever machine.
        assert await end(running.process) < max(2, started)
        assert running.process.returncode == 0


async def test_a_stranger_and_a_viewer_see_what_is_theirs() -> None:
    async with demo() as running:
        await running.act("say", person=STUDENT, chat=STUDENT, text="/status")
        shown = (await running.message(STUDENT, lambda text: "directus" in text))["text"]
        assert "n8n" not in shown
        await running.act("say", person=STRANGER, chat=STRANGER, text="/start")
        assert "6666" in (await running.message(STRANGER, bool))["text"]
        offered = await running.commands(STUDENT)
        assert "status" in offered
        assert "restart" not in offered


async def failing(*arguments: str) -> str:
    """What it says on standard error when it cannot start."""
    process = await begin(*arguments, environment=ENVIRONMENT)
    out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 1
    assert out == b""
    return err.decode()


async def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = await failing("--port", str(port))
    assert said == f"!!  port {port} is in use: stop what listens there, or choose another with --port\n"
    said = await failing("--port", "70000")
    assert said == "!!  70000 is no port: choose one from 0 to 65535 with --port\n"
    said = await failing("--port", "0", "--local", str(tmp_path / "none.sock"))
    assert said.startswith(f"!!  --local: {tmp_path}/none.sock cannot be used (")
    (tmp_path / "file").touch()
    said = await failing("--port", "0", "--keep", str(tmp_path / "file"))
    assert said.startswith("!!  --keep: ")
    assert said.count("\n") == 1


@pytest.mark.lab
async def test_this_machines_own_engine_is_looked_at_and_not_touched(lab: Lab) -> None:
    server = lab.servers["server2"]
    image = server.docker("commit", "--message=left over", "directus").strip()
    async with demo("--local", server.docker_socket, "--trouble", "600") as running:
        await running.act("say", person=AIGERIM, chat=AIGERIM, text="/status local")
        await running.message(AIGERIM, lambda text: "local" in text and "directus" in text)
        await running.act("say", person=AIGERIM, chat=AIGERIM, text="/restart local/directus")
        question = await running.message(AIGERIM, lambda text: text.startswith("Restart directus on local?"))
        await running.press(AIGERIM, question, "Yes, restart")
        await running.message(AIGERIM, lambda text: "nothing was done" in text)
        await running.act("say", person=AIGERIM, chat=AIGERIM, text="/prune local")
        question = await running.message(AIGERIM, lambda text: text.startswith("Remove 1 thing from local"))
        await running.press(AIGERIM, question, "Yes, remove")
        told = await running.message(AIGERIM, lambda text: text.startswith("⚠️ local: 0 of 1 removed"))
        assert "nothing was done" in told["text"]
        assert f"Not tried: image {image.removeprefix('sha256:')[:12]}" in told["text"]
    server.docker("rmi", image)


@pytest.mark.long(busy=True)
async def test_what_is_kept_is_known_to_the_next_demo(tmp_path: Path) -> None:
    async with demo("--keep", str(tmp_path), "--trouble", "600") as running:
        await running.act("say", person=DIAS, chat=DIAS, text="/restart n8n")
        question = await running.message(DIAS, lambda text: text.startswith("Restart n8n on server1?"))
        await running.press(DIAS, question, "Yes, restart")
        await running.message(DIAS, lambda text: "n8n restarted" in text)
    async with demo("--keep", str(tmp_path), "--trouble", "600") as running:
        await running.act("say", person=AIGERIM, chat=AIGERIM, text="/audit")
        await running.message(AIGERIM, lambda text: "Dias" in text and "n8n" in text)


@pytest.mark.lab
async def test_a_machine_without_loopback() -> None:
    process = await asyncio.create_subprocess_exec(
        "unshare", "--net", sys.executable, "-m", "bot", "demo", cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, err = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 1
    assert err.decode().startswith("!!  this machine has no loopback (127.0.0.1)")
    assert err.count(b"\n") == 1
