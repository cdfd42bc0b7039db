"""The alerting rules of the simulated Prometheus, and what they have found."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from playground.prometheus.figures.labelled import always
from playground.prometheus.promql.evaluation import Evaluation
from playground.prometheus.promql.grammar import parse
from playground.prometheus.promql.numbers import in_alert, in_answer
from playground.prometheus.promql.rows import key, without_name
from playground.prometheus.promql.tokens import seconds
from playground.prometheus.promql.tree import Node
from playground.prometheus.series import Life, Series, Storage

FILE = Path(__file__).with_name("rules.yml")

Labels = Mapping[str, str]
Key = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """seconds: for how long it must be so."""

    name: str
    node: Node
    seconds: float
    labels: Labels
    annotations: Labels


@dataclass(slots=True)
class Alert:
    """since: when the rule's query first found it. pending, firing: when it was that, None: it was not."""

    rule: Rule
    labels: Labels
    since: float
    value: float
    pending: Life | None = None
    firing: Life | None = None

    @property
    def state(self) -> str:
        return "firing" if self.firing else "pending"

    def ended(self, now: float) -> "Alert":
        if self.firing:
            self.firing = Life(self.firing.start, now)
        elif self.pending:
            self.pending = Life(self.pending.start, now)
        return self


@dataclass(slots=True)
class Group:
    name: str
    rules: Sequence[Rule]
    evaluated: float = 0.0


@dataclass(slots=True)
class Rules:
    """groups: in the file's order. active: what is so now; over: what no more is."""

    groups: Sequence[Group]
    active: dict[Key, Alert] = field(default_factory=dict)
    over: list[Alert] = field(default_factory=list)

    @classmethod
    def read(cls, file: Path = FILE) -> "Rules":
        groups = yaml.safe_load(file.read_text())["groups"]
        return cls([Group(each["name"], [_rule(row) for row in each["rules"]]) for each in groups])

    def evaluate(self, storage: Storage, began: float) -> None:
        """As things are now. began: since when what is always so has been so."""
        now, found = storage.now(), set()
        for group in self.groups:
            group.evaluated = now
            for rule in group.rules:
                for row in Evaluation(storage, [now]).vector(rule.node):
                    if (value := row.values[0]) is not None:
                        labels = {**without_name(row.labels), **rule.labels, "alertname": rule.name}
                        alert = Alert(rule, labels, now if row.labels else began, value)
                        found.add(key(labels))
                        self._is_so(self.active.setdefault(key(labels), alert), value, now)
        for gone in self.active.keys() - found:
            self.over.append(self.active.pop(gone).ended(now))

    @staticmethod
    def _is_so(alert: Alert, value: float, now: float) -> None:
        alert.value, due = value, alert.since + alert.rule.seconds
        if alert.firing is None and now >= due:
            alert.firing = Life(due)
            alert.pending = Life(alert.since, due) if due > alert.since else None
        elif alert.firing is None:
            alert.pending = Life(alert.since)

    def of(self, rule: Rule) -> list[Alert]:
        return [each for each in self.active.values() if each.rule is rule]

    def series(self) -> Iterator[Series]:
        """ALERTS and ALERTS_FOR_STATE."""
        lives: dict[Key, list[Life]] = {}
        for alert in (*self.over, *self.active.values()):
            for state in ("pending", "firing"):
                if life := getattr(alert, state):
                    labels = {**alert.labels, "alertstate": state, "__name__": "ALERTS"}
                    lives.setdefault(key(labels), []).append(life)
        for each, found in lives.items():
            yield Series(dict(each), always(1.0), found)
        for alert in self.active.values():
            labels = {**alert.labels, "__name__": "ALERTS_FOR_STATE"}
            yield Series(labels, always(float(int(alert.since))), [Life(alert.since)])


def told(alert: Alert, moment: str) -> dict[str, Any]:
    """As `GET /api/v1/alerts` has it. moment: since when, as it is written."""
    return {
        "labels": alert.labels,
        "annotations": {name: _filled(text, alert) for name, text in alert.rule.annotations.items()},
        "state": alert.state,
        "activeAt": moment,
        "value": in_alert(alert.value),
    }


def _filled(text: str, alert: Alert) -> str:
    def put(found: "re.Match[str]") -> str:
        return alert.labels.get(found[1], "") if found[1] else in_answer(round(alert.value))

    return re.sub(r"\{\{ \$(?:labels\.(\w+)|value) \}\}", put, text)


def _rule(row: Mapping[str, Any]) -> Rule:
    return Rule(
        row["alert"], parse(row["expr"]), seconds(row.get("for", "0s")), row["labels"], row["annotations"]
    )
