"""Routes as one person sees them: within the scope, whoever is silent, and in time."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.domain.containers import Condition, State, Stop
from services.domain.routes import HostRoutes, Route, RouteFault, route_key
from services.errors import (
    ApiRefusedLogin,
    HostSilent,
    NoSuchContainer,
    NoSuchHost,
    NotConfigured,
    NotFound,
    Silence,
)
from services.routes.routes import Routes
from tests.clock import HandClock
from tests.unit.route_hosts import HostInHand, HostsInHand, actor
from tests.unit.route_scenery import HOST, container, expects, router, routing, service

EVERYTHING, STUDENT, NOBODY = actor("*/*"), actor("*/directus"), actor("nowhere/*")
DIR, N8N = "dir.example.org", "n8n.example.org"
EXPECTED = (expects(DIR, "directus", 8055), expects(N8N, "n8n", 5678))


def a_host() -> HostInHand:
    return HostInHand(
        [
            container("directus", "172.18.0.3", domain=DIR, port=8055),
            container("n8n", "172.18.0.4", domain=N8N, port=5678),
            container("traefik", "172.18.0.2"),
        ],
        routing(
            router("directus", DIR),
            service("directus", "http://172.18.0.3:8055"),
            router("n8n", N8N),
            service("n8n", "http://172.18.0.4:5678"),
            router("dash", "traefik.example.org", "api@internal"),
            router("far@file", "far.example.org"),
            service("far@file", "http://198.51.100.7"),
        ),
    )


def hands(**more: HostInHand) -> HostsInHand:
    return HostsInHand({HOST: a_host(), **more})


def routes(hosts: HostsInHand, *without: str) -> Routes:
    """without: names of hosts that have no Traefik."""
    return Routes(hosts.surveyor(*EXPECTED), (*hosts.hosts, *without), HandClock())


async def one(hosts: HostsInHand, by: str = "*/*") -> HostRoutes:
    report = await routes(hosts).report(by=actor(by))
    (host,) = (each for each in report.hosts if each.host == HOST)
    return host


def domains(host: HostRoutes) -> set[str]:
    return {route.domain for route in host.routes}


def of(host: HostRoutes, domain: str) -> Route:
    (route,) = (route for route in host.routes if route.domain == domain)
    return route


async def test_all_with_their_containers() -> None:
    host = await one(hands())
    assert (host.version, host.trouble) == ("3.7.15", None)
    found = {each.domain: each.container and each.container.container.name for each in host.routes}
    assert found == {DIR: "directus", N8N: "n8n", "traefik.example.org": "traefik", "far.example.org": None}


@pytest.mark.parametrize(
    ("glob", "seen"),
    [
        ("*/directus", {DIR}),
        ("*/traefik", {"traefik.example.org"}),
        (f"{HOST}/[dn]*", {DIR, N8N}),
        (f"{HOST}/*", {DIR, N8N, "traefik.example.org", "far.example.org"}),
    ],
)
async def test_only_what_leads_to_containers_in_scope(glob: str, seen: set[str]) -> None:
    assert domains(await one(hands(), glob)) == seen


async def test_an_expected_one_without_its_container_is_seen_by_its_service() -> None:
    hosts = hands()
    hosts.by_name[HOST].rows = []
    hosts.by_name[HOST].routing = routing()
    host = await one(hosts, "*/directus")
    assert [(route.domain, route.faults) for route in host.routes] == [(DIR, (RouteFault.MISSING,))]


async def test_what_should_stand_there_is_not_told_to_whom_it_is_hidden() -> None:
    hosts = hands()
    hosts.by_name[HOST].routing = routing(router("a", N8N), service("a", "http://172.18.0.3:5678"))
    (route,) = (each for each in (await one(hosts, "*/directus")).routes if each.domain == N8N)
    assert (route.faults, route.expected) == ((RouteFault.WRONG_SERVICE,), None)
    (route,) = (each for each in (await one(hosts)).routes if each.domain == N8N)
    assert route.expected == EXPECTED[1]


async def test_a_host_out_of_sight_is_none() -> None:
    hosts = hands(server1=HostInHand([container("redis")], routing()))
    report = await routes(hosts).report(by=STUDENT)
    assert [each.host for each in report.hosts] == [HOST]
    for name, by in (("server1", STUDENT), ("server9", EVERYTHING), (HOST, NOBODY), ("bare", STUDENT)):
        with pytest.raises(NoSuchHost) as refusal:
            await routes(hosts, "bare").report(by=by, host=name)
        assert refusal.value.name == name
    with pytest.raises(NotConfigured, match=r"hosts\.bare\.traefik"):
        await routes(hosts, "bare").report(by=EVERYTHING, host="bare")


async def test_without_any_traefik() -> None:
    with pytest.raises(NotConfigured):
        await routes(HostsInHand({}), "bare").report(by=EVERYTHING)


async def test_what_is_down_comes_before_what_is_merely_amiss() -> None:
    amiss = HostInHand(
        [container("n8n", "172.18.0.4"), container("cms", "172.18.0.5")],
        routing(
            router("n8n", "a.example.org"), router("cms", "b.example.org"),
            service("n8n", "http://172.18.0.4:1"), service("cms", "http://172.18.0.5:1"),
        ),
    )  # fmt: skip
    down = HostInHand(
        [container("directus", "172.18.0.3", domain=DIR, port=8055)],
        routing(router("directus", DIR), service("directus", "http://172.18.0.3:8055")),
    )
    hosts = HostsInHand({"server1": amiss, HOST: down})
    down.stop("directus")
    other_ports = (expects("a.example.org", "n8n", 2), expects("b.example.org", "cms", 2))
    surveyor = hosts.surveyor(EXPECTED[0], *(replace(each, host="server1") for each in other_ports))
    report = await Routes(surveyor, hosts.hosts, HandClock()).report(by=EVERYTHING)
    assert [each.host for each in report.hosts] == [HOST, "server1"]
    assert [len(each.troubled) for each in report.hosts] == [1, 2], "more are amiss, and none of them is down"


async def test_a_traefik_that_cannot_be_asked_is_trouble_and_nothing_is_judged() -> None:
    hosts = hands(server1=HostInHand([], routing()))
    hosts.by_name[HOST].trouble = ApiRefusedLogin("traefik")
    report = await routes(hosts).report(by=EVERYTHING)
    assert [each.host for each in report.hosts] == [HOST, "server1"], "trouble first"
    assert isinstance(report.hosts[0].trouble, ApiRefusedLogin)
    assert {route.domain: route.faults for route in report.hosts[0].routes} == {DIR: (), N8N: ()}
    assert domains(await one(hosts, "*/directus")) == {DIR}


async def test_where_the_containers_are_not_known_nothing_is_said_of_them() -> None:
    hosts = hands()
    hosts.by_name[HOST].silence = HostSilent(HOST, Silence.UNREACHABLE)
    hosts.by_name[HOST].routing = routing(
        router("a@file", DIR, "cms"), service("cms@file", "http://172.18.0.3")
    )
    host = await one(hosts)
    assert (of(host, DIR).faults, of(host, N8N).faults) == ((), (RouteFault.MISSING,))
    with pytest.raises(NoSuchHost):
        await routes(hosts).report(by=actor("*/pgadmin"), host=HOST)


async def test_a_dead_host_keeps_nobody_waiting_for_a_second() -> None:
    hosts = hands(server1=HostInHand(hangs=True))
    report = await routes(hosts).report(by=EVERYTHING)
    dead = hosts.by_name["server1"]
    assert dead.most_at_once == len(dead.deadlines) == 2, "its list and its Traefik, side by side"
    assert max(dead.deadlines) < 1
    assert [(each.host, each.trouble is None) for each in report.hosts] == [("server1", False), (HOST, True)]


async def test_the_judgement_of_a_stopped_container_is_the_fleets() -> None:
    hosts = hands()
    hosts.by_name[HOST].rows = [*hosts.by_name[HOST].rows, container("idle", state=State.EXITED)]
    hosts.by_name[HOST].stop("directus")
    hosts.by_name[HOST].routing = routing(router("n8n", N8N), service("n8n", "http://172.18.0.4:5678"))
    route = of(await one(hosts), DIR)
    assert route.faults == (RouteFault.NO_LIVE_SERVER,)
    assert route.container
    assert route.container.diagnosis.condition is Condition.DOWN
    hosts.stops[HOST, "directus"] = Stop("Dias", datetime(2026, 11, 24, tzinfo=UTC))
    route = of(await one(hosts), DIR)
    assert route.container
    assert (route.container.diagnosis.condition, route.container.diagnosis.by) == (Condition.STOPPED, "Dias")
    assert hosts.by_name[HOST].inspected == ["directus"] * 2


async def test_the_routes_of_a_container() -> None:
    hosts = hands()
    directus, n8n, _ = hosts.by_name[HOST].rows
    found = await routes(hosts).of_container(directus, by=STUDENT)
    assert [route.domain for route in found] == [DIR]
    assert await routes(hosts).of_container(n8n, by=STUDENT) == ()
    assert await routes(hosts).of_container(replace(directus, host="bare"), by=EVERYTHING) == ()
    hosts.by_name[HOST].trouble = ApiRefusedLogin("traefik")
    assert await routes(hosts).of_container(directus, by=EVERYTHING) == ()


async def test_one_by_its_key_even_when_its_container_is_stopped_and_started() -> None:
    hosts = hands()
    here = hosts.by_name[HOST]
    up = of(await one(hosts), DIR)
    assert (await routes(hosts).route(HOST, route_key(up), by=STUDENT)).router == up.router
    running, told = here.rows, here.routing
    here.stop("directus", State.EXITED)
    here.routing = routing()
    down = await routes(hosts).route(HOST, route_key(up), by=STUDENT)
    assert (down.domain, down.router) == (DIR, None)
    here.rows, here.routing = running, told
    assert (await routes(hosts).route(HOST, route_key(down), by=STUDENT)).router == up.router


async def test_a_key_out_of_scope_is_none() -> None:
    hosts = hands()
    key = route_key(of(await one(hosts), N8N))
    with pytest.raises(NoSuchContainer):
        await routes(hosts).route(HOST, key, by=STUDENT)
    with pytest.raises(NotFound):
        await routes(hosts).route("server9", key, by=EVERYTHING)
    assert (await routes(hosts).route(HOST, key, by=EVERYTHING)).domain == N8N
