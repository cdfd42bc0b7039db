"""From what a source answers to the curves that one person is shown. Pure.

A curve is about the host and the container that its labels name. One without a host of the settings may be about
anything, so only who may see everything sees it.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.domain.access import Scope
from services.domain.metrics import Curve, Metric, Point
from services.errors import ApiRefused, VakhtaError
from services.logs.text.presentable import presentable
from services.metrics.subjects import Subject
from services.prometheus import Series

MOST = 50
LONGEST_NAME = 60
MOST_POINTS = 1000  # of a curve; a step apart they are 360

_LAST = ("job", "instance")  # they tell least

HostNamed = Callable[[str], str]
"""A label's value → the host of the settings that it means, "" for none."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What of an answer is shown: what is in the scope, and of the subject."""

    scope: Scope
    subject: Subject
    host_named: HostNamed

    def labels(self, said: Mapping[str, str]) -> dict[str, str] | None:
        """Those of a curve that is shown, its host by the settings' name; None for any other."""
        named = (self.host_named(said[label]) for label in ("host", "instance") if said.get(label))
        host, container = next(filter(None, named), ""), said.get("container", "")
        if not self.scope.covers_subject(host, container) or not self.subject.covers(host, container):
            return None
        kept = {name: value for name, value in said.items() if name != "__name__"}
        return kept | ({"host": host} if host else {})


def in_sight(error: VakhtaError, scope: Scope) -> VakhtaError:
    """What a source refuses with may name the series of others: of one who may not see everything it is left out."""
    if type(error) is ApiRefused and not scope.covers_everything():
        return ApiRefused(error.api, error.status, "", host=error.host)
    return error


def drawn(found: Iterable[Series], metric: Metric, sight: Sight) -> tuple[tuple[Curve, ...], int]:
    """Those that are shown, the worst first and at most MOST of them, each with its newest MOST_POINTS; and how many
    more there are."""
    rows: list[tuple[dict[str, str], tuple[Point, ...]]] = []
    for series in found:
        labels = sight.labels(series.labels)
        if labels is not None and (points := _finite(series.points[-MOST_POINTS:])):
            rows.append((labels, points))
    below = metric.thresholds.below
    rows.sort(key=lambda row: _extreme(row[1], below=below), reverse=not below)
    kept = rows[:MOST]
    names = told_apart([labels for labels, _points in kept])
    curves = [
        Curve(name or metric.id, points, labels) for name, (labels, points) in zip(names, kept, strict=True)
    ]
    return tuple(curves), len(rows) - len(kept)


def _finite(points: Sequence[Point]) -> tuple[Point, ...]:
    return tuple(point for point in points if math.isfinite(point[1]))


def _extreme(points: Sequence[Point], *, below: bool) -> float:
    values = (value for _at, value in points)
    return min(values) if below else max(values)


def told_apart(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """A name for each, of as few labels as tell it from all others; of a single one its container, else its host."""
    if len(rows) == 1:
        labels = rows[0]
        return [_short(labels.get("container") or labels.get("host", ""))]
    chosen: list[str] = []
    count = 1
    for label in _in_order({label for labels in rows for label in labels}):
        splits = len({tuple(labels.get(each, "") for each in (*chosen, label)) for labels in rows})
        if splits > count:
            chosen.append(label)
            count = splits
        if count == len(rows):
            break
    return list(_unlike([_joined(labels, chosen) for labels in rows]))


def _in_order(labels: Iterable[str]) -> list[str]:
    first = ("host", "container")
    known = [label for label in first if label in labels]
    rest = sorted(set(labels) - {*first, *_LAST})
    return [*known, *rest, *(label for label in _LAST if label in labels)]


def _joined(labels: Mapping[str, str], chosen: Sequence[str]) -> str:
    return _short(" · ".join(value for label in chosen if (value := labels.get(label))))


def _short(name: str) -> str:
    line = " ".join(presentable(name[: 8 * LONGEST_NAME]).split())
    return line if len(line) <= LONGEST_NAME else line[: LONGEST_NAME - 1] + "…"


def _unlike(names: Sequence[str]) -> Iterator[str]:
    """What was cut to the same is numbered."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name} ({seen[name]})"
