"""Netdata's HTTP API: what one server's Netdata knows now, and over time.

Version 1, which the real 1.37 is tested with and later ones still have. Where that is gone, version 3, after its
documentation and source. Every call raises ApiError, whose `api` is "netdata" and whose `host` the server; through
SSH HostError, too. Moments are timezone-aware UTC.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Literal

import msgspec

from services.domain.metrics import NetdataChart, Point
from services.errors import ApiError, ApiNotUnderstood, ApiRefused, ApiTimeout, ApiUnreachable
from services.http import Api, Raw
from services.outside.dial import Gateway

API = "netdata"

# What is told of now is a mean of so long: a single second leaps.
NOW = timedelta(seconds=10)
MOST_POINTS = 5000

_Speech = Literal["v1", "v3"]


@dataclass(frozen=True, slots=True)
class NetdataInfo:
    """version: as it names itself, such as v1.37.1."""

    version: str
    hostname: str


@dataclass(frozen=True, slots=True)
class ChartNow:
    """One chart and its last figures, by the dimension's id and by its name, which may be the same.

    family: what it is about, such as the mountpoint of a `disk.space`. A dimension that knows nothing is not there;
    in its first second one may be 0 that is not.
    """

    id: str
    family: str
    context: str
    units: str
    values: Mapping[str, float]


class Netdata:
    """Deadlines are in seconds, for the whole call. host: whose it is. gateway: through which it is reached, if any."""

    def __init__(self, api: Api, host: str = "", gateway: Gateway | None = None) -> None:
        self._api = api
        self._host = host
        self._gateway = gateway
        self._speech: _Speech | None = None
        self._node = ""

    async def info(self, *, deadline: float = 5) -> NetdataInfo:
        async with self._telling(deadline) as ends:
            return await self._info(ends)

    async def charts(self, *patterns: str, deadline: float = 5) -> tuple[ChartNow, ...]:
        """Those whose id fits one of the patterns, with `*` for anything; all without one, which may be thousands."""
        asked = {"format": "json"} | ({"filter": " ".join(patterns)} if patterns else {})
        async with self._telling(deadline) as ends:
            answer = await self._ask("allmetrics", asked, ends)
            with self._api.understanding():
                rows = _CHARTS.decode(answer)
            charts = await self._api.each(list(rows.values()), _CHART.decode)
        return tuple(map(_chart, rows, charts))

    async def data(
        self, chart: NetdataChart, after: datetime, before: datetime, points: int, *, deadline: float = 10
    ) -> tuple[Point, ...]:
        """At most so many points between the two, oldest first, each a mean of the time before it.

        None where nothing is known, and none at all of a chart that is not there.
        """
        asked = {
            "after": f"{after.timestamp():.0f}",
            "before": f"{before.timestamp():.0f}",
            "points": str(min(max(points, 1), MOST_POINTS)),
        }
        async with self._telling(deadline) as ends:
            return await self._points(chart, asked, ends)

    async def value(self, chart: NetdataChart, *, deadline: float = 5) -> float | None:
        """The mean of the last `NOW`; None where nothing is known."""
        asked = {"after": f"-{NOW.total_seconds():.0f}", "before": "0", "points": "1"}
        async with self._telling(deadline) as ends:
            points = await self._points(chart, asked, ends)
        return points[-1][1] if points else None

    async def _points(self, chart: NetdataChart, asked: Mapping[str, str], ends: float) -> tuple[Point, ...]:
        speech = self._speech or await self._speak(ends)
        asked = {**asked, "group": "average", "time_group": "average"}
        if chart.dimensions and not chart.share:  # which needs the others, too
            asked["dimensions"] = "|".join(chart.dimensions)
        if speech == "v1":
            asked |= {"chart": chart.chart, "format": "json", "options": "unaligned"}
        else:
            asked |= {"instances": chart.chart, "scope_nodes": self._node, "options": "unaligned"}
        try:
            answer = await self._ask("data", asked, ends)
        except ApiRefused as refusal:
            if refusal.status == 404:  # no such chart, or none of these dimensions
                return ()
            raise
        with self._api.understanding():
            table = _TABLE.decode(answer) if speech == "v1" else _WRAPPED.decode(answer).result
        read = partial(_point, chart, [label.replace("_", " ") for label in table.labels[1:]])
        found = await self._api.each(table.data, read)
        return tuple(sorted(point for point in found if point))

    async def _info(self, ends: float) -> NetdataInfo:
        """Finds out which version of the API is spoken, too."""
        try:
            answer = await self._get("v1", "info", {}, ends)
        except ApiRefused as refusal:
            if refusal.status != 404:
                raise
            answer = await self._get("v3", "info", {}, ends)
            with self._api.understanding():
                agents = _AGENTS.decode(answer).agents
            if not agents:
                raise ApiNotUnderstood(API, "an info without an agent") from refusal
            info = NetdataInfo(agents[0].application.package.version, agents[0].nm)
            self._speech, self._node = "v3", info.hostname
            return info
        with self._api.understanding():
            said = _INFO.decode(answer)
        self._speech = "v1"
        return NetdataInfo(said.version, said.mirrored_hosts[0] if said.mirrored_hosts else "")

    async def _speak(self, ends: float) -> _Speech:
        await self._info(ends)
        assert self._speech
        return self._speech

    async def _ask(self, path: str, asked: Mapping[str, str], ends: float) -> bytes:
        speech = self._speech or await self._speak(ends)
        try:
            return await self._get(speech, path, asked, ends)
        except ApiRefused as refusal:
            if refusal.status == 404:  # it may have been exchanged for one that speaks otherwise
                self._speech = None
            raise

    async def _get(self, speech: _Speech, path: str, asked: Mapping[str, str], ends: float) -> bytes:
        left = max(ends - asyncio.get_running_loop().time(), 0)
        return (await self._api.ask("GET", f"api/{speech}/{path}", params=asked, deadline=left)).body

    @asynccontextmanager
    async def _telling(self, deadline: float) -> AsyncIterator[float]:
        """Until when, by the loop's time. Errors tell whose they are, and whether the host itself is lost."""
        now = asyncio.get_running_loop().time
        ends = now() + deadline
        try:
            yield ends
        except ApiError as error:
            error.host = self._host
            if self._gateway and isinstance(error, ApiTimeout | ApiUnreachable):
                await self._gateway.doubt(deadline=ends - now())
            if isinstance(error, ApiTimeout):
                error.seconds = deadline
            raise


