"""A bot killed in the middle of a restart: the person is told, and nothing runs twice."""

import time
from collections.abc import Callable

import pytest

from tests.bots import Setup, process, running
from tests.conftest import Cast
from tests.lab.servers import Lab, Server

pytestmark = [pytest.mark.lab, pytest.mark.long]

Make = Callable[..., Setup]

STUBBORN = ("sh", "-c", "trap '' TERM; while :; do sleep 1; done")


def restarts(server: Server, since: float) -> int:
    filters = ("--filter", "container=victim", "--filter", "event=restart")
    return len(
        server.docker(
            "events", "--since", f"{since:.3f}", "--until", f"{time.time():.3f}", *filters
        ).splitlines()
    )


@pytest.mark.parametrize(("point", "expected"), [("before", 0), ("during", 1), ("after", 1)])
async def test_killed_while_restarting(lab: Lab, cast: Cast, setup: Make, point: str, expected: int) -> None:
    server = lab.servers["server1"]
    server.run_container("victim", *STUBBORN, extra=["--stop-timeout=4"])
    began = time.time()
    made = setup(server)
    async with process(made, module=("tests.mortal", point, "restart")) as bot:
        await cast.dias.says("/restart victim", chat=cast.ops)
        question = await cast.telegram.next_message(cast.ops, 60)
        await cast.dias.presses(question, "Yes, restart")
        assert await bot.death() == -9
    assert question.text == "⏳ Restarting victim …"
    async with running(made):
        ringing = await cast.telegram.next_message(cast.ops, 10)
        assert ringing.reply_to is question
        assert not ringing.silent
        assert ringing.text.startswith("⚠️ victim: result unknown, the bot was restarted meanwhile. Now: ")
        first, second = question.text.splitlines()
        assert first == "⚠️ Restart of victim on server1: result unknown, the bot was restarted meanwhile."
        assert second.startswith("Checked ")
        assert question.buttons == [["Logs", "Status"]]
        for _ in range(10):  # the books are closed once the person has been told
            await cast.aigerim.says("/audit")
            audit = await cast.telegram.next_message(cast.aigerim)
            if "unknown" in audit.text:
                break
        assert "Dias: restart server1/victim: ⚠️ unknown" in audit.text
        # The press was handled only half, so it comes again: it must not restart anything.
        await cast.telegram.silence(cast.ops, 6)
    assert restarts(server, began) == expected
    async with running(made):
        await cast.telegram.silence(cast.ops, 1)


async def test_killed_before_the_confirmation_was_spent_it_still_counts(
    lab: Lab, cast: Cast, setup: Make
) -> None:
    """A press that reached nobody is carried out at the start, once."""
    server = lab.servers["server1"]
    server.run_container("victim", "sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1; done")
    began = time.time()
    made = setup(server)
    async with running(made):
        await cast.dias.says("/restart victim")
        question = await cast.telegram.next_message(cast.dias)
    await cast.dias.presses(question, "Yes, restart", wait=False)
    async with running(made):
        await cast.telegram.until(lambda: question.text.startswith("✅"), 15)
    assert restarts(server, began) == 1


async def test_a_polite_end_lets_a_restart_finish(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    server.run_container("victim", *STUBBORN, extra=["--stop-timeout=3"])
    async with process(setup(server)) as bot:
        await cast.dias.says("/restart victim")
        question = await cast.telegram.next_message(cast.dias, 60)
        await cast.dias.presses(question, "Yes, restart")
        assert await bot.terminate() == 0
    assert question.text.startswith("✅ victim restarted in ")
