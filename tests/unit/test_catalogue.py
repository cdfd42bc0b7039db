"""The catalogue of metrics: what can be asked for by name, and the queries that come of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.domain.metrics import Level
from services.errors import NoSuchMetric
from services.metrics.catalogue import Catalogue, rendered

MINUTE = timedelta(minutes=1)


def test_ids_in_any_case_and_near_misses() -> None:
    catalogue = Catalogue()
    assert catalogue.metric("CPU").id == "cpu"
    with pytest.raises(NoSuchMetric) as missed:
        catalogue.metric("memry")
    assert missed.value.near[0] == "memory"


def test_what_the_settings_name_comes_in_the_place_of_ours() -> None:
    own = replace(Catalogue().metric("cpu"), title="Load", own=False)
    catalogue = Catalogue([own])
    assert catalogue.metric("cpu") is own
    assert [metric.id for metric in catalogue] == [metric.id for metric in Catalogue()]


def test_names_are_put_in_as_they_are() -> None:
    metric = replace(
        Catalogue().metric("cpu"),
        promql='rate(x{host=~"$host",c=~"$container"}[$window])',
        level=Level.CONTAINER,
    )
    assert rendered(metric, window=MINUTE) == 'rate(x{host=~".+",c=~".+"}[60s])'
    asked = rendered(metric, hosts=["a.b", 'c"d'], containers=["x"], window=MINUTE)
    assert asked == 'rate(x{host=~"a\\\\.b|c\\"d",c=~"x"}[60s])'
