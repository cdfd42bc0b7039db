"""Functions of vectors."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from playground.prometheus.promql.matchers import compiled
from playground.prometheus.promql.quantiles import bucket_quantile
from playground.prometheus.promql.rows import Labels, Row, but, key
from playground.prometheus.refusal import Failed

Rows = list[Row]
Scalars = list[float]


def _of_each(work: Callable[[float], float]) -> Callable[[Rows], Rows]:
    return lambda rows: [row.each(work, drop_name=True) for row in rows]


def _with(rows: Rows, work: Callable[..., float | None], *scalars: Scalars) -> Rows:
    """With the scalars of the same step."""
    return [
        Row(
            but(row.labels, ()),
            [
                None if each[0] is None else work(*each)
                for each in zip(row.values, *scalars, strict=True)
            ],
        )
        for row in rows
    ]  # fmt: skip


def _clamped(value: float, least: float, most: float) -> float | None:
    return None if most < least else max(least, min(most, value))


def _rounded(rows: Rows, to: Scalars | None = None) -> Rows:
    if to is None:
        return [row.each(lambda value: math.floor(value + 0.5), drop_name=True) for row in rows]
    return _with(rows, lambda value, step: math.floor(value / step + 0.5) * step, to)


def _by_value(*, falling: bool) -> Callable[[Rows], Rows]:
    """Of one moment; over time their order means nothing."""

    def work(rows: Rows) -> Rows:
        if not rows or len(rows[0].values) > 1:
            return rows
        there = [row for row in rows if row.values[0] is not None]
        return sorted(there, key=lambda row: row.values[0] or 0.0, reverse=falling)

    return work


def _label_replace(rows: Rows, label: str, replacement: str, source: str, pattern: str) -> Rows:
    found = compiled(pattern, lambda _: Failed(f"invalid regular expression in label_replace(): {pattern}"))
    _check(label, "label_replace")
    made = []
    for row in rows:
        if match := found.fullmatch(row.labels.get(source, "")):
            made.append(Row(_relabelled(row.labels, label, _expanded(replacement, match)), row.values))
        else:
            made.append(row)
    return _distinct(made)


def _expanded(replacement: str, match: Any) -> str:
    """$1, $name and ${name}."""

    def put(found: "re.Match[str]") -> str:
        name = found[1] or found[2]
        known = int(name) <= match.re.groups if name.isdigit() else name in match.re.groupindex
        return (match.group(int(name) if name.isdigit() else name) or "") if known else ""

    return re.sub(r"\$(?:(\w+)|\{(\w+)\})", put, replacement)


def _label_join(rows: Rows, label: str, separator: str, *sources: str) -> Rows:
    _check(label, "label_join")
    joined = [separator.join(row.labels.get(name, "") for name in sources) for row in rows]
    return _distinct(
        [
            Row(_relabelled(row.labels, label, text), row.values)
            for row, text in zip(rows, joined, strict=True)
        ]
    )


def _relabelled(labels: Labels, label: str, value: str) -> Labels:
    others = {name: each for name, each in labels.items() if name != label}
    return others | {label: value} if value else others


def _check(label: str, function: str) -> None:
    if not re.fullmatch(r"[a-zA-Z_]\w*", label, re.ASCII):
        raise Failed(f"invalid destination label name in {function}(): {label}")


def _distinct(rows: Rows) -> Rows:
    if len({key(row.labels) for row in rows}) < len(rows):
        raise Failed("vector cannot contain metrics with the same labelset")
    return rows


def _histogram_quantile(shares: Scalars, rows: Rows) -> Rows:
    groups: dict[tuple[tuple[str, str], ...], list[tuple[float, Row]]] = {}
    for row in rows:
        try:
            bound = float(row.labels.get("le", ""))
        except ValueError:
            continue
        groups.setdefault(key(but(row.labels, ("le",))), []).append((bound, row))
    made = []
    for group, buckets in groups.items():
        buckets.sort(key=lambda each: each[0])
        values: list[float | None] = []
        for step, share in enumerate(shares):
            there = [(bound, value) for bound, row in buckets if (value := row.values[step]) is not None]
            values.append(bucket_quantile(share, there) if there else None)
        made.append(Row(dict(group), values))
    return made


OF_ROWS: Mapping[str, Callable[..., Rows]] = {
    "abs": _of_each(abs),
    "ceil": _of_each(math.ceil),
    "exp": _of_each(math.exp),
    "floor": _of_each(math.floor),
    "ln": _of_each(lambda value: _log(value, math.e)),
    "log10": _of_each(lambda value: _log(value, 10)),
    "log2": _of_each(lambda value: _log(value, 2)),
    "sgn": _of_each(lambda value: float((value > 0) - (value < 0))),
    "sqrt": _of_each(lambda value: math.sqrt(value) if value >= 0 else math.nan),
    "sort": _by_value(falling=False),
    "sort_desc": _by_value(falling=True),
    "clamp": lambda rows, least, most: _with(rows, _clamped, least, most),
    "clamp_max": lambda rows, most: _with(rows, min, most),
    "clamp_min": lambda rows, least: _with(rows, max, least),
    "round": _rounded,
    "label_join": _label_join,
    "label_replace": _label_replace,
    "histogram_quantile": _histogram_quantile,
}


def _log(value: float, base: float) -> float:
    if value > 0:
        return math.log10(value) if base == 10 else math.log2(value) if base == 2 else math.log(value)
    return -math.inf if value == 0 else math.nan
