"""Netdata's client against the real one, whose figures /proc confirms, and against answers of others.

What speaks version 3 of the API cannot be had here: those answers are written after its documentation and source.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from services.domain.metrics import NetdataChart
from services.errors import (
    ApiBehindPage,
    ApiError,
    ApiNotUnderstood,
    ApiRefused,
    ApiTimeout,
    ApiUnreachable,
    NotConfigured,
)
from services.netdata import Netdata
from services.netdatas import NetdataAddress, open_netdatas
from tests.contract.recorded import answer, answering, recorded
from tests.lab.monitoring import free_port
from tests.lab.netdata import NetdataServer
from tests.lab.obtainable import obtainable

CPU = NetdataChart("system.cpu")
LOAD = NetdataChart("system.load", ("load15",))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NetdataServer]:
    server = NetdataServer(tmp_path_factory.mktemp("netdata"), figures=True)
    with obtainable():
        server.start()
    yield server
    server.kill()


@asynccontextmanager
async def asking(url: str) -> AsyncIterator[Netdata]:
    async with open_netdatas({"server1": NetdataAddress(url)}) as netdatas:
        assert netdatas.hosts == ("server1",)
        yield netdatas.of("server1")


async def gathered(ask: Callable[[], Awaitable[object]]) -> None:
    """It needs a few seconds for its first figures."""
    async with asyncio.timeout(30):
        while not await ask():
            await asyncio.sleep(0.1)


@pytest.mark.lab
async def test_what_it_is_and_what_it_knows(server: NetdataServer) -> None:
    async with asking(server.url) as netdata:
        info = await netdata.info()
        assert info.version.startswith("v1.")
        assert info.hostname

        async def measured() -> bool:  # at first it says 0
            return any(chart.values.get("used") for chart in await netdata.charts("disk_space._"))

        await gathered(measured)
        (disk,) = await netdata.charts("disk_space._")
        assert (disk.id, disk.family) == ("disk_space._", "/")
        assert (disk.context, disk.units) == ("disk.space", "GiB")
        stat = os.statvfs("/")
        assert disk.values["used"] * 2**30 == pytest.approx(
            (stat.f_blocks - stat.f_bfree) * stat.f_frsize, rel=0.05
        )
        assert disk.values["reserved for root"] == disk.values["reserved_for_root"]
        everything = {chart.id for chart in await netdata.charts()}
        assert {"system.cpu", "system.ram", "system.load"} <= everything
        assert await netdata.charts("nothing.*") == ()


@pytest.mark.lab
async def test_figures_are_those_of_proc(server: NetdataServer) -> None:
    async with asking(server.url) as netdata:
        await gathered(lambda: netdata.value(LOAD))
        load = await netdata.value(LOAD)
        assert load == pytest.approx(os.getloadavg()[2], abs=0.2)
        available = await netdata.value(NetdataChart("mem.available", factor=2**20))
        assert available == pytest.approx(memory()["MemAvailable"], rel=0.2)
        ram = await netdata.value(NetdataChart("system.ram", factor=2**20))
        assert ram == pytest.approx(memory()["MemTotal"], rel=0.05)
        used = memory()["MemTotal"] - sum(memory()[name] for name in ("MemFree", "Cached", "Buffers"))
        share = await netdata.value(NetdataChart("system.ram", ("used",), share=True))
        assert share == pytest.approx(100 * used / memory()["MemTotal"], abs=5)
        disk = await netdata.value(NetdataChart("disk_space._", ("used", "reserved for root"), share=True))
        stat = os.statvfs("/")
        assert disk == pytest.approx(100 * (1 - stat.f_bavail / stat.f_blocks), abs=1)
        busy = await netdata.value(CPU)
        assert busy is not None
        assert 0 <= busy <= 100
        assert await netdata.value(NetdataChart("system.nothing")) is None
        assert await netdata.value(NetdataChart("system.cpu", ("nothing",))) is None


def memory() -> dict[str, int]:
    """Bytes."""
    rows = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    return {name.rstrip(":"): int(value) * 1024 for name, value, *_ in rows}


@pytest.mark.lab
async def test_a_curve(server: NetdataServer) -> None:
    """Oldest first, a point a second, and none of the time before it ran."""
    async with asking(server.url) as netdata:

        async def several() -> bool:
            now = datetime.now(UTC)
            return len(await netdata.data(CPU, now - timedelta(minutes=5), now, 300)) > 3

        await gathered(several)
        before = datetime.now(UTC)
        after = before - timedelta(hours=1)
        points = await netdata.data(CPU, after, before, 3600)
        assert 3 < len(points) < 3600
        assert all(later > earlier for (earlier, _), (later, _) in pairwise(points))
        assert after < points[0][0] < points[-1][0] <= before + timedelta(seconds=1)
        parts = [
            dict(await netdata.data(NetdataChart("system.cpu", (name,)), after, before, 3600))
            for name in ("user", "system")
        ]
        at = points[1][0]
        assert sum(part[at] for part in parts) <= points[1][1] + 0.01
        both = dict(
            await netdata.data(NetdataChart("system.cpu", ("user", "system"), factor=10), after, before, 3600)
        )
        assert both[at] == pytest.approx(10 * sum(part[at] for part in parts), abs=0.001)
        assert await netdata.data(NetdataChart("system.nothing"), after, before, 10) == ()


@pytest.mark.lab
async def test_one_that_is_gone_and_one_that_hangs(tmp_path: Path) -> None:
    server = NetdataServer(tmp_path)
    with obtainable():
        server.start()
    try:
        async with asking(server.url) as netdata:
            await netdata.info()
            with server.hanging(), pytest.raises(ApiTimeout) as late:
                await netdata.value(CPU, deadline=0.3)
            assert (late.value.api, late.value.host, late.value.seconds) == ("netdata", "server1", 0.3)
            server.kill()
            with pytest.raises(ApiUnreachable) as gone:
                await netdata.value(CPU)
            assert gone.value.host == "server1"
    finally:
        server.kill()


async def test_none_in_the_settings() -> None:
    async with open_netdatas({}) as netdatas:
        with pytest.raises(NotConfigured) as missing:
            netdatas.of("server9")
    assert missing.value.setting == "hosts.server9.netdata"


async def test_nobody_there() -> None:
    async with asking(f"http://127.0.0.1:{free_port()}") as netdata:
        with pytest.raises(ApiUnreachable):
            await netdata.info()


@pytest.mark.parametrize(
    ("says", "kind"),
    [
        (answer(b"not JSON"), ApiNotUnderstood),
        (answer(b'{"version":3}'), ApiNotUnderstood),
        (answer(recorded("login.html"), type="text/html"), ApiBehindPage),
        (answer(b"", status="404 Not Found"), ApiRefused),
        (answer(b"starting", status="503 Service Unavailable", type="text/plain"), ApiRefused),
    ],
    ids=["no JSON", "another API", "login page", "neither version", "not ready"],
)
async def test_what_is_no_netdata_of_ours(says: bytes, kind: type[ApiError]) -> None:
    async with answering(says) as standin, asking(standin.url) as netdata:
        for ask in (netdata.info, netdata.charts, lambda: netdata.value(CPU)):
            with pytest.raises(ApiError) as raised:
                await ask()
            assert type(raised.value) is kind
            assert raised.value.host == "server1"


class Speaking:
    """A server of version 3 alone, and what it was asked; `version`: exchanged for the real one's way of speaking."""

    def __init__(self) -> None:
        self.version = "v3"
        self.asked: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := (await reader.readuntil(b"\r\n\r\n")).split()[1].decode():
                self.asked.append(request)
                writer.write(self._says(request))
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    def _says(self, request: str) -> bytes:
        version, _, what = request.removeprefix("/api/").partition("/")
        if version != self.version:
            return answer(f"Unsupported API version: {version}".encode(), status="404 Not Found")
        path = what.partition("?")[0]
        if version == "v1":
            old = {"info": b'{"version":"v1.37.1"}', "data": b'{"labels":["time","user"],"data":[[9,7]]}'}
            return answer(old[path])
        return answer(recorded(f"netdata-3-{path}.json"))


