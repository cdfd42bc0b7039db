"""Every command as every kind of person, in private and in the group, end to end on real servers."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from playground.telegram import Message, Person
from tests.bots import Setup, running
from tests.conftest import Cast
from tests.lab.servers import Lab

pytestmark = [pytest.mark.lab, pytest.mark.long]

Make = Callable[..., Setup]

SILENCE = None

# What the first line of the answer contains: admin, operator, viewer of */directus, stranger.
EXPECTED: dict[str, tuple[str, str, str, str | None]] = {
    "/start": ("What I can do for you",) * 3 + (SILENCE,),
    "/help": ("What I can do for you",) * 3 + (SILENCE,),
    "/whoami": ("Aigerim · admin", "Dias · operator", "Student · viewer", SILENCE),
    "/status": ("All well: 11", "All well: 11", "All well: 1", SILENCE),
    "/status server2": ("All well: 6", "All well: 6", "All well: 1", SILENCE),
    "/status server1": ("All well: 5", "All well: 5", 'No container "server1".', SILENCE),
    "/status directus": ("directus on server2",) * 3 + (SILENCE,),
    "/status n8n": ("n8n on server1", "n8n on server1", 'No container "n8n".', SILENCE),
    "/logs directus 2": ("directus on server2 · last 2 lines",) * 3 + (SILENCE,),
    "/logs n8n": ("n8n on server1 · ", "n8n on server1 · ", 'No container "n8n".', SILENCE),
    "/stats directus": ("directus on server2: running",) * 3 + (SILENCE,),
    "/stats n8n": ("n8n on server1: running", "n8n on server1: running", 'No container "n8n".', SILENCE),
    "/stats": ("Whose figures?",) * 3 + (SILENCE,),
    "/top": ("What containers use now",) * 3 + (SILENCE,),
    "/top server1": ("What containers use now",) * 2 + ('No host "server1".', SILENCE),
    "/logs": ("Whose log?",) * 3 + (SILENCE,),
    "/restart directus": ("Restart directus on server2?",) * 2 + ("No right to restart directus.", SILENCE),
    "/restart n8n": ("Restart n8n on server1?",) * 2 + ("No right to restart n8n.", SILENCE),
    "/stop directus": ("Stop directus on server2?",) * 2 + ("No right to stop directus.", SILENCE),
    "/up directus": ("directus already runs, since ",) * 2 + ("No right to start directus.", SILENCE),
    "/compose": (
        "automation · server1: 5 of 5",
        "automation · server1: 5 of 5",
        "platform · server2: 1 of 1",
        SILENCE,
    ),
    "/compose platform": ("platform · server2: 6 of 6",) * 2 + ("platform · server2: 1 of 1", SILENCE),
    "/compose automation": ("automation · server1: 5",) * 2 + ('No project "automation".', SILENCE),
    "/audit": ("Audit", "No right: /audit.", "No right: /audit.", SILENCE),
}


def arrived(reply: Message) -> bool:
    """What takes its time has said so first."""
    return not reply.text.startswith("⏳")


def people(cast: Cast) -> Iterator[Person]:
    yield from (cast.aigerim, cast.dias, cast.student, cast.stranger)


@pytest.mark.parametrize("in_group", [False, True], ids=["private", "group"])
async def test_who_gets_what(lab: Lab, cast: Cast, setup: Make, *, in_group: bool) -> None:
    started = lab.servers["server2"].docker("inspect", "-f", "{{.State.StartedAt}}", "directus")
    async with running(setup(*lab.servers.values())):
        await cast.student.says("/audit")  # so that the audit has something to show
        await cast.telegram.next_message(cast.student)
        for command, answers in EXPECTED.items():
            for person, expected in zip(people(cast), answers, strict=True):
                if expected is SILENCE and not in_group and command in ("/start", "/whoami"):
                    continue  # the one courtesy to strangers, shown elsewhere
                place = cast.ops if in_group else person
                said = await person.says(command, chat=cast.ops if in_group else None)
                if expected is SILENCE:
                    await cast.telegram.silence(place, 0.05)
                    continue
                reply = await cast.telegram.next_message(place)
                await cast.telegram.until(partial(arrived, reply), 20)
                assert expected in reply.text.splitlines()[0], (command, person, reply.text)
                assert reply.id > said.id
        assert cast.stranger.chat.sent == []
    assert lab.servers["server2"].docker("inspect", "-f", "{{.State.StartedAt}}", "directus") == started
