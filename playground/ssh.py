"""An SSH server in front of simulated engines: a user for each host, and one key for all of them.

It gives what docs/ssh-key.md gives on a real server: the host's Docker socket, the addresses that the key permits
beside it, and nothing else. Whatever is to be run is answered as `command="/bin/false"` would.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncssh

from playground.loopback import Listener, Place

ADDRESS = "127.0.0.1"
DOCKER_SOCKET = "/var/run/docker.sock"
# AES-GCM costs half the CPU of what asyncssh would take first, and both ends may be in this process.
_CIPHERS = "aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr"


class SshServer:
    """An asynchronous context. sockets: user → the Unix socket that is his host's `DOCKER_SOCKET`; it may grow.

    directory: where the client's key and the pins are written. opens: user → what else the key may open there.
    """

    def __init__(
        self,
        directory: Path,
        sockets: Mapping[str, Path],
        *,
        opens: Mapping[str, Mapping[Place, Listener]] | None = None,
        port: int = 0,
    ) -> None:
        self.identity_file = directory / "identity"
        self.known_hosts = directory / "known_hosts"
        self._sockets = sockets
        self._opens = opens or {}
        self._port = port
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._connections: set[asyncssh.SSHServerConnection] = set()

    @property
    def port(self) -> int:
        assert self._acceptor
        return self._acceptor.get_port()

    def settings(self, user: str) -> dict[str, str]:
        """How that user's host stands in the bot's settings."""
        return {
            "address": f"ssh://{user}@{ADDRESS}:{self.port}",
            "identity_file": str(self.identity_file),
            "known_hosts": str(self.known_hosts),
            "docker_socket": DOCKER_SOCKET,
        }

    async def __aenter__(self) -> Self:
        key, host_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
        self._acceptor = await asyncssh.listen(
            ADDRESS,
            self._port,
            server_factory=lambda: _Gate(
                self._sockets, self._opens, key.convert_to_public(), self._connections
            ),
            server_host_keys=[host_key],
            process_factory=_false,
            encryption_algs=_CIPHERS,
            compression_algs=None,
            password_auth=False,
            kbdint_auth=False,
            host_based_auth=False,
            gss_host=None,
            agent_forwarding=False,
            x11_forwarding=False,
            allow_scp=False,
            encoding=None,
        )
        await asyncio.to_thread(self._write, key, host_key)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._acceptor
        self._acceptor.close()
        await self._acceptor.wait_closed()
        connections = list(self._connections)
        for connection in connections:
            connection.abort()
        for connection in connections:
            await connection.wait_closed()

    def hang_up(self, user: str) -> None:
        """Breaks his connections. He may come again."""
        for connection in list(self._connections):
            if connection.get_extra_info("username") == user:
                connection.abort()

    def _write(self, key: asyncssh.SSHKey, host_key: asyncssh.SSHKey) -> None:
        self.identity_file.touch(mode=0o600)
        self.identity_file.write_bytes(key.export_private_key())
        public = host_key.export_public_key().decode("ascii")
        self.known_hosts.write_text(f"[{ADDRESS}]:{self.port} {public}", encoding="ascii")


class _Gate(asyncssh.SSHServer):
    """One connection. What is not granted here, asyncssh refuses."""

    def __init__(
        self,
        sockets: Mapping[str, Path],
        opens: Mapping[str, Mapping[Place, Listener]],
        key: asyncssh.SSHKey,
        connections: set[asyncssh.SSHServerConnection],
    ) -> None:
        self._sockets = sockets
        self._opens = opens
        self._key = key
        self._connections = connections
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection:
            self._connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username in self._sockets and key == self._key

    def unix_connection_requested(self, dest_path: str) -> "asyncssh.SSHUNIXSession[bytes] | bool":
        assert self._connection
        socket = self._sockets.get(self._connection.get_extra_info("username"))
        if dest_path != DOCKER_SOCKET or socket is None:
            return False
        return self._connection.forward_unix_connection(str(socket))  # type: ignore[return-value]

    def connection_requested(
        self, dest_host: str, dest_port: int, orig_host: str, orig_port: int
    ) -> "asyncssh.SSHTCPSession[bytes] | bool":
        """As sshd tells apart what the key does not permit and where nothing listens."""
        assert self._connection
        opens = self._opens.get(self._connection.get_extra_info("username"), {})
        listener = opens.get((dest_host, dest_port))
        if listener is None:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, "open failed")
        if not listener.alive():
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "Connection refused")
        return self._connection.forward_unix_connection(str(listener.socket))  # type: ignore[return-value]


async def _false(process: "asyncssh.SSHServerProcess[bytes]") -> None:
    process.exit(1)
