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
class NotConfigured(VakhtaError):
    """`setting`: that would have to be there, such as hosts.server1.traefik."""

    setting: str


@dataclass(eq=False)
class ApiNotUnderstood(ApiError):
    """`detail`: what came instead, at most 500 characters."""

    detail: str
