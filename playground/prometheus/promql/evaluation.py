"""What comes of a query: at one moment, or at each step of a time."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from playground.prometheus.promql.aggregation import aggregate
from playground.prometheus.promql.arithmetic import between_scalars, between_vectors, with_scalar
from playground.prometheus.promql.over_time import OVER_TIME
from playground.prometheus.promql.row_functions import OF_ROWS
from playground.prometheus.promql.rows import NAME, Row, Values, sorted_rows, without_name
from playground.prometheus.promql.tree import (
    Aggregate,
    Binary,
    Call,
    Negative,
    Node,
    Number,
    Parens,
    Selector,
    Text,
    Type,
)
from playground.prometheus.refusal import Failed, GivenUp
from playground.prometheus.series import SCRAPE, Series, Storage

MOST_SAMPLES = 300_000  # that one query may look at


@dataclass(frozen=True, slots=True)
class Patience:
    """until: by time.monotonic. ended: nobody waits any more. Of another thread's work, which cannot be cancelled."""

    until: float = math.inf
    ended: Callable[[], bool] = bool

    def check(self) -> None:
        if self.ended():
            raise GivenUp("query was canceled in expression evaluation", "canceled")
        if time.monotonic() > self.until:
            raise GivenUp("query timed out in expression evaluation", "timeout")


@dataclass(slots=True)
class Evaluation:
    """steps: moments, seconds since 1970. One is for one query. Raises Failed and GivenUp, as all below it."""

    storage: Storage
    steps: Sequence[float]
    patience: Patience = Patience()
    _looked_at: float = 0
    _now: float = field(init=False)

    def __post_init__(self) -> None:
        self._now = self.storage.now()

    def vector(self, node: Node) -> list[Row]:
        match node:
            case Selector():
                return self._selected(node)
            case Parens():
                return self.vector(node.inner)
            case Negative():
                return [row.each(lambda value: -value, drop_name=True) for row in self.vector(node.inner)]
            case Binary():
                return self._binary(node)
            case Aggregate():
                given = self.scalar(node.parameter) if node.parameter is not None else []
                return aggregate(node.name, node.grouping, self.vector(node.inner), given, len(self.steps))
            case Call():
                return self._called(node)
        raise AssertionError(f"{node} is no vector")

    def scalar(self, node: Node) -> list[float]:
        """For each step."""
        match node:
            case Number():
                return [node.value] * len(self.steps)
            case Parens():
                return self.scalar(node.inner)
            case Negative():
                return [-value for value in self.scalar(node.inner)]
            case Binary():
                left, right = self.scalar(node.left), self.scalar(node.right)
                return between_scalars(node.operator, left, right)
            case Call(name="time"):
                return list(self.steps)
            case Call(name="scalar"):
                rows = self.vector(node.arguments[0])
                return [_only([row.values[step] for row in rows]) for step in range(len(self.steps))]
        raise AssertionError(f"{node} is no scalar")

    def ranges(self, node: Node) -> list[tuple[Series, list[tuple[float, float]]]]:
        """Of a range, its samples at the last step."""
        selector = _selector(node)
        start, end = self._window(selector, self.steps[-1])
        found = []
        for series in self.storage.select(selector.matchers):
            self._look(len(self.steps) * (end - start) / SCRAPE)
            if samples := list(series.samples(start, end, self._now)):
                found.append((series, samples))
        return found

    def _selected(self, node: Selector) -> list[Row]:
        found = []
        for series in self.storage.select(node.matchers):
            self._look(len(self.steps))
            values: Values = [series.at(step - node.offset, self._now) for step in self.steps]
            found.append(Row(series.labels, values))
        return sorted_rows(found)

    def _binary(self, node: Binary) -> list[Row]:
        if node.left.type is Type.SCALAR:
            return with_scalar(node, self.vector(node.right), self.scalar(node.left), scalar_first=True)
        if node.right.type is Type.SCALAR:
            return with_scalar(node, self.vector(node.left), self.scalar(node.right))
        return between_vectors(node, self.vector(node.left), self.vector(node.right))

    def _called(self, node: Call) -> list[Row]:
        if node.name in OVER_TIME:
            return self._over_time(node)
        if node.name == "vector":
            return [Row({}, list(self.scalar(node.arguments[0])))]
        if node.name == "absent":
            return [self._absent(node.arguments[0])]
        given = [self._argument(each) for each in node.arguments]
        return OF_ROWS[node.name](*given)

    def _absent(self, node: Node) -> Row:
        rows = self.vector(node)
        values: Values = [
            None if any(row.values[step] is not None for row in rows) else 1.0
            for step in range(len(self.steps))
        ]
        wanted = node.matchers if isinstance(node, Selector) else ()
        return Row(
            {each.label: each.value for each in wanted if each.operator == "=" and each.label != NAME}, values
        )

    def _argument(self, node: Node) -> "list[Row] | list[float] | str":
        match node.type:
            case Type.VECTOR:
                return self.vector(node)
            case Type.SCALAR:
                return self.scalar(node)
        while isinstance(node, Parens):
            node = node.inner
        assert isinstance(node, Text)
        return node.value

    def _over_time(self, node: Call) -> list[Row]:
        over_time = OVER_TIME[node.name]
        ranges = next(each for each in node.arguments if each.type is Type.RANGE)
        scalars = [self.scalar(each) for each in node.arguments if each.type is Type.SCALAR]
        selector, rows = _selector(ranges), []
        for series in self.storage.select(selector.matchers):
            values: Values = []
            for number, step in enumerate(self.steps):
                start, end = self._window(selector, step)
                self._look((end - start) / SCRAPE if over_time.of_all else 2)
                given = [each[number] for each in scalars]
                values.append(over_time.work(series, start, end, self._now, *given))
            labels = series.labels if over_time.keeps_name else without_name(series.labels)
            rows.append(Row(labels, values))
        return sorted_rows(rows)

    def _window(self, node: Selector, step: float) -> tuple[float, float]:
        end = step - node.offset
        return end - (node.window or 0), end

    def _look(self, samples: float) -> None:
        self._looked_at += samples
        if self._looked_at > MOST_SAMPLES:
            raise Failed("query processing would load too many samples into memory in query execution")
        self.patience.check()


def _selector(node: Node) -> Selector:
    while isinstance(node, Parens):
        node = node.inner
    assert isinstance(node, Selector)
    return node


def _only(values: Values) -> float:
    there = [value for value in values if value is not None]
    return there[0] if len(there) == 1 else float("nan")
