"""The settings of one server: how it is reached, and what it has."""

from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, model_validator

from bot import values
from bot.blocks import Block
from bot.outside import Netdata, Traefik

Readable = Annotated[Path, AfterValidator(values.readable)]


class Tls(Block):
    ca: Readable
    cert: Readable
    key: Readable


def _ssh_address(value: str) -> str:
    if urlsplit(values.engine_address(value)).scheme != "ssh":
        raise ValueError("must look like ssh://root@HOST:PORT")
    return value


class FastLane(Block):
    """A second key, with which a host searches its own log files. `address`: by default root's on the host's own."""

    identity_file: Readable
    address: Annotated[str, AfterValidator(_ssh_address)] | None = None
    known_hosts: Readable | None = None  # by default the host's own


class Host(Block):
    """One server. `address`: unix://PATH, ssh://USER@HOST[:PORT] or, with tls, tcp://HOST:PORT."""

    address: Annotated[str, AfterValidator(values.engine_address)]
    aliases: tuple[str, ...] = ()
    identity_file: Readable | None = None
    known_hosts: Readable | None = None
    docker_socket: Path = Path("/var/run/docker.sock")
    tls: Tls | None = None
    fast_lane: FastLane | None = None
    traefik: Traefik | None = None
    netdata: Netdata | None = None

    @property
    def scheme(self) -> str:
        return urlsplit(self.address).scheme

    @model_validator(mode="after")
    def _complete(self) -> Self:
        belongs = {"identity_file": "ssh", "known_hosts": "ssh", "tls": "tcp"}
        problems = [
            f"an address with {self.scheme}:// needs {_MENDS[key]}"
            if self.scheme == scheme
            else f"{key} means nothing beside {self.scheme}://, leave it out"
            for key, scheme in belongs.items()
            if (self.scheme == scheme) is (getattr(self, key) is None)
        ]
        for name, api in (("traefik", self.traefik), ("netdata", self.netdata)):
            if api and api.via_ssh and self.scheme != "ssh":
                problems.append(f"{name}.via_ssh means nothing beside {self.scheme}://, leave it out")
        if lane := self.fast_lane:
            if self.scheme != "ssh" and not (lane.address and lane.known_hosts):
                problems.append(f"fast_lane beside {self.scheme}:// needs {_MENDS['fast_lane']}")
            if lane.identity_file == self.identity_file:
                problems.append(
                    "fast_lane.identity_file is the host's own: make a second key (docs/fast-lane.md)"
                )
        if problems:
            raise ValueError("\n".join(problems))
        return self


_MENDS = {
    "identity_file": "identity_file, the private key to log in with (see docs/ssh-key.md)",
    "known_hosts": "known_hosts, a file with the server's pinned key (see docs/ssh-key.md)",
    "tls": "tls with ca, cert and key: an engine on bare TCP is open to everyone",
    "fast_lane": "address, such as ssh://root@203.0.113.2:22, and known_hosts in its block (see docs/fast-lane.md)",
}
