"""What a picture's axes show: limits that matter, round moments of the team's clocks, labels that keep apart."""

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.domain.metrics import Thresholds, Unit
from services.pictures.axes import Heights, heights, time_steps

ALMATY = ZoneInfo("Asia/Almaty")
LIMITS = Thresholds(80, 90)


def of(*values: float, limits: Thresholds = LIMITS) -> Heights:
    return heights(Unit.PERCENT, values, limits, most=5, words=0.1)


def test_heights_begin_at_nothing_and_hold_every_value() -> None:
    found = of(20, 45)
    assert found.low == 0
    assert found.high > 45
    below = of(-20, 45)
    assert below.low < -20 < 45 < below.high


@pytest.mark.parametrize(
    ("most", "warning", "critical"), [(12, None, None), (42, 80, None), (46, 80, 90), (95, 80, 90)]
)
def test_a_limit_is_shown_where_it_is_near(
    most: float, warning: float | None, critical: float | None
) -> None:
    found = of(5, most)
    assert (found.warning, found.critical) == (warning, critical)
    assert all(limit < found.high for limit in (warning, critical) if limit)


def test_a_picture_without_a_value_has_no_limits() -> None:
    found = heights(Unit.PERCENT, (), Thresholds(0.5), most=5, words=0.1)
    assert (found.low, found.warning, found.critical) == (0, None, None)


@example([5e-324], None)
@example([-5e-324], -5e-324)
@given(st.lists(st.floats(-1e300, 1e300), max_size=5), st.floats(-1e300, 1e300) | st.none())
def test_heights_of_anything(values: list[float], limit: float | None) -> None:
    found = of(*values, limits=Thresholds(limit, limit))
    assert found.low <= 0 <= found.high
    assert found.low < found.high
    assert found.steps


def words(start: datetime, span: timedelta, zone: ZoneInfo = ALMATY, most: int = 6) -> list[str]:
    return [label for _at, label in time_steps(start.timestamp(), (start + span).timestamp(), zone, most)]


def test_moments_are_round_on_the_teams_clocks() -> None:
    start = datetime(2026, 11, 25, 7, 13, tzinfo=UTC)  # 12:13 in Almaty
    assert words(start, timedelta(hours=1)) == ["12:20", "12:30", "12:40", "12:50", "13:00", "13:10"]
    assert words(start, timedelta(days=1)) == ["16:00", "20:00", "26.11", "04:00", "08:00", "12:00"]
    assert words(start, timedelta(days=7)) == ["26.11", "28.11", "30.11", "02.12"]
    assert words(start, timedelta(hours=1), ZoneInfo("Asia/Kathmandu"))[0] == "13:00"


def test_a_clock_that_leaps() -> None:
    """In Berlin there is no 02:30 on 29 March, and 02:30 twice on 25 October."""
    berlin = ZoneInfo("Europe/Berlin")
    spring = words(datetime(2026, 3, 29, 0, 0, tzinfo=UTC), timedelta(hours=2, minutes=30), berlin)
    assert spring == ["01:00", "01:30", "03:00", "03:30", "04:00", "04:30"]
    autumn = words(datetime(2026, 10, 24, 23, 30, tzinfo=UTC), timedelta(hours=2), berlin)
    assert autumn == sorted(autumn)
    assert len(set(autumn)) == len(autumn)


@example(1405792801.0, timedelta(days=6, seconds=-1), 2)
@given(
    st.floats(0, 4e9),
    st.timedeltas(timedelta(minutes=1), timedelta(days=800)),
    st.integers(2, 8),
)
def test_moments_are_few_in_order_and_within(begin: float, span: timedelta, most: int) -> None:
    found = time_steps(begin, begin + span.total_seconds(), ALMATY, most)
    assert len(found) <= most
    assert all(begin <= at <= begin + span.total_seconds() for at, _label in found)
    assert all(before[0] < after[0] for before, after in itertools.pairwise(found))
    if timedelta(hours=1) <= span <= timedelta(days=60):
        assert found, "there is always something to hold on to"
