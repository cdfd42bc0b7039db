"""Metrics of the catalogue over time, as one person sees them: the curves of what is in that person's scope."""

import re
from base64 import b32encode
from hashlib import blake2s

from services.domain.access import Actor
from services.domain.containers import ContainerKey
from services.domain.metrics import Graph, Reach

_KEY = re.compile(r"[A-Z2-7]{5}")


def metric_key(metric: str) -> str:
    """Five letters and digits that stand for a metric's id where space is short (a button's data); no id looks so."""
    return b32encode(blake2s(metric.encode(), digest_size=4).digest()).decode()[:5]


def is_metric_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None


class Graphs:
    """Nothing is cached: each question asks Prometheus, or Netdata where there is none."""

    async def graph(self, metric: str, reach: Reach, name: str | ContainerKey | None, *, by: Actor) -> Graph:
        """metric: an id, in any case, or its `metric_key`. name: a host's or a container's as a person types it, or
        a button's; None: all in scope.

        Raises NoSuchMetric; what `Fleet.find` raises; NotConfigured; ApiError where no source answers.
        """
        raise NotImplementedError
