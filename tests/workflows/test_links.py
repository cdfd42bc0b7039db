"""Deep links: from a group to the private chat, with the rights of whoever follows them."""

from collections.abc import Callable

import pytest

from playground.telegram import Message, Person
from services.domain.containers import key_of
from tests.alertmanager import Fire
from tests.bots import USERS, Setup, running
from tests.conftest import Cast, labels
from tests.lab.servers import Lab
from tests.workflows.test_alerts import DIRECTUS, alarms, watching

Make = Callable[..., Setup]

ADDRESS = "https://t.me/vakhta_bot?start="


def payload(url: object) -> str:
    address, _, word = str(url).partition("?start=")
    assert f"{address}?start=" == ADDRESS
    assert 0 < len(word) <= 64
    return word


async def followed(cast: Cast, person: Person, word: str) -> Message:
    """Presses START below the private chat that the link has opened."""
    await person.says(f"/start {word}")
    return await cast.telegram.next_message(person)


@pytest.mark.lab
async def test_from_a_card_in_the_group_to_the_same_in_private(lab: Lab, cast: Cast, setup: Make) -> None:
    async with running(setup(*lab.servers.values())):
        await cast.dias.says("/status directus", chat=cast.ops)
        card = await cast.telegram.next_message(cast.ops)
        assert card.buttons == [["Logs", "Restart", "Stop", "↻"], ["In private ↗"]]
        word = payload(card.button("In private ↗").value)
        private = await followed(cast, cast.dias, word)
        assert private.text.startswith("🟢 directus on server2: ")
        assert private.buttons == [["Logs", "Restart", "Stop", "↻"]]
        await cast.student.says("/menu", chat=cast.ops)
        menu = await cast.telegram.next_message(cast.ops)
        assert private.buttons[0][0] == "Logs"
        await cast.student.presses(menu, "server2 ▸")
        await cast.telegram.until(lambda: "directus ▸" in labels(menu))
        await cast.student.presses(menu, "directus ▸")
        await cast.telegram.until(lambda: "In private ↗" in labels(menu))
        assert payload(menu.button("In private ↗").value) == word
        assert menu.buttons[-1] == ["‹ Menu", "‹ server2", "↻"]
        own = await followed(cast, cast.student, word)
        assert own.buttons == [["Logs", "↻"]]


@pytest.mark.lab
async def test_what_is_out_of_scope_does_not_exist(lab: Lab, cast: Cast, setup: Make) -> None:
    """Also not behind a word that somebody has put together."""
    async with running(setup(*lab.servers.values())):
        words = [
            f"c_server1_{key_of('server1', 'n8n')}",
            f"c_server2_{key_of('server2', 'postgres')}",
            f"c_server1_{key_of('server1', 'directus')}",
            f"c_server2_{'0' * 12}",
            f"c_nosuch_{key_of('nosuch', 'directus')}",
        ]
        answers = {(await followed(cast, cast.student, word)).text for word in words}
        assert answers == {"It is not there any more."}
        assert "n8n on server1" in (await followed(cast, cast.aigerim, words[0])).text


@pytest.mark.lab
async def test_a_link_to_a_silent_host_says_so(lab: Lab, cast: Cast, setup: Make) -> None:
    async with running(setup(*lab.servers.values())):
        await cast.aigerim.says("/status")
        await cast.telegram.next_message(cast.aigerim)
        lab.servers["server1"].pull_cable()
        word = f"c_server1_{key_of('server1', 'n8n')}"
        assert (await followed(cast, cast.aigerim, word)).text.startswith("⚠️ server1: no contact")
        assert (await followed(cast, cast.student, word)).text == "It is not there any more."


