"""The simulated engine's HTTP side where dockerd is no measure: what is not offered, silence, hung-up clients."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from playground.engine.api import happenings
from playground.engine.api.answering import JSON, stream
from playground.engine.api.server import Sockets
from playground.engine.api.version import EngineVersion
from playground.engine.container import Status
from playground.engine.disk import Cached, Image
from playground.engine.host import Host
from playground.engine.program import Ending, Program
from playground.engine.spec import Spec
from playground.engine.story import Story
from playground.engine.world import World

NEW = EngineVersion("29.0.1", "1.52", "1.44")


@dataclass
class Engine:
    host: Host
    path: Path

    async def ask(self, line: str) -> tuple[int, dict[str, str], str]:
        """Status, headers in lower case, body."""
        reader, writer = await asyncio.open_unix_connection(str(self.path))
        try:
            writer.write(f"{line} HTTP/1.0\r\n\r\n".encode())
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.transport.abort()
        first, *rest = head.decode().split("\r\n")
        return int(first.split()[1]), dict(row.lower().split(": ", 1) for row in rest), body.decode()

    async def message(self, line: str) -> tuple[int, str]:
        status, _, body = await self.ask(line)
        return status, json.loads(body)["message"]


@pytest.fixture
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engine]:
    async with World() as world, Sockets(tmp_path_factory.mktemp("a")) as sockets:
        host = world.host("server1")
        await host.run(Spec(name="toy", image="toy:1"))
        yield Engine(host, await sockets.open(host))


@pytest.mark.parametrize(
    "line",
    [
        "POST /containers/create",
        "POST /v1.41/containers/create?name=x",
        "POST /containers/toy/exec",
        "GET /containers/toy/top",
        "POST /containers/toy/rename?name=x",
        "GET /images/toy:1/history",
        "POST /images/create",
        "GET /networks/bridge",
        "POST /volumes/create",
        "DELETE /networks/bridge",
        "POST /containers/prune",
    ],
)
async def test_what_is_not_offered_says_so(engine: Engine, line: str) -> None:
    status, message = await engine.message(line)
    assert status == 501
    assert message == f"the simulated engine does not offer {line.partition('?')[0]}"


async def test_a_filter_that_is_not_offered_says_so(engine: Engine) -> None:
    found = await engine.message('GET /containers/json?filters={"before":["toy"]}')
    assert found == (501, "the simulated engine does not offer the filter 'before'")


async def test_a_newer_engine_refuses_old_clients(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with World() as world, Sockets(tmp_path_factory.mktemp("a"), NEW) as sockets:
        host = world.host("server1")
        engine = Engine(host, await sockets.open(host))
        words = "client version 1.41 is too old. Minimum supported API version is 1.44, "
        expected = (400, f"{words}please upgrade your client to a newer version")
        assert await engine.message("GET /v1.41/containers/json") == expected
        status, headers, _ = await engine.ask("GET /v1.52/containers/json")
        assert (status, headers["api-version"], headers["server"]) == (200, "1.52", "docker/29.0.1 (linux)")
        assert (await engine.ask("GET /v1.9/_ping"))[0] == 400, "versions are numbers, not text"


async def test_a_silent_host_takes_connections_and_says_nothing(engine: Engine) -> None:
    engine.host.fall_silent()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await engine.ask("GET /_ping")
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(engine.ask("GET /_ping"))
        await asyncio.sleep(0.1)
        assert not asking.done()
        engine.host.speak()
    assert asking.result()[0] == 200


async def test_an_act_goes_on_though_its_client_hangs_up(engine: Engine) -> None:
    container = await engine.host.run(
        Spec(name="slow", image="toy:1", program=Program(stops=Ending(after=0.3, exit_code=0)))
    )
    reader, writer = await asyncio.open_unix_connection(str(engine.path))
    writer.write(b"POST /containers/slow/restart HTTP/1.0\r\n\r\n")
    await asyncio.sleep(0.1)
    writer.transport.abort()
    assert container.runs == 1
    async with asyncio.timeout(5):
        while (container.runs, container.status) != (2, Status.RUNNING):
            await asyncio.sleep(0.02)
    del reader


async def test_who_hangs_up_is_not_listened_for_any_more(engine: Engine) -> None:
    before = len(asyncio.all_tasks())
    for path in ("/events", "/containers/toy/logs?stdout=1&follow=1", "/containers/toy/stats"):
        _, writer = await asyncio.open_unix_connection(str(engine.path))
        writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        await asyncio.sleep(0.05)
        writer.transport.abort()
    async with asyncio.timeout(5):
        while len(asyncio.all_tasks()) > before:
            await asyncio.sleep(0.02)


async def test_who_hangs_up_while_it_is_told_is_no_error(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def told(request: web.Request, host: Host) -> web.StreamResponse:
        async def buffers() -> AsyncIterator[bytes]:
            yield b"one"
            assert request.transport
            request.transport.abort()
            yield b"two"
            over.set()

        return await stream(request, buffers(), JSON)

    over = asyncio.Event()
    monkeypatch.setattr(happenings, "read_events", told)
    async with World() as world, Sockets(engine.path.parent) as sockets:
        path = await sockets.open(world.host("server2"))
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b"GET /events HTTP/1.1\r\nHost: docker\r\n\r\n")
        async with asyncio.timeout(5):
            await reader.read()
        writer.transport.abort()
    assert not over.is_set()
    assert [record.getMessage() for record in caplog.records] == []


async def test_several_requests_on_one_connection(engine: Engine) -> None:
    """As the SDK's pool sends them."""
    reader, writer = await asyncio.open_unix_connection(str(engine.path))
    for _ in range(3):
        writer.write(b"GET /containers/json HTTP/1.1\r\nHost: docker\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        (length,) = (
            row.split(b": ")[1] for row in head.split(b"\r\n") if row.lower().startswith(b"content-length")
        )
        assert [row["Names"] for row in json.loads(await reader.readexactly(int(length)))] == [["/toy"]]
    writer.close()
    await writer.wait_closed()


