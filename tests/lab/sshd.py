"""A server's sshd: the restricted key for one Docker socket, that of the fast lane, an admin's, and a host key that can
change."""

import contextlib
import os
import pwd
import re
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.network import Network, inhabitants, run

USER = "vakhta"
_HELPER = Path(__file__).parents[2] / "deploy/fast-lane/vakhta-grep"
# HOME: an empty place, since what this machine's root has in his .bashrc is not the server's business: on a
# developer's machine it can make `ssh root@server` three times as slow.
_CONFIG = """\
ListenAddress 0.0.0.0:22
HostKey {home}/host_key
PidFile {home}/sshd.pid
AuthorizedKeysFile {home}/authorized_keys/%u
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AcceptEnv LANG LC_*
SetEnv DOCKER_HOST=unix://{docker_socket} HOME={home}/nobody
Subsystem sftp internal-sftp
Match User {user}
    AllowStreamLocalForwarding local
    AllowTcpForwarding local
"""


def authorized_keys_line(public_key: str, docker_socket: str | Path, *addresses: str) -> str:
    """The line that lets `public_key` open this one Unix socket, and these addresses (HOST:PORT), and, with `_CONFIG`'s
    Match block, do nothing else."""
    opens = "".join(f'permitopen="{each}",' for each in (f"[{docker_socket}]:*", *addresses))
    return (
        f'restrict,port-forwarding,{opens}permitlisten="localhost:1",'
        f'command="/bin/false" {public_key.strip()}\n'
    )


def lane_key_line(public_key: str, helper: str | Path) -> str:
    """The line that lets `public_key` run `helper` and do nothing else."""
    return f'restrict,command="{helper}" {public_key.strip()}\n'


def ensure_user() -> None:
    """The system user `vakhta`, in the group that owns Docker sockets.

    Its password is `*`, not the `!` of useradd's own choice: without PAM sshd takes that for a locked account.
    """
    try:
        pwd.getpwnam(USER)
    except KeyError:
        account = (
            "--no-create-home",
            "--shell",
            "/usr/sbin/nologin",
            "--password",
            "*",
            "--groups",
            "docker",
        )
        run("useradd", "--system", *account, USER)


def make_key(path: Path) -> str:
    """A new ed25519 pair, the private key at `path` with mode 600; the public key's line."""
    path.unlink(missing_ok=True)
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", path)
    return Path(f"{path}.pub").read_text()


@dataclass
class Sshd:
    """`home`: a directory owned by root all the way up, or sshd's StrictModes refuses the keys in it."""

    network: Network
    home: Path
    keys: Path
    docker_socket: Path
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def known_hosts(self) -> Path:
        return self.keys / "known_hosts"

    @property
    def identity_file(self) -> Path:
        return self.keys / "restricted"

    @property
    def admin_identity_file(self) -> Path:
        return self.keys / "admin"

    @property
    def lane_identity_file(self) -> Path:
        return self.keys / "lane"

    @property
    def lane_helper(self) -> Path:
        """The fast lane's helper, set for this server's containers."""
        return self.keys / "vakhta-grep"

    def create(self) -> None:
        """Keys, pins and configuration; then the daemon."""
        self.keys.mkdir(parents=True)
        authorized = self.home / "authorized_keys"
        authorized.mkdir(parents=True)
        (self.home / "nobody").mkdir()
        restricted, admin = make_key(self.identity_file), make_key(self.admin_identity_file)
        self._permit(restricted)
        (authorized / "root").write_text(admin)
        self._install_host_key(make_key(self.keys / "first_host_key"), "first_host_key")
        self.known_hosts.write_text(f"{self.network.address} {(self.home / 'host_key.pub').read_text()}")
        config = _CONFIG.format(home=self.home, docker_socket=self.docker_socket, user=USER)
        (self.home / "sshd_config").write_text(config)
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.start()

    def permit(self, *addresses: str) -> None:
        """The restricted key may open these too (HOST:PORT), and no others: from the next login on."""
        self._permit(Path(f"{self.identity_file}.pub").read_text(), *addresses)

    def _permit(self, public_key: str, *addresses: str) -> None:
        line = authorized_keys_line(public_key, self.docker_socket, *addresses)
        (self.home / "authorized_keys" / USER).write_text(line)

    def install_lane(self, containers: Path) -> None:
        """The third key, as docs/fast-lane.md has it. containers: where Docker keeps their logs."""
        text, count = re.subn("(?m)^containers=\\S+", f"containers={containers}", _HELPER.read_text())
        assert count == 1
        self.lane_helper.write_text(text)
        self.lane_helper.chmod(0o755)
        with (self.home / "authorized_keys/root").open("a") as lines:
            lines.write(lane_key_line(make_key(self.lane_identity_file), self.lane_helper))

    def start(self) -> None:
        if self._process and self._process.poll() is None:
            return
        config, log = self.home / "sshd_config", self.keys / "sshd.log"
        self._process = self.network.start("/usr/sbin/sshd", "-D", "-e", "-f", config, log=log)
        deadline = time.monotonic() + 10
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"sshd did not start: {log.read_text()[-500:]}")
            time.sleep(0.005)

    def answers(self) -> bool:
        try:
            with socket.create_connection((str(self.network.address), 22), timeout=1) as connection:
                return connection.recv(4) == b"SSH-"
        except ConnectionError:
            return False

    def stop(self) -> None:
        """The daemon and every session of it, at once: to a client the connection breaks."""
        doomed = [*self.sessions(), *([self._process.pid] if self._process else [])]
        for pid in doomed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self._process:
            self._process.wait(10)
            self._process = None

    def sessions(self) -> list[int]:
        """The processes that serve connections: two for each (root's monitor and the user's own)."""
        listener = self._process.pid if self._process else 0
        return [pid for pid in inhabitants(self.network.handle) if pid != listener and _is_sshd(pid)]

    def connections(self) -> int:
        """How many there are: one process of each is the listener's own child."""
        listener = self._process.pid if self._process else 0
        return sum(_parent(pid) == listener for pid in self.sessions())

    def descriptors(self) -> int:
        """How many descriptors all sessions hold: each open channel costs one."""
        total = 0
        for pid in self.sessions():
            with contextlib.suppress(FileNotFoundError):
                total += sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
        return total

    def change_host_key(self) -> None:
        """Another key than the pinned one, as after a reinstallation or with somebody in between."""
        self._reinstall_host_key("second_host_key")

    def restore_host_key(self) -> None:
        self._reinstall_host_key("first_host_key")

    def _reinstall_host_key(self, name: str) -> None:
        path = self.keys / name
        public = Path(f"{path}.pub").read_text() if path.exists() else make_key(path)
        if public == (self.home / "host_key.pub").read_text():
            return
        running = self._process is not None
        self.stop()
        self._install_host_key(public, name)
        if running:
            self.start()

    def _install_host_key(self, public: str, name: str) -> None:
        key = self.home / "host_key"
        key.touch(mode=0o600)
        key.write_bytes((self.keys / name).read_bytes())
        (self.home / "host_key.pub").write_text(public)


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _is_sshd(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().startswith("sshd")
    except OSError:
        return False
