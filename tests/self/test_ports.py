"""Ports for servers: nobody else comes to have them."""

import socket

import pytest

from tests import ports
from tests.ports import _share, free_port


def test_none_is_what_a_connection_could_get() -> None:
    """Linux gives these from 32768 on."""
    assert all(_share(worker)[-1] < 32_768 for worker in ("", *(f"gw{number}" for number in range(15))))


def test_no_two_workers_have_the_same() -> None:
    shares = [set(_share(worker)) for worker in ("", "gw0", "gw1", "gw2", "gw3")]
    assert len(set.union(*shares)) == sum(map(len, shares))


def test_none_is_given_twice_though_nobody_uses_it_yet() -> None:
    given = [free_port() for _ in range(50)]
    assert len(set(given)) == 50


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_what_somebody_has_is_passed_over(kind: socket.SocketKind, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(type=kind) as somebody:
        somebody.bind(("127.0.0.1", taken := free_port()))
        free = free_port()
        monkeypatch.setattr(ports, "_next", iter((taken, free)))
        assert free_port() == free
