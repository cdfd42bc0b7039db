"""From a router to the container behind it, and what is one route though several routers make it."""

from collections.abc import Sequence
from typing import Any

import pytest

from services.domain.containers import Container, Health, State
from services.domain.routes import Route
from services.domain.routing import Backend, Middleware, Protocol, Router, Routing
from services.routes.behind import Containers
from services.routes.drift import judged
from tests.unit.route_scenery import (
    HOST,
    PLAIN,
    TO_HTTPS,
    container,
    containers,
    plain,
    router,
    routes_of,
    routing,
    service,
)

DIRECTUS = container("directus", "172.18.0.3", compose="cms")


def only(told: Routing, there: Containers) -> Route:
    (route,) = judged(HOST, told, there, ())
    return route


def name_of(route: Route) -> str | None:
    return route.container.container.name if route.container else None


@pytest.mark.parametrize(
    ("address", "name", "port"),
    [
        ("http://172.18.0.3:8055", "directus", 8055),
        ("http://172.18.0.3", "directus", 80),
        ("https://172.18.0.3/base", "directus", 443),
        ("h2c://172.18.0.3", "directus", 80),
        ("http://[FD00::3]:8055", "six", 8055),
        ("http://directus:8055", "directus", 8055),
        ("http://CMS:8055", "directus", 8055),
        ("http://127.0.0.1:18055", "published", 18055),
        ("http://localhost:18055", "published", 18055),
        ("http://host.docker.internal:18055", "published", 18055),
        ("http://203.0.113.2:18055", "published", 18055),
        ("http://127.0.0.1:1", None, 1),
        ("http://198.51.100.9:18055", None, 18055),
        ("http://elsewhere.example.org", None, 80),
        ("http://172.18.0.3:99999", "directus", 99999),
        ("http://172.18.0.3:port", None, None),
        ("", None, None),
    ],
)
def test_the_container_by_its_servers_address(address: str, name: str | None, port: int | None) -> None:
    there = containers(
        DIRECTUS,
        container("six", "fd00::3"),
        container("published", "172.18.0.9", published={8055: 18055}),
        itself=["203.0.113.2"],
    )
    told = routing(router("dir@file", "dir.example.org"), service("dir@file", address))
    route = only(told, there)
    assert (name_of(route), route.port) == (name, port)


@pytest.mark.parametrize(
    ("each", "name"),
    [
        (router("directus", "a.example.org"), "directus"),
        (router("Directus", "a.example.org"), "directus"),
        (router("websecure-directus", "a.example.org"), "directus"),  # the entry point gave its TLS to it
        (router("other-directus", "a.example.org"), None),
        (router("directus@file", "a.example.org"), None),
        (router("n8n", "a.example.org"), None),
    ],
    ids=lambda each: each.name if isinstance(each, Router) else "",
)
def test_the_container_by_the_labels_that_made_the_router(each: Router, name: str | None) -> None:
    there = containers(container("directus", domain="a.example.org"))
    assert name_of(only(routing(each), there)) == name


def test_of_two_whose_labels_made_it_the_one_that_runs_counts() -> None:
    label = {"traefik.http.routers.app.rule": "Host(`a.example.org`)"}
    rows = [container("b", labels=label)] + [
        container(name, labels=label, state=State.EXITED) for name in ("a", "c")
    ]
    assert name_of(only(routing(router("app", "a.example.org")), containers(*rows))) == "b"


def test_a_router_of_another_protocol_is_another_containers() -> None:
    labels = {"traefik.tcp.routers.db.rule": "HostSNI(`db.example.org`)"}
    there = containers(container("postgres", labels=labels))
    http, tcp = (
        router("db", "db.example.org"),
        router("db", "HostSNI(`db.example.org`)", protocol=Protocol.TCP),
    )
    assert name_of(only(routing(http), there)) is None
    assert name_of(only(routing(tcp), there)) == "postgres"


def test_services_are_followed_to_their_servers_and_never_in_circles() -> None:
    told = routing(
        router("app@file", "a.example.org", "all"),
        service("all@file", kind="weighted", children=("one@file", "two@file", "all@file", "gone@file")),
        service("one@file", kind="failover", children=("b@file", "all@file")),
        service("two@file", kind="mirroring", children=("b@file",)),
        service("b@file", "http://172.18.0.3:80", Backend("http://172.18.0.4:80", up=False)),
    )
    route = only(told, containers(DIRECTUS))
    assert (route.up, route.servers, route.port, name_of(route)) == (1, 2, 80, "directus")


def test_without_a_healthcheck_servers_are_believed() -> None:
    told = routing(router("a", "a.example.org"), service("a", Backend("http://172.18.0.3:80")))
    route = only(told, containers(DIRECTUS))
    assert (route.up, route.servers) == (1, 1)


def test_of_several_containers_one_that_runs_is_named() -> None:
    rows = container("app-1", state=State.EXITED), container("app-2"), container("app-3")
    told = routing(
        router("a@file", "a.example.org"), service("a@file", "http://app-1", "http://app-3", "http://app-2")
    )
    assert name_of(only(told, containers(*rows))) == "app-2"


