"""From the address of a host to its running engine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from services.domain.containers import Details
from services.fleet.engine import DockerEngine
from services.fleet.link import Link, TlsFiles, TlsLink, UnixLink
from services.fleet.tunnel import SshAddress, SshLink, login_turns
from services.fleet.turns import Turns
from services.redaction.text import EMAILS

__all__ = ["HostAddress", "link_to", "login_turns", "open_engine"]


@dataclass(frozen=True, slots=True)
class HostAddress:
    """How to reach one engine. Files are paths.

    address: unix:///path · ssh://user@host[:22] (needs identity_file and known_hosts; docker_socket is the
    path on that host) · tcp://host[:2376] (needs tls). hide_emails: in its containers' logs.
    """

    name: str
    address: str
    identity_file: str | None = None
    known_hosts: str | None = None
    docker_socket: str = "/var/run/docker.sock"
    tls: TlsFiles | None = None
    hide_emails: bool = False


def link_to(host: HostAddress, turns: Turns | None = None) -> Link:
    """The link that the address asks for, not running yet; turns: see `open_engine`.

    Raises ValueError for one that cannot be used.
    """
    url = urlsplit(host.address)
    match url.scheme:
        case "unix" if url.path:
            return UnixLink(host.name, url.path)
        case "ssh" if url.hostname and url.username:
            if not host.identity_file or not host.known_hosts:
                raise ValueError(f"{host.name}: ssh:// needs identity_file and known_hosts")
            ssh = SshAddress(
                username=url.username,
                host=url.hostname,
                port=url.port or 22,
                identity_file=host.identity_file,
                known_hosts=host.known_hosts,
                docker_socket=host.docker_socket,
            )
            return SshLink(host.name, ssh, turns)
        case "tcp" if url.hostname:
            if not host.tls:
                raise ValueError(f"{host.name}: tcp:// needs tls with ca, cert and key")
            return TlsLink(host.name, url.hostname, url.port or 2376, host.tls)
    raise ValueError(f"{host.name}: address must be unix:///path, ssh://user@host:port or tcp://host:port")


class _DiscreetEngine(DockerEngine):
    """Its containers' logs do not tell whom e-mail addresses belong to."""

    async def inspect(self, container_id: str, *, deadline: float = 5) -> Details:
        details = await super().inspect(container_id, deadline=deadline)
        return replace(details, hidden=(*details.hidden, EMAILS))


@asynccontextmanager
async def open_engine(host: HostAddress, turns: Turns | None = None) -> AsyncIterator[DockerEngine]:
    """The engine, its contact supervised for as long as the context lasts.

    Returns at once: the first calls wait for the contact within their own deadlines. turns: `login_turns` that
    it shares with other hosts.
    """
    link = link_to(host, turns)
    failure: Exception | None = None
    async with asyncio.TaskGroup() as group:
        supervision = group.create_task(link.run(), name=f"link-{host.name}")
        engine = _DiscreetEngine(link) if host.hide_emails else DockerEngine(link)
        try:
            yield engine
        except Exception as exc:  # noqa: BLE001 - handed on below: the group would wrap what is not its own
            failure = exc
        finally:
            engine.close()
            supervision.cancel()
    if failure:
        raise failure
