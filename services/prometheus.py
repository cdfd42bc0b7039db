"""Prometheus' HTTP API v1: what it knows now, over time, and which alerting rules it has.

Every call raises ApiError, whose `api` is "prometheus"; a query that is wrong is ApiRefused with Prometheus'
own message. Moments are timezone-aware UTC.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar

import msgspec

from services.errors import ApiNotUnderstood, ApiRefused
from services.http import Api, Raw, open_api

API = "prometheus"

T = TypeVar("T")
Labels = Mapping[str, str]


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


class Found(tuple[T, ...]):
    """The rows of an answer, with what Prometheus warns of: they may not be all there is."""

    warnings: tuple[str, ...] = ()


class Prometheus:
    """Deadlines are in seconds, for the whole request; a query is given up there too when it is over."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def query(self, promql: str, *, at: datetime | None = None, deadline: float = 5) -> "Found[Sample]":
        """An instant vector, or one sample without labels for a scalar. `at`: now when not given.

        Native histograms are left out. ApiNotUnderstood: the expression yields a range or a text.
        """
        asked = {"query": promql, "timeout": f"{deadline:.3f}"}
        if at:
            asked["time"] = _unix(at)
        answer = await self._data("POST", "api/v1/query", asked, deadline)
        with self._api.understanding():
            found = _RESULT.decode(answer.data)
            if found.type == "scalar":
                return _found([_sample({}, _POINT.decode(found.result))], answer)
        rows = self._rows(found, "vector")
        vectors = await self._api.each(rows, _VECTOR.decode)
        with self._api.understanding():
            return _found([_sample(each.metric, each.value) for each in vectors if each.value], answer)

    async def range(
        self, promql: str, start: datetime, end: datetime, step: timedelta, *, deadline: float = 10
    ) -> "Found[Series]":
        """Each step from `start` to `end`; Prometheus refuses more than 11,000 of them."""
        asked = {
            "query": promql,
            "start": _unix(start),
            "end": _unix(end),
            "step": f"{step.total_seconds():.3f}",
            "timeout": f"{deadline:.3f}",
        }
        answer = await self._data("POST", "api/v1/query_range", asked, deadline)
        with self._api.understanding():
            found = _RESULT.decode(answer.data)
        return _found(await self._api.each(self._rows(found, "matrix"), _series), answer)

    async def rules(self, *, deadline: float = 5) -> "Found[Rule]":
        """The alerting rules of all groups, in the files' order."""
        answer = await self._data("GET", "api/v1/rules", {"type": "alert"}, deadline)
        with self._api.understanding():
            rows = [row for group in _GROUPS.decode(answer.data).groups for row in group.rules]
        rules = await self._api.each(rows, _RULE.decode)
        return _found(
            [
                Rule(rule.name, rule.labels, rule.annotations, rule.state, rule.duration, rule.query)
                for rule in rules
                if rule.type == "alerting"  # old versions do not know the parameter
            ],
            answer,
        )

    async def _data(self, method: str, path: str, asked: Mapping[str, str], deadline: float) -> "_Answer":
        """POST for queries: a long one does not fit a URL."""
        params, form = (None, asked) if method == "POST" else (asked, None)
        said = await self._api.ask(method, path, params=params, form=form, deadline=deadline)
        with self._api.understanding():
            answer = _ANSWER.decode(said.body)
        if answer.status != "success":
            raise ApiRefused(API, 200, answer.error[:500])
        return answer

    def _rows(self, found: "_Result", wanted: str) -> list[Raw]:
        if found.type != wanted:
            raise ApiNotUnderstood(API, f"a {found.type} where a {wanted} was asked for")
        with self._api.understanding():
            return _ROWS.decode(found.result)


@asynccontextmanager
async def open_prometheus(url: str, username: str = "", password: str = "") -> AsyncIterator[Prometheus]:
    """`url`: as Prometheus' --web.external-url says. Basic auth when a username is given. Nothing is asked yet."""
    async with open_api(API, url, username, password) as api:
        yield Prometheus(api)


# What stands in the JSON; only what is used is named, so newer versions may say more.
_Point = tuple[float, str]  # Unix seconds, and a number as text: "NaN", "+Inf" and "-Inf" are some


class _Answer(msgspec.Struct):
    status: Literal["success", "error"]
    data: Raw = Raw(b"null")
    error: str = ""
    warnings: tuple[str, ...] = ()


class _Result(msgspec.Struct):
    result: Raw
    type: str = msgspec.field(name="resultType")


class _Vector(msgspec.Struct):
    metric: dict[str, str]
    value: _Point | None = None


class _Matrix(msgspec.Struct):
    metric: dict[str, str]
    values: list[_Point] = []


class _Rule(msgspec.Struct):
    type: str
    name: str
    query: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    state: str = "inactive"
    duration: float = 0


class _Group(msgspec.Struct):
    rules: list[Raw]


class _Groups(msgspec.Struct):
    groups: list[_Group]


_ANSWER = msgspec.json.Decoder(_Answer)
_RESULT = msgspec.json.Decoder(_Result)
_ROWS = msgspec.json.Decoder(list[Raw])
_POINT = msgspec.json.Decoder(_Point)
_VECTOR = msgspec.json.Decoder(_Vector)
_MATRIX = msgspec.json.Decoder(_Matrix)
_RULE = msgspec.json.Decoder(_Rule)
_GROUPS = msgspec.json.Decoder(_Groups)


def _found(rows: Sequence[T], answer: _Answer) -> Found[T]:
    found = Found(rows)
    found.warnings = answer.warnings
    return found


def _sample(labels: Labels, point: _Point) -> Sample:
    return Sample(labels, float(point[1]), _moment(point[0]))


def _series(row: Raw) -> Series:
    matrix = _MATRIX.decode(row)
    return Series(matrix.metric, tuple((_moment(at), float(value)) for at, value in matrix.values))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _unix(moment: datetime) -> str:
    return f"{moment.timestamp():.3f}"
