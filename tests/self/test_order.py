"""The order in which workers get the tests: the same tests, whatever their kinds and however many workers there are."""

from collections.abc import Sequence
from itertools import count

import pytest

from tests.order import Entry, dealt


def listed(*files: tuple[str, int, bool], busy: str = "") -> list[Entry]:
    """Of each file its path, how many tests it has, and whether they are long; busy: those of these letters."""
    numbers = count()
    return [
        Entry(next(numbers), path, long, path[-4] in busy)
        for path, tests, long in files
        for _ in range(tests)
    ]


SUITE = listed(
    ("tests/contract/test_a.py", 5, False),
    ("tests/lab/test_b.py", 3, True),
    ("tests/contract/test_aa.py", 2, False),
    ("tests/lab/test_c.py", 4, False),
    ("tests/lab/test_cc.py", 2, False),
    *((f"tests/unit/test_{letter}.py", 9, False) for letter in "defgh"),
    ("tests/workflows/test_i.py", 1, True),
    ("tests/workflows/test_j.py", 6, False),
    ("tests/workflows/test_k.py", 2, True),
    ("tests/workflows/test_l.py", 2, True),
    busy="bk",
)


def runs(entries: Sequence[Entry], workers: int) -> list[Sequence[Entry]]:
    """What each worker begins with, as xdist cuts the list."""
    found = []
    for number in range(workers):
        size = len(entries) // (workers - number)
        found.append(entries[:size])
        entries = entries[size:]
    return found


@pytest.mark.parametrize("workers", [2, 3, 4, 100])
@pytest.mark.parametrize("suite", [SUITE, SUITE[:7], SUITE[12:44], SUITE[:1], []])
def test_none_is_lost_and_none_comes_twice(suite: Sequence[Entry], workers: int) -> None:
    assert sorted(dealt(suite, workers)) == sorted(suite)


@pytest.mark.parametrize("workers", [2, 3])
def test_each_begins_with_its_long_ones_and_ends_with_quick_ones(workers: int) -> None:
    for run in runs(dealt(SUITE, workers), workers):
        long = [each.long for each in run]
        assert long[0]
        assert long == sorted(long, reverse=True)
        assert run[-1].path.startswith("tests/unit/")


def test_what_waits_is_spread_among_what_computes() -> None:
    for run in runs(dealt(SUITE, 2), 2):
        kinds = "".join("q" if each.path.startswith("tests/unit/") else "s" for each in run if not each.long)
        assert "sq" in kinds
        assert "qs" in kinds


def test_a_file_stays_with_one_worker_but_where_a_run_ends() -> None:
    found = runs(dealt(SUITE, 3), 3)
    for path in {each.path for each in SUITE if not each.path.startswith("tests/unit/")}:
        assert sum(any(each.path == path for each in run) for run in found) == 1


def test_those_that_compute_for_long_are_not_begun_by_all() -> None:
    first, second = runs(dealt(SUITE, 2), 2)
    assert [each.busy for each in first if each.long] == [True] * 3 + [False]
    assert [each.busy for each in second if each.long] == [False] * 2 + [True] * 2
