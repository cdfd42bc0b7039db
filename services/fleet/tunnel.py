"""Contact with an engine elsewhere: one SSH connection that forwards its socket, and whatever else the key permits."""

import asyncio
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncssh
from anyio.abc import ByteStream

from services.errors import ForwardRefused, HostSilent, Silence
from services.fleet.forwarded import Forwarded, host_and_port
from services.fleet.link import BUFFER, CONNECT_TIMEOUT, Link
from services.fleet.login import SshLogin, connect, hang_up, public_key, why
from services.fleet.streams import Channel
from services.fleet.turns import Turns

# A login costs this process some 15 ms, in pieces of up to 4 ms. Who needs longer than a turn waits for the network.
LOGINS_AT_A_TIME, LONGEST_LOGIN_TURN = 8, 2.0

Streams = tuple[asyncssh.SSHReader[bytes], asyncssh.SSHWriter[bytes]]

# What the exit status of the first command says where the key is allowed a shell; see `_greet`.
MISSING, FORBIDDEN = 41, 42


@dataclass(frozen=True, slots=True)
class SshAddress(SshLogin):
    """`docker_socket`: its path on that host."""

    docker_socket: str


def login_turns() -> Turns:
    """For all hosts that are to be logged in to side by side."""
    return Turns(LOGINS_AT_A_TIME, LONGEST_LOGIN_TURN)


def authorized_keys_line(identity_file: str, docker_socket: str, addresses: Sequence[str] = ()) -> str:
    """The line that gives this key the engine's socket, these addresses (HOST:PORT) and nothing else, together with
    these in sshd_config: `AllowStreamLocalForwarding local` and `AllowTcpForwarding local` for the user.

    Raises OSError when the file cannot be read, ValueError when it is no private key without a passphrase.
    """
    opens = "".join(f'permitopen="{each}",' for each in (f"[{docker_socket}]:*", *addresses))
    return (
        f"restrict,port-forwarding,{opens}"
        f'permitlisten="localhost:1",command="/bin/false" {public_key(identity_file)}'
    )


