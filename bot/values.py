"""Text from the settings → values. ValueError: a sentence with the mend, which echoes no secret."""

import os
import re
import ssl
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import SecretStr

from bot.complaints import hint
from services.domain.access import Role, Scope
from services.domain.alerts import Severity

A_DIRECTORY = (
    "is a directory: Docker made it because the file was missing, or the path is wrong; "
    "remove the directory and create the file, or correct the path"
)


@dataclass(frozen=True, slots=True)
class Listen:
    """Where an HTTP listener binds; port 0 lets the system choose."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: object) -> Self:
        host, _, port = str(text).rpartition(":")
        if not host or not port.isdecimal():
            raise ValueError("must be ADDRESS:PORT, such as 127.0.0.1:8080")
        if int(port) > 65535:
            raise ValueError("ports end at 65535: choose a lower one")
        return cls(host.strip("[]"), int(port))


def listen_or_nowhere(text: object) -> Listen | None:
    """None for "off", which YAML takes for a false where it stands without quotes."""
    return None if text is False or str(text).lower() == "off" else Listen.parse(text)


def duration(value: object) -> timedelta:
    found = re.fullmatch(r"([1-9]\d{0,5})([smhdw])", str(value).strip())
    if not found:
        raise ValueError("must be a number with a unit s, m, h, d or w, such as 90d")
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}[found[2]]
    return timedelta(**{unit: int(found[1])})


def timezone(value: object) -> ZoneInfo:
    known = available_timezones()
    if not known:
        raise ValueError("cannot be looked up, this system has no time zone data: install the package tzdata")
    if value not in known:
        city = next((zone for zone in sorted(known) if zone.lower().endswith(f"/{value}".lower())), None)
        meant = f"did you mean {city}?" if city else hint(str(value), known)
        meant = meant or "write it as Asia/Almaty or UTC"
        raise ValueError(f"there is no time zone {value!r}; {meant}")
    return ZoneInfo(str(value))


def role(value: object) -> Role:
    names = [role.name.lower() for role in reversed(Role)]
    if str(value).lower() not in names:
        raise ValueError(f"there is no role {value!r}; the roles are {', '.join(names)}")
    return Role[str(value).upper()]


def severity(value: object) -> Severity:
    names = [each.name.lower() for each in Severity]
    if str(value).lower() not in names:
        raise ValueError(f"there is no severity {value!r}; they are {', '.join(names)}")
    return Severity[str(value).upper()]


def metric_id(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,31}", value):
        raise ValueError(f"{value!r} must be of a-z, 0-9 and _, at most 32 of them, such as queue_length")
    return value


def globs(value: tuple[str, ...]) -> tuple[str, ...]:
    for glob in value:
        if not re.fullmatch(r"[^/\s]+/[^/\s]+", glob):
            raise ValueError(f'{glob!r} must be HOST/CONTAINER, such as "server2/*" or "*/directus"')
    return value


def scope(value: object) -> Scope:
    if not isinstance(value, (list, tuple)) or not value:
        raise ValueError('must be a list of globs, such as ["server2/*"]; leave it out for everything')
    return Scope.of(*globs(tuple(str(glob) for glob in value)))


def authorities(path: Path) -> Path:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise ValueError(
            "holds no certificate: it must be PEM, -----BEGIN CERTIFICATE----- and so on"
        ) from None
    return path


def readable(path: Path) -> Path:
    """The path of a file that can be read now and holds something."""
    path = path.expanduser()
    try:
        with path.open("rb") as file:
            if not file.read(1):
                raise ValueError(f"the file {path} is empty: put the contents in, or correct the path")
    except FileNotFoundError:
        raise ValueError(f"there is no file {path}: create it, or correct the path") from None
    except IsADirectoryError:
        raise ValueError(f"{path} {A_DIRECTORY}") from None
    except OSError as exc:
        mend = f"let the user with uid {os.geteuid()} read it (chown, chmod), or correct the path"
        raise ValueError(f"the file {path} cannot be read ({exc.strerror}): {mend}") from None
    return path


def token(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"\d+:[A-Za-z0-9_-]+", value.get_secret_value()):
        raise ValueError("this is no bot token, DIGITS:LETTERS; copy it again from @BotFather")
    return value


def web_address(value: str) -> str:
    url = _split(value)
    if url is None or url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment:
        raise ValueError("must be an http:// or https:// address, such as https://example.org")
    return value.rstrip("/")


def secret_web_address(value: SecretStr) -> SecretStr:
    """Whoever knows it may use it, so it is never echoed; unlike others it may end in a query."""
    url = _split(value.get_secret_value())
    if url is None or url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError("must be an http:// or https:// address")
    return value


def proxy(value: SecretStr) -> SecretStr:
    url = _split(value.get_secret_value())
    if url is None or url.scheme not in ("socks5", "http") or not url.hostname or not url.port:
        raise ValueError(
            "must be socks5://HOST:PORT or http://HOST:PORT, where needed with USER:PASSWORD@ before HOST"
        )
    return value


def store(value: str) -> str:
    """A Redis address may hold a password, so no complaint repeats it."""
    url = _split(value)
    if url is not None and url.scheme in ("redis", "rediss"):
        if not url.hostname or url.fragment or not re.fullmatch(r"/?|/\d{1,4}", url.path):
            raise ValueError(
                "must be redis://:PASSWORD@HOST:PORT/NUMBER, rediss:// over TLS; write @ / : # ? in the password "
                "as %40 %2F %3A %23 %3F"
            )
        if not re.fullmatch(r"(ssl_ca_certs=/[^&;]+)?", url.query) or (url.query and url.scheme == "redis"):
            raise ValueError("after ? there may be ssl_ca_certs=/PATH alone, and only with rediss://")
    elif not re.fullmatch(r"sqlite:///\S*[^\s/]", value):
        raise ValueError(
            "must be sqlite:// and an absolute path, such as sqlite:///var/lib/vakhta/vakhta.db, "
            "or redis://:PASSWORD@HOST:PORT/NUMBER"
        )
    return value


def host_name(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]{1,24}", name):
        raise ValueError("a host's name is made of a-z, 0-9 and -, at most 24 characters: rename it")
    return name


def engine_address(value: str) -> str:
    url = _split(value)
    if url is not None and url.password is not None:
        raise ValueError("must not hold a password: Vakhta logs in with identity_file")
    bare = url is not None and bool(url.hostname) and not url.path.strip("/") and not url.query
    match url:
        case SplitResult(scheme="unix", netloc="", path=path) if path.startswith("/"):
            return value
        case SplitResult(scheme="ssh") if bare and url.username:
            return value
        case SplitResult(scheme="tcp") if bare and url.port and not url.username:
            return value
    raise ValueError("must look like unix:///var/run/docker.sock, ssh://USER@HOST:PORT or tcp://HOST:PORT")


def _split(value: str) -> SplitResult | None:
    """The parts of an address; None where brackets or port are malformed."""
    try:
        url = urlsplit(value)
        _ = url.port
    except ValueError:
        return None
    return url
