"""`/stats NAME`: a real container through the restricted key; its past from a real Prometheus or a real Netdata."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from playground.telegram import Message
from tests.bots import Setup, running
from tests.conftest import Cast, labels, next_answer
from tests.lab.monitoring import PrometheusServer
from tests.lab.netdata import NetdataServer
from tests.lab.obtainable import obtainable
from tests.lab.past import Past, remember
from tests.lab.servers import Lab, Server

pytestmark = pytest.mark.lab

Make = Callable[..., Setup]
OFTEN = timedelta(seconds=15)  # as deploy/monitoring looks
HOLD = (
    "x=$(head -c 20000000 /dev/zero | tr '\\0' x); while :; do wget -q -O /dev/null http://127.0.0.1:1; done"
)


@pytest.fixture
def server(lab: Lab) -> Server:
    """With a container that works, holds 20 MB, and has limits."""
    server = lab.servers["server2"]
    server.run_container("busy", "sh", "-c", HOLD, extra=["--memory=128m", "--pids-limit=50"])
    return server


async def ask(cast: Cast, text: str) -> Message:
    await cast.aigerim.says(text)
    reply = await next_answer(cast, cast.aigerim)
    await cast.telegram.until(lambda: not reply.text.startswith("⏳"), 20)
    return await cast.telegram.next_message(cast.aigerim, 20) if reply.deleted else reply


def words(message: Message) -> str:
    return message.caption or message.text


async def asked_until(cast: Cast, text: str, wanted: Callable[[str], bool]) -> Message:
    async with asyncio.timeout(60):
        while not wanted(words(reply := await ask(cast, text))):
            await asyncio.sleep(0.5)
    return reply


def picture(message: Message) -> Image.Image:
    assert message.document
    return Image.open(BytesIO(message.document.content))


async def test_now_without_a_past(cast: Cast, setup: Make, server: Server) -> None:
    async with running(setup(server)):
        reply = await asked_until(cast, "/stats BUSY", lambda told: "CPU: " in told)
        lines = reply.text.splitlines()
        assert lines[0].startswith("🟢 busy on server2: running")
        share = re.match(r"CPU: ([\d.]+) % of one core", lines[1])
        assert share and float(share[1]) > 1
        memory = re.match(r"Memory: (\d+) MB of 128 MB \((\d+) %\)$", lines[2])
        assert memory
        told = server.docker("stats", "--no-stream", "--format={{.MemUsage}} {{.PIDs}}", "busy")
        assert int(memory[1]) == pytest.approx(float(told.split("MiB")[0]), abs=3)
        assert int(memory[2]) == pytest.approx(100 * int(memory[1]) / 128, abs=2)
        assert re.match(r"Network: in \d+ byte/s \(\d+ byte in all\), out ", lines[3])
        assert lines[4].startswith("Disk: read ")
        assert re.match(r"Processes: \d of 50$", lines[5])
        assert re.match(r"up .+ · 0 restarts by Docker$", lines[6])
        assert lines[7] == "No history: neither Prometheus nor Netdata tells of it."
        assert labels(reply) == ["Status", "Logs", "↻"]
        edits = len(reply.edits)
        await cast.aigerim.presses(reply, "↻")
        await cast.telegram.until(lambda: len(reply.edits) > edits, 20)


async def test_what_has_no_limits_and_what_does_not_run(cast: Cast, setup: Make, server: Server) -> None:
    async with running(setup(server)):
        reply = await asked_until(cast, "/stats directus", lambda told: "Memory: " in told)
        assert "no limit of its own" in reply.text
        server.docker("stop", "--time=0", "busy")
        reply = await ask(cast, "/stats busy")
        assert "CPU" not in reply.text
        assert "no figures" not in reply.text
        assert reply.text.startswith("🔴 busy on server2: down")


async def test_names(cast: Cast, setup: Make, server: Server) -> None:
    async with running(setup(server)):
        reply = await ask(cast, "/stats dirctus")
        assert reply.text == 'No container "dirctus". Did you mean:'
        await cast.aigerim.presses(reply, "directus")
        reply = await next_answer(cast, cast.aigerim)
        await cast.telegram.until(lambda: not reply.text.startswith("⏳"), 20)
        assert reply.text.startswith("🟢 directus on server2")
        reply = await ask(cast, "/stats")
        assert reply.text == "Whose figures?"
        await cast.aigerim.presses(reply, "🟢 postgres")
        reply = await next_answer(cast, cast.aigerim)
        await cast.telegram.until(lambda: not reply.text.startswith("⏳"), 20)
        assert reply.text.startswith("🟢 postgres on server2")
        await cast.student.says("/stats postgres")
        assert (await next_answer(cast, cast.student)).text == 'No container "postgres".'


async def test_the_last_hour_of_prometheus(cast: Cast, setup: Make, server: Server, tmp_path: Path) -> None:
    prometheus = PrometheusServer(tmp_path / "prometheus")
    about = {"host": "server2", "container": "busy"}
    with obtainable():
        remember(
            prometheus, datetime.now(UTC),
            Past("container_cpu_usage_seconds_total", about, lambda hours: 1800 * hours, 2, OFTEN),
            Past("container_memory_working_set_bytes", about, lambda _hours: 32 << 20, 2, OFTEN),
        )  # fmt: skip
        prometheus.start()
    try:
        async with running(setup(server, more={"prometheus": {"url": prometheus.url}})):
            reply = await asked_until(cast, "/stats busy", lambda told: "Picture" in told)
            assert reply.caption.splitlines()[-2] == (
                "Picture: the last hour, CPU and memory in percent · Prometheus"
            )
            assert labels(reply) == ["Graph: CPU", "Graph: memory", "Status", "Logs", "↻"]
            assert picture(reply).width > 2 * picture(reply).height
            edits = len(reply.edits)
            await cast.aigerim.presses(reply, "↻")
            await cast.telegram.until(lambda: len(reply.edits) > edits, 30)
            await cast.aigerim.presses(reply, "Graph: CPU")
            graph = await cast.telegram.next_message(cast.aigerim, 30)
            assert "busy" in words(graph)
    finally:
        prometheus.kill()


async def test_the_last_minutes_of_netdata(cast: Cast, setup: Make, server: Server, tmp_path: Path) -> None:
    network = server.network
    netdata = NetdataServer(tmp_path / "netdata", cgroups=network.name, inside=network)
    with obtainable():
        await asyncio.to_thread(netdata.start)
    try:
        server.permit(f"127.0.0.1:{netdata.port}")
        made = setup(server)
        block = {"url": netdata.url, "via_ssh": True}
        async with running(replace(made, hosts={"server2": {**made.hosts["server2"], "netdata": block}})):
            reply = await asked_until(cast, "/stats busy", lambda told: "Picture" in told)
            assert reply.caption.splitlines()[-2].endswith("· Netdata")
            assert picture(reply)
    finally:
        netdata.kill()