# What stands in the JSON; only what is used is named, so newer versions may say more.
class _Info(msgspec.Struct):
    version: str
    mirrored_hosts: list[str] = []


class _Package(msgspec.Struct):
    version: str


class _Application(msgspec.Struct):
    package: _Package


class _Agent(msgspec.Struct):
    nm: str
    application: _Application


class _Agents(msgspec.Struct):
    agents: list[_Agent]


class _Dimension(msgspec.Struct):
    name: str
    value: float | None = None


class _Chart(msgspec.Struct):
    family: str = ""
    context: str = ""
    units: str = ""
    dimensions: dict[str, _Dimension] = {}


class _Table(msgspec.Struct):
    labels: list[str]
    data: list[Raw]


class _Wrapped(msgspec.Struct):
    result: _Table


_INFO = msgspec.json.Decoder(_Info)
_AGENTS = msgspec.json.Decoder(_Agents)
_CHARTS = msgspec.json.Decoder(dict[str, Raw])
_CHART = msgspec.json.Decoder(_Chart)
_TABLE = msgspec.json.Decoder(_Table)
_WRAPPED = msgspec.json.Decoder(_Wrapped)
_ROW = msgspec.json.Decoder(list[float | list[float | None] | None])


def _chart(name: str, chart: _Chart) -> ChartNow:
    values: dict[str, float] = {}
    for key, dimension in chart.dimensions.items():
        if dimension.value is not None:
            values[key] = values[dimension.name] = dimension.value
    return ChartNow(name, chart.family, chart.context, chart.units, values)


def _point(chart: NetdataChart, labels: Sequence[str], row: Raw) -> Point | None:
    """Seconds since 1970, then a figure a dimension: as it is, or first of a list, since version 2.

    labels: names or, since version 2, ids, which have no blanks.
    """
    at, *cells = _ROW.decode(row)
    figures = [cell[0] if isinstance(cell, list) else cell for cell in cells]
    known = {name: abs(value) for name, value in zip(labels, figures, strict=True) if value is not None}
    if not isinstance(at, int | float) or not known:
        return None
    if not chart.share:
        return datetime.fromtimestamp(at, UTC), sum(known.values()) * chart.factor
    whole = sum(known.values())
    part = sum(known.get(name.replace("_", " "), 0) for name in chart.dimensions)
    return (datetime.fromtimestamp(at, UTC), 100 * part / whole * chart.factor) if whole else None
