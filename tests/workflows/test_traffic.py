"""`/traffic` with real Traefiks, through which real requests go; told by themselves, or by a real Prometheus."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot import container
from playground.telegram import Message, Person
from services.metrics import traffic, traffic_sources
from services.metrics.traffic_sources import OfTraefiks
from tests.bots import Setup, running
from tests.conftest import Cast, labels, next_answer
from tests.contract.test_traffic import prometheus_of, stage
from tests.lab.monitoring import PrometheusServer
from tests.lab.network import run
from tests.lab.servers import Lab, Server
from tests.lab.traefik import TraefikServer

pytestmark = pytest.mark.lab

Make = Callable[..., Setup]


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take its time where it is not about that."""
    monkeypatch.setattr(traffic, "SURVEY_DEADLINE", 10.0)
    monkeypatch.setattr(traffic_sources, "LOOK_PATIENCE", 10.0)


class Between:
    """The time between two looks at a Traefik, in which requests are sent: longer where that takes longer."""

    def __init__(self) -> None:
        self.begun, self.over = asyncio.Event(), asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.begun.set()
        await asyncio.sleep(seconds)
        await self.over.wait()


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> Between:
    between = Between()
    monkeypatch.setattr(container, "OfTraefiks", lambda traefiks: OfTraefiks(traefiks, between.sleep))
    return between


def plain(*services: str) -> dict[str, Any]:
    """Routes over HTTP to what the labels of containers define."""
    routers = {
        name: {"rule": f"Host(`{name}.lab`)", "service": f"{name}@docker", "entryPoints": ["plain"]}
        for name in services
    }
    return {"http": {"routers": routers}}


# Reads each answer to its end: of one that nobody waits for Traefik counts nothing. What Traefik answers by itself
# while it has no such route is asked again.
_CLIENT = """
import sys, time, urllib.error, urllib.request
url, host, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
ends = time.monotonic() + 30
while times and time.monotonic() < ends:
    asked = urllib.request.Request(url, headers={"Host": host})
    try:
        body = urllib.request.urlopen(asked, timeout=10).read()
    except urllib.error.HTTPError as refusal:
        body = refusal.read()
    times -= body != b"404 page not found\\n"
sys.exit(times)
"""


def requests(traefik: TraefikServer, name: str, path: str, times: int) -> None:
    """From the server itself, where alone it listens."""
    url = f"http://127.0.0.1:{traefik.plain}{path}"
    run(*traefik._within(), sys.executable, "-c", _CLIENT, url, f"{name}.lab", str(times))


@asynccontextmanager
async def on_server(home: Path, server: Server, *, metrics: bool = True) -> AsyncIterator[TraefikServer]:
    """A Traefik that finds the containers of its server; directus answers there, pgadmin does not."""
    traefik = TraefikServer(
        home, plain("directus", "pgadmin") if metrics else {},
        inside=server.network, docker_socket=server.docker_socket, metrics=metrics,
    )  # fmt: skip
    server.permit(f"127.0.0.1:{traefik.port}")
    server.docker("exec", "-d", "directus", "busybox", "httpd", "-p", "80", "-h", "/")
    with traefik:
        yield traefik


async def known(traefik: TraefikServer) -> None:
    """Until it has found both containers."""
    asking = (*traefik._within(), "busybox", "wget", "-q", "-O", "-", f"{traefik.url}/metrics")
    async with asyncio.timeout(30):
        for name in ("directus", "pgadmin"):
            page = ""
            while f'service="{name}@docker"' not in page:
                await asyncio.to_thread(requests, traefik, name, "/etc/passwd", 1)
                page = await asyncio.to_thread(run, *asking)


def asking(made: Setup, host: str, traefik: TraefikServer, *, via_ssh: bool) -> Setup:
    block = {"url": traefik.url, "via_ssh": via_ssh}
    return replace(made, hosts={**made.hosts, host: {**made.hosts[host], "traefik": block}})


async def ask(cast: Cast, person: Person, text: str) -> Message:
    await person.says(text)
    return await next_answer(cast, person)


async def arrived(cast: Cast, message: Message) -> list[str]:
    """Its lines, once it is more than words of waiting; without the unseen signs."""
    await cast.telegram.until(lambda: not message.text.startswith("⏳"), 40)
    return message.text.replace("\u2060", "").splitlines()


async def test_told_by_traefik_itself_through_ssh(
    tmp_path: Path, lab: Lab, cast: Cast, setup: Make, between: Between
) -> None:
    server = lab.servers["server2"]
    async with (
        on_server(tmp_path, server) as traefik,
        running(asking(setup(server), "server2", traefik, via_ssh=True)),
    ):
        await known(traefik)
        reply = await ask(cast, cast.aigerim, "/traffic")
        assert reply.text.startswith("⏳ Watching what goes through Traefik")
        await asyncio.wait_for(between.begun.wait(), 30)
        for host, path, times in (
            ("directus", "/etc/passwd", 6), ("directus", "/none", 2), ("pgadmin", "/", 4),
        ):  # fmt: skip
            await asyncio.to_thread(requests, traefik, host, path, times)
        between.over.set()
        lines = await arrived(cast, reply)
        assert lines[0] == "🔴 pgadmin: 100% of the requests fail (5xx)"
        assert lines[1].startswith("server2: from Traefik, the last ")
        by_name = {line.split(":")[0]: line for line in lines if " · " in line and "p50" not in line}
        assert by_name["🔴 pgadmin"].endswith(" · 5xx 100%")
        assert by_name["🟢 directus"].endswith(" · 4xx 25%")
        assert "5xx" not in by_name["🟢 directus"]
        assert any(line.startswith("p50 ") and "p99 " in line for line in lines)
        assert {"dir.tapbot.kz ▸", "pg.tapbot.kz ▸", "↻"} <= set(labels(reply))
        assert "Graph ▸" not in labels(reply), "nobody keeps the past"

        edits = len(reply.edits)
        await cast.aigerim.presses(reply, "↻")
        await cast.telegram.until(lambda: len(reply.edits) > edits, 40)
        await arrived(cast, reply)
        assert cast.aigerim.chat.sent == [reply]
        await cast.aigerim.presses(reply, "dir.tapbot.kz ▸")
        await cast.telegram.until(
            lambda: "dir.tapbot.kz" in reply.text.replace("\u2060", "").splitlines()[0], 20
        )


