"""Stretches of time as people type them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.spans import parse_span, take_span
from services.domain.spans import TimeSpan

ALMATY = ZoneInfo("Asia/Almaty")  # UTC+5
NOW = datetime(2026, 11, 25, 14, 6, tzinfo=ALMATY)


def at(
    day: int, hour: int = 0, minute: int = 0, second: int = 0, month: int = 11, year: int = 2026
) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=ALMATY)


@pytest.mark.parametrize(
    ("typed", "since", "until"),
    [
        ("30m", at(25, 13, 36), None),
        ("2h", at(25, 12, 6), None),
        ("2ч", at(25, 12, 6), None),
        ("1d", at(24, 14, 6), None),
        ("1w", at(18, 14, 6), None),
        ("14:00", at(25, 14), None),
        ("14:06", at(25, 14, 6), None),
        ("14:07", at(24, 14, 7), None),
        ("9:05:30", at(25, 9, 5, 30), None),
        ("2026-11-23", at(23), None),
        ("23.11", at(23), None),
        ("26.11", at(26, year=2025), None),
        ("23.11.2025", at(23, year=2025), None),
        ("2026-11-23T14:00", at(23, 14), None),
        ("2026-11-23t14:00", at(23, 14), None),
        ("14:00..14:20", at(25, 14), at(25, 14, 20)),
        ("23:50..00:10", at(24, 23, 50), at(25, 0, 10)),
        ("2026-11-23 14:00..14:20", at(23, 14), at(23, 14, 20)),
        ("2026-11-23 23:50..00:10", at(23, 23, 50), at(24, 0, 10)),
        ("23.11..24.11", at(23), datetime(2026, 11, 24, 23, 59, 59, 999999, tzinfo=ALMATY)),
        ("..13:00", None, at(25, 13)),
        ("13:00..", at(25, 13), None),
    ],
)
def test_what_is_meant(typed: str, since: datetime | None, until: datetime | None) -> None:
    assert parse_span(typed, NOW.astimezone(UTC), ALMATY) == TimeSpan(since, until)


@pytest.mark.parametrize(
    "typed",
    ["", "..", "50", "n8n", "25:00", "14:60", "31.06", "2026-13-01", "server2/*", "14:00..n8n", "-5m", "٣m"],
)
def test_what_is_none(typed: str) -> None:
    assert parse_span(typed, NOW, ALMATY) is None


def test_a_day_and_a_time_may_be_two_words() -> None:
    span, left = take_span(["n8n", "100", "2026-11-23", "14:00..14:20"], NOW, ALMATY)
    assert (span, left) == (TimeSpan(at(23, 14), at(23, 14, 20)), ["n8n", "100"])


def test_words_without_one_are_left_as_they_are() -> None:
    assert take_span(["n8n", "100"], NOW, ALMATY) == (None, ["n8n", "100"])


@given(st.text(alphabet="0123456789.:-T hmdwмчдн…", max_size=30))
def test_nothing_typed_makes_it_stumble(typed: str) -> None:
    span = parse_span(typed, NOW, ALMATY)
    assert span is None or span.since is None or span.until is None or span.since <= span.until
