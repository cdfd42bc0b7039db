"""The menu of commands beside the input field: what each person is offered, where, and how often Telegram is told."""

from collections.abc import Callable

import pytest

from playground.telegram import Chat, Person
from tests.bots import USERS, Setup, running
from tests.conftest import Cast

Make = Callable[..., Setup]

ALERTS = -1002
ALL_FOR_ADMINS = {"restart", "status", "audit", "menu", "language"}


def offered(cast: Cast, person: Person, chat: Chat | None = None) -> dict[str, str]:
    return {each.command: each.description for each in cast.telegram.menu(person, chat)}


def told(cast: Cast) -> int:
    return len(cast.telegram.called("setMyCommands")) + len(cast.telegram.called("deleteMyCommands"))


async def settled(cast: Cast, people: int = 3, groups: int = 1) -> None:
    """Every known person has a menu in private and in each group, and nobody has one by default."""
    await cast.telegram.until(lambda: told(cast) == people * (1 + groups) + 1, 20)
    await cast.aigerim.says("/whoami")  # by the answer the last of them has been written down
    await cast.telegram.next_message(cast.aigerim)


async def test_each_is_offered_what_the_role_allows(cast: Cast, setup: Make) -> None:
    async with running(setup()):
        await settled(cast)
    admins, operators, viewers = (offered(cast, each) for each in (cast.aigerim, cast.dias, cast.student))
    assert admins.keys() >= ALL_FOR_ADMINS
    assert admins.keys() - operators.keys() == {"audit", "prune", "query"}
    assert operators.keys() - viewers.keys() == {"restart", "stop", "up", "ack", "silences"}
    assert "start" not in admins
    assert viewers["status"] == "hosts and containers, trouble first"
    for person in (cast.aigerim, cast.dias, cast.student):
        assert offered(cast, person, cast.ops) == offered(cast, person)


async def test_strangers_are_offered_nothing(cast: Cast, setup: Make) -> None:
    async with running(setup()):
        await settled(cast)
        await cast.stranger.says("/start")
        await cast.telegram.next_message(cast.stranger)
    assert offered(cast, cast.stranger) == {}
    assert offered(cast, cast.stranger, cast.ops) == {}


async def test_a_group_that_only_gets_alerts_has_no_menu(cast: Cast, setup: Make) -> None:
    alerts = cast.telegram.group(ALERTS, title="Alerts", members=[cast.aigerim])
    more = {"alerts": {"chats": [{"id": ALERTS}]}}
    async with running(setup(more=more)):
        await settled(cast)
    assert offered(cast, cast.aigerim, alerts) == {}


async def test_a_menu_speaks_its_persons_language(cast: Cast, setup: Make) -> None:
    async with running(setup()):
        await settled(cast)
        await cast.dias.says("/language")
        question = await cast.telegram.next_message(cast.dias)
        await cast.dias.presses(question, "Русский")
        await cast.telegram.until(lambda: "сервер" in offered(cast, cast.dias)["status"], 10)
        await cast.telegram.until(lambda: "сервер" in offered(cast, cast.dias, cast.ops)["status"], 10)
    assert offered(cast, cast.aigerim)["status"] == "hosts and containers, trouble first"


async def test_a_persons_telegram_decides_once_it_is_heard(cast: Cast, setup: Make) -> None:
    person = cast.telegram.person(1004, language_code="ru")
    users = [*USERS, {"id": 1004, "name": "Ruslan", "role": "viewer"}]
    async with running(setup(users=users)):
        await settled(cast, people=4)
        assert offered(cast, person)["status"] == "hosts and containers, trouble first"
        await person.says("/start")
        await cast.telegram.until(lambda: "сервер" in offered(cast, person)["status"], 10)


async def test_nothing_is_told_twice(cast: Cast, setup: Make) -> None:
    made = setup()
    async with running(made):
        await settled(cast)
    before = told(cast)
    async with running(made):
        await cast.aigerim.says("/whoami")
        await cast.telegram.next_message(cast.aigerim)
        await cast.telegram.silence(cast.aigerim, 0.5)
    assert told(cast) == before


async def test_only_what_has_changed_is_told(cast: Cast, setup: Make) -> None:
    async with running(setup()):
        await settled(cast)
    before = told(cast)
    promoted = [USERS[0], {**USERS[1], "role": "viewer"}, USERS[2]]
    async with running(setup(users=promoted)):
        await cast.telegram.until(lambda: told(cast) == before + 2, 10)
    assert "restart" not in offered(cast, cast.dias)
    assert "restart" not in offered(cast, cast.dias, cast.ops)


async def test_who_leaves_the_settings_loses_the_menu(cast: Cast, setup: Make) -> None:
    async with running(setup()):
        await settled(cast)
    async with running(setup(users=[USERS[0], USERS[2]])):
        await cast.telegram.until(lambda: offered(cast, cast.dias) == {}, 10)
        await cast.telegram.until(lambda: offered(cast, cast.dias, cast.ops) == {}, 10)
    assert offered(cast, cast.aigerim).keys() >= ALL_FOR_ADMINS


async def test_who_never_wrote_to_the_bot_gets_it_with_the_first_word(cast: Cast, setup: Make) -> None:
    users = [*USERS, {"id": 1005, "name": "Newcomer", "role": "viewer"}]
    async with running(setup(users=users)):
        await cast.telegram.until(
            lambda: any("chat not found" in r.description for r in cast.telegram.refusals), 10
        )
        await settled(cast, people=4)
        cast.telegram.refusals.clear()
        newcomer = cast.telegram.person(1005)
        await newcomer.says("/start")
        await cast.telegram.until(lambda: "status" in offered(cast, newcomer), 10)


@pytest.mark.parametrize("trouble", ["429", "500", "reset"])
async def test_trouble_delays_menus_and_nothing_else(cast: Cast, setup: Make, trouble: str) -> None:
    cast.telegram.fail_next("setMyCommands", trouble, times=2)
    async with running(setup()):
        await cast.aigerim.says("/whoami")
        assert (await cast.telegram.next_message(cast.aigerim)).text.startswith("Aigerim")
        await cast.telegram.until(lambda: "audit" in offered(cast, cast.aigerim), 30)
        await cast.telegram.until(lambda: "status" in offered(cast, cast.student, cast.ops), 30)


async def test_a_group_that_has_moved_keeps_its_menus(cast: Cast, setup: Make) -> None:
    made = setup()
    async with running(made):
        await settled(cast)
        new = cast.telegram.migrate(cast.ops, -1009876543210)
        await cast.dias.says("/whoami", chat=new)
        await cast.telegram.next_message(new)
    async with running(made):
        await cast.telegram.until(lambda: "restart" in offered(cast, cast.dias, new), 10)


async def test_menus_fit_telegrams_limits(cast: Cast, setup: Make) -> None:
    """The stand-in refuses names and descriptions that Telegram would, and a refusal fails the test."""
    async with running(setup(language="ru")):
        await settled(cast)
    descriptions = offered(cast, cast.aigerim).values()
    assert all(1 <= len(each) <= 256 for each in descriptions)
