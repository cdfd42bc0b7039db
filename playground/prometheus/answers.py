"""What stands in the answers: figures and rules, as JSON."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from playground.prometheus.memory import Snapshot
from playground.prometheus.promql.evaluation import Evaluation, Patience
from playground.prometheus.promql.numbers import in_answer
from playground.prometheus.promql.tree import Node, Parens, Text, Type
from playground.prometheus.refusal import Refused
from playground.prometheus.rules import Alert, Rule, Rules, told
from playground.prometheus.series import SCRAPE

MOST_POINTS = 11_000
Moment = Callable[[float], str]
Row = dict[str, Any]


def instant(snapshot: Snapshot, node: Node, at: float, patience: Patience) -> Row:
    """Raises Refused, as all here."""
    evaluation = Evaluation(snapshot, [at], patience)
    match node.type:
        case Type.SCALAR:
            return _result("scalar", _point(at, evaluation.scalar(node)[0]))
        case Type.TEXT:
            return _result("string", [_seconds(at), _text(node)])
        case Type.RANGE:
            ranges = evaluation.ranges(node)
            rows = [(series.labels, [_point(*each) for each in samples]) for series, samples in ranges]
            return _result("matrix", [{"metric": labels, "values": values} for labels, values in rows])
    there = [(row.labels, row.values[0]) for row in evaluation.vector(node)]
    found = [{"metric": labels, "value": _point(at, value)} for labels, value in there if value is not None]
    return _result("vector", found)


def steps_of(start: float, end: float, step: float) -> list[float]:
    if end < start:
        raise Refused('invalid parameter "end": end timestamp must not be before start time')
    if step <= 0:
        what = "zero or negative query resolution step widths are not accepted. Try a positive integer"
        raise Refused(f'invalid parameter "step": {what}')
    if (end - start) / step > MOST_POINTS:
        what = f"exceeded maximum resolution of {MOST_POINTS:,} points per timeseries."
        raise Refused(f"{what} Try decreasing the query resolution (?step=XX)")
    return [start + number * step for number in range(math.floor((end - start) / step + 1e-6) + 1)]


def over_time(snapshot: Snapshot, node: Node, steps: Sequence[float], patience: Patience) -> Row:
    if node.type not in (Type.SCALAR, Type.VECTOR):
        what = f'invalid expression type "{node.type}" for range query'
        raise Refused(f"{what}, must be Scalar or instant Vector")
    evaluation = Evaluation(snapshot, steps, patience)
    if node.type is Type.SCALAR:
        points = [_point(*each) for each in zip(steps, evaluation.scalar(node), strict=True)]
        return _result("matrix", [{"metric": {}, "values": points}])
    found: list[Row] = []
    for row in evaluation.vector(node):
        points = [_point(at, value) for at, value in zip(steps, row.values, strict=True) if value is not None]
        if points:
            found.append({"metric": row.labels, "values": points})
    found.sort(key=lambda each: sorted(each["metric"].items()))
    return _result("matrix", found)


def rule_groups(rules: Rules, moment: Moment) -> list[Row]:
    return [
        {
            "name": group.name,
            "file": "/etc/prometheus/rules/team.yml",
            "rules": [
                _rule(rule, alerts(rules.of(rule), moment), moment(group.evaluated)) for rule in group.rules
            ],
            "interval": SCRAPE,
            "limit": 0,
            "evaluationTime": 0.0004,
            "lastEvaluation": moment(group.evaluated),
        }
        for group in rules.groups
    ]


def alerts(found: Sequence[Alert], moment: Moment) -> list[Row]:
    return [told(each, moment(each.since)) for each in found]


def _rule(rule: Rule, active: Sequence[Row], evaluated: str) -> Row:
    states = [each["state"] for each in active]
    return {
        "state": "firing" if "firing" in states else "pending" if states else "inactive",
        "name": rule.name,
        "query": str(rule.node),
        "duration": rule.seconds,
        "keepFiringFor": 0,
        "labels": rule.labels,
        "annotations": rule.annotations,
        "alerts": active,
        "health": "ok",
        "evaluationTime": 0.0001,
        "lastEvaluation": evaluated,
        "type": "alerting",
    }


def _result(kind: str, result: Any) -> Row:
    return {"resultType": kind, "result": result}


def _point(at: float, value: float) -> list[Any]:
    return [_seconds(at), in_answer(value)]


def _seconds(at: float) -> float:
    return round(at, 3)


def _text(node: Node) -> str:
    while isinstance(node, Parens):
        node = node.inner
    assert isinstance(node, Text)
    return node.value
