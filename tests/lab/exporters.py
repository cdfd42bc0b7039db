"""Real exporters on loopback, Debian's packages; no root needed. And pages of figures for those that cannot be had.

with NodeExporter(tmp_path / "node") as node: … node.address
"""

import contextlib
import http.client
import http.server
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import psutil

from tests.lab.monitoring import Config, Server
from tests.lab.netdata import NetdataServer


class Exporter(Server):
    """`address`: for a scrape, HOST:PORT."""

    def __init__(self, home: Path, config: Config = "") -> None:
        super().__init__(home, config)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def _is_ready(self) -> bool:
        try:
            return self._ask("GET", "/")[0] == 200
        except (OSError, http.client.HTTPException):
            return False


class NodeExporter(Exporter):
    """Of this very machine; or, with `cpu`, of that processor alone."""

    command = package = "prometheus-node-exporter"

    def __init__(self, home: Path, cpu: "LabCpu | None" = None) -> None:
        super().__init__(home)
        self._cpu = cpu

    def _arguments(self) -> Sequence[str]:
        listen = f"--web.listen-address={self.address}"
        if not self._cpu:
            return (listen,)
        return (listen, "--collector.disable-defaults", "--collector.cpu", f"--path.procfs={self._cpu.proc}")


class LabCpu:
    """A processor that nobody else's work is on: a fifth of a core, busy with what its own processes really use.

    So a test knows when it is under load and when it is idle, whatever else the machine has to do. `proc` holds its
    /proc/stat, as the kernel writes one.
    """

    SPEED = 0.2  # cores
    _TICKS = 100  # a second, in /proc/stat

    def __init__(self, proc: Path) -> None:
        self.proc = proc
        self._loads: list[subprocess.Popen[bytes]] = []
        self._busy = self._idle = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._count)

    @contextlib.contextmanager
    def load(self, seconds: int = 90) -> Iterator[None]:
        """Behind all else that wants the core, and over by itself after so many seconds at most."""
        busy = [
            sys.executable,
            "-S",
            "-c",
            f"import time\nend = time.time() + {seconds}\nwhile time.time() < end: pass",
        ]
        with subprocess.Popen(["setpriv", "--pdeathsig=KILL", "nice", "-n", "10", *busy]) as process:
            self._loads.append(process)
            try:
                yield
            finally:
                self._loads.remove(process)
                process.kill()

    def __enter__(self) -> Self:
        self.proc.mkdir(parents=True, exist_ok=True)
        self._write()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _count(self) -> None:
        used, moment = dict[int, float](), time.monotonic()
        while not self._ended.wait(0.2):
            now = time.monotonic()
            passed, moment = now - moment, now
            before, used = used, {load.pid: _cpu_seconds(load.pid) for load in tuple(self._loads)}
            spent = sum(seconds - before.get(pid, 0) for pid, seconds in used.items())
            busy = min(spent / self.SPEED, passed)
            self._busy += busy
            self._idle += passed - busy
            self._write()

    def _write(self) -> None:
        figures = f"{self._busy * self._TICKS:.0f} 0 0 {self._idle * self._TICKS:.0f} 0 0 0 0 0 0"
        new = self.proc / "stat.new"
        new.write_text(f"cpu  {figures}\ncpu0 {figures}\n")
        new.rename(self.proc / "stat")


def _cpu_seconds(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0
    return float(times.user + times.system)


class PostgresExporter(Exporter):
    """source: a connection string, which it takes from its environment."""

    command = package = "prometheus-postgres-exporter"

    def __init__(self, home: Path, source: str) -> None:
        super().__init__(home)
        self._source = source

    def _within(self) -> Sequence[str]:
        return ("env", f"DATA_SOURCE_NAME={self._source}")

    def _arguments(self) -> Sequence[str]:
        return (f"--web.listen-address={self.address}",)


class RedisExporter(Exporter):
    command = package = "prometheus-redis-exporter"

    def __init__(self, home: Path, url: str) -> None:
        super().__init__(home)
        self._url = url

    def _arguments(self) -> Sequence[str]:
        return ("-web.listen-address", self.address, "-redis.addr", self._url)


class BlackboxExporter(Exporter):
    """config: its modules."""

    command = package = "prometheus-blackbox-exporter"

    def _arguments(self) -> Sequence[str]:
        return (f"--web.listen-address={self.address}", f"--config.file={self.file}")


class WatchingNetdata(NetdataServer):
    """One that gathers what the kernel tells, each second: CPU, memory, disks, network."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        config = self.file.read_text().replace("    proc = no\n", "    proc = yes\n")
        self.configure(config)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


class Figures:
    """A page of figures as an exporter would show them: `with Figures(text) as page: … page.address`."""

    def __init__(self, text: str) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: object) -> None:
                """Nobody reads it."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
