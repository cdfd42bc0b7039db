"""Connections to a Unix socket for requests: one small pool for everything that is asked.

The SDK's own adapter keeps a pool for each URL, so that every container ever inspected would hold a
channel of the host, and leaves a socket open that could not connect.
"""

import socket
from collections.abc import Mapping

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection


class SocketAdapter(HTTPAdapter):
    """Carries requests to the socket at `path`; keeps at most `size` connections for later."""

    def __init__(self, path: str, size: int) -> None:
        super().__init__()
        self._pool = _Pool(path, size)

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: object, proxies: object = None, cert: object = None
    ) -> HTTPConnectionPool:
        return self._pool

    def request_url(self, request: requests.PreparedRequest, proxies: Mapping[str, str] | None) -> str:
        return request.path_url

    def close(self) -> None:
        self._pool.close()
        super().close()


class _Pool(HTTPConnectionPool):
    def __init__(self, path: str, size: int) -> None:
        super().__init__("localhost", maxsize=size)
        self._path = path

    def _new_conn(self) -> HTTPConnection:
        return _Connection(self._path)


class _Connection(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(self.timeout)
        try:
            sock.connect(self._path)
        except OSError:
            sock.close()
            raise
        self.sock = sock
