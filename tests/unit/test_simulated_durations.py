"""How the simulated engine tells durations and moments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.engine.durations import human, rfc3339, stamp, steady

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "Less than a second"),
        (0.9, "Less than a second"),
        (1, "1 second"),
        (45, "45 seconds"),
        (MINUTE, "About a minute"),
        (2 * MINUTE, "2 minutes"),
        (59.9 * MINUTE, "59 minutes"),
        (HOUR, "About an hour"),
        (89 * MINUTE, "About an hour"),
        (90 * MINUTE, "2 hours"),
        (47 * HOUR, "47 hours"),
        (48 * HOUR, "2 days"),
        (13 * DAY, "13 days"),
        (14 * DAY, "2 weeks"),
        (59 * DAY, "8 weeks"),
        (60 * DAY, "2 months"),
        (729 * DAY, "24 months"),
        (2 * 365 * DAY, "2 years"),
    ],
)
def test_the_words_of_go_units(seconds: float, words: str) -> None:
    """Those of docker/go-units, duration_test.go."""
    assert human(seconds) == words


@given(st.floats(0, 900 * DAY))
def test_words_are_steady_for_as_long_as_is_said(seconds: float) -> None:
    left = steady(seconds)
    assert left > 0
    assert human(seconds) == human(seconds + left * 0.99)


def test_moments() -> None:
    assert rfc3339(0) == "0001-01-01T00:00:00Z"
    assert rfc3339(1_795_643_111_730_900_020) == "2026-11-25T21:45:11.73090002Z"
    assert rfc3339(1_795_643_111_000_000_000) == "2026-11-25T21:45:11Z"
    assert stamp(1_795_643_111_000_000_020) == b"2026-11-25T21:45:11.000000020Z"
