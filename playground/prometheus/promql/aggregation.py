"""Many rows made one, or the few of them that stand out."""

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, pstdev, pvariance

from playground.prometheus.promql.quantiles import quantile
from playground.prometheus.promql.rows import Labels, Row, Values, but, key, of
from playground.prometheus.promql.tree import Grouping

_MADE_ONE: Mapping[str, Callable[[list[float]], float]] = {
    "avg": fmean,
    "count": lambda values: float(len(values)),
    "group": lambda _: 1.0,
    "max": max,
    "min": min,
    "stddev": pstdev,
    "stdvar": pvariance,
    "sum": math.fsum,
}


def aggregate(
    name: str, grouping: Grouping, rows: Sequence[Row], given: Sequence[float], steps: int
) -> list[Row]:
    """given: the parameter at each step, of those that have one."""
    groups: dict[tuple[tuple[str, str], ...], tuple[Labels, list[Row]]] = {}
    for row in rows:
        labels = but(row.labels, grouping.labels) if grouping.without else of(row.labels, grouping.labels)
        groups.setdefault(key(labels), (labels, []))[1].append(row)
    made: list[Row] = []
    for labels, members in groups.values():
        if name in ("topk", "bottomk"):
            made += _outstanding(members, given, largest=name == "topk")
        else:
            made.append(Row(labels, [_one(name, members, step, given) for step in range(steps)]))
    if name in ("topk", "bottomk") and steps == 1:
        made.sort(key=lambda row: row.values[0] or 0.0, reverse=name == "topk")
    return made


def _one(name: str, members: Sequence[Row], step: int, given: Sequence[float]) -> float | None:
    values = [value for row in members if (value := row.values[step]) is not None]
    if not values:
        return None
    return quantile(given[step], sorted(values)) if name == "quantile" else _MADE_ONE[name](values)


def _outstanding(members: Sequence[Row], given: Sequence[float], *, largest: bool) -> list[Row]:
    """Those that are among the first at some step, with what they have there."""
    kept: list[Values] = [[None] * len(given) for _ in members]
    for step, most in enumerate(given):
        there = [
            (value, number) for number, row in enumerate(members) if (value := row.values[step]) is not None
        ]
        there.sort(key=lambda each: each[0], reverse=largest)
        for value, number in there[: max(int(most), 0) if math.isfinite(most) else len(there)]:
            kept[number][step] = value
    rows = [Row(row.labels, values) for row, values in zip(members, kept, strict=True)]
    return [row for row in rows if any(value is not None for value in row.values)]
