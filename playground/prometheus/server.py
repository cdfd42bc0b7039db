"""The HTTP API of the simulated Prometheus: paths, parameters and refusals as a real one has them."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from threading import Event
from types import TracebackType
from typing import Any, Self

import msgspec
from aiohttp import web
from multidict import MultiDict, MultiMapping

from playground.prometheus.answers import alerts, instant, over_time, rule_groups, steps_of
from playground.prometheus.memory import Memory, Snapshot
from playground.prometheus.promql.evaluation import Patience
from playground.prometheus.promql.grammar import parse
from playground.prometheus.promql.layout import laid_out
from playground.prometheus.promql.matchers import fit
from playground.prometheus.promql.rows import key
from playground.prometheus.promql.tokens import DURATION, seconds
from playground.prometheus.promql.tree import Node, Selector
from playground.prometheus.refusal import Refused, of_parameter
from playground.prometheus.rules import Rules
from playground.prometheus.series import SCRAPE, Series
from playground.prometheus.targets import row

VERSION = {
    "version": "2.42.0",
    "revision": "simulated",
    "branch": "demo",
    "buildUser": "vakhta",
    "buildDate": "",
    "goVersion": "none",
}
RETENTION = "30d"
_LONGEST = 120.0  # seconds that a query may take
_FRESH = 1.0  # seconds that what the rules have found is good for

Asked = MultiMapping[str]
Answer = Callable[[Asked], Awaitable[Any]]


class PrometheusServer:
    """An asynchronous context: it listens on loopback, at `url`, and looks at its rules, until the end."""

    def __init__(self, memory: Memory) -> None:
        self.rules = Rules.read()
        self._memory = memory
        self._looked = 0.0
        self._ended = Event()
        self._working = asyncio.Lock()  # over the rules: an evaluation is in a thread of its own
        self._runner: web.AppRunner | None = None
        self._group = asyncio.TaskGroup()

    @property
    def url(self) -> str:
        assert self._runner
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def __aenter__(self) -> Self:
        self._runner = web.AppRunner(_app(self), access_log=None, handle_signals=False, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        await self._group.__aenter__()
        self._watching = self._group.create_task(self._watch())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._watching.cancel()
        await self._group.__aexit__(None, None, None)
        if self._runner:
            await self._runner.cleanup()

    async def _watch(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(SCRAPE)

    async def look(self) -> Snapshot:
        """All there is, with what the rules say of it."""
        async with self._working:
            snapshot = self._memory.snapshot()
            if snapshot.moment - self._looked >= _FRESH:
                self._looked = snapshot.moment
                await asyncio.to_thread(self.rules.evaluate, snapshot, self._memory.began)
            return snapshot.beside(self.rules.series())

    async def query(self, asked: Asked) -> Any:
        node = _query(asked)
        snapshot = await self.look()
        at = _moment(asked, "time", snapshot.moment, "Invalid time value for 'time': ")
        return await asyncio.to_thread(instant, snapshot, node, at, self._patience(asked))

    async def query_range(self, asked: Asked) -> Any:
        steps = steps_of(_moment(asked, "start"), _moment(asked, "end"), _duration(asked, "step", ""))
        node, patience = _query(asked), self._patience(asked)
        return await asyncio.to_thread(over_time, await self.look(), node, steps, patience)

    def _patience(self, asked: Asked) -> Patience:
        return Patience(
            time.monotonic() + min(_duration(asked, "timeout", "2m"), _LONGEST), self._ended.is_set
        )

    async def targets(self, asked: Asked) -> Any:
        snapshot = await self.look()
        rows = [row(each, snapshot.moment, _written) for each in snapshot.targets]
        state = asked.get("state", "").lower()
        return {"activeTargets": [] if state == "dropped" else rows, "droppedTargets": []}

    async def groups(self, asked: Asked) -> Any:
        kind = asked.get("type", "").lower()
        if kind not in ("", "alert", "record"):
            raise Refused(f'invalid parameter "type": not supported value "{kind}"')
        await self.look()
        found = rule_groups(self.rules, _written)
        return {"groups": [each | {"rules": []} for each in found] if kind == "record" else found}

    async def active(self, _: Asked) -> Any:
        await self.look()
        return {"alerts": alerts([*self.rules.active.values()], _written)}

    async def series(self, asked: Asked) -> Any:
        if "match[]" not in asked:
            raise Refused("no match[] parameter provided")
        found = {key(each.labels): each.labels for each in _matching(await self.look(), asked)}
        return [found[each] for each in sorted(found)]

    async def labels(self, asked: Asked) -> Any:
        return sorted({name for each in _matching(await self.look(), asked) for name in each.labels})

    async def values(self, name: str, asked: Asked) -> Any:
        if not re.fullmatch(r"[a-zA-Z_]\w*", name, re.ASCII):
            raise Refused(f'invalid label name: "{name}"')
        return sorted(
            {each.labels[name] for each in _matching(await self.look(), asked) if name in each.labels}
        )

    async def format_query(self, asked: Asked) -> Any:
        return laid_out(_query(asked))

    async def buildinfo(self, _: Asked) -> Any:
        return VERSION

    async def runtimeinfo(self, _: Asked) -> Any:
        since = datetime.fromtimestamp(self._memory.began, UTC)
        return {
            "startTime": f"{since:%Y-%m-%dT%H:%M:%SZ}",
            "CWD": "/prometheus",
            "storageRetention": RETENTION,
        }


def _app(server: PrometheusServer) -> web.Application:
    app = web.Application(middlewares=[_mannered])
    ways: Mapping[str, Answer] = {
        "query": server.query,
        "query_range": server.query_range,
        "targets": server.targets,
        "rules": server.groups,
        "alerts": server.active,
        "series": server.series,
        "labels": server.labels,
        "format_query": server.format_query,
        "status/buildinfo": server.buildinfo,
        "status/runtimeinfo": server.runtimeinfo,
    }
    for path, way in ways.items():
        app.router.add_get(f"/api/v1/{path}", _answering(way))
        if path in ("query", "query_range", "series", "labels", "format_query"):
            app.router.add_post(f"/api/v1/{path}", _answering(way))

    async def values(request: web.Request) -> web.Response:
        return await _answered(server.values(request.match_info["name"], request.query))

    app.router.add_get("/api/v1/label/{name}/values", values)
    for word in ("ready", "healthy"):
        app.router.add_get(f"/-/{word}", _says(f"Prometheus Server is {word.title()}.\n"))
    return app


def _answering(way: Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        form = {name: text for name, text in (await request.post()).items() if isinstance(text, str)}
        asked = MultiDict(request.query)
        asked.extend(form)
        return await _answered(way(asked))

    return answer


async def _answered(answer: Awaitable[Any]) -> web.Response:
    try:
        said, status = {"status": "success", "data": await answer}, 200
    except Refused as refused:
        said = {"status": "error", "errorType": refused.kind, "error": refused.message}
        status = refused.status
    return web.Response(body=msgspec.json.encode(said), status=status, content_type="application/json")


def _says(text: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def say(_: web.Request) -> web.Response:
        return web.Response(text=text)

    return say


@web.middleware
async def _mannered(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuses in Go's words."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return web.Response(status=404, text="404 page not found\n")
    except web.HTTPMethodNotAllowed:
        return web.Response(status=405, text="Method Not Allowed\n")


def _query(asked: Asked) -> Node:
    try:
        return parse(asked.get("query", ""))
    except Refused as refused:
        raise (of_parameter("query", refused) if refused.kind == "bad_data" else refused) from None


def _matching(snapshot: Snapshot, asked: Asked) -> list[Series]:
    """What any of them selects; all where there is none."""
    wanted = []
    for text in asked.getall("match[]", []):
        node = parse(text)
        if not isinstance(node, Selector) or node.window is not None:
            raise Refused("1:1: parse error: expected a vector selector")
        wanted.append(node.matchers)
    return [each for each in snapshot.series if not wanted or any(fit(one, each.labels) for one in wanted)]


def _moment(asked: Asked, name: str, usual: float | None = None, before: str = "") -> float:
    """Unix seconds, or RFC 3339."""
    text = asked.get(name, "")
    if not text and usual is not None:
        return usual
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return (
            datetime.fromisoformat(text)
            .replace(tzinfo=datetime.fromisoformat(text).tzinfo or UTC)
            .timestamp()
        )
    except ValueError:
        what = f'{before}cannot parse "{text}" to a valid timestamp'
        raise Refused(f'invalid parameter "{name}": {what}') from None


def _duration(asked: Asked, name: str, usual: str) -> float:
    """Seconds, or as in a query."""
    text = asked.get(name, "") or usual
    if DURATION.fullmatch(text):
        return seconds(text)
    try:
        return float(text)
    except ValueError:
        raise Refused(f'invalid parameter "{name}": cannot parse "{text}" to a valid duration') from None


def _written(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")
