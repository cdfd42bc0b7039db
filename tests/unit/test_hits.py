"""The newest hits of several logs, when they were, and where a search goes on behind them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.logs import Stream, stamp_of
from services.errors import ContainerGone, HostSilent, Silence
from services.logs.search.board import Board
from services.logs.search.hits import Found, Hit, Place, SearchQuestion, Stop, Tally, Times
from services.logs.stream.windows import Mark
from services.logs.text.presenter import ShownLine

BEGAN = datetime(2026, 11, 23, 12, tzinfo=UTC)


def stamp(second: float) -> bytes:
    return stamp_of(BEGAN + timedelta(seconds=second))


def hit(container: str, number: int, second: float, text: str = "x") -> Hit:
    line = ShownLine("server1", container, stamp(second), Stream.STDOUT, text)
    return Hit(container, number, line, mark=Mark(-number, line.stamp, b"check"))


def kept(board: Board) -> list[tuple[str, int]]:
    return [(each.container, each.number) for each in board.newest()]


@given(st.lists(st.lists(st.integers(0, 50), max_size=20), min_size=1, max_size=4), st.integers(1, 30))
def test_the_board_keeps_the_newest_of_all_in_whatever_order_they_come(
    logs: list[list[int]], most: int
) -> None:
    hits = {
        f"log{name}": [
            hit(f"log{name}", -number, second) for number, second in enumerate(sorted(seconds)[::-1], 1)
        ]
        for name, seconds in enumerate(logs)
    }
    board = Board(most, 10**9)
    turns = max(map(len, logs))
    for start in range(0, turns, 3):
        for container, own in hits.items():
            board.add(container, own[start : start + 3], missing=False)
    found = [each.line.stamp for each in board.newest()]
    assert found == sorted((each.line.stamp for own in hits.values() for each in own), reverse=True)[:most]
    assert board.is_enough(stamp(-1)) is (len(found) == most)


def test_a_logs_own_order_stays_though_its_stamps_run_backwards() -> None:
    board = Board(10, 10**9)
    board.add("a", [hit("a", -1, 10), hit("a", -2, 12), hit("a", -3, 9)], missing=False)
    board.add("b", [hit("b", -1, 11), hit("b", -2, 9.5)], missing=False)
    assert kept(board) == [("b", -1), ("a", -1), ("a", -2), ("b", -2), ("a", -3)]


def test_behind_a_stamp_that_runs_backwards_older_ones_may_still_count() -> None:
    board = Board(2, 10**9)
    board.add("a", [hit("a", -1, 10), hit("a", -2, 12)], missing=False)
    assert board.is_enough(stamp(10))
    assert not board.is_enough(stamp(11))


def test_what_has_no_room_is_dropped_from_the_oldest_end_of_all() -> None:
    board = Board(100, 5 * hit("a", -1, 0, "x" * 600).size)
    board.add("a", [hit("a", -n, 100 - n, "x" * 600) for n in range(1, 9)], missing=False)
    board.add("b", [hit("b", -n, 100 - 10 * n, "x" * 600) for n in range(1, 3)], missing=False)
    assert kept(board) == [("a", -1), ("a", -2), ("a", -3), ("a", -4), ("a", -5)]
    assert board.is_enough(stamp(95))
    assert not board.is_enough(stamp(95.5))


def test_beyond_a_hit_that_was_missed_nothing_counts() -> None:
    board = Board(100, 10**9)
    board.add("a", [hit("a", -1, 50)], missing=True)
    board.add("b", [hit("b", -1, 60), hit("b", -2, 40)], missing=False)
    assert kept(board) == [("b", -1), ("a", -1)]


@given(st.lists(st.integers(0, 86_400 * 30), min_size=1, max_size=300), st.integers(1, 20))
def test_times_lose_no_hit_however_coarse_they_get(seconds: list[int], columns: int) -> None:
    times, other = Times(), Times()
    times.add(stamp(second) for second in seconds[::2])
    other.add(stamp(second) for second in seconds[1::2])
    times.merge(other)
    first, last = BEGAN - timedelta(days=1), BEGAN + timedelta(days=32)
    assert sum(times.spread(first, last, columns)) == len(seconds)
    assert times.first is not None
    assert abs(times.first - (BEGAN + timedelta(seconds=min(seconds)))) < timedelta(days=1)


def test_many_times_cost_little() -> None:
    times = Times()
    for start in range(0, 100_000, 1000):
        times.add(stamp(second) for second in range(start, start + 1000))
    assert len(times._counts) <= 5000
    quarters = times.spread(BEGAN, BEGAN + timedelta(seconds=100_000), 4)
    assert sum(quarters) == pytest.approx(100_000, rel=0.01)
    assert max(quarters) - min(quarters) < 8000


def found(*tallies: Tally, hits: tuple[Hit, ...] = (), **more: object) -> Found:
    question = SearchQuestion("x")
    return Found(question, tallies, hits, Times(), BEGAN, **more)  # type: ignore[arg-type]


def tally(name: str, **facts: object) -> Tally:
    return Tally(name, "server1", name, **facts)  # type: ignore[arg-type]


REST = Mark(500, stamp(1), b"rest")


def test_it_goes_on_behind_what_was_shown_of_each_log() -> None:
    hits = (hit("a", -1, 90), hit("b", -1, 80), hit("a", -5, 70), hit("b", -9, 60))
    page = found(
        tally("a", count=2, reached=stamp(1), mark=REST),
        tally("b", count=2, reached=stamp(1), done=True),
        tally("c", count=1, reached=stamp(1), mark=REST),  # its hit found no room
        tally("d", reached=stamp(1), mark=REST),
        tally("e", reached=stamp(1), done=True),
        hits=hits,
        stop=Stop.ENOUGH,
    )
    onward = page.onward(2)
    assert onward is not None
    assert onward.places == (
        Place("server1", "a", hits[0].mark),
        Place("server1", "b", hits[1].mark),
        Place("server1", "c", Mark(500, stamp(80))),
        Place("server1", "d", REST),
    )
    onward = page.onward(4)
    assert onward is not None
    assert [place.mark for place in onward.places or ()] == [REST, Mark(500, stamp(60)), REST]


def test_nothing_goes_on_where_all_was_looked_at_or_cannot_be() -> None:
    gone = ContainerGone("server1", "b")
    assert found(tally("a", done=True), tally("b", failure=gone)).onward(0) is None
    silent = tally("c", failure=HostSilent("server1", Silence.ENGINE), mark=REST)
    onward = found(silent).onward(0)
    assert onward is not None
    assert onward.places == (Place("server1", "c", REST),)


def test_how_far_back_all_logs_were_looked_at() -> None:
    page = found(
        tally("a", reached=stamp(5)), tally("b", reached=stamp(9)), tally("c", reached=stamp(50), done=True)
    )
    assert page.reached == BEGAN + timedelta(seconds=9)
    assert found(tally("c", reached=stamp(50), done=True)).reached is None
    assert found(tally("a"), tally("b", done=True)).unbegun == 1
