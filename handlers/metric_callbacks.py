"""Typed data of the buttons that lead to pictures of metrics; what all buttons share is in `callbacks`.

A metric's id and a container's name are longer than a button's data: both go by keys.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from handlers.callbacks import Press
from services.domain.containers import ContainerKey
from services.domain.metrics import Reach
from services.metrics.graphs import is_metric_key, metric_key

ReachKey = Literal["1h", "6h", "24h", "7d"]

REACHES: dict[ReachKey, Reach] = {
    "1h": Reach.HOUR,
    "6h": Reach.QUARTER,
    "24h": Reach.DAY,
    "7d": Reach.WEEK,
}
KEY_OF_REACH: dict[Reach, ReachKey] = {reach: key for key, reach in REACHES.items()}


def _key(metric: str) -> str:
    return metric if is_metric_key(metric) else metric_key(metric)


class OfMetric(Press, prefix="_v"):
    """What all of these carry.

    metric: an id of the catalogue, kept as its `metric_key`. host, key: of what, as in `Open`; a host alone, or neither
    for all in scope.
    """

    metric: Annotated[str, BeforeValidator(_key)]
    reach: ReachKey = "1h"
    host: str = ""
    key: str = ""

    @property
    def subject(self) -> ContainerKey | None:
        """As `Graphs.graph` takes it."""
        return ContainerKey(self.host, self.key) if self.host else None


class Graph(OfMetric, prefix="v"):
    """The picture in a message of its own."""


class GraphTurn(OfMetric, prefix="z"):
    """The same message with another reach, or with what is known now."""


class GraphLight(OfMetric, prefix="b"):
    """The same message on a light background, and all of the presser's from now on."""


class GraphDark(OfMetric, prefix="d"):
    """As `GraphLight`, on a dark one."""


class MetricList(Press, prefix="zl"):
    """What there are pictures of, at a page (from 0), in the same message. everything: also what has no figures."""

    page: Annotated[int, Field(ge=0, lt=1000)] = 0
    everything: bool = False


class SetTheme(Press, prefix="zt"):
    """The presser's own background of pictures; ask: nothing yet, in the same message."""

    theme: Literal["ask", "light", "dark"] = "ask"
