"""How requests reach containers: what a reverse proxy routes where, and whether it works."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice

# Host(`a.example`) and the older Host(`a.example`, `b.example`) of Traefik's rule language; HostSNI for TCP.
_HOST_CALL = re.compile(r"Host(?:SNI)?\(([^()]{0,1000})\)")
_QUOTED = re.compile(r"[`\"]([^`\"]+)[`\"]")
_DOMAIN = re.compile(r"[A-Za-z0-9.*-]{1,253}")
_LONGEST_RULE, _MOST_DOMAINS = 4096, 20


def domains_of(rules: Sequence[str]) -> tuple[str, ...]:
    """The names that the rules ask for, twenty at most, each once.

    Rules are anybody's text: one too long is passed over, and so is what cannot be a domain.
    """
    found = (
        name
        for rule in rules
        if len(rule) <= _LONGEST_RULE
        for call in _HOST_CALL.findall(rule)
        for name in _QUOTED.findall(call)
        if _DOMAIN.fullmatch(name)
    )
    return tuple(islice(dict.fromkeys(found), _MOST_DOMAINS))


class Protocol(StrEnum):
    HTTP = "http"
    TCP = "tcp"
    UDP = "udp"


class Condition(StrEnum):
    """What Traefik thinks of a part of its configuration: it works, works in part, or is not used at all."""

    ENABLED = "enabled"
    WARNING = "warning"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class RouterTls:
    """`resolver`: that gets its certificates, or "" where they come from elsewhere."""

    resolver: str = ""
    passthrough: bool = False


@dataclass(frozen=True, slots=True)
class Router:
    """`name`, `service` and `middlewares` are whole: `n8n@docker`. `tls`: None without it.

    entry_points: their names, those that it wants and that may be missing. errors: Traefik's own words.
    """

    protocol: Protocol
    name: str
    provider: str
    rule: str
    service: str
    entry_points: tuple[str, ...] = ()
    middlewares: tuple[str, ...] = ()
    tls: RouterTls | None = None
    condition: Condition = Condition.ENABLED
    errors: tuple[str, ...] = ()

    @property
    def domains(self) -> tuple[str, ...]:
        return domains_of((self.rule,))


@dataclass(frozen=True, slots=True)
class Backend:
    """One of the servers behind a service. `address`: a URL, or HOST:PORT for TCP and UDP. `up`: None where Traefik
    does not tell. Without a healthcheck of its own Traefik believes every server to be up."""

    address: str
    up: bool | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """`kind`: loadbalancer, weighted, mirroring, failover, or "" for one of Traefik's own. children: the services that
    one of the middle kinds leads to, by whole names. used_by: routers, by whole names.
    """

    protocol: Protocol
    name: str
    provider: str
    kind: str = ""
    servers: tuple[Backend, ...] = ()
    children: tuple[str, ...] = ()
    used_by: tuple[str, ...] = ()
    condition: Condition = Condition.ENABLED
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Middleware:
    """`kind`: as Traefik names it in lower case, such as `basicauth`. scheme: that it redirects to, or "". members: of
    a chain, by whole names."""

    protocol: Protocol
    name: str
    kind: str
    scheme: str = ""
    condition: Condition = Condition.ENABLED
    errors: tuple[str, ...] = ()
    members: tuple[str, ...] = ()

    @property
    def asks_for_login(self) -> bool:
        return self.kind in ("basicauth", "digestauth", "forwardauth")


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """`port`: None where the address tells none. redirects_to: the entry point that all its requests are sent to, and
    `scheme` with which, or ""."""

    name: str
    address: str
    protocol: Protocol
    port: int | None
    redirects_to: str = ""
    scheme: str = ""


@dataclass(frozen=True, slots=True)
class StoredCertificate:
    """One that Traefik holds, or could get. `names`: of the domains that it is for."""

    names: tuple[str, ...]
    issuer: str
    not_before: datetime
    not_after: datetime
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Routing:
    """All that one Traefik says of itself. certificates: None where its version does not tell them."""

    version: str
    routers: tuple[Router, ...]
    services: tuple[Service, ...]
    middlewares: tuple[Middleware, ...]
    entry_points: tuple[EntryPoint, ...]
    certificates: tuple[StoredCertificate, ...] | None = None

    def service_of(self, router: Router) -> Service | None:
        """None where it does not exist."""
        wanted = router.protocol, router.service
        return next((each for each in self.services if (each.protocol, each.name) == wanted), None)
