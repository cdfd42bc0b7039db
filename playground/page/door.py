"""Who may talk to the page: a browser on this machine that shows this very page, or a tool that is no browser.

A page from elsewhere reaches it neither by its address (the browser names the foreign Origin) nor through a name
of its own that leads here (the browser names the foreign Host). What is answered loads nothing from elsewhere.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

NAMES = ("127.0.0.1", "localhost", "[::1]")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


@web.middleware
async def door(request: web.Request, handler: Handler) -> web.StreamResponse:
    hosts = _hosts(request)
    host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
    if host.lower() not in hosts:
        return _refusal(403, "this page answers to the names of this machine only")
    if origin is not None and origin.lower() not in {f"http://{name}" for name in hosts}:
        return _refusal(403, "this page talks to no other page")
    if request.method == "POST" and request.content_type != "application/json":
        return _refusal(415, "JSON is expected")
    return await handler(request)


async def sign(_request: web.Request, response: web.StreamResponse) -> None:
    """For every answer, just before it goes out."""
    response.headers.update(HEADERS)


def _hosts(request: web.Request) -> set[str]:
    """As a browser writes them for the port on which this came in."""
    name: Any = request.get_extra_info("sockname")
    port = name[1]
    return {f"{each}:{port}" for each in NAMES} | (set(NAMES) if port == 80 else set())


def _refusal(status: int, reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=status)
