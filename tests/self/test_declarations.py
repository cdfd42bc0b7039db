"""Every way into the bot is declared with a role, guarded, and documented."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, User

from bot import metrics_reference
from bot.dispatcher import build_dispatcher
from bot.middlewares.guard import Guard
from bot.middlewares.identity import Identity
from bot.reference import reference
from handlers import ROUTERS
from handlers.declare import Declaration, declarations
from services.domain.access import Role

ROOT = Path(__file__).parents[2]
IMPERSONAL = {"update", "error", "my_chat_member"}


def test_every_handler_has_a_role() -> None:
    found = 0
    for router in ROUTERS:
        for observer in router.observers.values():
            for handler in observer.handlers:
                assert isinstance(handler.flags.get("role"), Role), handler.callback
                found += 1
    assert found > 10


def test_every_observer_that_people_reach_is_guarded() -> None:
    dispatcher = build_dispatcher()
    for name, observer in dispatcher.observers.items():
        if name in IMPERSONAL:
            continue
        assert any(isinstance(each, Identity) for each in observer.outer_middleware), name
        assert any(isinstance(each, Guard) for each in observer.middleware), name


def test_two_bots_may_live_in_one_process() -> None:
    first, second = build_dispatcher(), build_dispatcher()
    assert first.resolve_used_update_types() == second.resolve_used_update_types()
    assert sorted(first.resolve_used_update_types()) == [
        "callback_query",
        "message",
        "my_chat_member",
        "stopped_message_generation",
    ]


def test_the_reference_is_up_to_date() -> None:
    assert (ROOT / "docs" / "commands.md").read_text() == reference(declarations(ROUTERS))


def test_the_reference_of_metrics_is_up_to_date() -> None:
    assert (ROOT / "docs" / "metrics.md").read_text() == metrics_reference.reference()


def test_every_row_of_the_reference_has_as_many_cells_as_its_head() -> None:
    rows = [line for line in reference(declarations(ROUTERS)).splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {len(Role) + 3}


@pytest.mark.parametrize("each", list(declarations(ROUTERS)), ids=lambda each: each.name)
def test_a_command_fits_telegrams_menu(each: Declaration) -> None:
    assert re.fullmatch(r"[a-z0-9_]{1,32}", each.name)
    assert len(each.about) <= 256
    assert each.about or each.name == "start"


@pytest.mark.parametrize(
    "each", [each for each in declarations(ROUTERS) if each.entry], ids=lambda each: each.name
)
async def test_a_subject_of_the_menu_is_answered(each: Declaration) -> None:
    """With nothing but its asker, as `/menu` makes it, by a handler that asks for no more than the command does."""
    assert each.entry is not None
    press = each.entry[1](asker="1")
    query = CallbackQuery(
        id="1", from_user=User(id=1, is_bot=False, first_name="A"), chat_instance="", data=press.pack()
    )
    for router in ROUTERS:
        for handler in router.callback_query.handlers:
            taken, _ = await handler.check(query)
            if taken and handler.filters:  # not the one that takes whatever nobody else knows
                assert handler.flags["role"] <= each.role
                return
    raise AssertionError(f"nobody answers {press}")


def test_no_two_buttons_begin_their_data_alike() -> None:
    """A press would go to the handler that was registered first."""
    kinds = list(all_kinds(CallbackData))
    assert len(kinds) > 40
    seen = Counter(kind.__prefix__ for kind in kinds)
    assert [prefix for prefix, times in seen.items() if times > 1] == []


def all_kinds(kind: type[CallbackData]) -> Iterator[type[CallbackData]]:
    for each in kind.__subclasses__():
        yield each
        yield from all_kinds(each)
