"""Ports for servers that must be told where to listen."""

import itertools
import os
import random
import socket

# Below those that the system gives to whoever connects somewhere (from 32768 on), or a connection, even a minute after
# its end, could have the port before the server does: here, or within a server of the lab.
_FIRST, _EACH, _SHARES = 20_000, 750, 16


def _share(worker: str) -> range:
    """Each worker of a run has its own: none takes what another has chosen and not yet used."""
    number = int(worker.removeprefix("gw")) % (_SHARES - 1) + 1 if worker else 0
    return range(_FIRST + number * _EACH, _FIRST + (number + 1) * _EACH)


_ours = list(_share(os.environ.get("PYTEST_XDIST_WORKER", "")))
# Two runs may be at work on one machine.
random.SystemRandom().shuffle(_ours)
_next = itertools.cycle(_ours)


def free_port() -> int:
    """One that nobody has now, over TCP or UDP; it is not given again soon."""
    for port in itertools.islice(_next, _EACH):
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(type=kind) as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return port
    raise RuntimeError("no port is free")
