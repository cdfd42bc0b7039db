"""Names for the tests of what is asked by name: answered here, without a name server."""

import socket
from collections.abc import Mapping, Sequence
from typing import Any

import pytest


def answer_names(patch: pytest.MonkeyPatch, names: Mapping[str, Sequence[str]]) -> None:
    """As /etc/hosts would. Other names of example.org are none; the rest is asked as ever."""
    ask = socket.getaddrinfo

    def known(host: Any, *args: Any, **kwargs: Any) -> Any:
        host = host.decode() if isinstance(host, bytes) else host  # anyio gives it in ASCII
        if host in names:
            return [row for address in names[host] for row in ask(address, *args, **kwargs)]
        if isinstance(host, str) and host.endswith("example.org"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return ask(host, *args, **kwargs)

    patch.setattr(socket, "getaddrinfo", known)
