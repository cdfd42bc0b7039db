"""Hosts on Unix sockets: routes, versions, and errors in dockerd's form."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from playground.engine.api import connecting, containers, happenings, keeping, parameters
from playground.engine.api.answering import HEADERS, JSON, json_answer
from playground.engine.api.listing import Asked, Listing
from playground.engine.api.version import EngineVersion, info
from playground.engine.host import Host
from playground.engine.refusal import Refused

LONGEST_PATH = 100  # bytes of a Unix socket's path that every system takes
_NO_CACHE = {"Cache-Control": "no-cache, no-store, must-revalidate", "Pragma": "no-cache"}
# What dockerd has and the simulation has not; anything else is no page of either.
_NOT_OFFERED = (
    ("*", "/containers/{name}/{rest:(top|changes|export|attach|exec|wait|resize|update|rename|archive).*}"),
    ("POST", "/containers/{name:(create|prune)}"),
    ("*", "/{rest:(images|networks|volumes|exec|swarm|services|tasks|nodes|plugins|secrets|configs)/.+}"),
    ("*", "/{rest:(auth|build|commit|session|distribution/.+)}"),
)


@dataclass(frozen=True, slots=True)
class _Door:
    """What answers on one socket."""

    host: Host
    listing: Listing
    version: EngineVersion


Answer = Callable[[web.Request, Host], Awaitable[web.StreamResponse]]


class Sockets:
    """An asynchronous context. directory: where the sockets are made; its path must be short."""

    def __init__(self, directory: Path, version: EngineVersion | None = None) -> None:
        self._directory = directory
        self._version = version or EngineVersion()
        self._doors: dict[str, _Door] = {}
        app = web.Application(middlewares=[self._answering])
        for prefix in ("", "/v{version:[0-9.]+}"):
            self._add_routes(app.router, prefix)
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, handler_cancellation=True, shutdown_timeout=0.2
        )

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()
        self._remove()

    def _remove(self) -> None:
        for path in self._doors:
            Path(path).unlink(missing_ok=True)

    async def open(self, host: Host, version: EngineVersion | None = None) -> Path:
        """The socket on which the host's engine answers from now on. Raises ValueError for a path too long."""
        path = self._directory / f"{host.name}.sock"
        if len(str(path)) > LONGEST_PATH:
            raise ValueError(f"the path of a socket may have {LONGEST_PATH} bytes: {path}")
        self._doors[str(path)] = _Door(host, Listing(host), version or self._version)
        await web.UnixSite(self._runner, path).start()
        return path

    def _add_routes(self, router: web.UrlDispatcher, prefix: str) -> None:
        get = self._on(router, "GET", prefix)
        get("/_ping", self._ping)
        get("/version", self._tell_version)
        get("/info", self._tell_info)
        get("/events", happenings.read_events)
        get("/containers/json", self._list)
        get("/networks", connecting.read_networks)
        get("/images/json", keeping.read_images)
        get("/images/{name:.+}/json", keeping.inspect_image)
        get("/volumes", keeping.read_volumes)
        get("/system/df", keeping.read_usage)
        get("/containers/{name}/json", containers.inspect)
        get("/containers/{name}/logs", containers.read_logs)
        get("/containers/{name}/stats", containers.read_stats)
        self._on(router, "HEAD", prefix)("/_ping", self._ping)
        acts = "|".join(containers.ACTS)
        post, delete = self._on(router, "POST", prefix), self._on(router, "DELETE", prefix)
        post(f"/containers/{{name}}/{{act:{acts}}}", containers.act)
        post("/build/prune", keeping.clear_cache)
        delete("/containers/{name}", containers.remove)
        delete("/images/{name:.+}", keeping.remove_image)
        delete("/volumes/{name}", keeping.remove_volume)
        for method, path in _NOT_OFFERED:
            self._on(router, method, prefix)(path, _not_offered)

    def _on(self, router: web.UrlDispatcher, method: str, prefix: str) -> Callable[[str, Answer], None]:
        def add(path: str, answer: Answer) -> None:
            async def handle(request: web.Request) -> web.StreamResponse:
                return await answer(request, self._of(request).host)

            router.add_route(method, prefix + path, handle)

        return add

    def _of(self, request: web.Request) -> "_Door":
        return self._doors[request[SOCKET]]

    @web.middleware
    async def _answering(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        request[SOCKET] = str(request.get_extra_info("sockname"))
        door = self._of(request)
        await door.host.answers()
        request[HEADERS] = door.version.headers
        try:
            door.version.negotiate(request.match_info.get("version", door.version.api))
            response = await handler(request)
        except Refused as refused:
            response = json_answer({"message": refused.message}, refused.status)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
            return json_answer({"message": "page not found"}, 404)
        if not response.prepared:
            response.headers.update(request[HEADERS])
        return response

    async def _ping(self, request: web.Request, host: Host) -> web.StreamResponse:
        return web.Response(text="OK", headers=_NO_CACHE)

    async def _tell_version(self, request: web.Request, host: Host) -> web.StreamResponse:
        return json_answer(self._of(request).version.answer(host))

    async def _tell_info(self, request: web.Request, host: Host) -> web.StreamResponse:
        return json_answer(info(self._of(request).version, host))

    async def _list(self, request: web.Request, host: Host) -> web.StreamResponse:
        query = request.query
        asked = Asked(parameters.flag(query, "all"), max(parameters.whole(query, "limit") or 0, 0))
        text = self._of(request).listing.text(asked, parameters.filters(query))
        return web.Response(body=text, content_type=JSON)


async def _not_offered(request: web.Request, host: Host) -> web.StreamResponse:
    raise Refused(501, f"the simulated engine does not offer {request.method} {request.path}")


SOCKET = web.RequestKey("socket", str)
