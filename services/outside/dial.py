"""Ways to open a TCP connection: from this machine, or through a host's SSH connection."""

from typing import Protocol

import anyio
from anyio.abc import ByteStream


class Dial(Protocol):
    """Raises OSError, or HostError where it goes through a host. No deadline of its own."""

    async def __call__(self, host: str, port: int) -> ByteStream: ...


async def direct(host: str, port: int) -> ByteStream:
    """From where the bot runs."""
    return await anyio.connect_tcp(host, port)
