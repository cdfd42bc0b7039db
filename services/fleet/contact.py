"""The contact with one host's engine: every call within its deadline, and whatever breaks becomes an error of ours.

The SDK blocks, so it works in threads of the host's own. A call that overruns its deadline is answered at
once; its thread is freed by the link, should the contact turn out to be dead, or by the HTTP timeout.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, suppress
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from anyio.abc import ByteStream

from services.errors import ContainerGone, DeadlineExceeded, EngineRefused, HostError, HostSilent, Silence
from services.fleet.link import Link
from services.fleet.listed import MOST_BYTES
from services.fleet.sdk import (
    FOREIGN,
    NOT_UNDERSTOOD,
    THREADS,
    TOO_LARGE,
    Ask,
    Client,
    translated,
    wants_other_version,
)
from services.fleet.streams import AnswerTooLarge, Channel, Response, get
from services.logs.text.presentable import presentable

GRACE = 1.0  # seconds by which the SDK's own timeout is longer than the deadline

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Contact:
    """HostSilent means that nothing was asked, or a read that failed. Where an act had been sent and contact
    was lost before the answer, it is DeadlineExceeded: the act may still be under way.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._client: Client | None = None
        # Acts may take as long as a container takes to stop: they must not make the host look dead to reads.
        self._reads = ThreadPoolExecutor(THREADS, thread_name_prefix=f"{link.host}-read")
        self._acts = ThreadPoolExecutor(THREADS, thread_name_prefix=f"{link.host}-act")

    @property
    def host(self) -> str:
        return self._link.host

    @property
    def forwards(self) -> bool:
        """Whether the host is reached over SSH, so that `dial` is possible."""
        return self._link.forwards

    async def dial(self, host: str, port: int, *, deadline: float) -> ByteStream:
        """A TCP connection through the host's SSH connection, to an address as that host sees it.

        Raises HostSilent, DeadlineExceeded, ForwardRefused; ValueError where it is not reached over SSH.
        """
        if not self.forwards:
            raise ValueError(f"{self.host} is not reached over SSH and passes nothing on")
        async with self._within(deadline):
            await self._link.ready()
            try:
                return await self._link.dial(host, port)
            except HostSilent:
                await self._doubt()
                return await self._link.dial(host, port)

    async def doubt(self, *, deadline: float) -> None:
        """Over a connection of `dial` nothing came. Raises HostSilent if it turns out in time that contact is lost."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(deadline, 0)):
                await self._doubt()

    async def _doubt(self) -> None:
        self._link.suspect()
        await self._link.ready()

    def close(self) -> None:
        """Leaves no thread behind once the link is closed too; waits for none."""
        self._reads.shutdown(wait=False, cancel_futures=True)
        self._acts.shutdown(wait=False, cancel_futures=True)
        if self._client:
            self._client.close()
            self._client = None

    @asynccontextmanager
    async def _within(self, seconds: float, end: float | None = None) -> AsyncIterator[None]:
        """Until `end`, by default in `seconds`; then the link is suspected. Whatever breaks becomes ours."""
        end = asyncio.get_running_loop().time() + seconds if end is None else end
        try:
            async with asyncio.timeout_at(end):
                yield
        except TimeoutError:
            if (silence := self._link.silence) and silence.reason is Silence.CONNECTING:
                raise silence from None
            self._link.suspect()
            raise DeadlineExceeded(self.host, seconds) from None
        except OSError as exc:
            raise await self._loss(exc, end) from exc
        except HostError:
            raise
        except AnswerTooLarge as exc:
            raise EngineRefused(self.host, 0, TOO_LARGE) from exc
        except Exception as exc:  # an answer may be odd in any way: that is this host's trouble alone
            logger.warning("%s: %s", self.host, NOT_UNDERSTOOD, exc_info=True)
            raise EngineRefused(self.host, 0, NOT_UNDERSTOOD) from exc

    async def _loss(self, exc: OSError, end: float) -> HostSilent:
        """What the link finds out, before `end`, about a contact that broke with `exc`."""
        try:
            async with asyncio.timeout_at(end):
                await self._doubt()
        except HostSilent as silence:
            return silence
        except TimeoutError:
            pass
        return HostSilent(self.host, Silence.ENGINE, detail=str(exc))

    @asynccontextmanager
    async def _ask(self, container_id: str, what: str, newest: str = "") -> AsyncIterator[Response]:
        """A good answer about a container, or without an id about the engine, over a channel of its own.

        newest: of the API's versions, the last in which the answer has the shape that is wanted; "" for any.
        """
        about = f"containers/{quote(container_id, safe='')}/{what}" if container_id else what
        async with self._answer(about, newest) as response:
            if response.status == 404 and container_id:
                raise ContainerGone(self.host, container_id)
            if response.status != 200:
                raise EngineRefused(self.host, response.status, presentable(await response.error_text()))
            yield response

    @asynccontextmanager
    async def _answer(self, about: str, newest: str = "") -> AsyncIterator[Response]:
        await self._link.ready()
        spoken = self._link.api_version
        version = newest if newest and _rank(spoken) > _rank(newest) else spoken
        path = f"/v{version}/{about}"
        if response := await self._at_once(path):
            with closing(response.channel):
                yield response
        else:
            with closing(await self._open()) as channel:
                yield await get(channel, path)

    async def _at_once(self, path: str) -> Response | None:
        """Over a channel that was opened ahead; None where there is none, or the engine had hung up on it."""
        if (channel := self._link.spare()) is None:
            return None
        try:
            return await get(channel, path)
        except ConnectionError:
            channel.close()
            return None
        except BaseException:
            channel.close()
            raise

    async def _whole(self, what: str, newest: str = "") -> bytes:
        async with self._ask("", what, newest) as response:
            return await response.whole(MOST_BYTES)

    async def _json(self, container_id: str, what: str) -> Any:
        async with self._ask(container_id, what) as response:
            return await response.json()

    async def _open(self) -> Channel:
        try:
            return await self._link.open()
        except HostSilent:
            await self._doubt()  # knows better, and since when
            return await self._link.open()

    async def _read(self, ask: Ask[T], deadline: float, name: str = "") -> T:
        async with self._within(deadline):
            return await self._again(partial(self._call, self._reads, ask, deadline, name))

    async def _again(self, call: Callable[[], Awaitable[T]]) -> T:
        """Twice where contact had just been lost, or where the engine was exchanged for one of another version."""
        try:
            return await call()
        except (HostSilent, ConnectionError):
            pass
        except EngineRefused as refusal:
            if not wants_other_version(refusal):
                raise
        self._link.suspect()  # `ready` tells what is true, and the ping asks the version anew
        return await call()

    async def _act(self, ask: Ask[None], deadline: float, name: str) -> None:
        began = asyncio.get_running_loop().time()
        async with self._within(deadline):
            await self._doubt()  # a ping first, so that nothing is sent into a contact that is dead already
            try:
                await self._call(self._acts, ask, deadline, name)
            except HostSilent as broken:
                self._link.suspect()
                elapsed = asyncio.get_running_loop().time() - began
                raise DeadlineExceeded(self.host, round(elapsed, 1)) from broken

    async def _call(self, pool: ThreadPoolExecutor, ask: Ask[T], seconds: float, name: str) -> T:
        await self._link.ready()
        try:
            client = self._negotiated()
        except FOREIGN as exc:
            raise translated(exc, self.host, name, seconds) from exc
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(pool, client.carry_out, ask, seconds + GRACE, self.host, name)

    def _negotiated(self) -> Client:
        """The client of the present contact; that of an earlier one is closed with its pooled connections."""
        made_for = (self._link.contact, self._link.api_version)
        if self._client and self._client.made_for != made_for:
            self._client.close()
            self._client = None
        if self._client is None:
            self._client = Client(self._link, made_for)
        return self._client


def _rank(version: str) -> tuple[int, ...]:
    """Of the API, so that 1.9 comes before 1.41."""
    return tuple(int(part) for part in version.split(".") if part.isdecimal())
