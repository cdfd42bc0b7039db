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
from tests.conftest import Cast, labels, next_answer
from tests.contract.recorded import answer, answering
from tests.lab.exporters import NodeExporter
from tests.lab.monitoring import PrometheusServer, free_port
from tests.lab.netdata import NetdataServer
from tests.lab.obtainable import obtainable
from tests.lab.servers import Lab, Server

pytestmark = pytest.mark.lab

Make = Callable[..., Setup]
# It works, and holds 20 MB.
HOLD = "x=$(head -c 20000000 /dev/zero | tr '\\0' x); while :; do :; done"


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


def memory_kinds() -> dict[str, int]:
    """In KiB."""
    rows = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    return {name.removesuffix(":"): int(value) for name, value, *_ in rows}


def memory_used() -> float:
    """Percent."""
    return 100 * (1 - memory_kinds()["MemAvailable"] / memory_kinds()["MemTotal"])


def disk_used() -> float:
    stat = os.statvfs("/")
    return 100 * (1 - stat.f_bavail / stat.f_blocks)


def used_by(server: Server, name: str) -> float:
    """Bytes of memory, as `docker stats` has it."""
    told = server.docker("stats", "--no-stream", "--format={{.MemUsage}}", name).split("/")[0].strip()
    number, unit = re.fullmatch(r"([\d.]+)(\w+)", told).groups()  # type: ignore[union-attr]
    return float(number) * {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}[unit]


def told_bytes(lines: list[str], name: str) -> float:
    """Of `Memory: …, name 12 MB, …`."""
    line = next(each for each in lines if each.startswith("Memory: "))
    found = re.search(rf"{name} (\d+(?:\.\d+)?) (byte|kB|MB|GB)", line)
    assert found, line
    return float(found[1]) * {"byte": 1, "kB": 2**10, "MB": 2**20, "GB": 2**30}[found[2]]


def complete(message: Message) -> bool:
    return "measured" not in message.text


def settled(message: Message) -> bool:
    """Netdata's load is 0 at first."""
    return complete(message) and not re.search(r"not known|load 0 ", message.text)


async def test_each_host_from_the_best_source_there_is(
    lab: Lab, cast: Cast, setup: Make, prometheus: PrometheusServer, tmp_path: Path
) -> None:
    server1, server2 = lab.servers.values()
    server2.run_container("busy", "sh", "-c", HOLD)
    made = setup(server1, server2, more={"prometheus": {"url": prometheus.url}})
    async with netdata_on(server2, tmp_path / "netdata") as netdata:
        hosts = {**made.hosts, "server2": {**made.hosts["server2"], "netdata": netdata}}
        async with running(replace(made, hosts=hosts)):
            reply = await asked_until(
                cast,
                "/top",
                lambda told: "server2 · Netdata" in told.text and settled(told),
            )
            assert block(reply, "server1")[0] == "server1 · Prometheus · containers: Docker"
            assert block(reply, "server2")[0] == "server2 · Netdata · containers: Docker"
            for host in ("server1", "server2"):
                lines = block(reply, host)
                assert figure(lines, "memory") == pytest.approx(memory_used(), abs=5)
                assert figure(lines, "disk") == pytest.approx(disk_used(), abs=2)
                assert figure(lines, "load") == pytest.approx(os.getloadavg()[0], abs=3)
                assert f"of {round(memory_kinds()['MemTotal'] / 2**20, 1):g} GB" in "\n".join(lines)
            lines = block(reply, "server2")
            assert next(each for each in lines if each.startswith("CPU: ")).startswith("CPU: busy ")
            assert told_bytes(lines, "busy") == pytest.approx(used_by(server2, "busy"), rel=0.1)
            assert used_by(server2, "busy") > 20_000_000
            assert {"server1 ▸", "server2 ▸", "busy ▸", "Graph: CPU", "Graph: memory", "↻"} <= set(
                labels(reply)
            )

            edits = len(reply.edits)
            await cast.aigerim.presses(reply, "server2 ▸")
            await cast.telegram.until(lambda: len(reply.edits) > edits and complete(reply), 20)
            assert "server1" not in reply.text
            assert labels(reply)[-2:] == ["‹ All hosts", "↻"]
            edits = len(reply.edits)
            await asyncio.sleep(1.1)  # or it would be the same to the second, which is no edit
            await cast.aigerim.presses(reply, "↻")
            await cast.telegram.until(lambda: len(reply.edits) > edits, 20)
            await cast.aigerim.presses(reply, "busy ▸")
            card = await next_answer(cast, cast.aigerim)
            assert card.text.startswith("🟢 busy on server2: ")


async def test_docker_alone(lab: Lab, cast: Cast, setup: Make) -> None:
    server2 = lab.servers["server2"]
    server2.run_container("busy", "sh", "-c", HOLD)
    async with running(setup(*lab.servers.values())):
        reply = await asked_until(cast, "/top SERVER2", complete)
        first, *_ = reply.text.splitlines()
        assert first == "What containers use now"
        lines = block(reply, "server2")
        assert lines[:2] == ["server2 · containers: Docker", "⚠️ Host figures need node-exporter or Netdata."]
        assert lines[2].startswith(f"Cores: {os.cpu_count()}, memory: ")
        assert "containers together: CPU " in lines[2]
        assert told_bytes(lines, "busy") == pytest.approx(used_by(server2, "busy"), rel=0.1)
        assert used_by(server2, "busy") > 20_000_000
        assert not {"Graph: CPU", "Graph: memory"} & set(labels(reply))


