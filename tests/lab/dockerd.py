"""A server's Docker engine, and the admin's hand on it: the real command-line client."""

import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.lab.frozen import freeze
from tests.lab.image import busybox_tar
from tests.lab.network import Network, run

IMAGE = "busybox:lab"
ZONE = "Asia/Almaty"  # of the servers, as of the team's: some of what an engine tells is in its own zone


@dataclass
class Dockerd:
    """`home`: sockets and run-time state, of a short path; `data`: images, containers and the daemon's log."""

    network: Network
    home: Path
    data: Path
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def socket(self) -> Path:
        return self.home / "docker.sock"

    def create(self) -> None:
        """An engine with the lab's one image."""
        self.data.mkdir(parents=True)
        self.start()
        self("import", "-", IMAGE, feed=busybox_tar())

    def start(self) -> None:
        """Returns when the engine answers."""
        if self._process and self._process.poll() is None:
            return
        log = self.data / "dockerd.log"
        self._process = self.network.start(
            *("env", f"TZ={ZONE}", "dockerd"),
            f"--host=unix://{self.socket}",
            f"--data-root={self.data / 'engine'}",
            f"--exec-root={self.home / 'exec'}",
            f"--pidfile={self.home / 'dockerd.pid'}",
            f"--cgroup-parent=/{self.network.name}",
            "--exec-opt=native.cgroupdriver=cgroupfs",
            "--iptables=false",
            "--ip-masq=false",
            "--userland-proxy=false",
            log=log,
        )
        deadline = time.monotonic() + 20
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"dockerd did not start: {log.read_text()[-800:]}")
            time.sleep(0.01)

    def _answers(self) -> bool:
        try:
            return b" 200 " in self._get("/_ping", 5)
        except OSError:
            return False

    def listing(self) -> list[dict[str, Any]]:
        """Every container, running or not, as the API lists them: in a millisecond, where the client takes fifty."""
        found: list[dict[str, Any]] = self._json("/containers/json?all=1")
        return found

    def unused_volumes(self) -> list[str]:
        """The names of those that no container has."""
        found = self._json("/volumes?filters=" + quote('{"dangling":["true"]}'))
        return [volume["Name"] for volume in found["Volumes"] or ()]

    def _json(self, path: str) -> Any:
        head, _, body = self._get(path, 120).partition(b"\r\n\r\n")
        assert b" 200 " in head.partition(b"\r\n")[0], head
        return json.loads(body)

    def _get(self, path: str, seconds: float) -> bytes:
        """The whole answer, not in chunks."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(seconds)
            connection.connect(str(self.socket))
            connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            return b"".join(iter(lambda: connection.recv(1 << 16), b""))

    def stop(self) -> None:
        """As on a reboot: containers get their SIGTERM and come back, if their policy says so, with `start`."""
        if self._process:
            self.resume()
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def pause(self) -> None:
        """The daemon hangs: its socket still takes connections and nothing is ever answered."""
        assert self._process
        freeze(self._process.pid)

    def resume(self) -> None:
        if self._process:
            os.kill(self._process.pid, signal.SIGCONT)

    def reap(self) -> None:
        """Take leave of the daemon that somebody killed."""
        if self._process:
            self._process.wait(10)
            self._process = None

    def __call__(self, *args: str, feed: bytes | None = None) -> str:
        """`docker ARGS` against this engine; its standard output, CalledProcessError when it fails."""
        return run("docker", f"--host=unix://{self.socket}", *args, feed=feed)
