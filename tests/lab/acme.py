"""What stands for Let's Encrypt on a server of the lab: Pebble, its own test server, which asks at the domains."""

import http.client
import json
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path

from tests.lab.authority import Authority
from tests.lab.monitoring import Server as Program
from tests.lab.monitoring import free_port
from tests.lab.server import Server


class Names(Program):
    """A name server for which every domain is at that server."""

    command, package = "pebble-challtestsrv", "pebble"

    def __init__(self, home: Path, server: Server) -> None:
        self.server = server
        super().__init__(home, "")

    def _arguments(self) -> Sequence[str]:
        here = f"{self.server.address}:{self.port}"
        silent = [f"-{each}=" for each in ("http01", "https01", "tlsalpn01", "defaultIPv6")]
        return (
            f"-dns01={here}",
            f"-defaultIPv4={self.server.address}",
            "-management=127.0.0.1:8055",
            *silent,
        )

    def _within(self) -> Sequence[str]:
        return ("nsenter", f"--net={self.server.network.handle}")

    def _is_ready(self) -> bool:
        return _answers(self.server.address, self.port)


class Acme(Program):
    """Its directory at `url`, over TLS by `authority`; what it issues is good for `context`."""

    command, package = "pebble", "pebble"

    def __init__(self, home: Path, server: Server, names: Names) -> None:
        home.mkdir(parents=True)
        self.server, self.authority, self._names, self._management = (
            server,
            Authority(home),
            names,
            free_port(),
        )
        super().__init__(home, "")
        files = self.authority.files(server.address)
        settings = {
            "listenAddress": f"{server.address}:{self.port}",
            "managementListenAddress": f"{server.address}:{self._management}",
            "certificate": str(files.certificate),
            "privateKey": str(files.key),
            "httpPort": 80,
            "tlsPort": 443,
        }
        self.configure(json.dumps({"pebble": settings}))

    @property
    def url(self) -> str:
        return f"https://{self.server.address}:{self.port}/dir"

    def context(self) -> ssl.SSLContext:
        """Trusts what it issues, and nothing else."""
        trusted = ssl.create_default_context(cafile=str(self.authority.file))
        asked = http.client.HTTPSConnection(
            self.server.address, self._management, timeout=10, context=trusted
        )
        asked.request("GET", "/roots/0")
        with asked.getresponse() as answer:
            root = answer.read().decode()
        asked.close()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=root)
        return context

    def _arguments(self) -> Sequence[str]:
        return (f"-config={self.file}", f"-dnsserver={self.server.address}:{self._names.port}")

    def _within(self) -> Sequence[str]:
        return (
            "nsenter",
            f"--net={self.server.network.handle}",
            "env",
            "PEBBLE_VA_NOSLEEP=1",
            "PEBBLE_WFE_NONCEREJECT=0",
        )

    def _is_ready(self) -> bool:
        return _answers(self.server.address, self._management)


def _answers(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True
