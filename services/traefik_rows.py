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
        tuple(read.entryPoints),
        tuple(_whole(name, read.provider) for name in read.middlewares),
        RouterTls(read.tls.certResolver, read.tls.passthrough) if read.tls else None,
        read.status,
        tuple(map(presentable, read.error)),
    )


def service_of(protocol: Protocol, row: Raw) -> Service:
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


def middleware_of(protocol: Protocol, row: Raw) -> Middleware:
    read = _MIDDLEWARE.decode(row)
    scheme = read.redirectScheme.scheme if read.redirectScheme else ""
    return Middleware(
        protocol, read.name, read.type, scheme, read.status, tuple(map(presentable, read.error))
    )


def entry_point_of(row: Raw) -> EntryPoint:
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


def certificate_of(row: Raw) -> StoredCertificate:
    read = _CERTIFICATE.decode(row)
    names = dict.fromkeys([*(read.sans or ()), *([read.commonName] if read.commonName else [])])
    return StoredCertificate(tuple(names), read.issuerCN, read.notBefore, read.notAfter, read.certFingerprint)


def version_of(body: bytes) -> str:
    return _VERSION.decode(body).version
