"""The metrics that can be asked for by name: ours, and those of the settings, which rule where the ids are equal."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from services.domain.metrics import Metric
from services.errors import NoSuchMetric
from services.fleet.names import MOST_SUGGESTIONS, nearest
from services.metrics.shipped import SHIPPED

ANY = ".+"

_PUT_IN = re.compile(r"\$(host|container|window)\b")


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
    values = _values(hosts, containers, window)
    return _PUT_IN.sub(lambda found: values[found[1]], metric.promql)


def column_as_written(metric: Metric, line: int, column: int, *, window: timedelta) -> int:
    """Where in the settings' own query that is which in the rendered one, of all hosts, is at this place (from 1)."""
    values = _values((), (), window)
    longer = 0
    for found in _PUT_IN.finditer(metric.promql.split("\n")[line - 1]):
        begins = found.start() + 1 + longer
        if column < begins:
            break
        if column < begins + len(values[found[1]]):
            return found.start() + 1
        longer += len(values[found[1]]) - len(found[0])
    return column - longer


def _values(hosts: Sequence[str], containers: Sequence[str], window: timedelta) -> dict[str, str]:
    return {
        "host": _either(hosts),
        "container": _either(containers),
        "window": f"{max(round(window.total_seconds()), 1)}s",
    }


def _either(names: Sequence[str]) -> str:
    """A regular expression, as it stands between double quotes in a query."""
    if not names:
        return ANY
    return "|".join(map(re.escape, names)).replace("\\", "\\\\").replace('"', '\\"')
