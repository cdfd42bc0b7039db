"""A Grafana of the documentation: what its HTTP API says of annotations, no more. The real one cannot be had here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TOKEN = "glsa_not-a-real-token"


@dataclass
class DocumentedGrafana:
    """annotations: by id. status: what it answers instead, where it is not 200; asked: how often it was asked."""

    url: str = ""
    annotations: dict[int, dict[str, Any]] = field(default_factory=dict)
    status: int = 200
    asked: int = 0

    def texts(self) -> list[str]:
        return [each["text"] for each in self.annotations.values()]

    async def add(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request):
            return refusal
        body = await request.json()
        known = {"dashboardUID", "panelId", "time", "timeEnd", "tags", "text"}
        assert set(body) <= known, body
        if not body.get("text"):
            return web.json_response({"message": "text field should not be empty"}, status=400)
        _check(body)
        identity = 1000 + len(self.annotations)
        self.annotations[identity] = body
        return web.json_response({"message": "Annotation added", "id": identity})

    async def patch(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request):
            return refusal
        identity = int(request.match_info["id"])
        if identity not in self.annotations:
            return web.json_response({"message": "Annotation not found"}, status=404)
        body = await request.json()
        assert set(body) <= {"text", "tags", "time", "timeEnd"}, body
        _check(body)
        self.annotations[identity] |= body
        return web.json_response({"message": "Annotation patched"})

    def _refusal(self, request: web.Request) -> web.Response | None:
        self.asked += 1
        assert request.content_type == "application/json"
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"message": "Invalid API key"}, status=401)
        if self.status != 200:
            return web.json_response({"message": "no"}, status=self.status)
        return None


def _check(body: dict[str, Any]) -> None:
    """Epoch milliseconds, and tags of text."""
    for name in ("time", "timeEnd"):
        assert name not in body or (isinstance(body[name], int) and body[name] > 10**12), body
    assert all(isinstance(tag, str) and tag for tag in body.get("tags", []))


@asynccontextmanager
async def documented_grafana() -> AsyncIterator[DocumentedGrafana]:
    grafana = DocumentedGrafana()
    app = web.Application()
    app.router.add_post("/api/annotations", grafana.add)
    app.router.add_patch("/api/annotations/{id}", grafana.patch)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        grafana.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield grafana
    finally:
        await runner.cleanup()
