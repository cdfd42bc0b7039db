"""The menu's first screen against Telegram's limits, and the way back from what takes its place."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.formatting import Text
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.middlewares.locale import speaking
from handlers import ROUTERS
from handlers.callbacks import AlertPage, Go
from handlers.declare import declarations
from handlers.views.answer import Answer, button
from handlers.views.menu import entries, home
from handlers.views.ways import with_way_back
from handlers.words import catalogues
from services.domain.access import Actor, Role, Scope
from services.domain.containers import Condition, Reason
from services.domain.reports import FleetReport, HostReport
from services.errors import HostSilent, Silence
from tests.unit.test_views import NOW, assert_fits, observed

ADMIN = Actor(1001, "Aigerim", Role.ADMIN, Scope.of("*/*"))
VIEWER = Actor(1003, "Student", Role.VIEWER, Scope.of("*/*"))


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with speaking(catalogues("en"), ZoneInfo("UTC")):
        yield


def labels(answer: Answer) -> list[str]:
    return [each.text for row in answer.rows for each in row]


def screen(report: FleetReport, page: int = 0, recent: list[tuple[str, str]] | None = None) -> Answer:
    subjects = entries(declarations(ROUTERS), ADMIN, "3e9")
    return home(report, recent or [], subjects, Go(asker="3e9", page=page))


@settings(max_examples=30, deadline=None)
@given(hosts=st.integers(0, 120), each=st.integers(0, 6), down=st.integers(0, 6), silent=st.booleans())
def test_any_fleet_fits_and_every_host_is_on_some_page(
    hosts: int, each: int, down: int, silent: bool
) -> None:
    reports = [
        HostReport(
            f"a-host-of-a-name-{number:06}",
            tuple(
                observed(f"{'c' * 100}{place}", *_STATES[place < down], host=f"a-host-of-a-name-{number:06}")
                for place in range(each)
            ),
        )
        for number in range(hosts)
    ]
    if silent:
        reports.append(
            HostReport("dead", silence=HostSilent("dead", Silence.UNREACHABLE, NOW), unknown=("x",))
        )
    report, seen = FleetReport(tuple(reports), NOW), list[str]()
    with speaking(catalogues("en"), ZoneInfo("UTC")):
        for page in range(len(reports) + 1):
            answer = screen(report, page)
            assert_fits(answer)
            seen += labels(answer)
            if not any(label.startswith(f"{page + 2}/") for label in labels(answer)):
                break
    assert {f"{each.host} ▸" for each in reports} <= set(seen)


_STATES = {True: (Condition.DOWN, Reason.EXITED), False: (Condition.WELL, Reason.RUNNING)}


def test_trouble_before_what_was_used_last_and_nothing_else() -> None:
    rows = [
        observed("vault", *_STATES[True]),
        observed("n8n", *_STATES[False]),
        observed("redis", *_STATES[False]),
        observed("zulip", *_STATES[False]),
    ]
    report = FleetReport((HostReport("server1", tuple(rows)),), NOW)
    answer = screen(report, recent=[("server1", "zulip"), ("server1", "gone"), ("server1", "n8n")])
    assert labels(answer)[:4] == ["🔴 vault ▸", "🟢 zulip ▸", "🟢 n8n ▸", "server1 ▸"]


def test_each_is_offered_what_the_role_allows() -> None:
    def offered(actor: Actor) -> set[str]:
        return {each.text for each in entries(declarations(ROUTERS), actor, "3e9")}

    assert offered(ADMIN) - offered(VIEWER) == {"Audit", "Silences"}
    assert offered(VIEWER) >= {"Alerts", "Events", "Language"}


def keyboard(*rows: list[InlineKeyboardButton]) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(inline_keyboard=list(rows))


def test_the_way_back_leads_to_the_screen_and_is_kept() -> None:
    here = Go(asker="3e9", host="server1", key="0" * 12, page=2)
    stood = keyboard([button("‹ server1", Go(asker="3e9", host="server1"))], [button("↻", here)])
    answer = Answer(Text("lines"), ([button("1/2", AlertPage(asker="3e9"))],))
    first = with_way_back(answer, stood)
    assert (first.rows[-1][-1].text, first.rows[-1][-1].callback_data) == ("‹ Back", here.pack())
    second = with_way_back(Answer(Text("older lines")), first.keyboard)
    assert second.rows[-1][-1].callback_data == here.pack()


def test_a_screen_has_ways_of_its_own_and_other_messages_have_none() -> None:
    own = Answer(Text("a screen"), ([button("↻", Go(asker="3e9"))],))
    assert with_way_back(own, keyboard([button("↻", Go(asker="3e9", host="server1"))])) == own
    plain = Answer(Text("alerts"))
    assert with_way_back(plain, keyboard([button("1/2", AlertPage(asker="3e9"))])) == plain
    assert with_way_back(plain, None) == plain
