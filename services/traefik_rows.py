"""Rows of Traefik's API, version 3, as facts. Whatever is odd about one raises msgspec's errors or ValueError."""

from datetime import datetime
from typing import Annotated

import msgspec

from services.domain.routing import (
    Backend,
    Condition,
    EntryPoint,
    Middleware,
    Protocol,
    Router,
    RouterTls,
    Service,
    StoredCertificate,
)
from services.http import Raw
from services.logs.text.presentable import presentable


class _Version(msgspec.Struct):
    version: Annotated[str, msgspec.Meta(max_length=100)] = msgspec.field(name="Version")


class _Named(msgspec.Struct, kw_only=True, rename="camel"):
    """What all parts of the configuration have in common."""

    name: str
    provider: str = ""
    status: Condition = Condition.ENABLED
    error: list[str] = []


class _Tls(msgspec.Struct, rename="camel"):
    cert_resolver: str = ""
    passthrough: bool = False


class _Router(_Named, kw_only=True, rename="camel"):
    rule: str = ""
    service: str = ""
    entry_points: list[str] = []
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


class _Service(_Named, kw_only=True, rename="camel"):
    type: str = ""
    load_balancer: _Balancer | None = None
    weighted: _Weighted | None = None
    mirroring: _Mirroring | None = None
    failover: _Failover | None = None
    used_by: list[str] = []
    server_status: dict[str, str] = {}


class _Redirect(msgspec.Struct):
    scheme: str = ""


class _Chain(msgspec.Struct):
    middlewares: list[str] = []


class _Middleware(_Named, kw_only=True, rename="camel"):
    type: str = ""
    redirect_scheme: _Redirect | None = None
    chain: _Chain | None = None


class _Target(msgspec.Struct):
    to: str = ""
    scheme: str = "https"


class _Redirections(msgspec.Struct, rename="camel"):
    entry_point: _Target | None = None


class _Http(msgspec.Struct, rename="camel"):
    redirections: _Redirections | None = None


class _EntryPoint(msgspec.Struct):
    name: str
    address: str = ""
    http: _Http | None = None


class _Certificate(msgspec.Struct, rename="camel"):
    not_after: Annotated[datetime, msgspec.Meta(tz=True)]
    not_before: Annotated[datetime, msgspec.Meta(tz=True)]
    sans: list[str] | None = None
    common_name: str = ""
    issuer_cn: str = msgspec.field(name="issuerCN", default="")
    cert_fingerprint: str = ""


_VERSION = msgspec.json.Decoder(_Version)
_ROUTER = msgspec.json.Decoder(_Router)
_SERVICE = msgspec.json.Decoder(_Service)
_MIDDLEWARE = msgspec.json.Decoder(_Middleware)
_ENTRY_POINT = msgspec.json.Decoder(_EntryPoint)
_CERTIFICATE = msgspec.json.Decoder(_Certificate)
_UP = {"UP": True, "DOWN": False}


def _whole(name: str, provider: str) -> str:
    """A part may be named without its provider by others of the same one."""
    return name if "@" in name or not name else f"{name}@{provider}"


def router_of(protocol: Protocol, row: Raw) -> Router:
    read = _ROUTER.decode(row)
    return Router(
        protocol,
        read.name,
        read.provider,
        read.rule,
        _whole(read.service, read.provider),
        tuple(read.entry_points),
        tuple(_whole(name, read.provider) for name in read.middlewares),
        RouterTls(read.tls.cert_resolver, read.tls.passthrough) if read.tls else None,
        read.status,
        tuple(map(presentable, read.error)),
    )


def service_of(protocol: Protocol, row: Raw) -> Service:
    read = _SERVICE.decode(row)
    servers = (
        [server.url or server.address for server in read.load_balancer.servers] if read.load_balancer else []
    )
    return Service(
        protocol,
        read.name,
        read.provider,
        read.type,
        tuple(Backend(address, _UP.get(read.server_status.get(address, ""))) for address in servers),
        tuple(_whole(name, read.provider) for name in _children(read) if name),
        tuple(read.used_by),
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


def middleware_of(protocol: Protocol, row: Raw) -> Middleware:
    read = _MIDDLEWARE.decode(row)
    scheme = read.redirect_scheme.scheme if read.redirect_scheme else ""
    members = read.chain.middlewares if read.chain else ()
    return Middleware(
        protocol,
        read.name,
        read.type,
        scheme,
        read.status,
        tuple(map(presentable, read.error)),
        tuple(_whole(name, read.provider) for name in members),
    )


def entry_point_of(row: Raw) -> EntryPoint:
    read = _ENTRY_POINT.decode(row)
    address, _, protocol = read.address.partition("/")
    port = address.rpartition(":")[2]
    target = read.http.redirections.entry_point if read.http and read.http.redirections else None
    return EntryPoint(
        read.name,
        address,
        Protocol.UDP if protocol == "udp" else Protocol.TCP,
        int(port) if port.isascii() and port.isdigit() else None,
        target.to if target else "",
        target.scheme if target else "",
    )


def certificate_of(row: Raw) -> StoredCertificate:
    read = _CERTIFICATE.decode(row)
    names = dict.fromkeys([*(read.sans or ()), *([read.common_name] if read.common_name else [])])
    return StoredCertificate(
        tuple(names), read.issuer_cn, read.not_before, read.not_after, read.cert_fingerprint
    )


def version_of(body: bytes) -> str:
    return presentable(_VERSION.decode(body).version)
