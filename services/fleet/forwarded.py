"""A connection that a host passes on, as one of anyio's streams: what TLS and HTTP are spoken over."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import anyio
from anyio.abc import ByteStream
from anyio.lowlevel import checkpoint

from services.fleet.streams import Channel


class TwoWay(Channel, Protocol):
    """A `Channel` whose other end may read slowly, and may be told that no more comes."""

    async def read(self, most: int = ...) -> bytes: ...

    async def drain(self) -> None:
        """Return when there is room for more."""
        ...

    def write_eof(self) -> None: ...


class ForwardedAttribute(anyio.TypedAttributeSet):
    """`ended`: whether it is known that nothing will come any more."""

    ended: bool = anyio.typed_attribute()


class Forwarded(ByteStream):
    """BrokenResourceError where the SSH connection is lost; ended by either end, it ends here too."""

    def __init__(self, channel: TwoWay) -> None:
        self._channel = channel
        self._closed = False

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return {ForwardedAttribute.ended: lambda: self._channel.ended}

    async def receive(self, max_bytes: int = 65536) -> bytes:
        if self._closed:
            raise anyio.ClosedResourceError
        await checkpoint()  # what has come already would not let others run
        try:
            data = await self._channel.read(max_bytes)
        except OSError as exc:
            raise self._broken() from exc
        if not data:
            raise anyio.ClosedResourceError if self._closed else anyio.EndOfStream
        return data

    async def send(self, item: bytes) -> None:
        if self._closed:
            raise anyio.ClosedResourceError
        await checkpoint()
        try:
            self._channel.write(item)
            await self._channel.drain()
        except OSError as exc:
            raise self._broken() from exc

    async def send_eof(self) -> None:
        try:
            self._channel.write_eof()
        except OSError as exc:
            raise self._broken() from exc
        await checkpoint()

    async def aclose(self) -> None:
        """What was sent arrives, as far as the other end had room for it."""
        self._closed = True
        self._channel.close()
        await checkpoint()

    def _broken(self) -> Exception:
        return anyio.ClosedResourceError() if self._closed else anyio.BrokenResourceError()


def host_and_port(host: str, port: int) -> str:
    """As sshd and URLs write it: an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
