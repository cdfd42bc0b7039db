"""What is said to the engine: in its own version, reads again when the line broke, acts once."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.domain.logs import LogQuery
from services.errors import DeadlineExceeded, EngineRefused, HostSilent
from services.fleet.engine import DockerEngine
from services.fleet.hosts import HostAddress, open_engine
from services.ports import Engine


class Stub:
    """An engine without containers that knows one version and notes the paths.

    It answers as dockerd does, but hangs up without an answer on the next `rude` requests other than pings.
    """

    def __init__(self, version: str = "1.41", rude: int = 0) -> None:
        self.version, self.rude = version, rude
        self.paths: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := (await reader.readuntil(b"\r\n\r\n")).decode():
            path = request.split()[1]
            self.paths.append(path)
            if self.rude and path != "/_ping":
                self.rude -= 1
                break
            status, body = self.answer(path)
            head = (
                f"HTTP/1.1 {status} X\r\nApi-Version: {self.version}\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            await writer.drain()
            if "HTTP/1.0" in request:
                break
        writer.close()

    def answer(self, path: str) -> tuple[int, bytes]:
        if path == "/_ping":
            return 200, b"OK"
        asked = path.split("/")[1].removeprefix("v")
        if asked != self.version:
            words = f"client version {asked} is too new. Maximum supported API version is {self.version}"
            return 400, json.dumps({"message": words}).encode()
        return 200, b"[]"


@asynccontextmanager
async def stubbed(stub: Stub, path: Path) -> AsyncIterator[DockerEngine]:
    connections: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        try:
            await stub.serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_unix_server(serve, path)
    async with server, open_engine(HostAddress("server1", f"unix://{path}")) as engine:
        yield engine
    for writer in connections:
        writer.close()
        await writer.wait_closed()


async def test_the_engines_own_version_is_spoken(tmp_path: Path) -> None:
    stub = Stub("1.52")
    async with stubbed(stub, tmp_path / "socket") as engine:
        assert list(await engine.containers(deadline=5)) == []
    assert stub.paths[0] == "/_ping"
    assert stub.paths[1].startswith("/v1.52/containers/json")


async def test_disks_are_asked_for_in_a_version_that_lists_them(tmp_path: Path) -> None:
    """Since 1.53 an engine tells totals alone, which would look as if there were nothing."""

    class Totals(Stub):
        def answer(self, path: str) -> tuple[int, bytes]:
            if path == f"/v{self.version}/system/df":
                return 200, b'{"ImageUsage": {"TotalSize": 7}}'
            if path.endswith("/system/df"):
                return 200, b'{"LayersSize": 7, "Images": [], "Containers": null, "Volumes": null}'
            return super().answer(path)

    newer, other = Totals("1.54"), Totals("1.41")
    async with stubbed(newer, tmp_path / "newer") as engine:
        assert (await engine.stock(lambda name, labels: False, deadline=5)).layers == 7
    assert "/v1.51/system/df" in newer.paths
    async with stubbed(other, tmp_path / "other") as engine:
        with pytest.raises(EngineRefused):
            await engine.stock(lambda name, labels: False, deadline=5)


async def test_another_engine_takes_its_place(tmp_path: Path) -> None:
    stub = Stub("1.45")
    async with stubbed(stub, tmp_path / "socket") as engine:
        await engine.containers(deadline=5)
        stub.version = "1.41"
        assert list(await engine.containers(deadline=5)) == []
        stub.version = "1.52"
        await engine.start("5d126f", deadline=5)
    assert stub.paths[-1] == "/v1.52/containers/5d126f/start"


async def test_a_version_that_is_too_old(tmp_path: Path) -> None:
    async with stubbed(Stub("1.12"), tmp_path / "socket") as engine:
        with pytest.raises(HostSilent) as silence:
            await engine.containers(deadline=5)
    assert silence.value.detail == "API 1.12, where 1.24 or newer is needed"


async def test_a_read_that_broke_is_repeated(tmp_path: Path) -> None:
    stub = Stub(rude=1)
    async with stubbed(stub, tmp_path / "socket") as engine:
        assert list(await engine.containers(deadline=5)) == []
    list_path = "/v1.41/containers/json?all=1"
    assert stub.paths == ["/_ping", list_path, "/_ping", list_path], "after a ping"


async def test_a_read_that_breaks_again_is_given_up(tmp_path: Path) -> None:
    stub = Stub(rude=2)
    async with stubbed(stub, tmp_path / "socket") as engine:
        with pytest.raises(HostSilent):
            await engine.inspect("5d126f", deadline=5)


async def test_an_act_that_broke_is_never_repeated(tmp_path: Path) -> None:
    stub = Stub(rude=1)
    async with stubbed(stub, tmp_path / "socket") as engine:
        with pytest.raises(DeadlineExceeded):
            await engine.restart("5d126f", stop_timeout=3, deadline=5)
        await asyncio.sleep(0.05)
    assert [path for path in stub.paths if path != "/_ping"] == ["/v1.41/containers/5d126f/restart?t=3"]


async def test_names_do_not_leave_their_place_in_a_path(tmp_path: Path) -> None:
    stub = Stub()
    async with stubbed(stub, tmp_path / "socket") as engine:
        name = "x/json?\r\nHost: y"
        assert [data async for data in engine.logs(name, LogQuery(tail=1), deadline=5)] == [b"[]"]
    quoted = "x%2Fjson%3F%0D%0AHost%3A%20y"
    assert stub.paths[-1] == f"/v1.41/containers/{quoted}/logs?stdout=1&stderr=1&timestamps=1&tail=1"


async def test_what_of_a_log_is_asked_for(tmp_path: Path) -> None:
    stub = Stub()
    stamp = b"2026-11-23T14:02:11.123456789Z"
    async with stubbed(stub, tmp_path / "socket") as engine:
        for query in (LogQuery(), LogQuery(since=stamp), LogQuery(tail=7, since=stamp, follow=True)):
            assert [data async for data in engine.logs("5d126f", query, deadline=5)] == [b"[]"]
    asked = "/v1.41/containers/5d126f/logs?stdout=1&stderr=1&timestamps=1"
    since = "&since=1795442531.123456789"
    assert [path for path in stub.paths if path != "/_ping"] == [
        asked,
        f"{asked}{since}",
        f"{asked}&tail=7{since}&follow=1",
    ]


def as_promised(engine: DockerEngine) -> Engine:
    """For the type checker: it is an `Engine`."""
    return engine
