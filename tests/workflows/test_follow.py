"""`/follow` on real servers: live in a draft or an edited message, until somebody or something ends it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from playground.telegram import Message, Person, wire
from playground.telegram.methods import METHODS
from tests.bots import Setup, process, running
from tests.conftest import Cast, labels
from tests.lab.server import Server
from tests.lab.servers import Lab

pytestmark = pytest.mark.lab

Make = Callable[..., Setup]

# Says what is written into its pipe, and ends with 7 when it is asked to.
TALKER = """
trap 'exit 7' TERM
[ -p /say ] || mkfifo /say
while :; do while read -r line; do echo "$line"; done </say & wait $!; done
"""


def talker(server: Server, name: str, *, restart: str = "no") -> None:
    server.run_container(name, "sh", "-c", TALKER, restart=restart)


def says(server: Server, name: str, *lines: str) -> None:
    """The log has them when this returns."""
    for line in lines:
        server.docker("exec", name, "sh", "-c", 'printf "%s\\n" "$0" >/say', line)
    while lines and lines[-1] not in server.docker("logs", "--tail=5", name):
        time.sleep(0.02)


def drafted(person: Person) -> str:
    """What stands in the draft, "" when there is none."""
    return next((draft.text for draft in person.chat.drafts.values()), "")


async def test_a_private_chat_has_a_draft_and_its_stop_leaves_a_message(
    lab: Lab, cast: Cast, setup: Make
) -> None:
    server = lab.servers["server1"]
    talker(server, "talker")
    says(server, "talker", "before")
    async with running(setup(server)):
        await cast.dias.says("/follow talker")
        await cast.telegram.until(lambda: "before" in drafted(cast.dias))
        assert drafted(cast.dias).startswith("talker on server1 · live · ")
        says(server, "talker", "<b>now</b>", "password=hunter2hunter2")
        await cast.telegram.until(lambda: "<b>now</b>\npassword=•••" in drafted(cast.dias))
        (number,) = cast.dias.chat.drafts
        for other in (cast.aigerim, cast.stranger):  # none of whose drafts it is
            chat = wire.chat(other.chat)
            cast.telegram.queue_raw({"stopped_message_generation": {"chat": chat, "draft_id": number}})
        says(server, "talker", "still there")
        await cast.telegram.until(lambda: "still there" in drafted(cast.dias))
        await cast.dias.stops(number)
        reply = await cast.telegram.next_message(cast.dias)
    assert reply.text.splitlines()[1:] == ["Stopped.", "before", "<b>now</b>", "password=•••", "still there"]
    assert reply.text.startswith("talker on server1 · 3 lines in ")
    assert labels(reply) == ["Go on", "Logs"]
    assert len(cast.dias.chat.sent) == 1


async def test_a_group_has_one_message_that_changes(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    talker(server, "talker")
    async with running(setup(server)):
        await cast.dias.says("/follow talker", chat=cast.ops)
        shown = await cast.telegram.next_message(cast.ops)
        assert shown.text.endswith("No lines yet.")
        says(server, "talker", "one", "two")
        await cast.telegram.until(lambda: shown.text.endswith("one\ntwo"), 10)
        assert labels(shown) == ["Stop following"]
        await cast.student.presses(shown, "Stop following")
        answer = await cast.student.presses(shown, "Stop following")
        assert answer.text == "Only Dias can end this, or an operator."
        assert answer.show_alert
        await cast.aigerim.presses(shown, "Stop following")
        await cast.telegram.until(lambda: "👤 Stopped: Aigerim" in shown.text)
        assert labels(shown) == ["Go on", "Logs"]
        await cast.dias.presses(shown, "Go on")
        await cast.telegram.until(lambda: " · live · " in shown.text)
        assert "one\ntwo" in shown.text
        await cast.dias.says("/stop_follow", chat=cast.ops)
        reply = await cast.telegram.next_message(cast.ops)
        assert reply.text == "Not followed any more: talker"
        await cast.telegram.until(lambda: "Stopped." in shown.text)
    assert len(cast.ops.sent) == 2


@asynccontextmanager
async def following(cast: Cast, bot: Setup, *words: str) -> AsyncIterator[Message]:
    """A bot, and the group's message of what Dias follows there."""
    async with running(bot):
        await cast.dias.says(f"/follow {' '.join(words)}", chat=cast.ops)
        yield await cast.telegram.next_message(cast.ops)


