"""`/compose` on real engines: projects and their services in order, and the restart of a whole project to its end."""

import asyncio
import re
from collections.abc import Callable

import pytest

from playground.telegram import Chat, Message, Person
from services import project_control
from services.fleet import control
from tests.bots import USERS, Setup, process, running
from tests.conftest import Cast, labels, next_answer
from tests.lab.servers import Lab, Server

pytestmark = pytest.mark.lab

Make = Callable[..., Setup]

COMPOSED = "com.docker.compose."
SLEEPS = ("sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1000 & wait $!; done")
# Its second start is its last.
FALLS = (
    "sh",
    "-c",
    "test -e /tmp/once && exit 3; touch /tmp/once; trap 'exit 0' TERM; while :; do sleep 1; done",
)
ORDER = {"postgres-1": "", "redis-1": "", "directus-1": "postgres-1,redis-1", "n8n-1": "directus-1"}


def composed(
    server: Server, name: str, *command: str, project: str = "app", needs: str = "", **more: str
) -> str:
    made = {
        "project": project,
        "service": name.removesuffix("-1"),
        "depends_on": ",".join(
            f"{each.removesuffix('-1')}:service_started:false" for each in needs.split(",") if each
        ),
        "oneoff": "False",
        **more,
    }
    own = {COMPOSED + key: value for key, value in made.items()}
    return server.run_container(name, *(command or SLEEPS), labels=own)


def never_well(server: Server) -> None:
    """The service `slow` of `app`, which begins to be looked at when nobody waits any more."""
    own = {COMPOSED + "project": "app", COMPOSED + "service": "slow"}
    server.run_container("slow", *SLEEPS, labels=own, healthcheck="exit 0", extra=["--health-interval=1h"])


@pytest.fixture
def server(lab: Lab) -> Server:
    """Beside the team's, with a project of four that are named so that their order is none of the alphabet."""
    server = lab.servers["server2"]
    for name, needs in ORDER.items():
        composed(server, name, needs=needs)
    return server


def started(server: Server, *names: str) -> list[str]:
    return server.docker("inspect", "-f", "{{.State.StartedAt}}", *names).split()


async def opened(cast: Cast, person: Person, project: str = "app") -> Message:
    await person.says(f"/compose {project}")
    return await next_answer(cast, person)


async def asked(cast: Cast, person: Person, chat: Chat | None = None) -> Message:
    """The question about `app`."""
    await person.says("/compose app", chat=chat)
    card = await cast.telegram.next_message(chat or person, 60)
    await person.presses(card, "Restart")
    question = await cast.telegram.next_message(chat or person)
    assert question.reply_to is card
    return question


async def test_projects_trouble_first_and_one_in_its_order(
    lab: Lab, server: Server, cast: Cast, setup: Make
) -> None:
    server.docker("kill", "n8n-1")
    composed(server, "app-n8n-run-1", "true", oneoff="True")
    async with running(setup(*lab.servers.values())):
        await cast.dias.says("/compose")
        found = await next_answer(cast, cast.dias)
        first, odd, second, third, *_ = found.text.splitlines()
        assert first == "🔴 app · server2: 3 of 4 running"
        assert re.fullmatch(r"· n8n: down since \d\d:\d\d, exit 137", odd)
        assert [second, third] == [
            "🟢 automation · server1: 5 of 5 running",
            "🟢 platform · server2: 6 of 6 running",
        ]
        assert labels(found) == ["🔴 app", "🟢 automation", "🟢 platform", "↻"]
        await cast.dias.presses(found, "🔴 app")
        await cast.telegram.until(lambda: "Restart" in labels(found))
        assert found.buttons == [["n8n ▸"], ["Restart", "Logs"], ["‹ Projects", "↻"]]
        lines = found.text.splitlines()
        assert lines[2:5] == ["🟢 postgres: running", "🟢 redis: running", "🟢 directus: running"]
        assert lines[5].startswith("🔴 n8n: down since ")
        assert lines[6] == "Run once, by hand:"
        assert lines[7].startswith("⚪ app-n8n-run-1: finished")
        await cast.dias.presses(found, "Logs")
        logs = await next_answer(cast, cast.dias)
        assert logs.text.startswith("server2/app · 5 containers · ")
        await cast.dias.presses(found, "‹ Projects")
        await cast.telegram.until(lambda: "🟢 platform" in labels(found))


