"""By name and directly: who looks names up, and which of several addresses answers."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import cast

import pytest

from bot.probes import open_prober
from bot.settings import Settings
from services.domain.probes import ProbeFault, ProbeKind, ProbeSpec
from tests.clock import HandClock
from tests.lab.monitoring import free_port

NAME = "n8n.example.org"


class Names:
    """A `Lookup` that remembers who was asked for."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        if not self.addresses:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return self.addresses


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async def speak(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def probed(names: Names, address: str) -> ProbeFault | None:
    settings = cast(Settings, SimpleNamespace(trusted_ca=None))
    prober = await open_prober(settings, {}, HandClock(), names)
    return (await prober.probe(ProbeSpec("n8n", ProbeKind.TCP, address))).fault


async def test_probes_look_names_up_as_checks_do(port: int) -> None:
    """In threads of their own: silent name servers would hold all of asyncio's for half a minute."""
    names = Names("127.0.0.1")
    assert await probed(names, f"{NAME}:{port}") is None
    assert names.asked == [NAME]
    assert await probed(names, f"127.0.0.1:{port}") is None
    assert names.asked == [NAME], "an address is no name"


async def test_what_becomes_of_a_name(port: int) -> None:
    assert await probed(Names(), f"{NAME}:{port}") is ProbeFault.UNRESOLVED
    assert await probed(Names("127.0.0.1", "127.0.0.2"), f"{NAME}:{free_port()}") is ProbeFault.REFUSED
    assert await probed(Names("127.0.0.2", "127.0.0.1"), f"{NAME}:{port}") is None
