"""Figures of a picture: in a unit that fits, round between, never a row of zeros."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.metrics import Unit
from services.pictures.scales import MOST, Notation, figure, round_steps, scale

SIZES = st.floats(-MOST, MOST, allow_nan=False)


@pytest.mark.parametrize(
    ("unit", "value", "told"),
    [
        (Unit.PERCENT, 73.24, "73.2%"),
        (Unit.PERCENT, 412.0, "412%"),
        (Unit.PERCENT, 0.0, "0%"),
        (Unit.BYTES, 180 * 2.0**20, "180 MiB"),
        (Unit.BYTES, 1.5 * 2**30, "1.5 GiB"),
        (Unit.BYTES, 0.0, "0 B"),
        (Unit.BYTES_PER_SECOND, 12_340.0, "12.3 kB/s"),
        (Unit.SECONDS, 0.0421, "42.1 ms"),
        (Unit.SECONDS, 0.0, "0 s"),
        (Unit.SECONDS, 90.0, "1.5 min"),
        (Unit.SECONDS, 3e-10, "0.3 ns"),
        (Unit.PER_SECOND, 0.25, "0.25/s"),
        (Unit.PER_SECOND, 3400.0, "3.4k/s"),
        (Unit.COUNT, 999.0, "999"),
        (Unit.COUNT, 12_345_678.0, "12.3M"),
        (Unit.COUNT, -4500.0, "−4.5k"),
        (Unit.COUNT, 4e-12, "4e−12"),
        (Unit.COUNT, 1e300, "1e300"),
        (Unit.BYTES, 1e300, "1e300 B"),
    ],
)
def test_a_figure_as_it_is_told(unit: Unit, value: float, told: str) -> None:
    assert scale(unit, [value]).told(value) == told


def test_in_the_notation_of_another_language() -> None:
    russian = Notation(",", (("kB/s", "кБ/с"), ("k/s", " тыс./с")))
    assert scale(Unit.BYTES_PER_SECOND, [12_340.0], russian).told(12_340.0) == "12,3 кБ/с"
    assert scale(Unit.PER_SECOND, [3400.0], russian).told(3400.0) == "3,4 тыс./с"
    assert scale(Unit.PERCENT, [1.5], russian).told(1.5) == "1,5%"


def test_figures_that_are_compared_have_one_unit() -> None:
    own = scale(Unit.BYTES, [3.0, 2.0**20, 5 * 2.0**30])
    assert [own.figure(value) for value in (3.0, 2.0**29, 5 * 2.0**30)] == ["0", "0.5", "5"]


@given(SIZES)
def test_a_figure_is_short(value: float) -> None:
    assert len(figure(value)) <= len("−1.2e−300")
    assert len(figure(value, fine=True)) <= len("−1.2e−300")


@given(SIZES, SIZES, st.integers(2, 6), st.sampled_from(Unit))
def test_steps_are_few_even_and_between(low: float, high: float, most: int, unit: Unit) -> None:
    low, high = sorted((low, high))
    if math.isclose(low, high, rel_tol=1e-6) or high - low < 1e-290:
        return
    steps = round_steps(low, high, most)
    assert 1 <= len(steps) <= most
    span = high - low
    assert all(low - span * 1e-6 <= step <= high + span * 1e-6 for step in steps)
    between = [after - before for before, after in itertools.pairwise(steps)]
    assert all(math.isclose(each, between[0], rel_tol=1e-3) for each in between)
    assert scale(unit, steps).told(steps[-1])