async def test_the_end_of_the_container_is_told_with_its_exit_code(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    talker(server, "talker")
    async with following(cast, setup(server), "talker") as shown:
        says(server, "talker", "last words")
        server.docker("kill", "talker")
        await cast.telegram.until(lambda: "🔴 talker ended, exit 137, " in shown.text, 10)
        assert labels(shown) == ["Stop following"], "it may come back"
        assert shown.text.endswith("last words")
        await cast.telegram.until(lambda: labels(shown) == ["Go on", "Logs"], 30)
        assert shown.text.startswith("talker on server1 · 1 line in ")
        assert "🔴 talker ended, exit 137, " in shown.text


async def test_one_that_comes_back_is_followed_on(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    talker(server, "talker")
    async with following(cast, setup(server), "talker") as shown:
        says(server, "talker", "one")
        server.docker("restart", "talker")
        says(server, "talker", "two")
        await cast.telegram.until(lambda: "🟢 talker runs again since " in shown.text, 15)
        await cast.telegram.until(lambda: shown.text.endswith("one\ntwo"), 15)
        server.docker("rm", "--force", "talker")
        talker(server, "talker")
        says(server, "talker", "three")
        await cast.telegram.until(lambda: "🟢 talker was made anew and runs since " in shown.text, 20)
        await cast.telegram.until(lambda: shown.text.endswith("one\ntwo\nthree"), 20)


async def test_several_are_mixed_and_only_what_matches_is_shown(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    for name in ("api-1", "api-2"):
        talker(server, name)
    async with following(cast, setup(server), "api-*", "-i", "“error|token=.*sesame”") as shown:
        says(server, "api-1", "an Error here")
        says(server, "api-2", "all is well", "token=open-sesame-open-sesame")
        says(server, "api-1", "ERROR there")
        says(server, "api-2", "error as well")
        await cast.telegram.until(lambda: "error as well" in shown.text, 15)
        title, only, *lines = shown.text.splitlines()
    assert title.startswith("api-1, api-2 · live · ")
    assert only == "Only with: error|token=.*sesame · 3 of 5 lines"
    assert [line.split("│ ")[1] for line in lines] == ["an Error here", "ERROR there", "error as well"]
    assert "sesame" not in "".join(lines)


async def test_a_silent_host_is_said_and_nothing_is_lost(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    talker(server, "talker")
    async with following(cast, setup(server), "talker") as shown:
        says(server, "talker", "one")
        await cast.telegram.until(lambda: shown.text.endswith("one"), 10)
        server.stop_sshd()
        await cast.telegram.until(lambda: "⚠️ server1: no contact since " in shown.text, 20)
        says(server, "talker", "two")
        server.start_sshd()
        await cast.telegram.until(lambda: shown.text.endswith("one\ntwo"), 20)
        assert "no contact" not in shown.text


async def test_there_is_a_limit_for_each_and_a_choice_of_what_to_stop(
    lab: Lab, cast: Cast, setup: Make
) -> None:
    server = lab.servers["server1"]
    async with running(setup(server)):
        for name in ("n8n", "redis"):
            await cast.dias.says(f"/follow {name}", chat=cast.ops)
            await cast.telegram.next_message(cast.ops)
        await cast.dias.says("/follow traefik", chat=cast.ops)
        reply = await cast.telegram.next_message(cast.ops)
        assert reply.text == "You follow 2 already, which is the most. End one: /stop_follow"
        await cast.aigerim.says("/stop_follow", chat=cast.ops)
        assert (await cast.telegram.next_message(cast.ops)).text == "You follow nothing here."
        await cast.dias.says("/stop_follow", chat=cast.ops)
        choice = await cast.telegram.next_message(cast.ops)
        assert labels(choice) == ["n8n", "redis", "All of them"]
        await cast.dias.presses(choice, "redis")
        await cast.telegram.until(lambda: choice.text == "Not followed any more: redis")
        await cast.dias.says("/follow traefik", chat=cast.ops)
        assert "traefik on server1 · live" in (await cast.telegram.next_message(cast.ops)).text
        await cast.dias.says("/stop_follow", chat=cast.ops)
        choice = await cast.telegram.next_message(cast.ops)
        await cast.dias.presses(choice, "All of them")
        await cast.telegram.until(lambda: choice.text == "Not followed any more: n8n, traefik")


async def test_a_bare_command_offers_names_and_strangers_names_are_not_there(
    lab: Lab, cast: Cast, setup: Make
) -> None:
    server = lab.servers["server2"]
    async with running(setup(server)):
        await cast.student.says("/follow")
        choice = await cast.telegram.next_message(cast.student)
        assert choice.text == "Whose log, live?"
        assert labels(choice) == ["🟢 directus"]
        await cast.student.presses(choice, "🟢 directus")
        await cast.telegram.until(lambda: "directus on server2 · live" in drafted(cast.student))
        await cast.student.says("/follow postgres")
        assert (await cast.telegram.next_message(cast.student)).text == 'No container "postgres".'
        await cast.student.says("/follow server2/*")
        shown = await cast.telegram.next_message(cast.student)
        assert shown.text.startswith("directus on server2 · live · "), (
            "one draft at a time: this one is edited"
        )


async def test_a_page_of_logs_leads_to_it(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    for name in ("api-1", "api-2"):
        talker(server, name)
        says(server, name, "before")
    async with running(setup(server)):
        for names, title in (("api-1", "api-1 on server1 · live"), ("api-*", "api-1, api-2 · live")):
            await cast.dias.says(f"/logs {names}")
            page = await cast.telegram.next_message(cast.dias)
            await cast.dias.presses(page, "Follow")
            await cast.telegram.until(lambda title=title: title in drafted(cast.dias))  # type: ignore[misc]
            await cast.dias.says("/stop_follow")
            assert "Stopped." in (await cast.telegram.next_message(cast.dias)).text


async def test_a_message_that_is_gone_is_not_edited_for_ever(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    talker(server, "talker")
    async with following(cast, setup(server), "talker") as shown:
        shown.deleted = True
        refusals = cast.telegram.refusals
        says(server, "talker", "a line")
        await cast.telegram.until(lambda: bool(refusals), 30)
        says(server, "talker", "another line")
        await cast.dias.says("/stop_follow", chat=cast.ops)
        assert (await cast.telegram.next_message(cast.ops)).text == "You follow nothing here."
        assert [refusal.description for refusal in refusals] == ["Bad Request: message to edit not found"]
        refusals.clear()


async def test_the_bot_stops_and_says_so(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    bot = setup(server)
    async with following(cast, bot, "n8n") as shown:
        await cast.aigerim.says("/follow redis")
        await cast.telegram.until(lambda: "redis on server1 · live" in drafted(cast.aigerim))
    assert "No longer live: the bot is being stopped." in shown.text
    last = await cast.telegram.next_message(cast.aigerim)
    assert "No longer live: the bot is being stopped." in last.text
    assert labels(last) == labels(shown) == ["Go on", "Logs"]


async def test_after_a_power_cut_nothing_goes_on_saying_that_it_is_live(
    lab: Lab, cast: Cast, setup: Make
) -> None:
    bot = setup(lab.servers["server1"])
    async with process(bot) as first:
        await cast.dias.says("/follow n8n", chat=cast.ops)
        shown = await cast.telegram.next_message(cast.ops, 60)
        asked = await cast.aigerim.says("/follow redis")
        await cast.telegram.until(lambda: "redis on server1 · live" in drafted(cast.aigerim), 30)
        await asyncio.sleep(0.3)
        await first.kill()
    assert " · live · " in shown.text
    async with running(bot):
        await cast.telegram.until(lambda: "No longer live: the bot was restarted." in shown.text, 10)
        assert labels(shown) == ["Go on", "Logs"]
        told = await cast.telegram.next_message(cast.aigerim)
        assert told.text == "redis on server1\nNo longer live: the bot was restarted."
        assert told.reply_to is asked
        await cast.dias.presses(shown, "Go on")
        await cast.telegram.until(lambda: "n8n on server1 · live" in shown.text, 10)
    async with running(bot):
        await cast.telegram.silence(cast.aigerim)


async def test_where_drafts_are_not_known_a_message_is_edited(
    lab: Lab, cast: Cast, setup: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with an older server of the Bot API."""
    server = lab.servers["server1"]
    talker(server, "talker")
    monkeypatch.delitem(METHODS, "sendmessagedraft")
    async with running(setup(server)):
        await cast.dias.says("/follow talker")
        shown = await cast.telegram.next_message(cast.dias)
        says(server, "talker", "one")
        await cast.telegram.until(lambda: shown.text.endswith("one"), 10)
    assert [refusal.status for refusal in cast.telegram.refusals] == [404]
    cast.telegram.refusals.clear()


async def test_russian_reads_as_russian(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    talker(server, "talker")
    async with following(cast, setup(server, language="ru"), "talker") as shown:
        says(server, "talker", "one")
        await cast.telegram.until(lambda: shown.text.endswith("one"), 10)
        assert shown.text.startswith("talker · server1 · вживую · ")
        assert labels(shown) == ["Не следить"]
        await cast.dias.presses(shown, "Не следить")
        await cast.telegram.until(lambda: "Слежение остановлено." in shown.text)
        assert shown.text.startswith("talker · server1 · 1 строка за ")
        assert labels(shown) == ["Продолжить", "Логи"]