async def test_from_the_list_in_the_group_to_an_incident(cast: Cast, setup: Make) -> None:
    async with watching(alarms(setup())) as alertmanager:
        fire = Fire("service_down", DIRECTUS)
        key = await alertmanager.tells(fire)
        living = await cast.telegram.next_message(cast.ops)
        await cast.dias.says("/alerts", chat=cast.ops)
        listed = await cast.telegram.next_message(cast.ops)
        (link,) = [entity for entity in listed.entities if entity.type == "text_link"]
        assert listed.content.preview.get("is_disabled") is True
        word = payload(link.url)
        private = await followed(cast, cast.dias, word)
        assert private.text.splitlines()[0] == "🔥 directus is down on server2"
        assert labels(private) == ["Acknowledge", "Logs", "Restart"]
        answer = await cast.dias.presses(private, "Acknowledge")
        assert answer.text == "It is yours."
        await cast.telegram.until(lambda: "👤 Acknowledged: Dias" in living.text)
        await cast.telegram.until(lambda: labels(private) == ["Logs", "Restart"])
        again = await followed(cast, cast.student, word)
        assert "👤 Acknowledged: Dias" in again.text
        assert labels(again) == ["Logs"]
        fire.over()
        await alertmanager.tells(fire, key=key)
        await cast.telegram.until(lambda: living.text.startswith("✅"))
        over = await followed(cast, cast.dias, word)
        assert over.text.startswith("✅ directus is back on server2")
        assert labels(over) == ["Logs"]


async def test_in_private_a_list_has_no_links(cast: Cast, setup: Make) -> None:
    async with watching(alarms(setup())) as alertmanager:
        await alertmanager.tells(Fire("service_down", DIRECTUS))
        await cast.telegram.next_message(cast.ops)
        await cast.dias.says("/alerts")
        listed = await cast.telegram.next_message(cast.dias)
        assert "directus is down" in listed.text
        assert [entity for entity in listed.entities if entity.type == "text_link"] == []


async def test_an_incident_out_of_scope_does_not_exist(cast: Cast, setup: Make) -> None:
    narrow = [*USERS[:2], {**USERS[2], "scope": ["*/n8n"]}]
    async with watching(alarms(setup(users=narrow))) as alertmanager:
        await alertmanager.tells(Fire("service_down", DIRECTUS))
        await cast.telegram.next_message(cast.ops)
        await cast.dias.says("/alerts", chat=cast.ops)
        listed = await cast.telegram.next_message(cast.ops)
        word = payload(next(entity.url for entity in listed.entities if entity.url))
        hidden = await followed(cast, cast.student, word)
        none = await followed(cast, cast.student, "i_00000000")
    assert hidden.text == none.text == "It is over, or was never there."
    assert hidden.buttons == none.buttons == []


@pytest.mark.parametrize(
    "word", ["x", "c_", "c_server2", "c_server2_xyz", "i_", "i_zzzzzzzz", "l", "a b", "c_server2_" + "0" * 54]
)
async def test_any_other_word_is_the_beginning(cast: Cast, setup: Make, word: str) -> None:
    async with running(setup()):
        assert (await followed(cast, cast.student, word)).text.startswith("What I can do for you")


async def test_in_russian(cast: Cast, setup: Make) -> None:
    async with watching(alarms(setup(language="ru"))) as alertmanager:
        await alertmanager.tells(Fire("service_down", DIRECTUS))
        await cast.telegram.next_message(cast.ops)
        await cast.dias.says("/alerts", chat=cast.ops)
        listed = await cast.telegram.next_message(cast.ops)
        private = await followed(cast, cast.dias, payload(next(e.url for e in listed.entities if e.url)))
        assert private.text.startswith("🔥 server2: directus не работает")
        assert labels(private) == ["Принять", "Логи", "Перезапуск"]
        assert (await followed(cast, cast.student, "i_00000000")).text == "Этого алерта уже нет."


async def test_a_strangers_link_leads_nowhere(cast: Cast, setup: Make) -> None:
    async with running(setup()):
        reply = await followed(cast, cast.stranger, f"c_server2_{key_of('server2', 'directus')}")
        assert str(cast.stranger.id) in reply.text
        await cast.stranger.says("/start i_00000000")
        await cast.telegram.silence(cast.stranger)
