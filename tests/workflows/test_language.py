"""Which language people are answered in, and how they choose another one."""

from collections.abc import Callable

import pytest

from playground.telegram import Person
from tests.bots import OPS, Setup, running
from tests.conftest import Cast

Make = Callable[..., Setup]

RUSSIAN_PHONE = 1004


@pytest.fixture
def ruslan(cast: Cast) -> Person:
    """Somebody whose Telegram speaks Russian."""
    return cast.telegram.person(RUSSIAN_PHONE, first_name="Ruslan", language_code="ru")


def with_ruslan(make: Make, **more: object) -> Setup:
    made = make(**more)
    user = {"id": RUSSIAN_PHONE, "name": "Ruslan", "role": "viewer"}
    return Setup(made.directory, made.api_url, users=[*made.users, user], chats=made.chats, more=made.more)


async def test_private_speaks_as_the_persons_telegram(cast: Cast, setup: Make, ruslan: Person) -> None:
    async with running(with_ruslan(setup)):
        await ruslan.says("/whoami")
        assert "наблюдатель" in (await cast.telegram.next_message(ruslan)).text
        await cast.student.says("/whoami")
        assert "viewer" in (await cast.telegram.next_message(cast.student)).text


async def test_a_choice_holds_at_once_and_after_a_restart(cast: Cast, setup: Make, ruslan: Person) -> None:
    made = with_ruslan(setup)
    async with running(made):
        await ruslan.says("/language")
        question = await cast.telegram.next_message(ruslan)
        assert question.text == "Язык: Русский\nКак в вашем Telegram."
        assert question.buttons == [["Русский", "English"], ["✓ Как в Telegram"]]
        await ruslan.presses(question, "English")
        await cast.telegram.until(lambda: question.text == "Language: English\nYou have chosen it.")
        assert question.buttons == [["Русский", "✓ English"], ["As Telegram says"]]
        await ruslan.says("/whoami")
        assert "viewer" in (await cast.telegram.next_message(ruslan)).text
    async with running(made):
        await ruslan.says("/whoami")
        assert "viewer" in (await cast.telegram.next_message(ruslan)).text
        await ruslan.presses(question, "As Telegram says")
        await cast.telegram.until(lambda: question.text.startswith("Язык: Русский"))
        assert len(ruslan.chat.sent) == 3


async def test_each_chooses_for_himself(cast: Cast, setup: Make) -> None:
    async with running(setup()):
        await cast.aigerim.says("/language")
        question = await cast.telegram.next_message(cast.aigerim)
        assert question.text.splitlines()[1] == "Your Telegram speaks none of these, so it is the bot's own."
        await cast.aigerim.presses(question, "Русский")
        await cast.telegram.until(lambda: question.text.startswith("Язык: Русский"))
        await cast.dias.says("/whoami")
        assert (await cast.telegram.next_message(cast.dias)).text.startswith("Dias · operator")


async def test_a_group_has_one_language_for_all(cast: Cast, setup: Make, ruslan: Person) -> None:
    cast.ops.members[ruslan.id] = "member"
    async with running(with_ruslan(setup)):
        await ruslan.says("/whoami", chat=cast.ops)
        assert "viewer" in (await cast.telegram.next_message(cast.ops)).text
        await ruslan.says("/language", chat=cast.ops)
        told = await cast.telegram.next_message(cast.ops)
    assert told.text.startswith("Language: English\nIt is the group's, from the settings (chats).")
    (button,) = told.keyboard.rows[0] if told.keyboard else ()
    assert (button.text, button.value) == ("Choose in private ↗", "https://t.me/vakhta_bot?start=language")


async def test_a_group_of_another_language(cast: Cast, setup: Make) -> None:
    async with running(setup(chats=[{"id": OPS, "language": "ru"}])):
        await cast.dias.says("/language", chat=cast.ops)
        told = await cast.telegram.next_message(cast.ops)
        assert told.text.startswith("Язык: Русский\nЭто язык группы, он задан в настройках (chats).")
        await cast.dias.says("/start language")
        assert (await cast.telegram.next_message(cast.dias)).text.startswith("Language: English")


async def test_a_stranger_reads_his_own_language(cast: Cast, setup: Make) -> None:
    stranger = cast.telegram.person(7777, language_code="ru")
    async with running(setup()):
        await stranger.says("/start language")
        reply = await cast.telegram.next_message(stranger)
        await stranger.says("/language")
        await cast.telegram.silence(stranger)
    assert "7777" in reply.text
    assert "админ" in reply.text.lower()


async def test_what_breaks_is_told_in_the_persons_language(
    cast: Cast, setup: Make, ruslan: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_args: object, **_more: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("services.audit.Audit.page", broken)
    async with running(with_ruslan(setup)):
        await cast.aigerim.says("/language")
        question = await cast.telegram.next_message(cast.aigerim)
        await cast.aigerim.presses(question, "Русский")
        await cast.aigerim.says("/audit")
        reply = await cast.telegram.next_message(cast.aigerim)
    assert reply.text.startswith("Здесь что-то сломалось")


async def test_admins_hear_of_a_left_group_in_their_own_languages(cast: Cast, setup: Make) -> None:
    async with running(setup()):
        await cast.aigerim.says("/language")
        question = await cast.telegram.next_message(cast.aigerim)
        await cast.aigerim.presses(question, "Русский")
        await cast.telegram.until(lambda: question.text.startswith("Язык"))
        other = cast.telegram.group(-100777, title="Other", members=[cast.stranger], bot="left")
        cast.telegram.add_bot(cast.stranger, other)
        told = await cast.telegram.next_message(cast.aigerim)
    assert "Other (-100777)" in told.text
    assert "настройках" in told.text
