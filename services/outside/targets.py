"""What somebody typed, or a server sent us to → where to ask. Strict, pure.

What browsers, resolvers and libraries read each in a way of its own (`0x7f.1`, `2130706433`, `user@host`, `\\`) is
refused and not interpreted: what is judged must be what is asked.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv6Address, ip_address
from urllib.parse import quote, urljoin, urlsplit

import idna

from services.errors import TargetRefused

_LONGEST = 2000
_PORTS = {"http": 80, "https": 443}
WEB = tuple(_PORTS.values())
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_BRACKETED = re.compile(r"\[[^\]]+\](:\d*)?")
_WITH_PORT = re.compile(r"(\w+://)?([^:/?#\[\]]+|\[[^\]]*\]):(?P<port>[^:/?#]+)")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
# Below this only the web's own ports: nobody shall be made to speak to a mail server.
_LEAST_PORT = 1024


class Oddity(StrEnum):
    """What is wrong with an address as it is written; each has its own sentence."""

    SCHEME = "scheme"
    LOGIN = "login"
    PORT = "port"
    NUMBER = "number"  # an IP address in a spelling that not everybody reads alike
    SIGNS = "signs"
    HOST = "host"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class Target:
    """host: in ASCII and small letters, or an IP address without brackets. path: with its query, percent-encoded."""

    scheme: str
    host: str
    port: int
    path: str = "/"

    @property
    def secure(self) -> bool:
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """As in a `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def shown(self) -> str:
        """Without the query, which may hold what is secret."""
        return self.url.partition("?")[0].removesuffix("/")

    @property
    def numeric(self) -> bool:
        """Whether `host` is an IP address."""
        return _address(self.host) is not None


def read_target(text: str) -> Target:
    """A URL, or HOST[:PORT][/PATH], which means https. Raises TargetRefused."""
    text = text.strip()
    if len(text) > _LONGEST:
        raise TargetRefused(Oddity.TOO_LONG, text[:50])
    if "\\" in text or any(sign.isspace() or not sign.isprintable() for sign in text):
        raise TargetRefused(Oddity.SIGNS, text)
    if "://" not in text:
        if _SCHEME.match(text) and not re.match(r"[^/:]+:\d", text):  # javascript:…, and no HOST:PORT
            raise TargetRefused(Oddity.SCHEME, text)
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as exc:
        text = text.rpartition("@")[2]
        if found := _WITH_PORT.match(text):
            raise TargetRefused(Oddity.PORT, found["port"]) from exc
        raise TargetRefused(Oddity.HOST, text.removeprefix("https://")) from exc
    if parts.scheme not in _PORTS:
        raise TargetRefused(Oddity.SCHEME, text)
    if "@" in parts.netloc:
        raise TargetRefused(Oddity.LOGIN, parts.netloc.rpartition("@")[2])
    if "[" in parts.netloc and not _BRACKETED.fullmatch(
        parts.netloc
    ):  # what stands beside them is passed over
        raise TargetRefused(Oddity.HOST, parts.netloc)
    port = _PORTS[parts.scheme] if port is None else port
    if port not in WEB and port < _LEAST_PORT:
        raise TargetRefused(Oddity.PORT, str(port))
    host = host_of(parts.hostname or "", bracketed="[" in parts.netloc)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/?%:@!$&'()*+,;=~-._")
    return Target(parts.scheme, host, port, f"{path}?{query}" if query else path)


def following(base: Target, location: str) -> Target:
    """Where a redirect leads. Raises TargetRefused."""
    if "\\" in location or any(not sign.isprintable() for sign in location):
        raise TargetRefused(Oddity.SIGNS, location[:50])
    try:
        joined = urljoin(base.url, location.strip())
    except ValueError as exc:
        raise TargetRefused(Oddity.HOST, location[:50]) from exc
    return read_target(joined)


def host_of(text: str, *, bracketed: bool = False) -> str:
    """As `Target.host`. Raises TargetRefused."""
    if bracketed:
        try:
            return str(IPv6Address(text))
        except ValueError as exc:
            raise TargetRefused(Oddity.HOST, text) from exc
    try:
        # Also full-width digits and dots become plain ones here, before anything is judged.
        plain = text.lower() if text.isascii() else idna.encode(text, uts46=True).decode()
    except (idna.IDNAError, UnicodeError) as exc:
        raise TargetRefused(Oddity.HOST, text) from exc
    plain = plain.removesuffix(".")
    labels = plain.split(".")
    if labels[-1].isdigit() or labels[-1].startswith("0x"):  # a browser would take it for a number
        found = _address(plain)
        if found is None:
            raise TargetRefused(Oddity.NUMBER, text)
        return found
    if not plain or len(plain) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise TargetRefused(Oddity.HOST, text)
    return plain


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None