async def test_to_each_only_what_is_his(
    tmp_path: Path, lab: Lab, cast: Cast, setup: Make, between: Between
) -> None:
    server = lab.servers["server2"]
    async with (
        on_server(tmp_path, server) as traefik,
        running(asking(setup(server), "server2", traefik, via_ssh=True)),
    ):
        await known(traefik)
        reply = await ask(cast, cast.student, "/traffic")
        await asyncio.wait_for(between.begun.wait(), 30)
        await asyncio.to_thread(requests, traefik, "directus", "/none", 2)
        await asyncio.to_thread(requests, traefik, "pgadmin", "/", 2)
        between.over.set()
        lines = await arrived(cast, reply)
        assert any(line.startswith("🟢 directus: ") for line in lines), lines
        assert "pgadmin" not in "".join(lines)
        for word in ("pgadmin", "server2", "nowhere"):
            reply = await ask(cast, cast.student, f"/traffic {word}")
            refusal = await arrived(cast, reply)
            if word != "server2":
                assert refusal[0].startswith(f'No service "{word}" behind Traefik.'), refusal
                assert labels(reply) == ["‹ All services"]
        near = await ask(cast, cast.student, "/traffic dirctus")
        await arrived(cast, near)
        assert labels(near) == ["directus", "‹ All services"]
        await cast.student.presses(near, "directus")
        await cast.telegram.until(lambda: "🟢 directus: " in near.text, 20)
        reply = await ask(cast, cast.student, "/traffic DIRECTUS")
        assert any("directus" in line for line in await arrived(cast, reply))


async def test_metrics_that_are_switched_off(tmp_path: Path, lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server2"]
    async with (
        on_server(tmp_path, server, metrics=False) as traefik,
        running(asking(setup(server), "server2", traefik, via_ssh=True)),
    ):
        reply = await ask(cast, cast.aigerim, "/traffic")
        lines = await arrived(cast, reply)
    assert lines[0] == "⚠️ Traffic not known: server2"
    assert "its metrics are switched off. They need --metrics.prometheus=true" in lines[1]
    assert "hosts.server2.traefik.metrics_url" in lines[1]


async def test_without_any_traefik(cast: Cast, setup: Make) -> None:
    async with running(setup()):
        reply = await ask(cast, cast.aigerim, "/traffic")
    assert reply.text == "No host has a Traefik in the settings (hosts.NAME.traefik)."


async def test_told_by_prometheus_with_a_graph(tmp_path: Path, lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server2"]
    async with stage(tmp_path / "traefik") as sent:
        for status in (200, 500):  # for Prometheus a counter has no beginning
            await sent.send("a", status=status)
        with PrometheusServer(
            tmp_path / "prom", prometheus_of(sent.traefik, {"host": "server2"})
        ) as prometheus:
            more = {"prometheus": {"url": prometheus.url}}
            made = asking(setup(server, more=more), "server2", sent.traefik, via_ssh=False)
            async with running(made):
                lines = await until_told(cast, "from Prometheus", "/traffic")
                await sent.send("a", times=9)
                await sent.send("a", times=1, status=500)
                lines = await until_told(cast, "5xx 10%", "/traffic A")
                assert lines[0] == "🔴 a@file: 10% of the requests fail (5xx)"
                assert lines[1] == "server2: from Prometheus, the last 5 min"
                reply = cast.aigerim.chat.sent[-1]
                assert labels(reply)[-3:] == ["Graph ▸", "‹ All services", "↻"]
                await cast.aigerim.presses(reply, "Graph ▸")
                picture = await cast.telegram.reply_to(reply, 40)
                await cast.telegram.until(lambda: "API errors (5xx)" in picture.caption, 40)
                await cast.aigerim.presses(reply, "‹ All services")
                await cast.telegram.until(lambda: "without requests" in reply.text, 20)
                reply = await ask(cast, cast.student, "/traffic")
                assert "a@file" not in reply.text.replace("\u2060", "")


async def until_told(cast: Cast, words: str, command: str) -> list[str]:
    async with asyncio.timeout(60):
        while True:
            reply = await ask(cast, cast.aigerim, command)
            lines = await arrived(cast, reply)
            if any(words in line for line in lines):
                return lines
            await asyncio.sleep(0.5)


async def test_when_prometheus_is_away_traefik_is_asked(
    tmp_path: Path, lab: Lab, cast: Cast, setup: Make
) -> None:
    server = lab.servers["server2"]
    async with stage(tmp_path) as sent:
        more = {"prometheus": {"url": "http://127.0.0.1:9"}}
        async with running(asking(setup(server, more=more), "server2", sent.traefik, via_ssh=False)):
            reply = await ask(cast, cast.aigerim, "/traffic")
            lines = await arrived(cast, reply)
    assert lines[0].startswith("No requests in the last ")
    assert lines[1].startswith("server2: from Traefik, the last ")
    assert lines[2].startswith("⚠️ Prometheus cannot be reached")