async def test_a_list_tells_what_has_just_happened(engine: Engine) -> None:
    """It is kept as text, and written anew when a row has changed."""

    async def status() -> str:
        return str(json.loads((await engine.ask("GET /containers/json?all=1"))[2])[0]["Status"])

    assert await status() == "Up Less than a second"
    Story(engine.host).kill("toy", exit_code=3)
    assert await status() == "Exited (3) Less than a second ago"
    await engine.host.life(engine.host.find("toy")).start()
    engine.host.life(engine.host.find("toy")).pause()
    assert (await status()).endswith("(Paused)")
    await asyncio.sleep(1.1)
    assert await status() == "Up 1 second (Paused)"


async def test_the_build_cache_goes_by_the_ids_that_are_named(engine: Engine) -> None:
    """A real engine has one only where somebody builds, and takes its time for it."""
    disk = engine.host.disk
    disk.keep(*(Cached(digits * 25, f"RUN make {digits}", 0, 5) for digits in "abc"))
    path = f'POST /build/prune?all=True&filters={{"id":["{"a" * 25}"]}}'
    assert json.loads((await engine.ask(path))[2]) == {"CachesDeleted": ["a" * 25], "SpaceReclaimed": 5}
    left = json.loads((await engine.ask("GET /system/df"))[2])
    assert [(each["Description"], each["InUse"]) for each in left["BuildCache"]] == [
        ("RUN make b", False),
        ("RUN make c", False),
    ]
    assert json.loads((await engine.ask("POST /build/prune"))[2])["SpaceReclaimed"] == 10
    assert disk.cache == []


async def test_what_images_share_is_there_once(engine: Engine) -> None:
    before = engine.host.disk.layers
    for number in range(3):
        engine.host.disk.keep(Image(f"sha256:{number}", (), 0, 100, "base", 40))
    assert engine.host.disk.layers - before == 3 * 60 + 40


async def test_two_hosts_do_not_mix(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with World() as world, Sockets(tmp_path_factory.mktemp("a")) as sockets:
        for name in ("one", "two"):
            host = world.host(name)
            await host.run(Spec(name=f"of-{name}", image="toy:1"))
            engine = Engine(host, await sockets.open(host))
            assert json.loads((await engine.ask("GET /containers/json"))[2])[0]["Names"] == [f"/of-{name}"]


async def test_sockets_are_gone_in_the_end_and_their_paths_are_short(tmp_path: Path) -> None:
    async with World() as world:
        host = world.host("server1")
        short = Path(f"/tmp/engine-test-{id(host):x}")
        short.mkdir()
        async with Sockets(short) as sockets:
            path = await sockets.open(host)
            assert path.is_socket()
        assert list(short.iterdir()) == []
        short.rmdir()
        async with Sockets(tmp_path / ("x" * 90)) as sockets:
            with pytest.raises(ValueError, match="may have 100 bytes"):
                await sockets.open(host)
