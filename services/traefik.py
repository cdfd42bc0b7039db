"""Traefik's API, as version 3 speaks it: what is routed where, and what Traefik itself thinks of it.

Every call raises ApiError, whose `api` is "traefik". The API is read only. Certificates are told since 3.7.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Annotated, TypeVar

import httpx
import msgspec

from services.domain.routing import (
    Backend,
    Condition,
    EntryPoint,
    Middleware,
    Protocol,
    Router,
    RouterTls,
    Routing,
    Service,
    StoredCertificate,
)
from services.errors import ApiNotUnderstood, ApiRefused
from services.http import Api, Raw, open_api
from services.logs.text.presentable import presentable

API = "traefik"

T = TypeVar("T")

_Part = tuple[Protocol, str]
_PARTS: tuple[_Part, ...] = tuple(
    (protocol, kind)
    for protocol in Protocol
    for kind in ("routers", "services", "middlewares")
    if (protocol, kind) != (Protocol.UDP, "middlewares")
)
_PER_PAGE = 1000
# A proxy that serves more is none that we know how to read, and one that pages in circles must end.
_MOST_PAGES = 50


class Traefik:
    """Deadlines are in seconds, for the whole call."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def version(self, *, deadline: float = 5) -> str:
        """As it names itself, such as 3.7.15. ApiNotUnderstood for one before 3, and for what is no Traefik."""
        body = await self._api.ask("GET", "api/version", deadline=deadline)
        with self._api.understanding():
            version = _VERSION.decode(body).version
        if version.partition(".")[0].isdigit() and int(version.partition(".")[0]) < 3:
            raise ApiNotUnderstood(API, f"Traefik {version}, where 3 or newer is needed")
        return version

    async def routing(self, *, deadline: float = 5) -> Routing:
        """All of it. The version first: what is no Traefik is told from one that fails."""
        version = await self.version(deadline=deadline)
        certificates, points, parts = await asyncio.gather(
            self._certificates(deadline),
            self._rows("entrypoints", deadline),
            asyncio.gather(*(self._rows(f"{protocol}/{kind}", deadline) for protocol, kind in _PARTS)),
        )
        rows = dict(zip(_PARTS, parts, strict=True))
        return Routing(
            version=version,
            routers=await self._each(rows, "routers", _router),
            services=await self._each(rows, "services", _service),
            middlewares=await self._each(rows, "middlewares", _middleware),
            entry_points=await self._api.each(points, _entry_point),
            certificates=certificates,
        )

    async def _each(
        self, rows: Mapping[_Part, Sequence[Raw]], kind: str, read: Callable[[Protocol, Raw], T]
    ) -> tuple[T, ...]:
        found: list[T] = []
        for protocol in Protocol:
            found += await self._api.each(rows.get((protocol, kind), ()), partial(read, protocol))
        return tuple(found)

    async def _certificates(self, deadline: float) -> tuple[StoredCertificate, ...] | None:
        try:
            rows = await self._rows("certificates", deadline)
        except ApiRefused as refusal:
            if refusal.status == 404:  # before 3.7
                return None
            raise
        return await self._api.each(rows, _certificate)

    async def _rows(self, path: str, deadline: float) -> list[Raw]:
        """Of all pages."""
        rows: list[Raw] = []
        page, ends = 1, asyncio.get_running_loop().time() + deadline
        for _ in range(_MOST_PAGES):
            left = ends - asyncio.get_running_loop().time()
            params = {"page": str(page), "per_page": str(_PER_PAGE)}
            answer = await self._api.answer("GET", f"api/{path}", params=params, deadline=max(left, 0))
            with self._api.understanding():
                rows += _ROWS.decode(answer.body)
                following = int(answer.headers.get("x-next-page", "1"))
            if following <= page:  # behind the last one it says 1
                return rows
            page = following
        raise ApiNotUnderstood(API, f"more than {_MOST_PAGES} pages of {path}")


