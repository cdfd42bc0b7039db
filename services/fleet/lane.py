"""The fast lane: a search that a host carries out itself on its log files, over a second key that can do nothing else.

The key's forced command is `deploy/fast-lane/vakhta-grep`, which says what goes in and what comes out. It finds
texts, not patterns: `services.logs.search.literals` has those that a pattern needs.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

import asyncssh

from services.errors import ContainerGone, DeadlineExceeded, HostError, HostSilent, Silence
from services.fleet.login import SshLogin, connect, hang_up, public_key, why
from services.logs.stream.jsonfile import Candidates, NewestFirst
from services.logs.stream.records import NoRecords
from services.logs.text.presentable import presentable

HELPER = "/usr/local/sbin/vakhta-grep"
# Lines before a candidate, of which at most ten stand behind it, too.
MOST_CONTEXT = 999
# On one host at a time: each keeps two of its cores busy, and sshd opens ten sessions on a connection.
MOST_SEARCHES = 4

_STEP = 64 * 2**10  # bytes that are taken apart at a time: some 2 ms
_MOST_WORDS = 4096  # bytes of a complaint
_NO_LOG, _TOO_MUCH = "vakhta-grep: no such log", "vakhta-grep: too much"
_TERMINATED = 128 + 15  # of a shell between sshd and the helper

_Streams = tuple[asyncssh.SSHWriter[bytes], asyncssh.SSHReader[bytes], asyncssh.SSHReader[bytes]]


def lane_key_line(identity_file: str) -> str:
    """The line that lets this key run the helper and nothing else. Raises OSError and ValueError: see `public_key`."""
    return f'restrict,command="{HELPER}" {public_key(identity_file)}'


@dataclass(slots=True)
class _Shared:
    """A connection, and how many searches are on it: the last one hangs up."""

    connection: asyncssh.SSHClientConnection
    searches: int = 0


class FastLane:
    """The lane of one host, for containers whose log driver is json-file. Connects for as long as it searches."""

    def __init__(self, host: str, login: SshLogin) -> None:
        self.host = host
        self._login = login
        self._turns = asyncio.Semaphore(MOST_SEARCHES)
        self._connecting = asyncio.Lock()
        self._shared: _Shared | None = None

    async def candidates(
        self, container_id: str, literals: Sequence[bytes], *, context: int = 0, deadline: float
    ) -> AsyncGenerator[Candidates, None]:
        """The lines that hold one of the literals, newest first, with `context` others before each, at most
        MOST_CONTEXT, and as many behind it, at most ten.

        Rotated and compressed files are looked at, too; where two of them meet, the lines around are always told. Of
        a line of more than 16 kB, which the engine stores in pieces, only the pieces are found that hold a literal,
        or lie within the context. deadline: in seconds, for the whole search.

        When it ends by itself, all was looked at. It raises ContainerGone, DeadlineExceeded (then what came is
        right, and nothing newer is missing) and HostSilent. Whoever stops early closes it: the host's search ends.
        """
        command = f"{container_id} {min(context, MOST_CONTEXT)}"
        end = asyncio.get_running_loop().time() + deadline
        async with AsyncExitStack() as stack:
            async with self._until(end, deadline):
                await stack.enter_async_context(self._turns)
                connection = await stack.enter_async_context(self._connected())
                search = await _Search.begin(connection, command, literals)
                stack.callback(search.close)
            newest_first = NewestFirst()
            while not newest_first.ended:
                async with self._until(end, deadline):
                    data = await search.read()
                    if not data:
                        break
                    found = newest_first.feed(data)
                if found.block:
                    yield found
                await asyncio.sleep(0)  # reading what has come already does not let others run
            async with self._until(end, deadline):
                words = await search.last_words()
            if words or not newest_first.ended:
                if connection.is_closed():
                    raise HostSilent(self.host, Silence.UNREACHABLE, detail="the connection was lost")
                raise self._failure(search, words, container_id)

    @asynccontextmanager
    async def _until(self, end: float, seconds: float) -> AsyncIterator[None]:
        """Whatever breaks becomes ours."""
        try:
            async with asyncio.timeout_at(end):
                yield
        except TimeoutError:
            raise DeadlineExceeded(self.host, seconds) from None
        except asyncssh.ChannelOpenError as exc:
            raise HostSilent(self.host, Silence.FORWARD, detail=exc.reason) from exc
        except (asyncssh.Error, OSError) as exc:
            raise HostSilent(self.host, why(exc), detail=str(exc)) from exc
        except NoRecords as exc:
            raise HostSilent(self.host, Silence.FORWARD, detail=str(exc)) from exc

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncssh.SSHClientConnection]:
        async with self._connecting:
            shared = self._shared
            if shared is None or shared.connection.is_closed():
                shared = self._shared = _Shared(await connect(self.host, self._login))
            shared.searches += 1
        try:
            yield shared.connection
        finally:
            shared.searches -= 1
            if not shared.searches:
                self._shared = None if self._shared is shared else self._shared
                await hang_up(shared.connection)

    def _failure(self, search: "_Search", words: str, container_id: str) -> HostError:
        """Why not all was looked at."""
        if words.startswith(_NO_LOG):
            return ContainerGone(self.host, container_id)
        if _TOO_MUCH in words or (search.was_stopped and not words):
            return DeadlineExceeded(self.host, search.seconds)
        if container_id in words:  # a shell that knows no such command
            words = f'the key may run anything: its line in authorized_keys lacks command="{HELPER}"'
        return HostSilent(self.host, Silence.FORWARD, detail=words or "it broke off")


class _Search:
    """The helper at work."""

    def __init__(self, streams: _Streams) -> None:
        self._writer, self._output, self._errors = streams
        self._began = asyncio.get_running_loop().time()

    @classmethod
    async def begin(
        cls, connection: asyncssh.SSHClientConnection, command: str, literals: Sequence[bytes]
    ) -> "_Search":
        search = cls(await connection.open_session(command, encoding=None))
        with suppress(BrokenPipeError):  # it has ended already, and will say why
            search._writer.writelines(literal + b"\n" for literal in literals)
            search._writer.write_eof()
        return search

    @property
    def seconds(self) -> float:
        """So long it has been at work."""
        return round(asyncio.get_running_loop().time() - self._began, 1)

    @property
    def was_stopped(self) -> bool:
        """By itself, its time being over."""
        channel = self._writer.channel
        assert isinstance(channel, asyncssh.SSHClientChannel)
        return channel.get_exit_signal() is not None or channel.get_exit_status() == _TERMINATED

    async def read(self) -> bytes:
        """The next buffer; empty at the end."""
        return await self._output.read(_STEP)

    async def last_words(self) -> str:
        """All that it says on its standard error, until it ends, beside the newlines that prove somebody listens."""
        words = b""
        while data := await self._errors.read(_STEP):
            words = (words + data.lstrip())[:_MOST_WORDS]
        await self._writer.wait_closed()
        return presentable(words.decode(errors="replace").strip())

    def close(self) -> None:
        """At once, without waiting."""
        self._writer.channel.abort()
