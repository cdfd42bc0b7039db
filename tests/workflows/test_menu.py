"""`/menu` on real servers: from hosts to containers to actions without typing a name, in one message."""

from collections.abc import Callable

import pytest

from playground.telegram import Message, Person
from tests.bots import OPS, Setup, running
from tests.conftest import Cast, labels
from tests.lab.servers import Lab

pytestmark = pytest.mark.lab

Make = Callable[..., Setup]

SUBJECTS = {"Search", "Events", "Alerts", "Silences", "Language", "Audit"}


async def opened(cast: Cast, person: Person) -> Message:
    await person.says("/menu")
    return await cast.telegram.next_message(person)


async def turned(cast: Cast, person: Person, message: Message, label: str) -> None:
    """Presses, and waits until the message has been made anew."""
    edits = len(message.edits)
    await person.presses(message, label)
    await cast.telegram.until(lambda: len(message.edits) > edits, what=f"{label} turns the message")


async def test_from_hosts_to_containers_to_actions_in_one_message(lab: Lab, cast: Cast, setup: Make) -> None:
    async with running(setup(*lab.servers.values())):
        menu = await opened(cast, cast.aigerim)
        assert menu.text.startswith("🟢 All well: 11\n")
        assert menu.buttons[0] == ["server1 ▸", "server2 ▸"]
        assert set(labels(menu)) >= SUBJECTS
        assert menu.buttons[-1] == ["↻"]
        await turned(cast, cast.aigerim, menu, "server2 ▸")
        assert menu.text.startswith("🟢 All well: 6\n")
        assert menu.buttons[-1] == ["‹ Menu", "↻"]
        await turned(cast, cast.aigerim, menu, "directus ▸")
        assert menu.text.startswith("🟢 directus on server2: ")
        assert menu.buttons == [["Logs", "Restart", "Stop"], ["‹ Menu", "‹ server2", "↻"]]
        await turned(cast, cast.aigerim, menu, "‹ server2")
        assert menu.text.startswith("🟢 All well: 6\n")
        await turned(cast, cast.aigerim, menu, "‹ Menu")
        assert menu.text.startswith("🟢 All well: 11\n")
        assert menu.buttons[0] == ["🟢 directus ▸"]  # used last
        assert cast.aigerim.chat.sent == [menu]


async def test_trouble_comes_first_then_what_was_used_last(lab: Lab, cast: Cast, setup: Make) -> None:
    async with running(setup(*lab.servers.values())):
        for name in ("n8n", "pgadmin"):
            await cast.aigerim.says(f"/status {name}")
            await cast.telegram.next_message(cast.aigerim)
        lab.servers["server2"].docker("kill", "directus")
        menu = await opened(cast, cast.aigerim)
        first, trouble, *_ = menu.text.splitlines()
        assert first == "🔴 1 of 11 needs you"
        assert trouble.startswith("🔴 server2/directus: down since ")
        assert menu.buttons[:2] == [["🔴 directus ▸", "🟢 pgadmin ▸"], ["🟢 n8n ▸"]]
        await turned(cast, cast.aigerim, menu, "🔴 directus ▸")
        assert menu.buttons[0] == ["Logs", "Start"]


async def test_an_action_asks_in_a_message_of_its_own(lab: Lab, cast: Cast, setup: Make) -> None:
    async with running(setup(*lab.servers.values())):
        menu = await opened(cast, cast.dias)
        await turned(cast, cast.dias, menu, "server1 ▸")
        await turned(cast, cast.dias, menu, "n8n ▸")
        edits = len(menu.edits)
        await cast.dias.presses(menu, "Restart")
        question = await cast.telegram.next_message(cast.dias)
        assert question.text.startswith("Restart n8n on server1?")
        assert question.reply_to is menu
        assert len(menu.edits) == edits
        await cast.dias.presses(question, "Cancel")


async def test_logs_take_the_menus_place_and_lead_back(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    server.run_container("chatty", "sh", "-c", "for i in $(seq 120); do echo line $i; done; sleep 1000")
    async with running(setup(server)):
        menu = await opened(cast, cast.aigerim)
        await turned(cast, cast.aigerim, menu, "server1 ▸")
        await turned(cast, cast.aigerim, menu, "chatty ▸")
        await turned(cast, cast.aigerim, menu, "Logs")
        assert menu.text.startswith("chatty on server1 · last 50 lines")
        assert menu.buttons[-1] == ["‹ Back"]
        await turned(cast, cast.aigerim, menu, "‹ Older")  # and through whatever comes in the same place
        assert menu.text.endswith("line 69\nline 70")
        assert menu.buttons[-1] == ["‹ Back"]
        await turned(cast, cast.aigerim, menu, "‹ Back")
        assert menu.text.startswith("🟢 chatty on server1")
        assert menu.buttons[-1] == ["‹ Menu", "‹ server1", "↻"]
        assert cast.aigerim.chat.sent == [menu]


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("Alerts", "No alerts."),
        ("Silences", "Nothing silenced."),
        ("Audit", "Nothing has been done yet."),
        ("Events", ""),
        ("Language", "Language: English"),
    ],
)
async def test_a_subject_takes_the_menus_place_and_leads_back(
    lab: Lab, cast: Cast, setup: Make, subject: str, shown: str
) -> None:
    async with running(setup(*lab.servers.values())):
        menu = await opened(cast, cast.aigerim)
        await turned(cast, cast.aigerim, menu, subject)
        assert menu.text.startswith(shown)
        assert menu.buttons[-1] == ["‹ Back"]
        await turned(cast, cast.aigerim, menu, "‹ Back")
        assert menu.text.startswith("🟢 All well")
        assert menu.buttons[-1] == ["↻"]
        assert cast.aigerim.chat.sent == [menu]