ROUTED = service("a", "http://172.18.0.3:80")
OTHER = service("b", "http://172.18.0.4:80")
A, B, SENDS = "a.example.org", "b.example.org", ("https@docker",)
SEVERAL = [
    ("two domains", [router("a", "Host(`a.example.org`) || Host(`b.example.org`)")], [A, B]),
    ("no domain", [router("a", "PathPrefix(`/api`)")], [""]),
    ("any name of TCP", [router("a", "HostSNI(`*`)", protocol=Protocol.TCP)], [""]),
    ("UDP", [router("a", "", protocol=Protocol.UDP, tls=None)], [""]),
    ("case", [router("a", "A.Example.ORG")], [A]),
    (
        "Traefik's own",
        [
            router("acme-http@internal", "PathPrefix(`/.well-known`)"),
            router("api@internal", "PathPrefix(`/api`)", "api@internal"),
        ],
        [],
    ),
    ("one of a person's to Traefik's own", [router("dash", A, "api@internal")], [A]),
    ("a redirect", [router("a", A), plain("r", A, "noop@internal", middlewares=SENDS)], [A]),
    ("a redirect alone", [plain("r", A, "a", middlewares=SENDS)], [A]),
    (
        "a redirect of everything",
        [router("a", A), plain("all", "PathPrefix(`/`)", "noop@internal", middlewares=SENDS)],
        [A],
    ),
    ("the same in plain", [router("a", A), plain("a-http", A, "a")], [A]),
    ("the same at two entry points", [router("x-a", A, "a"), router("y-a", A, "a")], [A]),
    ("another in plain", [router("a", A), plain("b", A)], [A, A]),
    ("two paths", [router("a", A), router("b", "Host(`a.example.org`) && PathPrefix(`/api`)")], [A, A]),
    (
        "of two protocols",
        [router("a", A), router("a", "HostSNI(`a.example.org`)", protocol=Protocol.TCP)],
        [A, A],
    ),
]


@pytest.mark.parametrize(
    ("routers", "domains"), [row[1:] for row in SEVERAL], ids=[row[0].replace(" ", "-") for row in SEVERAL]
)
def test_what_is_a_route(routers: Sequence[Router], domains: Sequence[str]) -> None:
    found = routes_of(routing(*routers, ROUTED, OTHER, TO_HTTPS, PLAIN))
    assert sorted(route.domain for route in found) == sorted(domains)


def test_traefiks_own_is_the_one_container_of_that_name() -> None:
    told = routing(router("dash", "a.example.org", "api@internal"))
    there = containers(container("platform-proxy-1", compose="traefik"), DIRECTUS)
    route = only(told, there)
    assert (name_of(route), route.port, route.own) == ("platform-proxy-1", 8080, True)
    two = containers(container("proxy", compose="traefik"), container("traefik"))
    assert name_of(only(told, two)) is None, "which of them is not known"


LABELLED: dict[str, Any] = {"domain": "a.example.org", "port": 8055}


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        (container("a", **LABELLED, state=State.EXITED), True),
        (container("a", **LABELLED, state=State.CREATED), True),
        (container("a", **LABELLED, health=Health.UNHEALTHY), True),
        (container("a", **LABELLED, health=Health.STARTING), True),
        (container("a", **LABELLED), True),
        (container("a", **LABELLED, labels={"traefik.enable": ""}), False),
        (container("a", **LABELLED, labels={"traefik.enable": "false"}, state=State.EXITED), False),
        (container("a", state=State.EXITED), False),
    ],
    ids=[
        "stopped",
        "new",
        "unhealthy",
        "starting",
        "unknown",
        "perhaps another's",
        "switched off",
        "no labels",
    ],
)
def test_what_traefik_does_not_know_of_is_known_by_labels(row: Container, shown: bool) -> None:
    found = routes_of(routing(), [row])
    told = [(route.domain, route.router, name_of(route), route.port) for route in found]
    assert told == ([("a.example.org", None, "a", 8055)] if shown else [])


def test_of_two_with_the_same_label_the_one_that_runs_counts() -> None:
    old, new = container("old", **LABELLED, state=State.EXITED), container("new", **LABELLED)
    assert [name_of(route) for route in routes_of(routing(), [old, new])] == ["new"]
    told = routing(router("new", "a.example.org"), service("new", "http://172.18.0.3:80"))
    (route,) = routes_of(told, [old, new])
    assert (name_of(route), route.faults) == ("new", ())


def test_the_middlewares_of_chains_are_its_own() -> None:
    login = Middleware(Protocol.HTTP, "login@file", "basicauth")
    chain = Middleware(Protocol.HTTP, "all@file", "chain", members=("login@file", "all@file", "gone@file"))
    names = ("all@file", "gone@file", "login@file")
    route = only(routing(router("a", A, middlewares=names), chain, login), containers())
    assert ([each.name for each in route.middlewares], route.secured) == (["all@file", "login@file"], True)
