"""Routes of two real servers, from their Traefiks' Docker provider and their engines, through the restricted key."""

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.domain.access import Actor, Role, Scope
from services.domain.containers import Stop
from services.domain.routes import ExpectedRoute, HostRoutes, Route, RouteFault
from services.errors import VakhtaError
from services.routes.routes import Routes
from services.routes.survey import Surveyor
from services.traefiks import TraefikAddress, open_traefiks
from tests.lab.servers import Lab, Server
from tests.lab.traefik import TraefikServer
from tests.lab.transport import over_ssh, until
from tests.lab.watching import Now

pytestmark = pytest.mark.lab

ADMIN = Actor(1, "Aigerim", Role.ADMIN, Scope.of("*/*"))
STUDENT = Actor(3, "Student", Role.VIEWER, Scope.of("*/directus"))
DIR, PGADMIN, N8N = "dir.tapbot.kz", "pg.tapbot.kz", "n8n.tapbot.kz"
EXPECTED = (
    ExpectedRoute(DIR, "server2", "directus", 80),
    ExpectedRoute(PGADMIN, "server2", "pgadmin", 80),
    ExpectedRoute("traefik2.tapbot.kz", "server2", "traefik", 8080),
    ExpectedRoute("logs2.tapbot.kz", "server2", "logs", 8080),
    ExpectedRoute("portainer2.tapbot.kz", "server2", "portainer", 9000),
    ExpectedRoute(N8N, "server1", "n8n", 5678),
    ExpectedRoute("traefik1.tapbot.kz", "server1", "traefik", 8080, active=False),
)


@dataclass(frozen=True)
class Stage:
    lab: Lab
    traefiks: Mapping[str, TraefikServer]
    routes: Routes

    async def host(self, name: str, by: Actor = ADMIN) -> HostRoutes:
        """Without trouble."""
        found: list[HostRoutes] = []

        async def answers() -> bool:
            report = await self.routes.report(by=by, host=name)
            found[:] = report.hosts
            return report.hosts[0].trouble is None

        await until(answers, f"{name} tells its routes")
        return found[0]

    async def route(self, host: str, domain: str, holds: Callable[[Route], bool]) -> Route:
        """When that is so."""
        found: list[Route] = []

        async def is_so() -> bool:
            found[:] = [each for each in (await self.host(host)).routes if each.domain == domain]
            return len(found) == 1 and holds(found[0])

        await until(is_so, f"{domain} is as wanted")
        return found[0]


@pytest.fixture
def traefiks(lab: Lab, tmp_path: Path) -> Iterator[Mapping[str, TraefikServer]]:
    """server1's sends nothing to HTTPS."""
    with contextlib.ExitStack() as stack:
        made = {}
        for name, server in lab.servers.items():
            traefik = TraefikServer(
                tmp_path / name, {}, inside=server.network, docker_socket=server.docker_socket
            )
            if name == "server1":
                static = traefik._static()
                static["entryPoints"]["web"].pop("http")
                static["providers"]["docker"] = _docker(server)
                traefik.configure(static)
            made[name] = stack.enter_context(traefik)
            server.permit(f"127.0.0.1:{traefik.port}")
        yield made


def _docker(server: Server) -> dict[str, object]:
    return {"endpoint": f"unix://{server.docker_socket}", "exposedByDefault": False}


@pytest.fixture
async def stage(lab: Lab, traefiks: Mapping[str, TraefikServer]) -> AsyncIterator[Stage]:
    async with contextlib.AsyncExitStack() as stack:
        engines = {
            name: await stack.enter_async_context(over_ssh(server)) for name, server in lab.servers.items()
        }
        addresses = {
            name: TraefikAddress(traefik.url, gateway=engines[name]) for name, traefik in traefiks.items()
        }
        source = await stack.enter_async_context(open_traefiks(addresses))
        surveyor = Surveyor(source, engines.__getitem__, _no_stops, EXPECTED, {})
        yield Stage(lab, traefiks, Routes(surveyor, tuple(engines), Now()))


async def _no_stops() -> Mapping[tuple[str, str], Stop]:
    return {}


def name_of(route: Route) -> str | None:
    return route.container.container.name if route.container else None


async def test_the_teams_routes(stage: Stage) -> None:
    directus = await stage.route("server2", DIR, lambda route: route.router is not None)
    assert (name_of(directus), directus.port, directus.up, directus.servers) == ("directus", 80, 1, 1)
    assert directus.faults == ()
    logs = await stage.route("server2", "logs2.tapbot.kz", lambda route: route.router is not None)
    assert (name_of(logs), logs.port, logs.faults) == ("dozzle", 8080, ())
    host = await stage.host("server2")
    assert host.version.startswith("3.")
    assert {route.domain for route in host.routes} == {
        each.domain for each in EXPECTED if each.host == "server2"
    }
    seen = await stage.host("server2", STUDENT)
    assert [route.domain for route in seen.routes] == [DIR]


