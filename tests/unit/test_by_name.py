"""Connections by name: each address in its turn, and no name server keeps anybody else waiting."""

import asyncio
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from anyio.abc import ByteStream

from bot.container import open_services
from services.domain.probes import ProbeKind, ProbeSpec
from services.outside.resolving import SystemNames, by_name
from services.outside.ways import Ways
from tests.bots import Setup
from tests.lab.authority import serving


class Addresses:
    """A `Lookup` and a `Dial`: those that refuse, those that never answer, and what came of it."""

    def __init__(self, *found: str, refusing: Sequence[str] = (), silent: Sequence[str] = ()) -> None:
        self.found, self.refusing, self.silent = found, refusing, silent
        self.tried: list[str] = []

    async def lookup(self, host: str) -> Sequence[str]:
        return self.found

    async def dial(self, host: str, port: int) -> ByteStream:
        self.tried.append(host)
        if host in self.silent:
            await asyncio.Event().wait()
        if host in self.refusing:
            raise ConnectionRefusedError(host)
        return await anyio.connect_tcp("127.0.0.1", self.port)

    port = 0


async def test_the_next_address_is_tried_where_one_refuses_or_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.outside.resolving._TURN", 0.01)
    addresses = Addresses("192.0.2.1", "192.0.2.2", "192.0.2.3", refusing=["192.0.2.1"], silent=["192.0.2.2"])
    async with serving(None) as addresses.port:
        await (await by_name(addresses.lookup, addresses.dial)("dir.example.org", 80)).aclose()
    assert addresses.tried == list(addresses.found)


async def test_the_bot_probes_by_its_own_way_to_the_outside(tmp_path: Path) -> None:
    addresses = Addresses("192.0.2.1")
    setup = Setup(tmp_path, "http://127.0.0.1:1")
    ways = Ways(addresses.lookup, addresses.dial)
    async with serving(None) as addresses.port, open_services(setup.settings(), ways=ways) as services:
        result = await services.prober.probe(ProbeSpec("dir", ProbeKind.HTTP, "http://dir.example.org"))
    assert (result.ok, addresses.tried) == (True, ["192.0.2.1"])


async def test_who_refuses_everywhere_refuses() -> None:
    addresses = Addresses("192.0.2.1", "192.0.2.2", refusing=["192.0.2.1", "192.0.2.2"])
    with pytest.raises(ConnectionRefusedError, match=r"192\.0\.2\.2"):
        await by_name(addresses.lookup, addresses.dial)("dir.example.org", 80)


async def test_a_number_is_no_name() -> None:
    addresses = Addresses("192.0.2.1", refusing=["::1"])
    with pytest.raises(ConnectionRefusedError):
        await by_name(addresses.lookup, addresses.dial)("::1", 80)


async def test_silent_name_servers_hold_nobody_else_up(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, over = threading.Event(), threading.Event()

    def silent(*_args: object, **_kwargs: object) -> None:
        asked.set()
        over.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "silent")

    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    monkeypatch.setattr(socket, "getaddrinfo", silent)
    with closing(SystemNames()) as names:
        waiting = asyncio.ensure_future(by_name(names)("dir.example.org", 80))
        try:
            async with asyncio.timeout(30):
                assert await asyncio.to_thread(asked.wait, 30)
                assert await asyncio.to_thread(over.is_set) is False, "the threads of others are free"
        finally:
            over.set()
        with pytest.raises(socket.gaierror):
            await waiting
