"""Contact with an engine elsewhere: one SSH connection that forwards its socket. It and `lane` alone use asyncssh."""

import asyncio
import shlex
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncssh

from services.errors import HostSilent, Silence
from services.fleet.link import BUFFER, CONNECT_TIMEOUT, Link
from services.fleet.streams import Channel
from services.fleet.turns import Turns

KEEPALIVE_INTERVAL, KEEPALIVE_COUNT = 15, 3
CLOSE_TIMEOUT = 2.0

# Half the CPU of chacha20 and faster; whatever else a server may want comes after them.
CIPHERS = "^aes128-gcm@openssh.com,aes256-gcm@openssh.com"

# A login costs this process some 15 ms, in pieces of up to 4 ms. Who needs longer than a turn waits for the network.
LOGINS_AT_A_TIME, LONGEST_LOGIN_TURN = 8, 2.0

Streams = tuple[asyncssh.SSHReader[bytes], asyncssh.SSHWriter[bytes]]

# Accepted after the pinned kinds, so that a server that has changed its key for one of another kind is
# recognised as such; with the pinned kinds alone it would just hang up.
HOST_KEY_KINDS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)

# What the exit status of the first command says where the key is allowed a shell; see `_greet`.
MISSING, FORBIDDEN = 41, 42


@dataclass(frozen=True, slots=True)
class SshLogin:
    """Who logs in where, with which key, and which host keys are believed (paths of files)."""

    username: str
    host: str
    port: int
    identity_file: str
    known_hosts: str


@dataclass(frozen=True, slots=True)
class SshAddress(SshLogin):
    """`docker_socket`: its path on that host."""

    docker_socket: str


def login_turns() -> Turns:
    """For all hosts that are to be logged in to side by side."""
    return Turns(LOGINS_AT_A_TIME, LONGEST_LOGIN_TURN)


def authorized_keys_line(identity_file: str, docker_socket: str) -> str:
    """The line that gives this key the engine's socket and nothing else, together with these in sshd_config:
    `AllowStreamLocalForwarding local` and `AllowTcpForwarding local` for the user.

    Raises OSError when the file cannot be read, ValueError when it is no private key without a passphrase.
    """
    return (
        f'restrict,port-forwarding,permitopen="[{docker_socket}]:*",'
        f'permitlisten="localhost:1",command="/bin/false" {public_key(identity_file)}'
    )


def public_key(identity_file: str) -> str:
    """As in authorized_keys, without options. Raises OSError and ValueError, as `authorized_keys_line` does."""
    return asyncssh.read_private_key(identity_file).export_public_key("openssh").decode().strip()


async def connect(
    host: str, login: SshLogin, client: Callable[[], asyncssh.SSHClient] = asyncssh.SSHClient
) -> asyncssh.SSHClientConnection:
    """A connection on which nothing is open yet; files are read anew. host: its name in errors. Raises HostSilent."""
    key = await asyncio.to_thread(_read_key, host, login)
    known_hosts = await asyncio.to_thread(_read_known_hosts, host, login)
    pins, authorities, *_ = known_hosts.match(login.host, "", None if login.port == 22 else login.port)
    try:
        return await asyncssh.connect(
            login.host,
            login.port,
            username=login.username,
            client_keys=[key],
            known_hosts=known_hosts,
            server_host_key_algs=_kinds(pins) if pins and not authorities else (),
            client_factory=client,
            config=None,
            agent_path=None,
            pkcs11_provider=None,
            x509_trusted_certs=None,
            x509_trusted_cert_paths=[],
            preferred_auth="publickey",
            password_auth=False,
            kbdint_auth=False,
            host_based_auth=False,
            gss_kex=False,
            gss_auth=False,
            encryption_algs=CIPHERS,
            compression_algs="none",
            connect_timeout=CONNECT_TIMEOUT,
            login_timeout=CONNECT_TIMEOUT,
            keepalive_interval=KEEPALIVE_INTERVAL,
            keepalive_count_max=KEEPALIVE_COUNT,
        )
    except (asyncssh.Error, OSError, ValueError) as exc:
        reason, detail = why(exc), str(exc)
        if reason is Silence.HOST_KEY and not pins and not authorities:
            detail = f"no entry for [{login.host}]:{login.port} in {login.known_hosts}"
        raise HostSilent(host, reason, detail=detail or type(exc).__name__) from exc


class SshLink(Link):
    """One connection for everything. Host keys are pinned; no agent, configuration or password is used."""

    def __init__(self, host: str, address: SshAddress, turns: Turns | None = None) -> None:
        """turns: to log in, shared with other hosts."""
        super().__init__(host)
        self._address = address
        self._turns = turns or login_turns()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._greeting: int | None = None
        self._end: Exception | None = None

    async def open(self) -> Channel:
        connection = self._connection
        if connection is None or connection.is_closed():
            raise self._broken()
        opening = asyncio.ensure_future(
            connection.open_unix_connection(self._address.docker_socket, encoding=None)
        )
        try:
            streams = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_late)  # asyncssh itself would keep a channel nobody waits for
            raise
        except asyncssh.ChannelOpenError as exc:
            raise self._broken() if connection.is_closed() else self._refused(exc) from exc
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

    async def read(self) -> bytes:
        try:
            data = await self._reader.read(BUFFER)
        except asyncssh.Error as exc:
            raise ConnectionError(str(exc)) from exc
        if not data and self._connection.is_closed():
            raise ConnectionError("the SSH connection was lost")
        return data

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    def close(self) -> None:
        self._writer.channel.abort()


async def hang_up(connection: asyncssh.SSHClientConnection) -> None:
    """At once: whoever waits on it is freed."""
    connection.abort()
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await connection.wait_closed()


def _close_late(opening: asyncio.Future[Streams]) -> None:
    if not opening.cancelled() and not opening.exception():
        opening.result()[1].channel.abort()


def _read_key(host: str, login: SshLogin) -> asyncssh.SSHKey:
    try:
        return asyncssh.read_private_key(login.identity_file)
    except asyncssh.KeyEncryptionError as exc:
        detail = f"{login.identity_file} is encrypted: a key without a passphrase is needed"
        raise HostSilent(host, Silence.KEY_FILE, detail=detail) from exc
    except (OSError, ValueError) as exc:
        raise HostSilent(host, Silence.KEY_FILE, detail=str(exc)) from exc


def _read_known_hosts(host: str, login: SshLogin) -> asyncssh.SSHKnownHosts:
    try:
        return asyncssh.read_known_hosts(login.known_hosts)
    except (OSError, ValueError) as exc:
        raise HostSilent(host, Silence.KNOWN_HOSTS, detail=str(exc)) from exc


def _kinds(pins: Sequence[asyncssh.SSHKey]) -> list[str]:
    pinned = [kind.decode() for pin in pins for kind in pin.sig_algorithms]
    return list(dict.fromkeys([*pinned, *HOST_KEY_KINDS]))


def why(exc: Exception) -> Silence:
    """Of asyncssh's or the network's own errors."""
    match exc:
        case asyncssh.HostKeyNotVerifiable():
            return Silence.HOST_KEY
        case asyncssh.PermissionDenied() | asyncssh.IllegalUserName():
            return Silence.LOGIN
        case TimeoutError():
            return Silence.TIMEOUT
        case asyncssh.ConnectionLost() if "keepalive" in exc.reason or "timeout" in exc.reason.lower():
            return Silence.TIMEOUT
        case _:
            return Silence.UNREACHABLE
