"""About one of the HTTP APIs."""

from dataclasses import dataclass, field

from services.errors.base import VakhtaError


@dataclass(eq=False)
class ApiError(VakhtaError):
    """`api`: which one, in lower case, such as "alertmanager" or "prometheus". host: whose, where each has its own."""

    api: str
    host: str = field(default="", kw_only=True)


@dataclass(eq=False)
class ApiUnreachable(ApiError):
    """`detail`: the library's words, no secrets."""

    detail: str


@dataclass(eq=False)
class ApiTimeout(ApiError):
    seconds: float


@dataclass(eq=False)
class ApiRefusedLogin(ApiError):
    """Whoever looks after the settings must mend it: asking again does not help."""


@dataclass(eq=False)
class ApiRefused(ApiError):
    """`status`: of HTTP; `message`: the API's own words on one line, at most 500 characters, perhaps none."""

    status: int
    message: str


@dataclass(eq=False)
class QueryRefused(ApiRefused):
    """The query is none. line, column: where, both from 1, in characters of `query`. reason: `message` without that."""

    query: str
    line: int
    column: int
    reason: str


@dataclass(eq=False)
class MetricsOff(ApiError):
    """It serves none of its own to Prometheus, at least not where they are looked for."""


@dataclass(eq=False)
class NotConfigured(VakhtaError):
    """`setting`: that would have to be there, such as hosts.server1.traefik."""

    setting: str


@dataclass(eq=False)
class ApiNotUnderstood(ApiError):
    """`detail`: what came instead, at most 500 characters."""

    detail: str


@dataclass(eq=False)
class ApiTooOld(ApiNotUnderstood):
    """It is of an earlier version than we speak with. `oldest`: the first one that would do."""

    version: str
    oldest: str


@dataclass(eq=False)
class ApiRedirects(ApiNotUnderstood):
    """Elsewhere, where nobody follows: to a login, or to HTTPS. `where`: a URL, perhaps relative, without its query."""

    where: str


@dataclass(eq=False)
class ApiBehindPage(ApiNotUnderstood):
    """A page for people came, such as a login's."""
