"""Views against Telegram's limits, and times in the team's zone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.middlewares.locale import speaking
from handlers.callbacks import Confirm, Go, LogTurn, Open, Overview, Renew
from handlers.views.answer import (
    CAPTION_UNITS,
    MESSAGE_ENTITIES,
    MESSAGE_UNITS,
    Answer,
    button,
    in_pairs,
    units,
)
from handlers.views.moments import duration, moment, size
from handlers.views.status import overview
from handlers.words import catalogues
from services.domain.containers import (
    Condition,
    Container,
    Diagnosis,
    Reason,
    State,
    key_of,
)
from services.domain.reports import FleetReport, HostReport, Observed
from services.errors import HostSilent, Silence

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with speaking(catalogues("en"), ZoneInfo("Asia/Almaty")):
        yield


def container(name: str, host: str = "server1") -> Container:
    return Container(host, "0" * 64, name, "image:1", State.RUNNING, None, NOW)


def observed(name: str, condition: Condition, reason: Reason, host: str = "server1") -> Observed:
    return Observed(container(name, host), Diagnosis(condition, reason, NOW))


def assert_fits(answer: Answer) -> None:
    text, entities = answer.text.render()
    assert 0 < units(text) <= (CAPTION_UNITS if answer.file else MESSAGE_UNITS)
    assert len(entities) <= MESSAGE_ENTITIES
    rows = answer.keyboard.inline_keyboard if answer.keyboard else []
    assert all(len(row) <= 8 for row in rows)
    assert sum(map(len, rows)) <= 100


@given(
    names=st.lists(
        st.text("abcdefghijklmnop-_.0123456789", min_size=1, max_size=120), max_size=300, unique=True
    ),
    troubled=st.integers(0, 300),
    hosts=st.integers(1, 30),
)
def test_any_fleet_fits_and_every_name_is_on_some_page(names: list[str], troubled: int, hosts: int) -> None:
    rows = [
        observed(name, Condition.DOWN, Reason.EXITED)
        if place < troubled
        else observed(name, Condition.WELL, Reason.RUNNING)
        for place, name in enumerate(names)
    ]
    reports = [HostReport(f"server{number}", tuple(rows[number::hosts])) for number in range(hosts)]
    silence = HostSilent("dead", Silence.UNREACHABLE, NOW)
    reports.append(HostReport("dead", silence=silence, unknown=("ghost",)))
    report = FleetReport(tuple(reports), NOW)
    seen = ""
    with speaking(catalogues("en"), ZoneInfo("UTC")):
        for page in range(200):
            answer = overview(report, "3e9", page=page)
            assert_fits(answer)
            seen += answer.text.render()[0]
            labels = [button.text for row in answer.rows for button in row]
            if not any(label.startswith(f"{page + 2}/") for label in labels):
                break
    assert all(name in seen for name in [*names, "ghost", "dead"])


def test_the_longest_button_data_fits_in_64_bytes() -> None:
    asker, host, key = f"{2**52 - 1:x}", "h" * 24, key_of("h", "n")
    for data in (
        Open(asker=asker, act="restart", host=host, key=key),
        Renew(asker=asker, act="logs", host=host, key=key, lines=5000),
        LogTurn(asker=asker, token="t" * 8, act="restart", lines=5000),
        Confirm(asker=asker, token="t" * 22, yes=True),
        Overview(asker=asker, host=host, page=99999),
        Go(asker=asker, host=host, key=key, page=9999),
    ):
        assert len(data.pack().encode()) <= 64


def test_times_are_absolute_in_the_teams_zone() -> None:
    assert moment(NOW, NOW) == "14:02"
    assert moment(NOW - timedelta(days=3), NOW) == "20 Nov, 14:02"
    assert moment(NOW - timedelta(days=365), NOW) == "23 Nov 2025, 14:02"
    assert duration(timedelta(days=3, hours=5)) == "3 days"
    assert size(210 * 2**20) == "210 MB"


def test_a_label_that_would_be_cut_off_has_a_row_of_its_own() -> None:
    labels = ["n8n", "redis", "a-worker-of-production-1", "web", "a-worker-of-production-2", "db", "api"]
    rows = in_pairs([button(label, Overview(asker="1")) for label in labels])
    assert [[each.text for each in row] for row in rows] == [
        ["n8n", "redis"],
        ["a-worker-of-production-1"],
        ["web"],
        ["a-worker-of-production-2"],
        ["db", "api"],
    ]