async def test_the_language_is_chosen_within_the_menu(cast: Cast, setup: Make) -> None:
    async with running(setup()):
        menu = await opened(cast, cast.dias)
        assert menu.text.startswith("Nothing to watch here")
        await turned(cast, cast.dias, menu, "Language")
        await turned(cast, cast.dias, menu, "Русский")
        assert menu.buttons[-1] == ["‹ Назад"]
        await turned(cast, cast.dias, menu, "‹ Назад")
        assert {"Язык", "Алерты", "События", "Что заглушено"} <= set(labels(menu))


async def test_a_menu_shows_what_its_person_may(lab: Lab, cast: Cast, setup: Make) -> None:
    async with running(setup(*lab.servers.values())):
        menu = await opened(cast, cast.student)
        assert menu.text.startswith("🟢 All well: 1\n")
        assert menu.buttons[0] == ["server2 ▸"]
        assert set(labels(menu)) & SUBJECTS == {"Search", "Events", "Alerts", "Language"}
        await turned(cast, cast.student, menu, "server2 ▸")
        assert menu.buttons == [["directus ▸"], ["‹ Menu", "↻"]]
        assert "postgres" not in menu.text


async def test_in_a_group_the_menu_stays_its_askers(lab: Lab, cast: Cast, setup: Make) -> None:
    """A narrower person who presses has a menu of his own, a wider one turns the asker's without widening it."""
    async with running(setup(*lab.servers.values())):
        await cast.dias.says("/menu", chat=cast.ops)
        menu = await cast.telegram.next_message(cast.ops)
        await cast.student.presses(menu, "server2 ▸")
        own = await cast.telegram.next_message(cast.ops)
        assert own.buttons == [["directus ▸"], ["‹ Menu", "↻"]]
        assert menu.edits == []
        await turned(cast, cast.aigerim, own, "‹ Menu")
        assert own.text.startswith("🟢 All well: 1\n")
        assert "server1 ▸" not in labels(own)
        answer = await cast.stranger.presses(menu, "server2 ▸")
        assert answer.text == ""
        assert menu.edits == []


async def test_forged_screens_show_nothing(lab: Lab, cast: Cast, setup: Make) -> None:
    async with running(setup(*lab.servers.values())):
        menu = await opened(cast, cast.student)
        for data in ("m:3e9:server1::0", "m:3eb:server1::0", "m:3e9:::0"):
            answer = await cast.student.presses_data(menu, data)
            assert answer.text == "This button has gone meanwhile. Look again."
        await cast.telegram.silence(cast.student)
        assert menu.edits == []


async def test_in_russian(lab: Lab, cast: Cast, setup: Make) -> None:
    lab.servers["server2"].docker("kill", "directus")
    async with running(setup(*lab.servers.values(), language="ru")):
        menu = await opened(cast, cast.aigerim)
        assert menu.text.startswith("🔴 1 из 11 требует внимания\n🔴 server2/directus: не работает с ")
        await turned(cast, cast.aigerim, menu, "🔴 directus ▸")
        assert menu.buttons == [["Логи", "Запустить"], ["‹ Меню", "‹ server2", "↻"]]
        await turned(cast, cast.aigerim, menu, "Логи")
        assert menu.buttons[-1] == ["‹ Назад"]


async def test_a_host_that_does_not_answer_is_told_and_can_be_opened(
    lab: Lab, cast: Cast, setup: Make
) -> None:
    made = setup(*lab.servers.values())
    async with running(made):
        await opened(cast, cast.aigerim)
        lab.servers["server1"].pull_cable()
        menu = await opened(cast, cast.aigerim)
        assert "⚠️ server1: no contact" in menu.text
        await turned(cast, cast.aigerim, menu, "server1 ▸")
        assert menu.buttons[-1] == ["‹ Menu", "↻"]


async def test_the_beginning_and_the_help_lead_to_the_menu(cast: Cast, setup: Make) -> None:
    async with running(setup(chats=[{"id": OPS}])):
        for word in ("/start", "/help"):
            await cast.student.says(word)
            page = await cast.telegram.next_message(cast.student)
            assert "/menu" in page.text
            await turned(cast, cast.student, page, "Menu ▸")
            assert "Language" in labels(page)