@asynccontextmanager
async def newer() -> AsyncIterator[tuple[Speaking, Netdata]]:
    speaking = Speaking()
    server = await asyncio.start_server(speaking.serve, "127.0.0.1", 0)
    async with server, asking(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as netdata:
        yield speaking, netdata
    await asyncio.sleep(0)


async def test_version_3() -> None:
    """A figure is the first of a list; what is unknown is no point, and of what is half known the rest counts."""
    async with newer() as (speaking, netdata):
        info = await netdata.info()
        assert (info.version, info.hostname) == ("v2.5.0", "server1")
        end = datetime.fromtimestamp(1795678350, UTC)
        points = await netdata.data(CPU, end - timedelta(seconds=20), end, 3)
        assert points == ((end - timedelta(seconds=20), 5.5), (end, 8.75))
        assert await netdata.value(CPU) == 8.75
        data = [request for request in speaking.asked if "/data?" in request]
        assert all("instances=system.cpu" in request for request in data)
        assert all("scope_nodes=server1" in request for request in data)


async def test_one_that_is_exchanged_for_one_of_another_version() -> None:
    async with newer() as (speaking, netdata):
        await netdata.info()
        speaking.version = "v1"
        assert await netdata.value(CPU) is None
        assert await netdata.value(CPU) == 7
