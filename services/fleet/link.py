"""The supervised contact with one host's engine, whatever way it goes: what is the same for every way.

`Link.run` connects, asks `/_ping`, and comes back to ask again whenever somebody doubts that the contact is
alive; a contact that fails is torn down, which frees whoever is stuck in it, and made anew with growing
pauses, for ever. Meanwhile everyone who asks is told at once why the host is silent.
"""

import asyncio
import logging
import random
import re
import ssl
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NoReturn

from anyio.abc import ByteStream

from services.errors import HostSilent, Silence
from services.fleet.spares import MOST, Spares
from services.fleet.streams import Channel, get

CONNECT_TIMEOUT = 10.0
PROBE_TIMEOUT = 3.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
BUFFER = 256 * 1024
OLDEST_API = 1, 24

_API_VERSION = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}")  # a part of every path asked for later

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Paths of PEM files: the authority that signed the engine's certificate, our certificate and its key."""

    ca: str
    cert: str
    key: str


def pauses() -> Iterator[float]:
    """Seconds between attempts: growing to a minute, for ever; shortened at random, so that hosts fall out of step."""
    pause = FIRST_PAUSE
    while True:
        yield pause * random.uniform(0.5, 1)  # noqa: S311
        pause = min(pause * 2, LONGEST_PAUSE)


class Link(ABC):
    """Contact with one engine. `run` belongs to a task that lives as long as the link is used.

    socket_path: the local socket that leads to the engine, valid while there is contact; empty where it is
    `base_url` with `tls`.
    contact: grows with every contact made; what was negotiated or pooled in an earlier one is void.
    api_version: the newest that the engine speaks, as of the last ping.
    """

    socket_path: str = ""
    tls: TlsFiles | None = None
    most_spares = MOST
    forwards = False  # whether `dial` is possible

    def __init__(self, host: str) -> None:
        self.host = host
        self.contact = 0
        self.api_version = ""
        self._silence: HostSilent | None = HostSilent(host, Silence.CONNECTING)
        self._lost: datetime | None = None
        self._pauses = pauses()
        self._settled = asyncio.Event()  # whether there is contact is known: `_silence` tells
        self._doubt = asyncio.Event()
        self._spares = Spares(self.open, self.most_spares)

    @property
    def base_url(self) -> str:
        """Where the SDK finds the engine."""
        return f"unix://{self.socket_path}"

    @property
    def silence(self) -> HostSilent | None:
        """Why there is no contact, or None. A fresh exception each time: a raised one collects tracebacks."""
        return replace(self._silence) if self._silence else None

    async def ready(self) -> None:
        """Return when there is contact; raise HostSilent at once when it is known that there is none.

        Waits, without a deadline of its own, while the first attempt or a doubt is not decided.
        """
        await self._settled.wait()
        if self._silence:
            raise replace(self._silence)

    def suspect(self) -> None:
        """Somebody got no answer: find out over a new channel whether the contact is dead or just busy."""
        if self._silence is None:
            self._settled.clear()
            self._doubt.set()

    def spare(self) -> Channel | None:
        """One that was opened ahead, while there is contact. The engine may have hung up on it unnoticed."""
        return self._spares.take() if self._silence is None and self.most_spares else None

    @abstractmethod
    async def open(self) -> Channel:
        """A new raw channel to the engine. Raises HostSilent; no deadline of its own."""

    async def dial(self, host: str, port: int) -> ByteStream:
        """A TCP connection from that host, to an address as it sees it. Raises HostSilent, ForwardRefused; no deadline
        of its own."""
        raise NotImplementedError

    @abstractmethod
    def _connected(self) -> AbstractAsyncContextManager[None]:
        """Within it `open` works. Raises HostSilent when it cannot be had; frees everyone on exit."""

    async def run(self) -> NoReturn:
        """Keep contact until cancelled, whatever an attempt runs into."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._spares.keep(), name=f"{self.host}: spare channels")
                while True:
                    await self._attempt()
                    await asyncio.sleep(next(self._pauses))
        finally:
            self._silence = HostSilent(self.host, Silence.CONNECTING, self._lost, "closed")
            self._settled.set()

    async def _attempt(self) -> None:
        """Contact, as long as it lasts."""
        try:
            async with self._connected():
                await self._watch()
        except HostSilent as silence:
            self._lose(silence)
        except Exception as exc:
            logger.exception("%s: an attempt failed in an unforeseen way", self.host)
            self._lose(HostSilent(self.host, Silence.ENGINE, detail=f"{exc!r:.200}"))

    async def _watch(self) -> NoReturn:
        self._doubt.clear()
        await self._ping(CONNECT_TIMEOUT)
        self._gain()
        while True:
            await self._doubt.wait()
            self._doubt.clear()
            await self._ping(PROBE_TIMEOUT)
            if not self._doubt.is_set():
                self._settled.set()

    async def _ping(self, timeout: float) -> None:  # noqa: ASYNC109
        reason = Silence.TIMEOUT
        try:
            async with asyncio.timeout(timeout):
                channel = await self.open()
                reason = Silence.ENGINE  # reached, but dumb
                try:
                    answer = await get(channel, "/_ping")
                finally:
                    channel.close()
        except TimeoutError:
            raise HostSilent(self.host, reason, detail=f"no answer to a ping in {timeout:g} s") from None
        except ssl.SSLError as exc:  # the engine refuses our certificate only now
            raise HostSilent(self.host, Silence.TLS, detail=str(exc)) from exc
        except OSError as exc:
            raise HostSilent(self.host, Silence.ENGINE, detail=str(exc)) from exc
        version = answer.headers.get("api-version", "")
        if answer.status != 200 or not _API_VERSION.fullmatch(version):
            raise HostSilent(self.host, Silence.ENGINE, detail=f"ping: HTTP status {answer.status}")
        if tuple(map(int, version.split("."))) < OLDEST_API:
            oldest = ".".join(map(str, OLDEST_API))
            raise HostSilent(
                self.host, Silence.ENGINE, detail=f"API {version}, where {oldest} or newer is needed"
            )
        self.api_version = version

    def _gain(self) -> None:
        away = f", lost since {self._lost:%Y-%m-%d %H:%M:%S} UTC" if self._lost else ""
        logger.info("%s: contact%s (API %s)", self.host, away, self.api_version)
        self.contact += 1
        self._silence, self._lost, self._pauses = None, None, pauses()
        if not self._doubt.is_set():
            self._settled.set()

    def _queue(self) -> None:
        """It is known at once that there is no contact yet, if there never was."""
        if self._silence and self._silence.reason is Silence.CONNECTING:
            self._silence = HostSilent(self.host, Silence.QUEUED)
            self._settled.set()

    def _try(self) -> None:
        """Its turn has come: whoever asks now waits for what comes of it."""
        if self._silence and self._silence.reason is Silence.QUEUED:
            self._silence = HostSilent(self.host, Silence.CONNECTING)
            self._settled.clear()

    def _lose(self, silence: HostSilent) -> None:
        self._spares.drop()
        before = self._silence
        if before is None:
            self._lost = datetime.now(UTC)
        if before is None or before.reason is not silence.reason:
            logger.warning("%s: no contact: %s (%s)", self.host, silence.reason, silence.detail)
        self._silence = HostSilent(self.host, silence.reason, self._lost, silence.detail)
        self._settled.set()


class StreamChannel:
    """A `Channel` on asyncio's own streams."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @property
    def ended(self) -> bool:
        return self._reader.at_eof() or self._writer.is_closing()

    async def read(self) -> bytes:
        return await self._reader.read(BUFFER)

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    def close(self) -> None:
        self._writer.transport.abort()


