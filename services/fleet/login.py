"""Logging in to a host over SSH: one key, pinned host keys, and nothing of this machine's own configuration."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import asyncssh

from services.errors import HostSilent, Silence
from services.fleet.link import CONNECT_TIMEOUT

KEEPALIVE_INTERVAL, KEEPALIVE_COUNT = 15, 3
CLOSE_TIMEOUT = 2.0

# Half the CPU of chacha20 and faster; whatever else a server may want comes after them.
CIPHERS = "^aes128-gcm@openssh.com,aes256-gcm@openssh.com"

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


@dataclass(frozen=True, slots=True)
class SshLogin:
    """Who logs in where, with which key, and which host keys are believed (paths of files)."""

    username: str
    host: str
    port: int
    identity_file: str
    known_hosts: str


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


async def hang_up(connection: asyncssh.SSHClientConnection) -> None:
    """At once: whoever waits on it is freed."""
    connection.abort()
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await connection.wait_closed()


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
