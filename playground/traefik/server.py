"""The API of a simulated Traefik: paths, pages and refusals as the real one has them."""

import base64
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from playground.engine.host import Host
from playground.traefik.state import KINDS, Row, State

PER_PAGE = 100
_SINGULAR = {
    "routers": "router",
    "services": "service",
    "middlewares": "middleware",
    "entrypoints": "entry point",
}
_OFFERED = {"page", "per_page"}
_NOSNIFF = {"X-Content-Type-Options": "nosniff"}


def api(host: Host, certificates: Callable[[], list[Row]] | None = None, login: str = "") -> web.Application:
    """For the host's own. login: NAME:PASSWORD that it wants."""
    state = State(host, certificates) if certificates else State(host)
    app = web.Application(middlewares=[_guarded(login)] if login else [])

    async def ping(_: web.Request) -> web.Response:
        return web.Response(body=b"OK")

    async def answer(request: web.Request) -> web.Response:
        return _answer(state, request)

    app.router.add_get("/ping", ping)
    app.router.add_get("/{path:.*}", answer)
    return app


def _answer(state: State, request: web.Request) -> web.Response:
    path = request.match_info["path"]
    if path.startswith("api/overview/") or request.query.keys() - _OFFERED:
        words = f"the simulated Traefik does not offer {request.path_qs}"
        return web.Response(status=501, text=words)
    found = state.find(path)
    if isinstance(found, list):
        return _page(found, request)
    if found is not None:
        return _json(found)
    return _one(state, path)


def _page(rows: list[Row], request: web.Request) -> web.Response:
    try:
        page, per_page = (
            _number(request, name, usual) for name, usual in (("page", 1), ("per_page", PER_PAGE))
        )
    except ValueError as error:
        return _refusal(400, str(error))
    start = (page - 1) * per_page
    if start and start >= len(rows):
        return _refusal(400, f"invalid request: page: {page}, per_page: {per_page}")
    following = page + 1 if page * per_page < len(rows) else 1
    return _json(rows[start : start + per_page], {"X-Next-Page": str(following)})


def _number(request: web.Request, name: str, usual: int) -> int:
    """Raises ValueError, in Traefik's words."""
    text = request.query.get(name)
    if not text:
        return usual
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number <= 0:
        raise ValueError(f"invalid request: {name}: {number}")
    return number


def _one(state: State, path: str) -> web.Response:
    whole, _, name = path.rpartition("/")
    kind = whole.rpartition("/")[2]
    rows = state.find(whole) if kind in (*KINDS, "entrypoints") else None
    if not isinstance(rows, list) or not name:
        return web.Response(status=404, text="404 page not found\n", headers=_NOSNIFF)
    for row in rows:
        if row["name"] == name:
            return _json(row)
    return _refusal(404, f"{_SINGULAR[kind]} not found: {name}")


def _json(value: Any, headers: dict[str, str] | None = None) -> web.Response:
    body = msgspec.json.encode(value) + b"\n"
    return web.Response(body=body, headers=headers, content_type="application/json")


def _refusal(status: int, message: str) -> web.Response:
    """JSON that is called text: so does Traefik."""
    body = msgspec.json.encode({"message": message}).decode()
    return web.Response(status=status, text=f"{body}\n", headers=_NOSNIFF)


def _guarded(login: str) -> Callable[..., Awaitable[web.StreamResponse]]:
    wanted = f"Basic {base64.b64encode(login.encode()).decode()}"

    @web.middleware
    async def guard(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if request.path == "/ping" or request.headers.get("Authorization") == wanted:
            return await handler(request)
        challenge = {"WWW-Authenticate": 'Basic realm="traefik"'}
        return web.Response(status=401, text="401 Unauthorized\n", headers=challenge)

    return guard