async def test_names_as_people_write_them(lab: Lab, server: Server, cast: Cast, setup: Make) -> None:
    composed(lab.servers["server1"], "other-1", project="app")
    async with running(setup(*lab.servers.values())):
        which = await opened(cast, cast.dias)
        assert which.text == '"app" is on several hosts. Which one?'
        assert sorted(labels(which)) == ["server1/app", "server2/app"]
        await cast.dias.presses(which, "server2/app")
        assert (await next_answer(cast, cast.dias)).text.startswith("🟢 app · server2: 4 of 4 running")
        assert (await opened(cast, cast.dias, "Server1/APP")).text.startswith("🟢 app · server1: 1 of 1")
        near = await opened(cast, cast.dias, "platfrom")
        assert near.text == 'No project "platfrom". Did you mean:'
        assert labels(near) == ["platform"]
        far = await opened(cast, cast.dias, "xyzzy")
        assert (far.text, labels(far)) == ('No project "xyzzy".', ["Projects"])


async def test_one_after_another_until_all_are_up(lab: Lab, server: Server, cast: Cast, setup: Make) -> None:
    before = started(server, *ORDER)
    async with running(setup(server)):
        question = await asked(cast, cast.dias, cast.ops)
        assert question.text == (
            "Restart project app on server2?\n"
            "4 containers, one after another: postgres → redis → directus → n8n"
        )
        assert question.buttons == [["Cancel", "Yes, restart"]]
        assert question.button("Yes, restart").style == "danger"
        yes = question.button("Yes, restart").data
        assert (await cast.aigerim.presses_data(question, yes)).text == "Only Dias can confirm this."
        await asyncio.gather(*(cast.dias.presses_data(question, yes) for _ in range(3)))
        await cast.telegram.until(lambda: question.text.startswith("✅"), 40)
        assert re.fullmatch(r"✅ app · server2: 4 of 4 restarted · 👤 Dias, \d\d:\d\d", question.text)
        told = [edit.content.body.text for edit in question.edits]
        assert any(text.startswith("⏳ Restarting app · server2: 2 of 4, directus …") for text in told)
        await cast.aigerim.says("/audit")
        audit = await next_answer(cast, cast.aigerim)
        assert audit.text.count(": ✅ done") == 4
        assert not any("🔥" in message.text for message in cast.aigerim.chat.sent)
    after = started(server, *ORDER)
    assert after == sorted(after)
    assert all(then < now for then, now in zip(before, after, strict=True))


async def test_cancelled_in_the_middle_the_rest_is_left(server: Server, cast: Cast, setup: Make) -> None:
    before = started(server, *ORDER)
    async with running(setup(server)):
        question = await asked(cast, cast.dias)
        await cast.dias.presses(question, "Yes, restart", wait=False)
        await cast.telegram.until(
            lambda: ": 1 of 4, redis" in question.text and "Cancel" in labels(question), 20
        )
        toast = await cast.dias.presses(question, "Cancel")
        assert toast.text.startswith("What is being restarted comes to its end")
        await cast.telegram.until(
            lambda: "editMessageReplyMarkup" in {call.method for call in cast.telegram.calls}
        )
        await cast.telegram.until(lambda: question.text.startswith("⚪"), 20)
    first, done, left = question.text.splitlines()
    assert first.startswith("⚪ app · server2: 2 of 4 restarted, cancelled: Dias · 👤 Dias, ")
    assert (done, left) == ("Restarted: postgres, redis.", "Not touched: directus, n8n.")
    assert started(server, *ORDER)[2:] == before[2:]


