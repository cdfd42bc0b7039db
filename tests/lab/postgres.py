"""A real PostgreSQL on loopback: `with Postgres() as postgres: … postgres.port`. Debian's package; root or not."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

from tests.lab.monitoring import free_port
from tests.lab.network import LabUnavailable

_BIN = Path("/usr/lib/postgresql")


class Postgres:
    """Passwords are asked for over TCP (scram-sha-256). As root it runs as the package's user, for it refuses root."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        found = sorted(_BIN.glob("*/bin/postgres"))
        if not found:
            raise LabUnavailable("postgres is missing (Debian package postgresql)")
        self._bin = found[-1].parent
        self.home = Path(tempfile.mkdtemp(prefix="vakhta-postgres-"))
        self._as: list[str] = []
        if os.geteuid() == 0:
            shutil.chown(self.home, "postgres", "postgres")
            user = pwd.getpwnam("postgres")
            self._as = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        (self.home / "password").write_text("secret\n")
        self._run("initdb", "--no-sync", "--auth=scram-sha-256", f"--pwfile={self.home / 'password'}")

    @property
    def data(self) -> Path:
        return self.home / "data"

    def permit(self, rules: str) -> None:
        """The rules of pg_hba.conf instead of its own, from now on."""
        (self.data / "pg_hba.conf").write_text(rules)
        self._run("pg_ctl", "reload")

    def adopt(self, file: Path) -> None:
        """A copy of it into the data directory, as the server demands it of a key."""
        copy = self.data / file.name
        shutil.copy(file, copy)
        copy.chmod(0o600)
        if self._as:
            shutil.chown(copy, "postgres", "postgres")

    def start(self, *options: str, until: str = "ready to accept connections") -> None:
        """Returns when its log says so."""
        command = [
            f"{self._bin}/postgres",
            "-D",
            f"{self.data}",
            "-k",
            f"{self.home}",
            "-F",
            "-p",
            f"{self.port}",
        ]
        with (self.home / "log").open("ab") as output:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig=KILL", *self._as, *command, *options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        deadline = time.monotonic() + 20
        while until not in (self.home / "log").read_text():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.home / "log").read_text()[-800:])
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process:
            self._process.send_signal(2)  # SIGINT: at once, in order
            self._process.wait(20)
            self._process = None
            (self.home / "log").unlink()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.kill()
            self._process.wait(10)
        shutil.rmtree(self.home, ignore_errors=True)

    def _run(self, command: str, *arguments: str) -> None:
        subprocess.run(
            ["setpriv", "--pdeathsig=KILL", *self._as, self._bin / command, "-D", self.data, *arguments],
            check=True, capture_output=True, timeout=60,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}, cwd=self.home,
        )  # fmt: skip
