"""The filter of `deploy/common`, for real, before a lab server's engine: `with Filter(home, socket) as filter`."""

import http.client
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.lab.monitoring import LabUnavailable, Server, free_port
from tests.lab.network import Network

CONFIG = Path(__file__).parents[2] / "deploy/common/socket-proxy/haproxy.cfg"
__all__ = ["Filter", "LabUnavailable"]


class Filter(Server):
    """Debian's haproxy with the configuration as it is shipped, but for the places of its sockets. Under `inspects` it
    lets the bot inspect. inside: the network of the server whose Traefik is to reach it. owner: its user and group."""

    command, package = "haproxy", "haproxy"

    def __init__(
        self,
        home: Path,
        engine: str,
        *,
        inspects: bool = False,
        inside: Network | None = None,
        owner: tuple[int, int] = (0, 0),
    ) -> None:
        self.socket = home / "docker.sock"
        self._inspects, self._inside, self._owner = inspects, inside, owner
        port = free_port()
        shipped = CONFIG.read_text()
        places = {
            "unix@/run/vakhta/docker.sock": f"unix@{self.socket}",
            "unix@/var/run/docker.sock": f"unix@{engine}",
            "bind :2375": f"bind 127.0.0.1:{port}",
        }
        for place, other in places.items():
            assert shipped.count(place) == 1, place
            shipped = shipped.replace(place, other)
        super().__init__(home, shipped)
        self.port = port

    def ask(self, method: str, path: str, *, readers: bool = False, body: bytes = b"") -> int:
        """The status that comes back; `readers`: at the entrance of Traefik and Dozzle."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            if not readers:
                connection.sock = socket.socket(socket.AF_UNIX)
                connection.sock.settimeout(10)
                connection.sock.connect(str(self.socket))
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", "docker")
            if method == "POST":
                connection.putheader("Content-Length", str(len(body)))
            with suppress(BrokenPipeError):  # it may well have refused before it saw the body
                connection.endheaders(body)
            with connection.getresponse() as answer:
                return answer.status
        finally:
            connection.close()

    def _arguments(self) -> Sequence[str]:
        return ("-f", str(self.file))

    def _within(self) -> Sequence[str]:
        within = ("nsenter", f"--net={self._inside.handle}") if self._inside else ()
        user, group = self._owner
        owned = ("setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups")
        return (*within, *owned, "env", f"INSPECT={'yes' if self._inspects else 'no'}")

    def _is_ready(self) -> bool:
        try:
            return self.ask("GET", "/_ping") == 200
        except OSError:
            return False