async def test_a_stopped_container_has_no_live_server_and_comes_back(stage: Stage) -> None:
    server = stage.lab.servers["server2"]
    await stage.route("server2", DIR, lambda route: route.faults == ())
    server.docker("stop", "directus")
    gone = await stage.route("server2", DIR, lambda route: route.router is None)
    assert gone.faults == (RouteFault.NO_LIVE_SERVER,)
    assert (name_of(gone), gone.port) == ("directus", 80)
    assert (await stage.host("server2")).routes[0] == gone, "trouble first"
    server.docker("start", "directus")
    await stage.route("server2", DIR, lambda route: route.faults == ())


async def test_an_unhealthy_container_is_dropped_by_traefik(stage: Stage) -> None:
    server = stage.lab.servers["server2"]
    await stage.route("server2", DIR, lambda route: route.faults == ())
    server.set_health("directus", good=False)
    gone = await stage.route("server2", DIR, lambda route: route.router is None)
    assert gone.faults == (RouteFault.NO_LIVE_SERVER,)


async def test_the_redirect_is_missing(stage: Stage) -> None:
    n8n = await stage.route("server1", N8N, lambda route: route.router is not None)
    assert n8n.faults == (RouteFault.NO_REDIRECT,)
    redirecting = {
        "http": {
            "routers": {
                "plain": {
                    "rule": f"Host(`{N8N}`)",
                    "entryPoints": ["web"],
                    "middlewares": ["https"],
                    "service": "noop@internal",
                }
            },
            "middlewares": {"https": {"redirectScheme": {"scheme": "https"}}},
        }
    }
    stage.traefiks["server1"].route(redirecting)
    await stage.route("server1", N8N, lambda route: route.faults == ())
    planned = await stage.route("server1", "traefik1.tapbot.kz", lambda route: route.router is not None)
    assert RouteFault.ALREADY_THERE in planned.faults


async def test_what_traefiks_own_healthcheck_says(stage: Stage) -> None:
    """Two of three servers answer; then none of one."""
    server = stage.lab.servers["server2"]
    await stage.host("server2")
    for number in (1, 2, 3):
        command = ("httpd", "-f", "-p", "80") if number < 3 else ()
        server.run_container(f"app-{number}", *command, labels=_checked("app"))
    app = await stage.route("server2", "app.tapbot.kz", lambda route: (route.up, route.servers) == (2, 3))
    assert app.faults == (RouteFault.UNEXPECTED,)
    server.run_container("deaf", labels=_checked("deaf"))
    deaf = await stage.route("server2", "deaf.tapbot.kz", lambda route: (route.up, route.servers) == (0, 1))
    assert deaf.faults == (RouteFault.NO_LIVE_SERVER, RouteFault.UNEXPECTED)


def _checked(name: str) -> dict[str, str]:
    service = f"traefik.http.services.{name}.loadbalancer"
    return {
        "traefik.enable": "true",
        f"traefik.http.routers.{name}.rule": f"Host(`{name}.tapbot.kz`)",
        f"traefik.http.routers.{name}.tls": "true",
        f"{service}.server.port": "80",
        f"{service}.healthcheck.path": "/etc/passwd",
        f"{service}.healthcheck.interval": "200ms",
    }


async def test_what_traefik_refuses_and_what_is_wrong(stage: Stage) -> None:
    server = stage.lab.servers["server2"]
    await stage.host("server2")
    server.docker("rm", "--force", "pgadmin")
    wrong = {"traefik.enable": "true", "traefik.http.routers.other.rule": f"Host(`{PGADMIN}`)"}
    port = {"traefik.http.services.other.loadbalancer.server.port": "81"}
    server.run_container("other", labels=wrong | port)
    found = await stage.route("server2", PGADMIN, lambda route: RouteFault.WRONG_SERVICE in route.faults)
    assert found.faults == (RouteFault.WRONG_SERVICE, RouteFault.WRONG_PORT, RouteFault.NO_TLS)
    assert name_of(found) == "other"
    server.docker("rm", "--force", "other")
    broken = wrong | port | {"traefik.http.routers.other.middlewares": "nowhere@docker"}
    server.run_container("other", labels=broken)
    found = await stage.route("server2", PGADMIN, lambda route: RouteFault.REFUSED in route.faults)
    assert any("nowhere" in words for words in found.errors)


async def test_both_servers_within_a_second_when_one_of_them_is_dead(stage: Stage) -> None:
    for name in stage.lab.servers:
        await stage.host(name)
    began = time.monotonic()
    await stage.routes.report(by=ADMIN)
    usual = time.monotonic() - began
    stage.lab.servers["server1"].pull_cable()
    began = time.monotonic()
    report = await stage.routes.report(by=ADMIN)
    took = time.monotonic() - began
    dead, alive = report.hosts
    assert (dead.host, alive.host) == ("server1", "server2")
    assert isinstance(dead.trouble, VakhtaError)
    assert {route.domain for route in dead.routes} >= {N8N}
    assert alive.trouble is None
    assert took < 1 + 2 * usual, "with allowance for a machine that others use, too"
