"""Connections for requests that bound every answer, in bytes and in seconds; to a Unix socket through one small pool.

The timeouts of requests count from each byte to the next, so that an answer that drips would hold its
thread for ever. The SDK's own adapter for Unix sockets keeps a pool for each URL, so that every container
ever inspected would hold a channel of the host, and leaves a socket open that could not connect.
"""

import socket
import ssl
from collections.abc import Mapping
from time import monotonic
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.util.ssl_ import create_urllib3_context

from services.fleet.streams import AnswerTooLarge

ANSWER_LIMIT = 16 << 20  # bytes with head and framing: some five thousand containers
SHORTEST_WAIT = 0.001


class _Bounded(socket.socket):
    """A socket whose timeout is for all that is read, together, until it is set again: once for each answer."""

    _end: float | None = None
    _left = ANSWER_LIMIT

    def settimeout(self, value: float | None) -> None:
        self._end = None if value is None else monotonic() + value
        self._left = ANSWER_LIMIT
        super().settimeout(value)

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        if self._end is not None:
            super().settimeout(max(self._end - monotonic(), SHORTEST_WAIT))
        received = super().recv_into(*args, **kwargs)
        self._left -= received
        if self._left < 0:
            raise AnswerTooLarge
        return received


class _BoundedTls(_Bounded, ssl.SSLSocket):
    pass


class TlsAdapter(HTTPAdapter):
    """Carries requests over TLS; keeps at most `size` connections for later."""

    def __init__(self, size: int) -> None:
        super().__init__(pool_connections=1, pool_maxsize=size)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        context = create_urllib3_context()
        context.sslsocket_class = _BoundedTls
        super().init_poolmanager(*args, ssl_context=context, **kwargs)


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
        sock = _Bounded(socket.AF_UNIX)
        sock.settimeout(self.timeout)
        try:
            sock.connect(self._path)
        except OSError:
            sock.close()
            raise
        self.sock = sock