@asynccontextmanager
async def open_traefik(
    url: str,
    username: str = "",
    password: str = "",
    *,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[Traefik]:
    """As `services.http.open_api`; `url` is the one below which `api/` is, without it."""
    async with open_api(API, url, username, password, transport=transport) as api:
        yield Traefik(api)


class _Version(msgspec.Struct):
    version: Annotated[str, msgspec.Meta(max_length=100)] = msgspec.field(name="Version")


class _Named(msgspec.Struct, kw_only=True):
    """What all parts of the configuration have in common."""

    name: str
    provider: str = ""
    status: Condition = Condition.ENABLED
    error: list[str] = []


class _Tls(msgspec.Struct):
    certResolver: str = ""  # noqa: N815
    passthrough: bool = False


class _Router(_Named, kw_only=True):
    rule: str = ""
    service: str = ""
    entryPoints: list[str] = []  # noqa: N815
    middlewares: list[str] = []
    tls: _Tls | None = None


class _Server(msgspec.Struct):
    url: str = ""
    address: str = ""


class _Balancer(msgspec.Struct):
    servers: list[_Server] = []


class _Child(msgspec.Struct):
    name: str = ""


class _Weighted(msgspec.Struct):
    services: list[_Child] = []


class _Mirroring(msgspec.Struct):
    service: str = ""


class _Failover(msgspec.Struct):
    service: str = ""
    fallback: str = ""


class _Service(_Named, kw_only=True):
    type: str = ""
    loadBalancer: _Balancer | None = None  # noqa: N815
    weighted: _Weighted | None = None
    mirroring: _Mirroring | None = None
    failover: _Failover | None = None
    usedBy: list[str] = []  # noqa: N815
    serverStatus: dict[str, str] = {}  # noqa: N815


class _Redirect(msgspec.Struct):
    scheme: str = ""


class _Middleware(_Named, kw_only=True):
    type: str = ""
    redirectScheme: _Redirect | None = None  # noqa: N815


class _Target(msgspec.Struct):
    to: str = ""
    scheme: str = "https"


class _Redirections(msgspec.Struct):
    entryPoint: _Target | None = None  # noqa: N815


class _Http(msgspec.Struct):
    redirections: _Redirections | None = None


class _EntryPoint(msgspec.Struct):
    name: str
    address: str = ""
    http: _Http | None = None


class _Certificate(msgspec.Struct):
    notAfter: datetime  # noqa: N815
    notBefore: datetime  # noqa: N815
    sans: list[str] | None = None
    commonName: str = ""  # noqa: N815
    issuerCN: str = ""  # noqa: N815
    certFingerprint: str = ""  # noqa: N815


_VERSION = msgspec.json.Decoder(_Version)
_ROWS = msgspec.json.Decoder(list[Raw])
_ROUTER = msgspec.json.Decoder(_Router)
_SERVICE = msgspec.json.Decoder(_Service)
_MIDDLEWARE = msgspec.json.Decoder(_Middleware)
_ENTRY_POINT = msgspec.json.Decoder(_EntryPoint)
_CERTIFICATE = msgspec.json.Decoder(_Certificate)
_UP = {"UP": True, "DOWN": False}


def _whole(name: str, provider: str) -> str:
    """A part may be named without its provider by others of the same one."""
    return name if "@" in name or not name else f"{name}@{provider}"


def _router(protocol: Protocol, row: Raw) -> Router:
    read = _ROUTER.decode(row)
    return Router(
        protocol,
        read.name,
        read.provider,
        read.rule,
        _whole(read.service, read.provider),
        tuple(read.entryPoints),
        tuple(_whole(name, read.provider) for name in read.middlewares),
        RouterTls(read.tls.certResolver, read.tls.passthrough) if read.tls else None,
        read.status,
        tuple(map(presentable, read.error)),
    )


def _service(protocol: Protocol, row: Raw) -> Service:
    read = _SERVICE.decode(row)
    servers = (
        [server.url or server.address for server in read.loadBalancer.servers] if read.loadBalancer else []
    )
    return Service(
        protocol,
        read.name,
        read.provider,
        read.type,
        tuple(Backend(address, _UP.get(read.serverStatus.get(address, ""))) for address in servers),
        tuple(_whole(name, read.provider) for name in _children(read) if name),
        tuple(read.usedBy),
        read.status,
        tuple(map(presentable, read.error)),
    )


def _children(read: _Service) -> list[str]:
    if read.weighted:
        return [child.name for child in read.weighted.services]
    if read.mirroring:
        return [read.mirroring.service]
    if read.failover:
        return [read.failover.service, read.failover.fallback]
    return []


def _middleware(protocol: Protocol, row: Raw) -> Middleware:
    read = _MIDDLEWARE.decode(row)
    scheme = read.redirectScheme.scheme if read.redirectScheme else ""
    return Middleware(
        protocol, read.name, read.type, scheme, read.status, tuple(map(presentable, read.error))
    )


def _entry_point(row: Raw) -> EntryPoint:
    read = _ENTRY_POINT.decode(row)
    address, _, protocol = read.address.partition("/")
    port = address.rpartition(":")[2]
    target = read.http.redirections.entryPoint if read.http and read.http.redirections else None
    return EntryPoint(
        read.name,
        address,
        Protocol.UDP if protocol == "udp" else Protocol.TCP,
        int(port) if port.isascii() and port.isdigit() else None,
        target.to if target else "",
        target.scheme if target else "",
    )


def _certificate(row: Raw) -> StoredCertificate:
    read = _CERTIFICATE.decode(row)
    names = dict.fromkeys([*(read.sans or ()), *([read.commonName] if read.commonName else [])])
    return StoredCertificate(tuple(names), read.issuerCN, read.notBefore, read.notAfter, read.certFingerprint)
