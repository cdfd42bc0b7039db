"""Operators between numbers and rows, and which rows belong together."""

import math
import operator
from collections.abc import Callable, Mapping, Sequence

from playground.prometheus.promql.rows import Labels, Row, Values, but, key, of, told, without_name
from playground.prometheus.promql.tree import Binary, Matching
from playground.prometheus.refusal import Failed

Key = tuple[tuple[str, str], ...]


def _divided(left: float, right: float) -> float:
    if right:
        return left / right
    return (
        math.nan if not left or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1, right)
    )


def _raised(left: float, right: float) -> float:
    try:
        found = left**right
    except (OverflowError, ZeroDivisionError):
        return math.inf
    return math.nan if isinstance(found, complex) else found


_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divided,
    "%": lambda left, right: math.fmod(left, right) if right and not math.isinf(left) else math.nan,
    "^": _raised,
}
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def between_scalars(sign: str, left: Sequence[float], right: Sequence[float]) -> list[float]:
    work = _ARITHMETIC.get(sign) or _COMPARISONS[sign]
    return [float(work(*both)) for both in zip(left, right, strict=True)]


def with_scalar(
    node: Binary, rows: Sequence[Row], scalars: Sequence[float], *, scalar_first: bool = False
) -> list[Row]:
    made = []
    for row in rows:
        values: Values = []
        for value, scalar in zip(row.values, scalars, strict=True):
            pair = (scalar, value) if scalar_first else (value, scalar)
            values.append(None if value is None else _worked(node, *pair, kept=value))
        keeps = node.operator in _COMPARISONS and not node.boolean
        made.append(Row(row.labels if keeps else without_name(row.labels), values))
    return made


def between_vectors(node: Binary, left: list[Row], right: list[Row]) -> list[Row]:
    match node.operator:
        case "and":
            return _where(left, right, node.matching, there=True)
        case "unless":
            return _where(left, right, node.matching, there=False)
        case "or":
            return left + _where(right, left, node.matching, there=False)
    return _one_to_one(node, left, right)


def _worked(node: Binary, left: float | None, right: float | None, *, kept: float) -> float | None:
    if left is None or right is None:
        return None
    if work := _ARITHMETIC.get(node.operator):
        return work(left, right)
    true = _COMPARISONS[node.operator](left, right)
    if node.boolean:
        return float(true)
    return kept if true else None


def _where(rows: Sequence[Row], others: Sequence[Row], matching: Matching, *, there: bool) -> list[Row]:
    """At the steps at which the others have, or have not, a row that matches."""
    present: dict[Key, list[bool]] = {}
    for other in others:
        steps = present.setdefault(_key(other.labels, matching), [False] * len(other.values))
        steps[:] = [before or value is not None for before, value in zip(steps, other.values, strict=True)]
    made = []
    for row in rows:
        steps = present.get(_key(row.labels, matching), [False] * len(row.values))
        made.append(Row(row.labels, [
            value if has is there else None for value, has in zip(row.values, steps, strict=True)
        ]))  # fmt: skip
    return made


def _one_to_one(node: Binary, left: list[Row], right: list[Row]) -> list[Row]:
    """Or many to one."""
    matching = node.matching
    many, one = (right, left) if matching.many == "right" else (left, right)
    ones: dict[Key, list[Row]] = {}
    for row in one:
        ones.setdefault(_key(row.labels, matching), []).append(row)
    taken: dict[Key, Values] = {}
    made = []
    for row in many:
        group = _key(row.labels, matching)
        for other in ones.get(group, []):
            values: Values = []
            for step, pair in enumerate(zip(row.values, other.values, strict=True)):
                _check_side(node, ones[group], step, group, matching)
                ordered = pair[::-1] if matching.many == "right" else pair
                values.append(_worked(node, *ordered, kept=ordered[0] or 0.0))
            labels = _result_labels(node, row.labels, other.labels)
            _check_taken(taken, key(labels), values, matching)
            made.append(Row(labels, values))
    return made


def _check_side(node: Binary, ones: Sequence[Row], step: int, group: Key, matching: Matching) -> None:
    there = [row for row in ones if row.values[step] is not None]
    if len(there) > 1:
        side = "left" if matching.many == "right" else "right"
        found = ", ".join(told(row.labels) for row in there[:2][::-1])
        raise Failed(
            f"found duplicate series for the match group {told(dict(group))} on the {side} hand-side of the operation: "
            f"[{found}];many-to-many matching not allowed: matching labels must be unique on one side"
        )


def _check_taken(taken: dict[Key, Values], group: Key, values: Values, matching: Matching) -> None:
    before = taken.setdefault(group, [None] * len(values))
    if any(old is not None and new is not None for old, new in zip(before, values, strict=True)):
        if matching.many:
            raise Failed("multiple matches for labels: grouping labels must ensure unique matches")
        raise Failed(
            "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
        )
    before[:] = [new if old is None else old for old, new in zip(before, values, strict=True)]


def _result_labels(node: Binary, many: Labels, one: Labels) -> Labels:
    matching = node.matching
    keeps_name = node.operator in _COMPARISONS and not node.boolean
    labels = dict(many if keeps_name else without_name(many))
    if matching.many:
        for name in matching.include:
            labels.pop(name, None)
            if one.get(name):
                labels[name] = one[name]
        return labels
    return of(labels, matching.labels) if matching.on else {
        name: value for name, value in labels.items() if name not in matching.labels
    }  # fmt: skip


def _key(labels: Labels, matching: Matching) -> Key:
    return key(of(labels, matching.labels) if matching.on else but(labels, matching.labels))
