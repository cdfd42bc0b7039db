"""Several logs in one order of time."""

from hypothesis import given
from hypothesis import strategies as st

from services.logs.pages.merging import newest_of, oldest_of

ordered = st.lists(st.integers(0, 30), max_size=12).map(sorted)
logs = st.lists(ordered, max_size=5)
disordered = st.lists(st.lists(st.integers(0, 30), max_size=12), max_size=5)


def stamps(log: list[int]) -> list[bytes]:
    return [b"%02d" % moment for moment in log]


@given(logs, st.integers(0, 60))
def test_the_newest_are_those_of_the_latest_moments_and_the_order_is_theirs(
    logs: list[list[int]], count: int
) -> None:
    order = newest_of([stamps(log) for log in logs], count)
    expected = sorted((moment, number) for number, log in enumerate(logs) for moment in log)
    assert order == [number for _moment, number in expected[max(len(expected) - count, 0) :]]


@given(logs, st.integers(0, 60))
def test_the_oldest_likewise(logs: list[list[int]], count: int) -> None:
    order = oldest_of([stamps(log) for log in logs], count)
    expected = sorted((moment, number) for number, log in enumerate(logs) for moment in log)
    assert order == [number for _moment, number in expected[:count]]


@given(logs, st.integers(0, 30))
def test_nothing_is_beyond_a_bound(logs: list[list[int]], bound: int) -> None:
    all_stamps = [stamps(log) for log in logs]
    at = b"%02d" % bound
    assert len(newest_of(all_stamps, 100, at)) == sum(moment >= bound for log in logs for moment in log)
    assert len(oldest_of(all_stamps, 100, at)) == sum(moment <= bound for log in logs for moment in log)


@given(disordered)
def test_where_a_clock_ran_backwards_every_line_is_there_once_all_the_same(logs: list[list[int]]) -> None:
    all_stamps = [stamps(log) for log in logs]
    for order in (newest_of(all_stamps, 100), oldest_of(all_stamps, 100)):
        assert sorted(order) == [number for number, log in enumerate(logs) for _ in log]
