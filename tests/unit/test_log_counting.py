"""When a rule over a log is met, as a table of moments, and when that is over."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from services.alerts.log_counting import SHOWN, LogCount
from services.domain.log_rules import LogRule

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
RULE = LogRule("errors", "ERROR", threshold=3, within=timedelta(seconds=60), cooldown=timedelta(minutes=10))


def hit(count: LogCount, *seconds: float) -> bool:
    moments = [NOW + timedelta(seconds=each) for each in seconds]
    return count.hit(moments, [f"ERROR {each}" for each in seconds][-SHOWN:])


@pytest.mark.parametrize(
    ("seconds", "met"),
    [
        ((0, 1), False),
        ((0, 1, 2), True),
        ((0, 30, 60), True),
        ((0, 30, 61), False),
        ((0, 40, 80, 120), False),
        ((0, 50, 90, 95), True),
        ((0, 0, 0), True),
    ],
)
def test_so_many_within_so_much_time(seconds: Sequence[float], met: bool) -> None:
    at_once, one_by_one = LogCount(RULE), LogCount(RULE)
    assert hit(at_once, *seconds) is met
    found = [hit(one_by_one, each) for each in seconds]
    assert any(found) is met
    assert (at_once.since, at_once.met) == (one_by_one.since, one_by_one.met)


def test_it_began_with_the_first_of_them_and_is_over_after_the_cooldown() -> None:
    count = LogCount(RULE)
    hit(count, 0, 100, 110, 120)
    assert (count.since, count.met) == (NOW + timedelta(seconds=100), NOW + timedelta(seconds=120))
    hit(count, 125, 300)
    assert count.met == NOW + timedelta(seconds=125)
    assert count.over(NOW + timedelta(seconds=125 + 600)) is None
    assert count.over(NOW + timedelta(seconds=125 + 601)) == NOW + timedelta(seconds=125)
    assert not (count.since or count.met)
    assert count.over(NOW + timedelta(days=1)) is None


def test_what_is_shown_is_the_newest_of_the_window() -> None:
    count = LogCount(RULE)
    hit(count, -500, *range(40))
    assert count.newest == tuple(f"ERROR {each}" for each in range(40 - SHOWN, 40))
    hit(count, 5000)
    assert count.newest == ("ERROR 5000",)


@pytest.mark.parametrize(
    ("globs", "host", "name", "covered"),
    [
        (("*/*",), "server2", "directus", True),
        (("*/directus",), "server1", "directus", True),
        (("server2/*",), "server1", "directus", False),
        (("server1/n8n", "server2/d*"), "server2", "directus", True),
        ((), "server2", "directus", False),
    ],
)
def test_which_containers_a_rule_is_about(
    globs: tuple[str, ...], host: str, name: str, covered: bool
) -> None:
    assert LogRule("errors", "ERROR", containers=globs).covers(host, name) is covered
