"""The settings of what people outside meet: Traefik, the routes that should be, and probes."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, PlainValidator, model_validator

from bot import values
from bot.alerting import Api
from bot.blocks import Block
from services.domain.alerts import Severity
from services.domain.probes import ProbeKind, ProbeSpec
from services.domain.routes import ExpectedRoute

_ADDRESS = re.compile(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]{1,253}):([0-9]{1,5})")
Port = Annotated[int, Field(ge=1, le=65535)]


def _domain(value: str) -> str:
    domain = value.strip().lower().rstrip(".")
    if not re.fullmatch(r"(\*\.)?[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*", domain):
        raise ValueError(f"{value!r} is no domain, such as dir.example.org")
    return domain


def _probe_name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,39}", value):
        raise ValueError(f"{value!r} must be of a-z, 0-9, _, . and -, at most 40 of them, such as n8n")
    return value


Domain = Annotated[str, AfterValidator(_domain)]


class Traefik(Api):
    """A host's own. via_ssh: `url` is as the host itself sees it, and reached through the SSH connection to it.

    metrics_url: where it serves its metrics, in full and seen as `url` is, if not at `metrics` below that one.
    """

    via_ssh: bool = False
    metrics_url: Annotated[str, AfterValidator(values.web_address)] | None = None


class Netdata(Api):
    """A host's own. via_ssh: as in `Traefik`."""

    via_ssh: bool = False


class RouteBlock(Block):
    """One domain that should lead to one service; planned: that it will, some day."""

    domain: Domain
    host: str
    service: Annotated[str, Field(min_length=1, max_length=100)]
    port: Port
    state: Literal["active", "planned"] = "active"

    @property
    def route(self) -> ExpectedRoute:
        return ExpectedRoute(self.domain, self.host, self.service, self.port, self.state == "active")


class ProbeBlock(Block):
    """`url` for HTTP, `address` (HOST:PORT) for tcp, postgres and redis. The rest is as in `ProbeSpec`."""

    name: Annotated[str, AfterValidator(_probe_name)]
    kind: ProbeKind = ProbeKind.HTTP
    url: Annotated[str, AfterValidator(values.web_address)] | None = Field(
        None, repr=False
    )  # may hold a password
    address: str | None = None
    via: str = ""
    host: str = ""
    container: str = ""
    interval: Annotated[timedelta, PlainValidator(values.duration)] = timedelta(minutes=1)
    timeout: Annotated[timedelta, PlainValidator(values.duration)] = timedelta(seconds=10)
    status: tuple[Annotated[int, Field(ge=100, le=599)], ...] = ()
    body: Annotated[str, Field(max_length=500)] = ""
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    severity: Annotated[Severity, PlainValidator(values.severity)] = Severity.CRITICAL

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed, other = ("url", "address") if self.kind.speaks_http else ("address", "url")
        problems = []
        if getattr(self, needed) is None:
            example = "127.0.0.1:5432" if needed == "address" else "https://n8n.example.org"
            problems.append(f"a probe of kind {self.kind} needs {needed}, such as {example}")
        if getattr(self, other) is not None:
            problems.append(f"{other} means nothing for a probe of kind {self.kind}: leave it out")
        if self.address is not None:
            problems += _of_an_address(self.address)
        if not self.kind.speaks_http and (self.status or self.body):
            problems.append(f"status and body mean nothing for a probe of kind {self.kind}: leave them out")
        if self.container and not self.host:
            problems.append("container needs the host that it is on, too")
        if self.timeout >= self.interval:
            problems.append("timeout must be shorter than interval")
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def probe(self) -> ProbeSpec:
        return ProbeSpec(
            self.name, self.kind, self.url or self.address or "",
            via=self.via, host=self.host, container=self.container,
            interval=self.interval, timeout=self.timeout,
            statuses=frozenset(self.status), body=self.body,
            retries=self.retries, severity=self.severity,
        )  # fmt: skip


def _of_an_address(address: str) -> list[str]:
    read = _ADDRESS.fullmatch(address)
    if not read:
        return [f"{address!r} must be HOST:PORT, such as 127.0.0.1:5432"]
    return [] if 0 < int(read[2]) <= 65535 else [f"{address!r}: ports are 1 to 65535, choose one of those"]


def once_each(names: Sequence[str]) -> list[str]:
    """A complaint for each name that is there several times."""
    return [
        f"{name!r} is there {times} times: keep one entry"
        for name, times in Counter(names).items()
        if times > 1
    ]
