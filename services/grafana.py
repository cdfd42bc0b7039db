"""Grafana: links to the team's dashboards, and annotations, which all dashboards can show.

The API is spoken as its documentation has it, that of 6.4 and newer, where a region is one annotation with an end.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

import msgspec

from services.domain.metrics import Graph, Group
from services.http import Api, open_api

API = "grafana"
DEADLINE = 10.0  # seconds, of one call

# The uids of the dashboards that are shipped in deploy/monitoring.
DASHBOARDS: dict[Group, str] = {
    Group.SYSTEM: "vakhta-infrastructure",
    Group.APPLICATION: "vakhta-applications",
    Group.BUSINESS: "vakhta-business",
    Group.SECURITY: "vakhta-security",
}


class Dashboards:
    """url: where people's browsers find Grafana, perhaps below a path."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def of(self, graph: Graph) -> str:
        """Where the same is, over the same time."""
        host, _slash, container = graph.subject.partition("/")
        return self.link(graph.metric.group, graph.start, graph.end, host, container)

    def link(self, group: Group, start: datetime, end: datetime, host: str = "", container: str = "") -> str:
        """host, container: the variables of that name, left as the dashboard has them where they are ""."""
        asked = {"from": str(_milliseconds(start)), "to": str(_milliseconds(end))}
        asked |= {"var-host": host} if host else {}
        asked |= {"var-container": container} if container else {}
        return f"{self._url}/d/{DASHBOARDS[group]}?{urlencode(asked)}"


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Annotation:
    """end: of a region; None for a moment, or for a region whose end is not known yet."""

    at: datetime
    text: str
    tags: Sequence[str]
    end: datetime | None = None


class Grafana:
    """Every call raises ApiError, whose `api` is "grafana"."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def annotate(self, annotation: Annotation) -> int:
        """Of the whole organization: no dashboard is named. Its id."""
        body = _Body(_milliseconds(annotation.at), annotation.text, list(annotation.tags))
        if annotation.end is not None:
            body.time_end = _milliseconds(annotation.end)
        answer = await self._api.ask(
            "POST", "api/annotations", json=msgspec.json.encode(body), deadline=DEADLINE
        )
        with self._api.understanding():
            return _ADDED.decode(answer.body).id

    async def end(self, annotation: int, at: datetime) -> None:
        """Make a region of it."""
        body = msgspec.json.encode({"timeEnd": _milliseconds(at)})
        await self._api.ask("PATCH", f"api/annotations/{annotation}", json=body, deadline=DEADLINE)


@asynccontextmanager
async def open_grafana(url: str, token: str) -> AsyncIterator[Grafana]:
    """token: a service account's that may write annotations. Nothing is asked yet."""
    async with open_api(API, url, token=token) as api:
        yield Grafana(api)


class _Body(msgspec.Struct, omit_defaults=True):
    time: int
    text: str
    tags: list[str]
    time_end: int | None = msgspec.field(name="timeEnd", default=None)


class _Added(msgspec.Struct):
    id: int


_ADDED = msgspec.json.Decoder(_Added)
