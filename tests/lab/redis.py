"""A real Redis on loopback, as durable as the settings' documents ask for.

    with Redis(tmp_path) as redis: … redis.url

Debian's package; no root needed. It keeps its port and its data from `stop` or `kill` to the next `start`.
"""

import atexit
import functools
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

from tests.lab.monitoring import free_port
from tests.lab.network import PATH, LabUnavailable

DATABASES = 4096


class Redis:
    """Start it from the main thread, with which the kernel ends it should pytest be killed."""

    def __init__(self, home: Path, *options: str) -> None:
        """`home`: a directory of its own. `options`: of the command line, such as "--requirepass", "secret"."""
        self.home = home
        self.port = free_port()
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Of its first database, without a password."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def log(self) -> str:
        return (self.home / "log").read_text()

    def start(self, *more: str, wait: bool = True) -> None:
        """Returns when it answers and has read its data. LabUnavailable: the package is missing. `more`: options."""
        if self._process:
            return
        program = shutil.which("redis-server", path=PATH)
        if not program:
            raise LabUnavailable("redis-server is missing (Debian package redis-server)")
        options = f"--bind 127.0.0.1 --port {self.port} --dir {self.home} --databases {DATABASES}".split()
        options += ["--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"]
        with (self.home / "log").open("ab") as output:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig=KILL", program, *options, "--save", "", *self._options, *more],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={"PATH": PATH, "HOME": "/nonexistent"},
            )
        deadline = time.monotonic() + 20
        while wait and not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"redis-server did not start: {self.log[-800:]}")
            time.sleep(0.01)

    def stop(self) -> None:
        """In order."""
        if self._process:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def kill(self) -> None:
        """As `kill -9` does."""
        if self._process:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def pause(self) -> None:
        """It hangs: connections are taken, nothing is ever answered."""
        assert self._process
        os.kill(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process
        os.kill(self._process.pid, signal.SIGCONT)

    def __call__(self, *command: str, password: str | None = None) -> str:
        """`redis-cli COMMAND`: its standard output without the line's end."""
        login = ["-a", password, "--no-auth-warning"] if password else []
        done = subprocess.run(
            ["redis-cli", "-p", str(self.port), *login, *command],
            check=True,
            capture_output=True,
            timeout=20,
            env={"PATH": PATH},
        )
        return done.stdout.decode().removesuffix("\n")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False


@functools.cache
def _shared() -> tuple[Redis, "itertools.count[int]"]:
    folder = tempfile.TemporaryDirectory(prefix="vakhta-redis-")
    redis = Redis(Path(folder.name))
    atexit.register(folder.cleanup)
    atexit.register(redis.kill)  # before the clean-up: last registered, first called
    redis.start()
    return redis, itertools.count()


def fresh_url() -> str:
    """An empty database on the one server that the run's tests share; there are 4096. May raise LabUnavailable."""
    redis, numbers = _shared()
    return f"redis://127.0.0.1:{redis.port}/{next(numbers) % DATABASES}"
