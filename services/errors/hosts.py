"""About one host."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.errors.base import VakhtaError


@dataclass(eq=False)
class HostError(VakhtaError):
    host: str


class Silence(StrEnum):
    """Why a host does not answer; each has its own sentence with the mend."""

    QUEUED = "queued"  # it has not been tried yet: many others are before it
    CONNECTING = "connecting"
    UNREACHABLE = "unreachable"
    HOST_KEY = "host_key"
    LOGIN = "login"
    KEY_FILE = "key_file"
    KNOWN_HOSTS = "known_hosts"
    FORWARD = "forward"
    NO_SOCKET = "no_socket"
    NO_PERMISSION = "no_permission"
    ENGINE = "engine"
    TLS = "tls"
    TIMEOUT = "timeout"


@dataclass(eq=False)
class HostSilent(HostError):
    """`since`: when this run of the bot lost contact, None when it never had any.

    detail: the library's words, no secrets. seen: when an earlier run saw the host at the latest.
    """

    reason: Silence
    since: datetime | None = None
    detail: str = ""
    seen: datetime | None = None


@dataclass(eq=False)
class EngineRefused(HostError):
    """`status`: the engine's HTTP status; `message`: its own words."""

    status: int
    message: str

    @property
    def forbidden(self) -> bool:
        """By a filter before the engine: an engine itself never says so."""
        return self.status == 403


@dataclass(eq=False)
class ContainerGone(HostError):
    name: str


@dataclass(eq=False)
class LogsUnreadable(HostError):
    name: str
    driver: str


@dataclass(eq=False)
class ForwardRefused(HostError):
    """Through its SSH connection `address`, HOST:PORT as the host sees it, cannot be reached.

    forbidden: the key's options or sshd's settings do not allow it; else nothing listens there.
    """

    address: str
    forbidden: bool


@dataclass(eq=False)
class DeadlineExceeded(HostError):
    seconds: float
