"""The metrics that can be asked for by name: ours, and those of the settings, which rule where the ids are equal."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from services.domain.metrics import Metric
from services.errors import NoSuchMetric
from services.fleet.names import MOST_SUGGESTIONS, nearest
from services.metrics.shipped import SHIPPED

ANY = ".+"


class Catalogue:
    """In the order of lists: ours, then what the settings add."""

    def __init__(self, own: Iterable[Metric] = ()) -> None:
        self._metrics = {metric.id: metric for metric in SHIPPED} | {metric.id: metric for metric in own}

    def __iter__(self) -> Iterator[Metric]:
        return iter(self._metrics.values())

    def metric(self, name: str) -> Metric:
        """In any case. Raises NoSuchMetric."""
        found = self._metrics.get(name.lower())
        if found is None:
            raise NoSuchMetric(name, tuple(nearest(name, self._metrics)[:MOST_SUGGESTIONS]))
        return found


def rendered(
    metric: Metric, *, hosts: Sequence[str] = (), containers: Sequence[str] = (), window: timedelta
) -> str:
    """Its query. hosts, containers: exactly those, all when empty."""
    values = {
        "host": _either(hosts),
        "container": _either(containers),
        "window": f"{max(round(window.total_seconds()), 1)}s",
    }
    return re.sub(r"\$(host|container|window)\b", lambda found: values[found[1]], metric.promql)


def _either(names: Sequence[str]) -> str:
    """A regular expression, as it stands between double quotes in a query."""
    if not names:
        return ANY
    return "|".join(map(re.escape, names)).replace("\\", "\\\\").replace('"', '\\"')