class UnixLink(Link):
    """The engine's socket on this machine, to which the way is short."""

    most_spares = 0

    def __init__(self, host: str, path: str) -> None:
        super().__init__(host)
        self.socket_path = path

    async def open(self) -> Channel:
        try:
            return StreamChannel(*await asyncio.open_unix_connection(self.socket_path, limit=BUFFER))
        except FileNotFoundError as exc:
            raise HostSilent(self.host, Silence.NO_SOCKET, detail=str(exc)) from exc
        except PermissionError as exc:
            raise HostSilent(self.host, Silence.NO_PERMISSION, detail=str(exc)) from exc
        except OSError as exc:
            raise HostSilent(self.host, Silence.ENGINE, detail=str(exc)) from exc

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[None]:
        yield


class TlsLink(Link):
    """The engine's TCP port, with certificates on both sides; read anew at every attempt."""

    def __init__(self, host: str, address: str, port: int, tls: TlsFiles) -> None:
        super().__init__(host)
        self._address, self._port, self._files = address, port, tls
        self.tls = tls
        self._context: ssl.SSLContext | None = None

    @property
    def base_url(self) -> str:
        address = f"[{self._address}]" if ":" in self._address else self._address
        return f"https://{address}:{self._port}"

    async def open(self) -> Channel:
        try:
            streams = await asyncio.open_connection(
                self._address, self._port, ssl=self._context, limit=BUFFER, server_hostname=self._address
            )
        except ssl.SSLError as exc:
            raise HostSilent(self.host, Silence.TLS, detail=str(exc)) from exc
        except OSError as exc:
            raise HostSilent(self.host, Silence.UNREACHABLE, detail=str(exc)) from exc
        return StreamChannel(*streams)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[None]:
        try:
            self._context = await asyncio.to_thread(client_context, self._files)
        except OSError as exc:  # ssl.SSLError too
            raise HostSilent(self.host, Silence.TLS, detail=str(exc)) from exc
        yield


def client_context(tls: TlsFiles) -> ssl.SSLContext:
    """Verifies the engine against `tls.ca` alone and shows our certificate. Raises OSError (ssl.SSLError)."""
    context = ssl.create_default_context(cafile=tls.ca)
    context.load_cert_chain(tls.cert, tls.key, password=lambda: "")  # never ask on the terminal
    return context
