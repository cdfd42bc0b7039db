"""The buttons that lead to pictures of metrics."""

from itertools import combinations

import pytest

from handlers.callbacks import NOBODY
from handlers.metric_callbacks import KEY_OF_REACH, REACHES, Graph, GraphDark, GraphLight, GraphTurn
from services.domain.containers import key_of
from services.domain.metrics import Reach
from services.metrics.catalogue import Catalogue
from services.metrics.graphs import is_metric_key, metric_key


@pytest.mark.parametrize("press", [Graph, GraphTurn, GraphLight, GraphDark])
def test_the_longest_button_data_fits_in_64_bytes(press: type[Graph]) -> None:
    asker, host = f"{2**52 - 1:x}", "h" * 24
    data = press(asker=asker, metric="m" * 32, reach="24h", host=host, key=key_of(host, "n"))
    assert len(data.pack().encode()) <= 64
    assert press.unpack(data.pack()) == data


def test_a_metric_goes_by_its_key_however_it_is_given() -> None:
    by_id = Graph(asker=NOBODY, metric="cpu")
    assert by_id.metric == metric_key("cpu")
    assert Graph(asker=NOBODY, metric=by_id.metric) == by_id


def test_no_id_looks_like_a_key_and_no_two_of_ours_share_one() -> None:
    ids = [metric.id for metric in Catalogue()]
    assert not any(map(is_metric_key, ids))
    assert not any(metric_key(one) == metric_key(other) for one, other in combinations(ids, 2))


def test_every_reach_has_a_button() -> None:
    assert set(REACHES.values()) == set(Reach)
    assert all(REACHES[key] is reach for reach, key in KEY_OF_REACH.items())
