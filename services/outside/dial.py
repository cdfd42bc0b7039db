"""Ways to open a TCP connection: from this machine, or through a host's SSH connection."""

from typing import Protocol

import anyio
from anyio.abc import ByteStream

# In seconds: a firewall that drops packets keeps sshd trying for minutes.
LONGEST_DIAL = 10.0


class Dial(Protocol):
    """Raises OSError, or HostError where it goes through a host. No deadline that anybody would wait for."""

    async def __call__(self, host: str, port: int) -> ByteStream: ...


class Gateway(Protocol):
    """A host that passes connections on, such as `DockerEngine` over SSH."""

    async def dial(self, host: str, port: int, *, deadline: float) -> ByteStream: ...

    async def doubt(self, *, deadline: float) -> None:
        """Over such a connection nothing came. Raises HostSilent if it turns out, in time, that contact is lost."""
        ...


async def direct(host: str, port: int) -> ByteStream:
    """From where the bot runs."""
    return await anyio.connect_tcp(host, port)


def through(gateway: Gateway) -> Dial:
    """From where the gateway is: names are looked up there, and 127.0.0.1 is its own."""

    async def dial(host: str, port: int) -> ByteStream:
        return await gateway.dial(host, port, deadline=LONGEST_DIAL)

    return dial