async def test_a_scope_that_is_narrower(
    lab: Lab, cast: Cast, setup: Make, prometheus: PrometheusServer
) -> None:
    """Own containers alone, and no word of the host; what is out of sight does not exist."""
    made = setup(*lab.servers.values(), more={"prometheus": {"url": prometheus.url}})
    async with running(made):
        reply = await ask(cast, "/top", cast.student)
        async with asyncio.timeout(40):
            while not complete(reply):
                reply = await ask(cast, "/top", cast.student)
        assert re.fullmatch(
            r"What containers use now\n\nserver2 · containers: Docker\nCPU: directus \S+ %\n"
            r"Memory: directus \d+ \S+\n\n\d\d:\d\d:\d\d",
            reply.text,
        )
        assert labels(reply) == ["directus ▸", "↻"]
        hidden, missing = [await ask(cast, f"/top {name}", cast.student) for name in ("server1", "server9")]
        assert hidden.text == 'No host "server1". Did you mean:'
        assert missing.text == hidden.text.replace("server1", "server9")
        assert labels(hidden) == labels(missing) == ["server2", "‹ All hosts"]
        await cast.student.presses(hidden, "server2")
        await cast.telegram.until(lambda: hidden.text.startswith("What containers use now"), 20)
        named = await ask(cast, "/top directus", cast.student)
        assert named.text == 'No host "directus". Did you mean:'
        await cast.student.presses(named, "directus")
        figures = await next_answer(cast, cast.student)
        await cast.telegram.until(
            lambda: (figures.text or figures.caption).startswith("🟢 directus on server2"), 20
        )


async def test_a_host_out_of_contact(lab: Lab, cast: Cast, setup: Make, prometheus: PrometheusServer) -> None:
    """Prometheus still knows of it, and the other one is told of as ever."""
    made = setup(*lab.servers.values(), more={"prometheus": {"url": prometheus.url}})
    async with running(made):
        await ask(cast, "/status")
        lab.servers["server1"].pull_cable()
        reply = await asked_until(
            cast, "/top", lambda told: "no contact since" in told.text and complete(told)
        )
        lines = block(reply, "server1")
        assert lines[0] == "server1 · Prometheus"
        assert lines[1].startswith("⚠️ no contact since ")
        assert figure(lines, "memory") == pytest.approx(memory_used(), abs=5)
        assert block(reply, "server2")[0] == "server2 · containers: Docker"
        assert reply.text.index("server1 · ") < reply.text.index("server2 · ")


HUGE = answer(b'{"status":"success","data":{"resultType":"vector","result":[' + b" " * 10_000_000 + b"]}}")


@pytest.mark.parametrize(
    ("says", "told"),
    [
        (b"", "did not answer within 1.4 s."),
        (
            answer(b'{"status":"error","error":"not ready"}', status="503 Service Unavailable"),
            "not ready",
        ),
        (
            answer(
                b'{"status":"error","errorType":"execution","error":"too many"}', status="422 Unprocessable"
            ),
            "refused: too many",
        ),
        (answer(b"<html>login</html>", type="text/html"), "shows a web page"),
        (HUGE, ""),
        (None, "cannot be reached"),
    ],
    ids=["hangs", "503", "422", "login", "10 MB", "down"],
)
async def test_prometheus_in_trouble(
    lab: Lab, cast: Cast, setup: Make, says: bytes | None, told: str
) -> None:
    """One line about it, and the containers all the same."""
    async with answering(says or b"", hang=says == b"") as standin:
        url = f"http://127.0.0.1:{free_port()}" if says is None else standin.url
        async with running(setup(lab.servers["server2"], more={"prometheus": {"url": url}})):
            reply = await asked_until(cast, "/top", complete)
            lines = reply.text.splitlines()
            about = [each for each in lines if "Prometheus" in each]
            if told:
                assert about == [lines[1]]
                assert about[0].startswith("⚠️ Prometheus ")
                assert told in about[0]
            else:  # a busy machine does not read so much in time
                assert about in ([], [lines[1]])
            assert "⚠️ Host figures need node-exporter or Netdata." in lines
            assert any(each.startswith("CPU: ") for each in lines)
            assert (await ask(cast, "/top", cast.student)).text.count("Prometheus") == 0


async def test_limits_of_the_settings(
    lab: Lab, cast: Cast, setup: Make, prometheus: PrometheusServer
) -> None:
    """Trouble first, with its limit; a metric of the settings takes the place of ours."""
    metric = {"title": "Memory", "unit": "percent", "level": "host"}
    own = {
        "memory": metric
        | {"promql": 'up{host=~"$host"} * 87', "thresholds": {"warning": 85, "critical": 95}},
        "cpu": metric | {"promql": "nothing"},
        "disk": metric | {"promql": 'up{host=~"$host"} * 93', "thresholds": {"critical": 90}},
    }
    more = {"prometheus": {"url": prometheus.url}, "metrics": own}
    async with running(setup(*lab.servers.values(), more=more)):
        reply = await ask(cast, "/top")
        assert reply.text.startswith("🔴 server1: disk 93 % · server1: memory 87 %")
        lines = block(reply, "server1")
        assert lines[1] == "🔴 disk 93 % (): critical, from 90 %"
        assert re.fullmatch(r"🟡 memory 87 % of \S+ GB: high, from 85 %", lines[2])


async def test_in_russian(lab: Lab, cast: Cast, setup: Make, prometheus: PrometheusServer) -> None:
    made = setup(*lab.servers.values(), more={"prometheus": {"url": prometheus.url}}, language="ru")
    async with running(made):
        reply = await ask(cast, "/top")
        assert "Для показателей сервера нужен node-exporter или Netdata." in reply.text
        assert any(each.startswith("🟢 в норме: ") for each in block(reply, "server1"))