async def test_it_stops_at_the_first_that_does_not_come_up(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    composed(server, "db-1")
    composed(server, "falls-1", *FALLS, needs="db")
    composed(server, "web-1", needs="falls")
    before = started(server, "web-1")
    async with running(setup(server)):
        question = await asked(cast, cast.dias)
        await cast.dias.presses(question, "Yes, restart")
        await cast.telegram.until(lambda: "did not come up" in question.text, 30)
    first, done, left = question.text.splitlines()
    assert re.match(r"🔴 app · server1: falls did not come up: down since \d\d:\d\d, exit 3 · 👤 Dias", first)
    assert (done, left) == ("Restarted: db.", "Not touched: web.")
    assert question.buttons == [["Logs", "Status"]]
    assert started(server, "web-1") == before


async def test_what_somebody_stopped_meanwhile_is_not_started(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    composed(server, "db-1")
    composed(server, "web-1", needs="db")
    async with running(setup(server)):
        question = await asked(cast, cast.dias)
        server.docker("stop", "--time=2", "web-1")
        await cast.dias.presses(question, "Yes, restart")
        await cast.telegram.until(lambda: "was not restarted" in question.text, 30)
    assert "Restarted: db." in question.text
    assert "web-1 is stopped, since " in question.text
    assert server.docker("inspect", "-f", "{{.State.Running}}", "web-1").strip() == "false"


@pytest.mark.long
async def test_what_has_a_healthcheck_is_waited_for(
    lab: Lab, cast: Cast, setup: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one becomes well after the usual patience with a healthcheck, the other one unwell."""
    monkeypatch.setattr(control, "HEALTH_PATIENCE", 1.0)
    server = lab.servers["server1"]
    for name, check, needs in (("slow", "exit 0", ""), ("sick", "exit 1", "slow"), ("web", "exit 0", "sick")):
        extra = ["--health-interval=4s", "--health-retries=1"]
        made = {"project": "app", "service": name, "depends_on": needs}
        own = {COMPOSED + key: value for key, value in made.items()}
        server.run_container(name, *SLEEPS, labels=own, healthcheck=check, extra=extra)
    async with running(setup(server)):
        question = await asked(cast, cast.dias)
        await cast.dias.presses(question, "Yes, restart")
        await cast.telegram.until(lambda: ": 0 of 3, waiting for slow …" in question.text, 30)
        await cast.telegram.until(lambda: "did not come up" in question.text, 60)
    assert question.text.startswith("🔴 app · server1: sick did not come up: unhealthy")
    assert question.text.splitlines()[1:] == ["Restarted: slow.", "Not touched: web."]


async def test_one_that_does_not_get_well_in_time(
    lab: Lab, cast: Cast, setup: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "HEALTH_PATIENCE", 0.5)
    monkeypatch.setattr(project_control, "COME_UP", 2.0)
    server = lab.servers["server1"]
    never_well(server)
    async with running(setup(server)):
        question = await asked(cast, cast.dias)
        assert question.text.endswith("\n1 container: slow")
        await cast.dias.presses(question, "Yes, restart")
        await cast.telegram.until(lambda: question.text.startswith("🔴"), 20)
    assert question.text.startswith("🔴 app · server1: slow did not come up: starting")


@pytest.mark.long
async def test_a_cable_pulled_in_the_middle_tells_what_is_unknown(
    server: Server, cast: Cast, setup: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "ACT_MARGIN", -6.0)
    monkeypatch.setattr(control, "LOOK_AGAIN_AFTER", 1.0)
    stubborn = ("sh", "-c", "trap 'echo asked' TERM; while :; do sleep 0.1; done")
    server.docker("rm", "--force", "redis-1")
    composed(server, "redis-1", *stubborn)
    before = started(server, "n8n-1")
    async with running(setup(server)):
        question = await asked(cast, cast.dias)
        await cast.dias.presses(question, "Yes, restart", wait=False)
        async with asyncio.timeout(20):
            while "asked" not in await asyncio.to_thread(server.docker, "logs", "redis-1"):
                await asyncio.sleep(0.1)
        server.pull_cable()
        await cast.telegram.until(lambda: question.text.startswith("⚠️"), 40)
        lines = question.text.splitlines()
        assert lines[0].startswith("⚠️ app · server2: not known whether redis was restarted · 👤 Dias")
        assert lines[-2:] == ["Restarted: postgres.", "Not touched: directus, n8n."]
        assert question.buttons == [["Logs", "Status"]]
        server.plug_cable()
    assert started(server, "n8n-1") == before


async def test_as_a_whole_or_not_at_all(lab: Lab, server: Server, cast: Cast, setup: Make) -> None:
    composed(lab.servers["server1"], "kept-1", project="other")
    made = setup(
        *lab.servers.values(),
        users=(
            {"id": 1001, "name": "Aigerim", "role": "admin"},
            {"id": 1002, "name": "Dias", "role": "operator", "scope": ["*/*-1"]},
            {"id": 1003, "name": "Student", "role": "viewer"},
        ),
        more={"protected": ["server1/kept-1"]},
    )
    composed(server, "secret", project="app")
    before = started(server, *ORDER)
    async with running(made):
        card = await opened(cast, cast.dias)
        assert card.text.startswith("🟢 app · server2: 4 of 4 running")
        await cast.dias.presses(card, "Restart")
        refusal = await next_answer(cast, cast.dias)
        assert refusal.text.startswith("A part of app is out of your scope.")
        assert "secret" not in refusal.text + card.text
        card = await opened(cast, cast.dias, "other")
        await cast.dias.presses(card, "Restart")
        refusal = await next_answer(cast, cast.dias)
        assert refusal.text == "No right to restart all of other, protected: kept-1. Who has it: Aigerim."
        card = await opened(cast, cast.aigerim, "other")
        await cast.aigerim.presses(card, "Restart")
        question = await next_answer(cast, cast.aigerim)
        assert question.text.endswith("Protected: kept. Be sure.")
        await cast.aigerim.presses(question, "Cancel")
        await cast.telegram.until(lambda: question.text == "Not restarted: other · server1")
        card = await opened(cast, cast.aigerim, "automation")
        await cast.aigerim.presses(card, "Restart")
        assert (await next_answer(cast, cast.aigerim)).text.startswith("vakhta is this bot itself")
        card = await opened(cast, cast.student)
        assert "Restart" not in labels(card)
    assert started(server, *ORDER) == before


async def test_a_silent_host_is_told_and_nobody_sees_more_than_his_scope(
    lab: Lab, cast: Cast, setup: Make
) -> None:
    lab.servers["server1"].pull_cable()
    async with running(setup(*lab.servers.values())):
        await cast.student.says("/compose")
        assert (await next_answer(cast, cast.student)).text.startswith(
            "🟢 platform · server2: 1 of 1 running"
        )
        await cast.dias.says("/compose")
        first, second, *_ = (await next_answer(cast, cast.dias)).text.splitlines()
        assert first.startswith("⚠️ server1: no contact")
        assert second == "🟢 platform · server2: 6 of 6 running"
        first, second = (await opened(cast, cast.dias, "automation")).text.splitlines()
        assert first.startswith("⚠️ server1: no contact")
        assert second == 'Elsewhere there is no "automation".'


async def test_in_russian_and_where_there_is_none(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server2"]
    composed(server, "postgres-1")
    composed(server, "n8n-1", needs="postgres-1")
    nobody = ({"id": 1003, "name": "Student", "role": "viewer", "scope": ["*/none"]},)
    async with running(setup(server, language="ru", users=(*USERS[:2], *nobody))):
        await cast.student.says("/compose")
        found = await next_answer(cast, cast.student)
        assert found.text == "Среди контейнеров, которые вам видны, проектов Compose нет."
        card = await opened(cast, cast.dias)
        assert card.text.startswith("🟢 app · server2: работает 2 из 2")
        await cast.dias.presses(card, "Перезапуск")
        question = await next_answer(cast, cast.dias)
        assert question.text == "server2: перезапустить проект app?\n2 контейнера по очереди: postgres → n8n"
        await cast.dias.presses(question, "Да, перезапустить")
        await cast.telegram.until(lambda: question.text.startswith("✅"), 30)
        assert question.text.startswith("✅ app · server2: перезапущено 2 из 2 · 👤 Dias, ")


@pytest.mark.long
async def test_killed_in_the_middle_what_was_not_touched_is_told(
    server: Server, cast: Cast, setup: Make
) -> None:
    """At the one that is killed after the engine has answered and before that is written down."""
    before = started(server, "n8n-1")
    made = setup(server)
    async with process(made, module=("tests.mortal", "after", "restart")) as bot:
        question = await asked(cast, cast.dias, cast.ops)
        await cast.dias.presses(question, "Yes, restart")
        assert await bot.death() == -9
    assert question.text == "⏳ Restarting app · server2: 0 of 4, postgres …"
    async with running(made):
        ringing = await cast.telegram.next_message(cast.ops)
        assert ringing.reply_to is question
        first, unknown, left = question.text.splitlines()
        assert first == "⚠️ app · server2: restart interrupted, the bot was restarted meanwhile"
        assert unknown.startswith("postgres: result unknown. Now: running")
        assert left == "Not touched: redis, directus, n8n."
        assert ringing.text == question.text
        assert question.buttons == [["Logs", "Status"]]
        await cast.telegram.silence(cast.ops, 2)
    async with running(made):
        await cast.telegram.silence(cast.ops, 1)
    assert started(server, "n8n-1") == before


async def test_a_polite_end_leaves_the_rest(server: Server, cast: Cast, setup: Make) -> None:
    async with running(setup(server)):
        question = await asked(cast, cast.dias)
        await cast.dias.presses(question, "Yes, restart", wait=False)
        await cast.telegram.until(lambda: ": 1 of 4, redis" in question.text, 20)
    first, done, left = question.text.splitlines()
    assert first.startswith("⚪ app · server2: 2 of 4 restarted, then the bot was stopped · 👤 Dias, ")
    assert (done, left) == ("Restarted: postgres, redis.", "Not touched: directus, n8n.")


@pytest.mark.long
async def test_cut_off_while_it_waits_for_a_healthcheck(
    lab: Lab, cast: Cast, setup: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The container's own books are closed by then; the project's are not."""
    monkeypatch.setattr(control, "HEALTH_PATIENCE", 0.5)
    server = lab.servers["server1"]
    never_well(server)
    composed(server, "web-1", needs="slow")
    made = setup(server)
    async with running(made):
        question = await asked(cast, cast.dias)
        await cast.dias.presses(question, "Yes, restart", wait=False)
        await cast.telegram.until(lambda: ": 0 of 2, waiting for slow …" in question.text, 20)
    async with running(made):
        await cast.telegram.until(lambda: question.text.startswith("⚠️"))
        assert question.text.splitlines()[1:] == ["slow: result unknown.", "Not touched: web."]
        ringing = await cast.telegram.next_message(cast.dias)
        assert (ringing.text, ringing.reply_to) == (question.text, question)


async def test_nobody_restarts_it_a_second_time_meanwhile(server: Server, cast: Cast, setup: Make) -> None:
    async with running(setup(server)):
        card = await opened(cast, cast.aigerim)
        question = await asked(cast, cast.dias)
        await cast.dias.presses(question, "Yes, restart", wait=False)
        await cast.telegram.until(lambda: "⏳" in question.text, 20)
        await cast.aigerim.presses(card, "Restart")
        assert (await next_answer(cast, cast.aigerim)).text == "app is being restarted already: Dias."
        await cast.telegram.until(lambda: "Cancel" in labels(question), 20)
        await cast.dias.presses(question, "Cancel")
        await cast.telegram.until(lambda: question.text.startswith("⚪"), 20)