class SshLink(Link):
    """One connection for everything. Host keys are pinned; no agent, configuration or password is used."""

    forwards = True

    def __init__(self, host: str, address: SshAddress, turns: Turns | None = None) -> None:
        """turns: to log in, shared with other hosts."""
        super().__init__(host)
        self.connections = 0  # that were made
        self._address = address
        self._turns = turns or login_turns()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._greeting: int | None = None
        self._end: Exception | None = None

    @property
    def connected(self) -> bool:
        return self._connection is not None and not self._connection.is_closed()

    async def open(self) -> Channel:
        socket = self._address.docker_socket
        try:
            return await self._opened(
                lambda connection: connection.open_unix_connection(socket, encoding=None)
            )
        except asyncssh.ChannelOpenError as exc:
            raise self._refused(exc) from exc

    async def dial(self, host: str, port: int) -> ByteStream:
        """sshd answers "administratively prohibited" where the key's options or its own settings forbid the address,
        and "connect failed" for whatever came of trying (OpenSSH 9.2)."""
        try:
            channel = await self._opened(
                lambda connection: connection.open_connection(host, port, encoding=None)
            )
        except asyncssh.ChannelOpenError as exc:
            forbidden = exc.code == asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED
            raise ForwardRefused(self.host, host_and_port(host, port), forbidden) from exc
        return Forwarded(channel)

    async def _opened(
        self, opens: Callable[[asyncssh.SSHClientConnection], Awaitable[Streams]]
    ) -> "_SshChannel":
        """Raises HostSilent where the connection is lost, ChannelOpenError where it is not."""
        connection = self._connection
        if connection is None or connection.is_closed():
            raise self._broken()
        opening = asyncio.ensure_future(opens(connection))
        try:
            streams = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_late)  # asyncssh itself would keep a channel nobody waits for
            raise
        except asyncssh.ChannelOpenError as exc:
            if connection.is_closed():
                raise self._broken() from exc
            raise
        return _SshChannel(connection, streams)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[None]:
        self._end = None
        if self._turns.all_taken:
            self._queue()
        async with self._turns.turn():
            self._try()
            connection = await self._log_in()
        try:
            with TemporaryDirectory(prefix="vakhta-", ignore_cleanup_errors=True) as directory:  # mode 0700
                path = f"{directory}/docker.sock"
                await connection.forward_local_path(path, self._address.docker_socket)
                self.socket_path, self._connection = path, connection
                self.connections += 1
                yield
        except OSError as exc:
            raise HostSilent(self.host, Silence.FORWARD, detail=str(exc)) from exc
        finally:
            self._connection = None
            await hang_up(connection)

    async def _log_in(self) -> asyncssh.SSHClientConnection:
        connection = await connect(self.host, self._address, lambda: _Watcher(self))
        try:
            self._greeting = await self._greet(connection)
        except BaseException:
            await hang_up(connection)
            raise
        return connection

    async def _ping(self, timeout: float) -> None:  # noqa: ASYNC109
        if not self._listens():
            raise HostSilent(self.host, Silence.FORWARD, detail=f"{self.socket_path} is gone")
        await super()._ping(timeout)

    def _listens(self) -> bool:
        """Whether the local socket is still there: the SDK needs it, and something may have tidied /tmp."""
        return Path(self.socket_path).is_socket()

    async def _greet(self, connection: asyncssh.SSHClientConnection) -> int | None:
        """Run one command; its exit status, None when the key may not run any.

        sshd before 10.1 sets TCP_NODELAY only once a session opens: without one, every request meets a
        stall of 44 ms. A key with `command="/bin/false"` serves as well. Where there is a shell, the exit
        status tells what sshd does not when it refuses to open the socket.
        """
        socket = shlex.quote(self._address.docker_socket)
        tests = f"test -S {socket} || exit {MISSING}; test -r {socket} -a -w {socket} || exit {FORBIDDEN}"
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                done = await connection.run(
                    f"sh -c {shlex.quote(tests)}",
                    stdin=asyncssh.DEVNULL,
                    stdout=asyncssh.DEVNULL,
                    stderr=asyncssh.DEVNULL,
                    encoding=None,
                )
                return done.exit_status
        except TimeoutError:
            raise HostSilent(self.host, Silence.TIMEOUT, detail="logged in, but nothing answers") from None
        except asyncssh.ChannelOpenError:
            return None
        except asyncssh.Error as exc:
            raise HostSilent(self.host, why(exc), detail=str(exc)) from exc

    def _refused(self, exc: asyncssh.ChannelOpenError) -> HostSilent:
        """sshd says no more than "open failed", be it the key's options, its own settings or the socket."""
        socket = self._address.docker_socket
        if self._greeting == MISSING:
            return HostSilent(self.host, Silence.NO_SOCKET, detail=f"{socket} is no socket there")
        if self._greeting == FORBIDDEN:
            user = self._address.username
            return HostSilent(self.host, Silence.NO_PERMISSION, detail=f"{user} may not use {socket}")
        return HostSilent(self.host, Silence.FORWARD, detail=f"{socket}: {exc.reason}")

    def _broken(self) -> HostSilent:
        reason = why(self._end) if self._end else Silence.UNREACHABLE
        return HostSilent(self.host, reason, detail=str(self._end or "the connection was closed"))


class _Watcher(asyncssh.SSHClient):
    def __init__(self, link: SshLink) -> None:
        self._link = link

    def connection_lost(self, exc: Exception | None) -> None:
        self._link._end = exc
        self._link.suspect()


class _SshChannel:
    """A `Channel` on asyncssh's streams."""

    def __init__(self, connection: asyncssh.SSHClientConnection, streams: Streams) -> None:
        self._connection = connection
        self._reader, self._writer = streams

    @property
    def ended(self) -> bool:
        return self._reader.at_eof() or self._connection.is_closed()

    async def read(self, most: int = BUFFER) -> bytes:
        try:
            data = await self._reader.read(most)
        except asyncssh.Error as exc:
            raise ConnectionError(str(exc)) from exc
        if not data and self._connection.is_closed():
            raise ConnectionError("the SSH connection was lost")
        return data

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    async def drain(self) -> None:
        try:
            await self._writer.drain()
        except asyncssh.Error as exc:
            raise ConnectionError(str(exc)) from exc

    def write_eof(self) -> None:
        self._writer.write_eof()

    def close(self) -> None:
        self._writer.channel.abort()


def _close_late(opening: asyncio.Future[Streams]) -> None:
    if not opening.cancelled() and not opening.exception():
        opening.result()[1].channel.abort()
