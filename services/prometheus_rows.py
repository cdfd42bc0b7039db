"""Rows of Prometheus' HTTP API as facts. What is odd about one raises msgspec's errors, ValueError or OverflowError.

Only what is used is named, so newer versions may say more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from services.domain.scraping import EvaluatedRule, Health, RuleAlert, RuleState, ScrapeTarget
from services.http import Raw

Labels = Mapping[str, str]

_HEALTH = {"up": Health.WELL, "ok": Health.WELL, "down": Health.BROKEN, "err": Health.BROKEN}


@dataclass(frozen=True, slots=True)
class Sample:
    """`value` may be NaN or infinite."""

    labels: Labels
    value: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Series:
    """`points`: oldest first, at most one a step; there is none where Prometheus knows nothing."""

    labels: Labels
    points: tuple[tuple[datetime, float], ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """An alerting rule. `state`: inactive, pending or firing. `seconds`: its `for`.

    Labels and annotations are templates still, as they stand in the rule's file.
    """

    name: str
    labels: Labels
    annotations: Labels
    state: str
    seconds: float
    query: str


_Point = tuple[float, str]  # Unix seconds, and a number as text: "NaN", "+Inf" and "-Inf" are some
_Text = tuple[float, str]


class Envelope(msgspec.Struct):
    """Around every answer."""

    status: Literal["success", "error"]
    data: Raw = Raw(b"null")
    error: str = ""
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()


class Result(msgspec.Struct):
    """Of a query."""

    result: Raw
    type: str = msgspec.field(name="resultType")


class _Vector(msgspec.Struct):
    metric: dict[str, str]
    value: _Point | None = None


class _Matrix(msgspec.Struct):
    metric: dict[str, str]
    values: list[_Point] = []


class _Alert(msgspec.Struct, rename="camel"):
    state: str
    labels: dict[str, str] = {}
    active_at: datetime | None = None
    value: str = ""


class _Rule(msgspec.Struct, rename="camel"):
    type: str
    name: str
    query: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    state: str = "inactive"
    duration: float = 0
    health: str = ""
    last_error: str = ""
    alerts: list[_Alert] = []


class _Group(msgspec.Struct):
    rules: list[Raw]
    name: str = ""


class _Groups(msgspec.Struct):
    groups: list[_Group]


class _Target(msgspec.Struct, rename="camel"):
    labels: dict[str, str]
    scrape_url: str = ""
    scrape_pool: str = ""
    last_error: str = ""
    last_scrape: datetime | None = None
    last_scrape_duration: float = 0
    health: str = ""


class _Targets(msgspec.Struct, rename="camel"):
    active_targets: list[Raw] = []


envelope: Callable[[bytes], Envelope] = msgspec.json.Decoder(Envelope).decode
result: Callable[[Raw], Result] = msgspec.json.Decoder(Result).decode
rows: Callable[[Raw], list[Raw]] = msgspec.json.Decoder(list[Raw]).decode
text: Callable[[Raw], _Text] = msgspec.json.Decoder(_Text).decode
values: Callable[[Raw], list[str]] = msgspec.json.Decoder(list[str]).decode
_point = msgspec.json.Decoder(_Point)
_vector = msgspec.json.Decoder(_Vector)
_matrix = msgspec.json.Decoder(_Matrix)
_rule = msgspec.json.Decoder(_Rule)
_groups = msgspec.json.Decoder(_Groups)
_target = msgspec.json.Decoder(_Target)
_targets = msgspec.json.Decoder(_Targets)


def scalar(row: Raw) -> Sample:
    at, value = _point.decode(row)
    return Sample({}, float(value), _moment(at))


def sample(row: Raw) -> Sample | None:
    """None for a native histogram."""
    vector = _vector.decode(row)
    if vector.value is None:
        return None
    at, value = vector.value
    return Sample(vector.metric, float(value), _moment(at))


def series(row: Raw) -> Series:
    matrix = _matrix.decode(row)
    return Series(matrix.metric, tuple((_moment(at), float(value)) for at, value in matrix.values))


def grouped(data: Raw) -> list[tuple[str, Raw]]:
    """Each rule with the name of its group."""
    return [(group.name, row) for group in _groups.decode(data).groups for row in group.rules]


def rule(row: Raw) -> Rule | None:
    """None for one that records."""
    found = _rule.decode(row)
    if found.type != "alerting":
        return None
    return Rule(found.name, found.labels, found.annotations, found.state, found.duration, found.query)


def evaluated(group: str, row: Raw) -> EvaluatedRule:
    found = _rule.decode(row)
    return EvaluatedRule(
        group=group,
        name=found.name,
        query=found.query,
        labels=found.labels,
        records=found.type != "alerting",
        state=RuleState(found.state),
        patience=timedelta(seconds=found.duration),
        health=_HEALTH.get(found.health, Health.UNKNOWN),
        error=found.last_error,
        alerts=tuple(
            RuleAlert(alert.labels, RuleState(alert.state), _known(alert.active_at), _number(alert.value))
            for alert in found.alerts
            if alert.state != RuleState.INACTIVE
        ),
    )


def targets(data: Raw) -> list[Raw]:
    return _targets.decode(data).active_targets


def target(row: Raw) -> ScrapeTarget:
    found = _target.decode(row)
    return ScrapeTarget(
        pool=found.scrape_pool,
        url=found.scrape_url,
        labels=found.labels,
        health=_HEALTH.get(found.health, Health.UNKNOWN),
        error=found.last_error,
        at=_known(found.last_scrape),
        took=timedelta(seconds=found.last_scrape_duration),
    )


def _number(text: str) -> float | None:
    return float(text) if text else None


def _known(moment: datetime | None) -> datetime | None:
    """Prometheus tells of what never was as of the first second of the year 1."""
    return moment if moment and moment.year > 1 else None


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
