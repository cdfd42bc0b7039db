"""Very many hosts in one process: quick to make, idle for nothing, and quick to list."""

import asyncio
import json
import time

import pytest

from playground.engine.api.server import Sockets
from playground.engine.crowd import crowd
from playground.engine.world import World


async def listed(path: str) -> bytes:
    reader, writer = await asyncio.open_unix_connection(path, limit=1 << 20)
    writer.write(b"GET /v1.41/containers/json?all=1 HTTP/1.0\r\n\r\n")
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer.partition(b"\r\n\r\n")[2]


async def test_fifty_hosts_with_a_hundred_containers_each(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The bounds are far above what it takes (0.1 s for a list of all), and far below what waiting for each would."""
    async with World() as world, Sockets(tmp_path_factory.mktemp("c")) as sockets:
        began = time.thread_time()
        hosts = crowd(world, hosts=50, containers=100, troubled=2)
        assert time.thread_time() - began < 3
        paths = [str(await sockets.open(host)) for host in hosts]
        tasks = len(asyncio.all_tasks())
        for _ in range(2):
            began = time.monotonic()
            answers = await asyncio.gather(*map(listed, paths))
            assert time.monotonic() - began < 5
        rows = [json.loads(answer) for answer in answers]
        assert {len(each) for each in rows} == {100}
        names = {row["Names"][0] for row in rows[0]}
        assert len(names) == 100
        assert len({row["Id"] for each in rows for row in each}) == 5000
        assert sum(row["State"] == "exited" for row in rows[7]) == 2
        assert any(row["Status"].endswith("(healthy)") for row in rows[7])
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) <= tasks + len(paths), "nothing goes on in them"
        spent = time.process_time()
        await asyncio.sleep(0.3)
        assert time.process_time() - spent < 0.1


async def test_its_containers_are_whole(tmp_path_factory: pytest.TempPathFactory) -> None:
    """They can be read, stopped and started as any other."""
    async with World() as world:
        (host,) = crowd(world, hosts=1, containers=8)
        container = next(iter(host))
        records, _ = await container.log.read(host.clock.now())
        assert len(records) > 20
        await host.life(container).stop(5)
        await host.life(container).start()
        assert container.describe(host.clock.now())[0].startswith("Up Less than a second")
