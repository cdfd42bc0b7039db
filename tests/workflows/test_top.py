"""`/top`: two real servers through the restricted key, with a real node-exporter, Prometheus and Netdata.

Their figures are checked against /proc, those of containers against `docker stats`.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from playground.telegram import Message, Person
from services.prometheus import open_prometheus
from tests.bots import Setup, running
from tests.conftest import Cast, next_answer
from tests.lab.exporters import NodeExporter
from tests.lab.monitoring import PrometheusServer
from tests.lab.netdata import NetdataServer
from tests.lab.obtainable import obtainable
from tests.lab.servers import Lab, Server

pytestmark = pytest.mark.lab

Make = Callable[..., Setup]
BUSY = ("sh", "-c", "while :; do :; done")


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    """It has looked at this machine's node-exporter, which goes by server1, a few times."""
    home = tmp_path_factory.mktemp("prometheus")
    node = NodeExporter(home / "node")
    scrape = {
        "job_name": "node",
        "static_configs": [{"targets": [node.address], "labels": {"host": "server1"}}],
    }
    config = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [scrape]}
    with obtainable(), node, PrometheusServer(home / "server", config) as server:
        asyncio.run(_until_looked(server))
        yield server


async def _until_looked(server: PrometheusServer) -> None:
    async with open_prometheus(server.url) as prometheus, asyncio.timeout(30):
        while not await prometheus.query('rate(node_cpu_seconds_total{mode="idle"}[1m])'):
            await asyncio.sleep(0.2)


@asynccontextmanager
async def netdata_on(server: Server, home: Path) -> AsyncIterator[dict[str, Any]]:
    """Its block of the settings, once it has its first figures."""
    netdata = NetdataServer(home, figures=True, inside=server.network)
    with obtainable():
        await asyncio.to_thread(netdata.start)
    try:
        server.permit(f"127.0.0.1:{netdata.port}")
        yield {"url": netdata.url, "via_ssh": True}
    finally:
        netdata.kill()


async def ask(cast: Cast, text: str, person: Person | None = None) -> Message:
    person = person or cast.aigerim
    await person.says(text)
    reply = await next_answer(cast, person)
    await cast.telegram.until(lambda: not reply.text.startswith("⏳"), 20)
    return reply


async def asked_until(cast: Cast, text: str, wanted: Callable[[Message], bool]) -> Message:
    """A Netdata or a Prometheus needs its time for the first figures."""
    async with asyncio.timeout(40):
        while not wanted(reply := await ask(cast, text)):
            await asyncio.sleep(0.5)
    return reply


def block(message: Message, host: str) -> list[str]:
    """The lines about one host, its name first."""
    blocks = [each.splitlines() for each in message.text.split("\n\n")]
    return next(each for each in blocks if each[0].split(" · ")[0] == host)


def figure(lines: list[str], name: str) -> float:
    """Of `name 12 %`, wherever it stands."""
    found = re.search(rf"{name} ([\d.]+)", "\n".join(lines))
    assert found, lines
    return float(found[1])


def memory_used() -> float:
    """Percent."""
    rows = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    kinds = {name: int(value) for name, value, *_ in rows}
    return 100 * (1 - kinds["MemAvailable:"] / kinds["MemTotal:"])


def disk_used() -> float:
    stat = os.statvfs("/")
    return 100 * (1 - stat.f_bavail / stat.f_blocks)


async def test_each_host_from_the_best_source_there_is(
    lab: Lab, cast: Cast, setup: Make, prometheus: PrometheusServer, tmp_path: Path
) -> None:
    server1, server2 = lab.servers.values()
    server2.run_container("busy", *BUSY)
    made = setup(server1, server2, more={"prometheus": {"url": prometheus.url}})
    async with netdata_on(server2, tmp_path / "netdata") as netdata:
        hosts = {**made.hosts, "server2": {**made.hosts["server2"], "netdata": netdata}}
        async with running(replace(made, hosts=hosts)):
            reply = await asked_until(
                cast, "/top", lambda told: "network" in told.text and "server2 · Netdata" in told.text
            )
            assert block(reply, "server1")[0] == "server1 · Prometheus · containers: Docker"
            assert block(reply, "server2")[0] == "server2 · Netdata · containers: Docker"
            for host in ("server1", "server2"):
                lines = block(reply, host)
                assert figure(lines, "memory") == pytest.approx(memory_used(), abs=5)
                assert figure(lines, "disk") == pytest.approx(disk_used(), abs=2)
                assert figure(lines, "load") == pytest.approx(os.getloadavg()[0], abs=1.5)
