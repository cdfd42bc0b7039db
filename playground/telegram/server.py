"""The HTTP side: /bot<token>/<method> and /file/bot<token>/<path>, as api.telegram.org answers them."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web
from aiohttp.hdrs import CONTENT_TYPE

from playground.telegram.faults import Fault, Faults, Kind
from playground.telegram.floods import COUNTED, Gate
from playground.telegram.methods import METHODS, Method
from playground.telegram.parameters import Call, Upload, settle
from playground.telegram.refusal import Refused, bad
from playground.telegram.sending import DOCUMENT_BYTES, too_large
from playground.telegram.state import JSON
from playground.telegram.world import World

_BODY_BYTES = DOCUMENT_BYTES + (1 << 20)
_PAGE = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n</html>"
_BEFORE = {Kind.FLOOD, Kind.SERVER_ERROR, Kind.BAD_GATEWAY, Kind.FORBIDDEN, Kind.HANG, Kind.RESET, Kind.HTML}


class Refusal(NamedTuple):
    """A 4xx that the stand-in gave of its own accord."""

    method: str
    params: Mapping[str, JSON]
    status: int
    description: str


class Server:
    """`calls`: every call, in order; with `remembers`, the latest, that many at least.

    `refusals`: every 4xx, except those on order; `floods`: the 429 among them.
    """

    def __init__(self, token: str, world: World, gate: Gate) -> None:
        self.token = token
        self.world = world
        self.gate = gate
        self.faults = Faults()
        self.calls: list[Call] = []
        self.remembers: int | None = None
        self.refusals: list[Refusal] = []
        self.floods: list[Refusal] = []
        self._closed = asyncio.Event()

    def application(self) -> web.Application:
        app = web.Application(client_max_size=_BODY_BYTES)
        app.router.add_route("*", "/bot{token}/{method}", self._bot)
        app.router.add_get("/file/bot{token}/{path:.+}", self._file)
        return app

    def close(self) -> None:
        """Lets go of the calls that wait."""
        self._closed.set()
        self.world.updates.close()

    async def _file(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            return _error(Refused(401, "Unauthorized"))
        for file in self.world.files.values():
            if file.path == request.match_info["path"]:
                return web.Response(body=file.content, content_type="application/octet-stream")
        return _error(Refused(404, "Not Found"))

    async def _bot(self, request: web.Request) -> web.StreamResponse:
        call = Call(request.match_info["method"], {}, {}, time.monotonic())
        self.calls.append(call)
        if self.remembers and len(self.calls) > 2 * self.remembers:
            del self.calls[: -self.remembers]
        self.world.changes.notify()
        try:
            return await self._answer(request, call)
        except Exception:
            call.status = 500
            raise
        finally:
            self.world.changes.notify()

    async def _answer(self, request: web.Request, call: Call) -> web.StreamResponse:
        try:
            if request.match_info["token"] != self.token:
                raise Refused(401, "Unauthorized")
            method = METHODS.get(call.method.lower())
            if method is None:
                raise Refused(404, "Not Found: method not found")
            call.method = method.name
            call.params, call.files = await _read(request)
            fault = self.faults.take(call)
            if fault and fault.kind in _BEFORE:
                return await self._fail(request, call, fault)
            settle(call, method.allowed)
            self._admit(call)
            result = await self._run(method, call)
        except Refused as refused:
            self._record(call, refused)
            return _error(refused)
        call.status = 200
        if fault:
            return await self._fail(request, call, fault, result)
        return _ok(result)

    async def _run(self, method: Method, call: Call) -> bytes:
        if method.run:
            return json.dumps(method.run(self.world, call), ensure_ascii=False).encode("utf-8", "replace")
        updates = self.world.updates
        updates.allow(call.json("allowed_updates"))
        offset, limit = call.integer("offset"), call.integer("limit", 100)
        return b"[" + b",".join(await updates.poll(offset, limit, call.integer("timeout"))) + b"]"

    def _admit(self, call: Call) -> None:
        given = call.chat_id
        if call.method not in COUNTED or given is None:
            return
        chat = self.world.find_chat(given)
        if chat and (seconds := self.gate.admit(chat.id, group=not chat.private)):
            raise _flood(seconds)

    def _record(self, call: Call, refused: Refused) -> None:
        call.status, call.description = refused.status, refused.description
        refusal = Refusal(call.method, call.params, refused.status, refused.description)
        (self.floods if refused.status == 429 else self.refusals).append(refusal)

    async def _fail(
        self, request: web.Request, call: Call, fault: Fault, result: bytes = b""
    ) -> web.StreamResponse:
        """The fault's answer. `result` is the call's true one, for faults after the effect."""
        call.description = f"on order: {fault.kind}"
        match fault.kind:
            case Kind.FLOOD:
                return _failed(call, _flood(fault.retry_after))
            case Kind.SERVER_ERROR:
                return _failed(call, Refused(500, "Internal Server Error"))
            case Kind.FORBIDDEN:
                return _failed(call, Refused(403, fault.description))
            case Kind.BAD_GATEWAY | Kind.LOST_502:
                call.status = 502
                return web.Response(
                    status=502, text=_PAGE.format("502 Bad Gateway"), content_type="text/html"
                )
            case Kind.HTML:
                call.status = 200
                return web.Response(text=_PAGE.format("Welcome to the hotel"), content_type="text/html")
            case Kind.SLOW:
                await asyncio.sleep(fault.seconds)
                return _ok(result)
            case Kind.HANG:
                await self._closed.wait()
        if request.transport:
            request.transport.abort()
        return web.Response()


def _failed(call: Call, refused: Refused) -> web.Response:
    call.status = refused.status
    return _error(refused)


def _flood(seconds: int) -> Refused:
    return Refused(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})


def _ok(result: bytes) -> web.Response:
    return web.Response(body=b'{"ok":true,"result":' + result + b"}", content_type="application/json")


def _error(refused: Refused) -> web.Response:
    answer: dict[str, JSON] = {"ok": False, "error_code": refused.status, "description": refused.description}
    if refused.parameters:
        answer["parameters"] = dict(refused.parameters)
    headers = {"Retry-After": str(refused.parameters["retry_after"])} if refused.status == 429 else None
    body = json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace")
    return web.Response(status=refused.status, body=body, content_type="application/json", headers=headers)


async def _read(request: web.Request) -> tuple[dict[str, JSON], dict[str, Upload]]:
    """The parameters from the query and the body, whatever its kind, and the uploaded files by part name."""
    params: dict[str, JSON] = dict(request.query)
    files: dict[str, Upload] = {}
    try:
        if request.content_type == "application/json":
            body = json.loads(await request.read() or b"{}")
            if not isinstance(body, dict):
                raise bad("the body must be a JSON object")
            params.update(body)
        elif request.content_type == "multipart/form-data":
            async for part in await request.multipart():
                if not isinstance(part, BodyPartReader) or part.name is None:
                    raise bad("can't parse the request")
                # In memory: a client that dies in the middle leaves no temporary file behind.
                content = bytes(await part.read(decode=True))
                if part.filename:
                    mime = part.headers.get(CONTENT_TYPE, "application/octet-stream")
                    files[part.name] = Upload(part.filename, mime, content)
                else:
                    params[part.name] = content.decode()
        elif request.can_read_body:
            params.update(parse_qsl((await request.read()).decode(), keep_blank_values=True))
    except web.HTTPRequestEntityTooLarge as exc:
        raise too_large() from exc
    except ValueError as exc:
        raise bad("can't parse the request") from exc
    return params, files
