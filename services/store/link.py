"""A few connections to one Redis server: one command each way, within a deadline, and nothing is ever sent twice."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import unquote, urlsplit

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from services.errors import StoreUnavailable

# Seconds for a connection, and for the first sign of life after a command.
PATIENCE = 2.0
# Seconds for a whole call, with up to 64 MiB on their way.
DEADLINE = 10.0
CONNECTIONS = 8

# As Redis answers in version 2 of its protocol: None, bytes, an integer or a list of these.
Answer = bytes | int | list[bytes | None] | None


class Link:
    """Connects when it is needed, again after every loss. Raises StoreUnavailable, which never holds the password."""

    def __init__(self, url: str) -> None:
        """`redis://` or `rediss://`, `[[user]:password@]host[:port][/db]`; nothing is opened yet."""
        self._secret = ""
        with self._told():
            self._secret = urlsplit(url).password or ""
            # The library's own pool would give up its place on cancellation, its own retries would write twice.
            self._maker = ConnectionPool.from_url(
                url,
                protocol=2,
                socket_timeout=None,
                socket_connect_timeout=PATIENCE,
                retry=Retry(NoBackoff(), 0),
                driver_info=None,
            )
        self._turns = asyncio.Semaphore(CONNECTIONS)
        self._idle: list[AbstractConnection] = []
        self._closed = False
        self._fell_silent = 0.0

    @property
    def where(self) -> str:
        """For people: host:port/db."""
        options = self._maker.connection_kwargs
        host, port = options.get("host", "localhost"), options.get("port", 6379)
        return f"redis at {host}:{port}/{options.get('db', 0)}"

    async def ask(self, *command: str | bytes | int) -> Answer:
        """One command's answer. Cancelled or failed, it may have been carried out, or be so within moments."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        began = time.monotonic()
        with self._told(f"{self.where}: "):
            async with asyncio.timeout(DEADLINE), self._turns:
                if self._fell_silent > began:
                    raise TimeoutError  # while this one waited for its turn: it need not find out by itself
                connection = self._idle.pop() if self._idle else self._new()
                try:
                    await _connect(connection)
                    answer = await _exchange(connection, command)
                except TimeoutError:
                    self._fell_silent = time.monotonic()
                    raise
                finally:
                    self._idle.append(connection)
        if isinstance(answer, ResponseError):
            raise StoreUnavailable(self._hidden(f"{self.where}: {answer}")) from answer
        return answer

    async def close(self) -> None:
        """Idempotent. What was asked for before is done first."""
        self._closed = True
        for _ in range(CONNECTIONS):
            await self._turns.acquire()
        while self._idle:
            with suppress(RedisError, OSError):
                await self._idle.pop().disconnect()
        for _ in range(CONNECTIONS):
            self._turns.release()

    def _new(self) -> AbstractConnection:
        connection: AbstractConnection = self._maker.make_connection()  # type: ignore[no-untyped-call] # redis-py
        return connection

    @contextmanager
    def _told(self, where: str = "") -> Iterator[None]:
        """The library's errors as the project's own. ValueError: a broken URL, or text that is no text."""
        try:
            yield
        except TimeoutError as error:
            raise StoreUnavailable(f"{where}no answer in time") from error
        except (RedisError, OSError, ValueError) as error:
            raise StoreUnavailable(self._hidden(f"{where}{error}")) from error

    def _hidden(self, text: str) -> str:
        for secret in {self._secret, unquote(self._secret)} - {""}:
            text = text.replace(secret, "•••")
        return text


async def _connect(connection: AbstractConnection) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            if connection.is_connected and await connection.can_read():
                await connection.disconnect(nowait=True)  # the server has hung up meanwhile
            await connection.connect()  # type: ignore[no-untyped-call] # redis-py
    except BaseException:
        await connection.disconnect(nowait=True)
        raise


async def _exchange(
    connection: AbstractConnection, command: tuple[str | bytes | int, ...]
) -> Answer | ResponseError:
    """The answer, or the server's refusal: only after these the connection can be used again."""
    assert connection._writer is not None
    transport = connection._writer.transport
    try:
        # The echo comes back at once, while a large answer may take its time: so silence is told early.
        await connection.send_packed_command(connection.pack_commands([("ECHO", "?"), command]))
        async with asyncio.timeout(PATIENCE):
            await connection.read_response()
        try:
            answer: Answer = await connection.read_response()
        except ResponseError as refusal:
            return refusal
    except BaseException:
        # The library's own way of hanging up would still send what waits to be sent, some time later.
        transport.abort()
        await connection.disconnect(nowait=True)
        raise
    return answer
