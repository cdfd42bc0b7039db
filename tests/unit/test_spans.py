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
        ("90s", at(25, 14, 4, 30), None),
        ("30с", at(25, 14, 5, 30), None),
        ("-30m", at(25, 13, 36), None),
        ("30min", at(25, 13, 36), None),
        ("30 минут", at(25, 13, 36), None),
        ("2 часа", at(25, 12, 6), None),
        ("2 дня", at(23, 14, 6), None),
        ("3 weeks", at(4, 14, 6), None),
        ("час", at(25, 13, 6), None),
        ("today", at(25), None),
        ("Вчера", at(24), datetime(2026, 11, 24, 23, 59, 59, 999999, tzinfo=ALMATY)),
        ("yesterday 14:00", at(24, 14), None),
        ("вчера 23:50..00:10", at(24, 23, 50), at(25, 0, 10)),
        ("вчера..", at(24), None),
        ("30m..10m", at(25, 13, 36), at(25, 13, 56)),
        ("10m..30m", at(25, 13, 36), at(25, 13, 56)),
        ("13:00..30m", at(25, 13), at(25, 13, 36)),
    ],
)
def test_what_is_meant(typed: str, since: datetime | None, until: datetime | None) -> None:
    assert parse_span(typed, NOW.astimezone(UTC), ALMATY) == TimeSpan(since, until)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "..",
        "50",
        "n8n",
        "25:00",
        "14:60",
        "31.06",
        "2026-13-01",
        "server2/*",
        "14:00..n8n",
        "٣m",
        "5 warn",
        "5x",
    ],
)
def test_what_is_none(typed: str) -> None:
    assert parse_span(typed, NOW, ALMATY) is None


def test_a_day_and_a_time_may_be_two_words() -> None:
    span, left = take_span(["n8n", "100", "2026-11-23", "14:00..14:20"], NOW, ALMATY)
    assert (span, left) == (TimeSpan(at(23, 14), at(23, 14, 20)), ["n8n", "100"])


@pytest.mark.parametrize(
    ("typed", "span", "left"),
    [
        ("n8n за последний час", TimeSpan(at(25, 13, 6)), ["n8n"]),
        ("n8n 2 часа назад 50", TimeSpan(at(25, 12, 6)), ["n8n", "50"]),
        ("n8n 50 с 14:00", TimeSpan(at(25, 14)), ["n8n", "50"]),
        ("n8n вчера 14:00", TimeSpan(at(24, 14)), ["n8n"]),
        ("n8n 14:00 вчера", TimeSpan(at(24, 14)), ["n8n"]),
        ("n8n since 30 min", TimeSpan(at(25, 13, 36)), ["n8n"]),
        ("последние 50", None, ["последние", "50"]),
    ],
)
def test_what_people_say_around_it_belongs_to_it(typed: str, span: TimeSpan | None, left: list[str]) -> None:
    assert take_span(typed.split(), NOW, ALMATY) == (span, left)


def test_words_without_one_are_left_as_they_are() -> None:
    assert take_span(["n8n", "100"], NOW, ALMATY) == (None, ["n8n", "100"])


@given(st.text(alphabet="0123456789.:-T hmdwмчднs…", max_size=30))
def test_nothing_typed_makes_it_stumble(typed: str) -> None:
    span = parse_span(typed, NOW, ALMATY)
    assert span is None or span.since is None or span.until is None or span.since <= span.until
