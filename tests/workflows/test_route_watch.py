"""Drift of routes, from real servers with a real Traefik to the chat: told once, never beside a stopped container."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from playground.telegram import Message
from services.alerts.rounds import Seen
from services.domain.alerts import Severity
from services.domain.findings import ROUTE_DRIFT, Finding
from services.routes import watch
from tests.bots import Setup, running
from tests.conftest import Cast
from tests.lab.servers import Lab, Server
from tests.lab.traefik import TraefikServer

pytestmark = [pytest.mark.lab, pytest.mark.long]

DIR = "dir.tapbot.kz"
ROUTES = [
    {"domain": DIR, "host": "server2", "service": "directus", "port": 80},
    {"domain": "n8n.tapbot.kz", "host": "server1", "service": "n8n", "port": 5678},
]
PROBE = Finding(ROUTE_DRIFT, "server2", "directus", Severity.WARNING, datetime.now(UTC), subject=DIR)


@dataclass
class Looks:
    """Whether the route was judged, look after look."""

    judged: list[bool] = field(default_factory=list)

    def more(self, count: int, *, judged: bool) -> Callable[[], bool]:
        """So many looks from now on, the last ones all of them judged, or all of them not."""
        before = len(self.judged)
        return lambda: (
            len(self.judged) >= before + count and all(each is judged for each in self.judged[-count:])
        )


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    """Of a watch that is in a hurry."""
    looks = Looks()
    real = watch.RouteWatch.look

    async def look(self: watch.RouteWatch) -> Seen:
        seen = await real(self)
        looks.judged.append(not seen.undecided(PROBE))
        return seen

    monkeypatch.setattr(watch.RouteWatch, "look", look)
    monkeypatch.setattr(watch, "EVERY", 0.2)
    # Longer than Traefik takes, on a machine that is busy, to notice a container.
    monkeypatch.setattr(watch, "SETTLING", timedelta(seconds=10))
    return looks


def traefik_of(server: Server, home: Path, *, redirects: bool = True) -> TraefikServer:
    traefik = TraefikServer(home, {}, inside=server.network, docker_socket=server.docker_socket)
    if not redirects:
        static = traefik._static()
        static["entryPoints"]["web"].pop("http")
        docker = {"endpoint": f"unix://{server.docker_socket}", "exposedByDefault": False}
        static["providers"]["docker"] = docker
        traefik.configure(static)
    return traefik


@contextlib.contextmanager
def routed(
    lab: Lab, setup: Setup, home: Path, *, redirects: bool = True
) -> Iterator[tuple[Setup, TraefikServer]]:
    """With a Traefik on each server, reached through SSH; the second one is given."""
    with contextlib.ExitStack() as stack:
        hosts = {}
        for name, server in lab.servers.items():
            traefik = stack.enter_context(traefik_of(server, home / name, redirects=redirects))
            server.permit(f"127.0.0.1:{traefik.port}")
            hosts[name] = {**setup.hosts[name], "traefik": {"url": traefik.url, "via_ssh": True}}
        yield replace(setup, hosts=hosts), traefik


@pytest.fixture
def watched(lab: Lab, setup: Callable[..., Setup]) -> Setup:
    more = {"alerts": {"chats": [{"id": -1001234567890}]}, "routes": ROUTES}
    return setup(lab.servers["server1"], lab.servers["server2"], more=more)


async def test_a_stopped_container_is_one_incident(
    lab: Lab, cast: Cast, watched: Setup, looks: Looks, tmp_path: Path
) -> None:
    server = lab.servers["server2"]
    with routed(lab, watched, tmp_path) as (setup, _traefik):
        async with running(setup):
            await cast.telegram.until(looks.more(3, judged=True), 60)
            server.docker("stop", "directus")
            message = await cast.telegram.next_message(cast.ops, 20)
            assert message.text.splitlines()[0] == "🔥 directus is down on server2"
            await cast.telegram.until(looks.more(10, judged=False), 60)
            server.docker("start", "directus")
            await cast.telegram.until(lambda: message.text.startswith("✅"), 30)
            await cast.telegram.until(looks.more(10, judged=True), 60)
            assert cast.ops.sent == [message]
            assert ROUTE_DRIFT not in message.text


async def test_drift_is_told_until_it_is_mended(
    lab: Lab, cast: Cast, watched: Setup, looks: Looks, tmp_path: Path
) -> None:
    with routed(
        lab, replace(watched, more={**watched.more, "routes": ROUTES[:1]}), tmp_path, redirects=False
    ) as (
        setup,
        traefik,
    ):
        async with running(setup):
            message: Message = await cast.telegram.next_message(cast.ops, 60)
            assert message.text.startswith("🔥")
            assert ROUTE_DRIFT in message.text
            plain = {
                "rule": f"Host(`{DIR}`)",
                "entryPoints": ["web"],
                "middlewares": ["https"],
                "service": "noop@internal",
            }
            https = {"redirectScheme": {"scheme": "https"}}
            traefik.route({"http": {"routers": {"plain": plain}, "middlewares": {"https": https}}})
            await cast.telegram.until(lambda: message.text.startswith("✅"), 60)
            assert cast.ops.sent == [message]
            assert looks.judged
