"""Prometheus' HTTP API v1: what it knows now, over time, what it scrapes, and which rules it has.

Every call raises ApiError, whose `api` is "prometheus"; a query that is none is QueryRefused, with its place; one that
is wrong otherwise is ApiRefused, with Prometheus' own message. Moments are timezone-aware UTC.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from services import prometheus_rows as rows_of
from services.domain.scraping import EvaluatedRule, ScrapeTarget
from services.errors import ApiNotUnderstood, ApiRefused, ApiTimeout, QueryRefused
from services.http import Api, Raw, open_api
from services.prometheus_rows import Envelope, Rule, Sample, Series

__all__ = ["Evaluated", "Found", "Kind", "Prometheus", "Rule", "Sample", "Series", "open_prometheus"]

API = "prometheus"

T = TypeVar("T")

_PLACE = re.compile(r"(?:^|: )(\d{1,9}):(\d{1,9}): parse error: (.*)", re.DOTALL)
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_LATE = ("query timed out", "query was canceled")  # which it says with a 503, as it does that it is not ready


class Found(tuple[T, ...]):
    """The rows of an answer, with what Prometheus warns of: they may not be all there is."""

    warnings: tuple[str, ...] = ()


class Kind(StrEnum):
    """What an expression yields."""

    VECTOR = "vector"
    MATRIX = "matrix"
    SCALAR = "scalar"
    STRING = "string"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Of whatever expression. `samples`: of a vector, or the one of a scalar; `series`: of a matrix; `text`: a string.

    `left_out`: native histograms, which are no figures. `notes`: what newer versions find odd, but no reason to warn.
    """

    kind: Kind
    samples: tuple[Sample, ...] = ()
    series: tuple[Series, ...] = ()
    text: str = ""
    left_out: int = 0
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Prometheus:
    """Deadlines are in seconds, for the whole request; a query is given up there too when it is over."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def query(self, promql: str, *, at: datetime | None = None, deadline: float = 5) -> Found[Sample]:
        """An instant vector, or one sample without labels for a scalar. `at`: now when not given.

        Native histograms are left out. ApiNotUnderstood: the expression yields a range or a text.
        """
        found = await self.evaluate(promql, at=at, deadline=deadline)
        if found.kind not in (Kind.VECTOR, Kind.SCALAR):
            raise ApiNotUnderstood(API, f"a {found.kind} where a vector was asked for")
        return _found(found.samples, found.warnings)

    async def evaluate(self, promql: str, *, at: datetime | None = None, deadline: float = 5) -> Evaluated:
        """Of whatever kind it is. `at`: now when not given."""
        asked = {"query": promql, "timeout": f"{deadline:.3f}"}
        if at:
            asked["time"] = _unix(at)
        answer = await self._asked("api/v1/query", asked, deadline)
        kind, result = await self._result(answer)
        found = await self._evaluated(kind, result)
        return replace(found, warnings=answer.warnings, notes=answer.infos)

    async def _evaluated(self, kind: Kind, result: Raw) -> Evaluated:
        match kind:
            case Kind.SCALAR:
                with self._api.understanding():
                    return Evaluated(kind, (rows_of.scalar(result),))
            case Kind.STRING:
                with self._api.understanding():
                    return Evaluated(kind, text=rows_of.text(result)[1])
            case Kind.MATRIX:
                return Evaluated(kind, series=await self._api.each(self._rows(result), rows_of.series))
        found = await self._api.each(self._rows(result), rows_of.sample)
        samples = tuple(sample for sample in found if sample)
        return Evaluated(kind, samples, left_out=len(found) - len(samples))

    async def range(
        self, promql: str, start: datetime, end: datetime, step: timedelta, *, deadline: float = 10
    ) -> Found[Series]:
        """Each step from `start` to `end`; Prometheus refuses more than 11,000 of them."""
        asked = {
            "query": promql,
            "start": _unix(start),
            "end": _unix(end),
            "step": f"{step.total_seconds():.3f}",
            "timeout": f"{deadline:.3f}",
        }
        answer = await self._asked("api/v1/query_range", asked, deadline)
        kind, result = await self._result(answer)
        if kind is not Kind.MATRIX:
            raise ApiNotUnderstood(API, f"a {kind} where a matrix was asked for")
        return _found(await self._api.each(self._rows(result), rows_of.series), answer.warnings)

    async def rules(self, *, deadline: float = 5) -> Found[Rule]:
        """The alerting rules of all groups, by file and group."""
        answer = await self._told("api/v1/rules", {"type": "alert"}, deadline)
        with self._api.understanding():
            rows = [row for _group, row in rows_of.grouped(answer.data)]
        rules = await self._api.each(rows, rows_of.rule)
        return _found([rule for rule in rules if rule], answer.warnings)

    async def evaluated_rules(self, *, deadline: float = 5) -> Found[EvaluatedRule]:
        """All rules, recording ones too, each with how it stands and what fires; by file and group."""
        answer = await self._told("api/v1/rules", {}, deadline)
        with self._api.understanding():
            rows = rows_of.grouped(answer.data)
        groups = iter([group for group, _row in rows])
        found = await self._api.each(
            [row for _group, row in rows], lambda row: rows_of.evaluated(next(groups), row)
        )
        return _found(found, answer.warnings)

    async def targets(self, *, deadline: float = 5) -> Found[ScrapeTarget]:
        """What is scraped, in its order; not what its configuration drops."""
        answer = await self._told("api/v1/targets", {"state": "active"}, deadline)
        with self._api.understanding():
            rows = rows_of.targets(answer.data)
        return _found(await self._api.each(rows, rows_of.target), answer.warnings)

    async def label_values(self, label: str, *, of: str = "", deadline: float = 5) -> Found[str]:
        """In alphabetical order. of: a selector of the series that count, such as `up{job="node"}`; all without one.

        ValueError: `label` is none.
        """
        if not _LABEL.fullmatch(label):
            raise ValueError(f"no label: {label!r}")
        asked = {"match[]": of} if of else {}
        answer = await self._told(f"api/v1/label/{label}/values", asked, deadline)
        with self._api.understanding():
            return _found(rows_of.values(answer.data), answer.warnings)

    async def _asked(self, path: str, asked: Mapping[str, str], deadline: float) -> Envelope:
        """By POST: a long query does not fit a URL."""
        try:
            return await self._answer("POST", path, asked, deadline)
        except ApiRefused as refusal:
            if refusal.message.startswith(_LATE):
                raise ApiTimeout(API, deadline) from refusal
            if place := _PLACE.search(refusal.message):
                line, column = int(place[1]), int(place[2])
                column = _characters(asked["query"], line, column)
                raise QueryRefused(
                    API, refusal.status, refusal.message, asked["query"], line, column, place[3]
                ) from refusal
            raise

    async def _told(self, path: str, asked: Mapping[str, str], deadline: float) -> Envelope:
        return await self._answer("GET", path, asked, deadline)

    async def _answer(self, method: str, path: str, asked: Mapping[str, str], deadline: float) -> Envelope:
        params, form = (None, asked) if method == "POST" else (asked, None)
        said = await self._api.ask(method, path, params=params, form=form, deadline=deadline)
        with self._api.understanding():
            answer = rows_of.envelope(said.body)
        if answer.status != "success":
            raise ApiRefused(API, 200, answer.error[:500])
        return answer

    async def _result(self, answer: Envelope) -> tuple[Kind, Raw]:
        await asyncio.sleep(0)  # each look through 30 MB takes some 30 ms
        with self._api.understanding():
            found = rows_of.result(answer.data)
            kind = Kind(found.type)
        await asyncio.sleep(0)
        return kind, found.result

    def _rows(self, result: Raw) -> list[Raw]:
        with self._api.understanding():
            return rows_of.rows(result)


@asynccontextmanager
async def open_prometheus(url: str, username: str = "", password: str = "") -> AsyncIterator[Prometheus]:
    """`url`: as Prometheus' --web.external-url says. Basic auth when a username is given. Nothing is asked yet."""
    async with open_api(API, url, username, password) as api:
        yield Prometheus(api)


def _found(rows: Sequence[T], warnings: tuple[str, ...]) -> Found[T]:
    found = Found(rows)
    found.warnings = warnings
    return found


def _characters(query: str, line: int, column: int) -> int:
    """Prometheus counts bytes."""
    lines = query.split("\n")
    before = lines[line - 1].encode()[: column - 1] if line <= len(lines) else b""
    return len(before.decode(errors="ignore")) + 1


def _unix(moment: datetime) -> str:
    return f"{moment.timestamp():.3f}"
