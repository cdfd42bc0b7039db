"""What simulated containers use: it can be told for any moment, and never runs backwards."""

from hypothesis import given
from hypothesis import strategies as st

from playground.engine.clock import SECOND
from playground.engine.load import MIB, Load, Meter

LOADS = st.builds(Load, cpu=st.floats(0.0001, 8), swing=st.floats(0, 1), period=st.floats(5, 900))


@given(LOADS, st.floats(0, 10**7), st.floats(0.01, 100))
def test_work_never_falls_and_stays_near_its_mean(load: Load, seconds: float, more: float) -> None:
    before, after = load.worked(seconds), load.worked(seconds + more)
    assert before <= after
    assert after - before <= load.cpu * (1 + load.swing) * more * SECOND * 1.01 + 1000


@given(LOADS)
def test_over_a_whole_period_it_is_the_mean(load: Load) -> None:
    worked = load.worked(load.period * 10) / SECOND
    assert abs(worked - load.cpu * load.period * 10) < 1e-3 * max(worked, 1)


def test_memory_grows_to_its_most() -> None:
    load = Load(memory=100 * MIB, cache=10 * MIB, growth=10 * MIB, most=150 * MIB)
    assert 105 * MIB < load.used(0) < 115 * MIB
    assert load.used(3600) > 113 * MIB
    assert load.used(10**6) < 165 * MIB


def test_a_change_of_load_keeps_what_was_worked() -> None:
    meter = Meter(Load(cpu=0.1, swing=0), 0)
    meter.change(Load(cpu=2, swing=0), 100 * SECOND)
    assert meter.worked(100 * SECOND) == 10 * SECOND
    assert meter.worked(110 * SECOND) == 30 * SECOND
