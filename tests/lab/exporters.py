"""Real exporters on loopback, Debian's packages; no root needed. And pages of figures for those that cannot be had.

with NodeExporter(tmp_path / "node") as node: … node.address
"""

import http.client
import http.server
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Self

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
    """Of this very machine."""

    command = package = "prometheus-node-exporter"

    def _arguments(self) -> Sequence[str]:
        return (f"--web.listen-address={self.address}",)


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
