"""Ways to open a TCP connection: from this machine, or through a host's SSH connection."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Protocol

import anyio
from anyio.abc import ByteStream

from services.outside.resolving import Lookup, is_number

# In seconds: a firewall that drops packets keeps sshd trying for minutes.
LONGEST_DIAL = 10.0
# Of a name's addresses: how many are tried, and seconds that one has before the next.
_MOST_TRIED, _START = 4, 0.25


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


def by_name(lookup: Lookup) -> Dial:
    """As `direct`, with names looked up so. asyncio's own threads would do that, too, and be missing elsewhere for as
    long as name servers are silent. OSError holds in its cause why each address failed."""

    async def dial(host: str, port: int) -> ByteStream:
        found = (host,) if is_number(host) else await lookup(host)
        addresses = list(dict.fromkeys(found))[:_MOST_TRIED]
        return await _first_of(addresses, port)

    return dial


async def _first_of(addresses: Sequence[str], port: int) -> ByteStream:
    """The one that answers first; each has a short start on the next (RFC 8305)."""
    found: list[ByteStream] = []
    failed: list[OSError] = []

    async def attempt(address: str, done: anyio.Event) -> None:
        try:
            found.append(await direct(address, port))
            group.cancel_scope.cancel()
        except OSError as exc:
            failed.append(exc)
        finally:
            done.set()

    async with AsyncExitStack() as unless:
        unless.push_async_callback(_close, found)
        async with anyio.create_task_group() as group:
            for address in addresses:
                group.start_soon(attempt, address, done := anyio.Event())
                with anyio.move_on_after(_START):
                    await done.wait()
        if failed and not found:
            raise OSError("no address answers") from ExceptionGroup("of each address", failed)
        if not found:
            raise OSError("there is no address")
        return found.pop(0)


async def _close(streams: Sequence[ByteStream]) -> None:
    for each in streams:
        await anyio.aclose_forcefully(each)


def through(gateway: Gateway) -> Dial:
    """From where the gateway is: names are looked up there, and 127.0.0.1 is its own."""

    async def dial(host: str, port: int) -> ByteStream:
        return await gateway.dial(host, port, deadline=LONGEST_DIAL)

    return dial
