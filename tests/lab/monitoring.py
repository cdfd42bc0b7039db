"""Real Alertmanager and Prometheus on loopback, and figures for the latter to scrape.

    with AlertmanagerServer(tmp_path / "am", config) as alertmanager: …

Debian's packages; no root needed. Both keep their port and their data from `stop` or `kill` to the next `start`.
"""

import contextlib
import http.client
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import yaml
from aiohttp import web

from tests.lab.frozen import freeze
from tests.lab.network import PATH, LabUnavailable
from tests.ports import free_port

__all__ = [
    "AlertmanagerServer",
    "Config",
    "Gauge",
    "LabUnavailable",
    "PrometheusServer",
    "Server",
    "free_port",
]

Config = str | Mapping[str, Any]

SILENT: Config = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}


class Server:
    """A process of our own: start it from the main thread, with which the kernel ends it should pytest be killed."""

    command: str
    package: str

    def __init__(self, home: Path, config: Config) -> None:
        """`home`: a directory that is there or not; configuration, data and log go there."""
        self.home = home
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        home.mkdir(parents=True, exist_ok=True)
        self.configure(config)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def file(self) -> Path:
        return self.home / "config.yml"

    @property
    def log(self) -> str:
        return (self.home / "log").read_text()

    def configure(self, config: Config) -> None:
        """Taken up at the next `start` or `reload`."""
        self.file.write_text(config if isinstance(config, str) else yaml.safe_dump(config))

    def reload(self) -> None:
        status, words = self._ask("POST", "/-/reload")
        assert status == 200, words

    def start(self) -> None:
        """Returns when it is ready, in about a second. LabUnavailable: the package is missing."""
        if self._process:
            return
        program = shutil.which(self.command, path=PATH)
        if not program:
            raise LabUnavailable(f"{self.command} is missing (Debian package {self.package})")
        with (self.home / "log").open("ab") as output:
            self._process = subprocess.Popen(
                [*self._within(), "setpriv", "--pdeathsig=KILL", program, *self._arguments()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={"PATH": PATH, "HOME": "/nonexistent"},
            )
        deadline = time.monotonic() + 20
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self.command} did not start: {self.log[-800:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """In order: what it knows is written first."""
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

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """Alive, and deaf: the kernel takes connections for it, and nobody answers."""
        assert self._process
        freeze(self._process.pid)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _arguments(self) -> Sequence[str]:
        raise NotImplementedError

    def _within(self) -> Sequence[str]:
        """What the command is started by, to run elsewhere."""
        return ()

    def _is_ready(self) -> bool:
        try:
            return self._ask("GET", "/-/ready")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def _ask(self, method: str, path: str) -> tuple[int, str]:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")


class AlertmanagerServer(Server):
    """Alone, without a cluster."""

    command, package = "prometheus-alertmanager", "prometheus-alertmanager"

    def __init__(self, home: Path, config: Config = SILENT) -> None:
        super().__init__(home, config)

    def _arguments(self) -> Sequence[str]:
        return (
            f"--config.file={self.file}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            f"--storage.path={self.home / 'data'}",
            "--cluster.listen-address=",
        )


class PrometheusServer(Server):
    """`config` as it stands, or one made of the rest.

    scrape: exporters' addresses, HOST:PORT; alertmanagers: their URLs; rules: a rules file, of text or
    objects; interval: seconds between scrapes and evaluations. Targets and Alertmanagers are first looked at 5 s
    after a start (Prometheus' discovery has that as a constant): let tests share one where they can.
    """

    command, package = "prometheus", "prometheus"

    def __init__(
        self,
        home: Path,
        config: Config | None = None,
        *,
        scrape: Sequence[str] = (),
        alertmanagers: Sequence[str] = (),
        rules: Config | None = None,
        interval: int = 1,
    ) -> None:
        super().__init__(home, config or prometheus_config(scrape, alertmanagers, interval))
        self.rule(rules or {"groups": []})

    def rule(self, rules: Config) -> None:
        """New rules, taken up at the next `start` or `reload`."""
        (self.home / "rules.yml").write_text(rules if isinstance(rules, str) else yaml.safe_dump(rules))

    def _arguments(self) -> Sequence[str]:
        return (
            f"--config.file={self.file}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            f"--storage.tsdb.path={self.home / 'data'}",
            "--web.enable-lifecycle",
        )


def prometheus_config(
    scrape: Sequence[str], alertmanagers: Sequence[str], interval: int
) -> Mapping[str, Any]:
    """Its rules are in rules.yml beside it."""
    targets = [urlsplit(url).netloc for url in alertmanagers]
    return {
        "global": {
            "scrape_interval": f"{interval}s",
            "scrape_timeout": f"{interval}s",
            "evaluation_interval": f"{interval}s",
        },
        "rule_files": ["rules.yml"],
        "scrape_configs": [
            {"job_name": "test", "honor_labels": True, "static_configs": [{"targets": list(scrape)}]}
        ],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": targets}]}]},
    }


class Gauge:
    """An exporter whose figures a test sets by hand; `async with` serves it, on the test's own event loop.

    port: 0 for a free one; a Prometheus that several tests share needs the same one each time.
    """

    def __init__(self, port: int = 0) -> None:
        self._values: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        self._port = port

    @property
    def address(self) -> str:
        """For a scrape: HOST:PORT."""
        return f"127.0.0.1:{self._port}"

    def set(self, name: str, labels: Mapping[str, str], value: float) -> None:
        self._values[name, tuple(sorted(labels.items()))] = value

    def remove(self, name: str, labels: Mapping[str, str]) -> None:
        del self._values[name, tuple(sorted(labels.items()))]

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)  # Prometheus keeps its connection open
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _metrics(self, _request: web.Request) -> web.Response:
        rows = [f"{name}{{{_written(labels)}}} {value}\n" for (name, labels), value in self._values.items()]
        return web.Response(text="".join(rows))


def _written(labels: Sequence[tuple[str, str]]) -> str:
    escapes = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
    return ",".join(f'{name}="{value.translate(escapes)}"' for name, value in labels)
