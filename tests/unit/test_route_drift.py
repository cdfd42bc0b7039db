"""What is wrong with a route, row after row."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

from services.domain.containers import Container, Health, State
from services.domain.routes import ExpectedRoute
from services.domain.routing import Backend, Condition, EntryPoint, Middleware, Protocol, Router, Service
from services.routes.drift import unjudged
from tests.unit.route_scenery import (
    PLAIN,
    TO_HTTPS,
    container,
    containers,
    expects,
    plain,
    router,
    routes_of,
    routing,
    service,
)

Part = Router | Service | Middleware | EntryPoint

A, B = "a.example.org", "b.example.org"
SENDS: dict[str, Any] = {"middlewares": ("https@docker",)}
DEAD = Backend("http://172.18.0.3:80", up=False)
DOMAIN_OF_ALL = "HostRegexp(`^.+\\.example\\.org$`)"

UP, ELSE = "http://172.18.0.3:80", "http://172.18.0.9:80"
CHAIN = Middleware(
    Protocol.HTTP, "all@docker", "chain", members=("all@docker", "gone@docker", "https@docker")
)
ROUTER, SERVICE, ROW = router("a", A), service("a", UP), container("a", "172.18.0.3")
STOPPED = container("a", domain=A, port=80, state=State.EXITED)
ALT = EntryPoint("alt", ":8000", Protocol.TCP, 8000)
PLAIN_8000 = EntryPoint("web", ":8000", Protocol.TCP, 8000)
TO_HTTP = EntryPoint("web", ":80", Protocol.TCP, 80, redirects_to="other", scheme="http")
HTTP = EntryPoint("http", ":80", Protocol.TCP, 80)
NO_WEB = EntryPoint("web", ":53/udp", Protocol.UDP, 53)


def _acts(kind: str, scheme: str = "", **more: Any) -> Middleware:
    return Middleware(Protocol.HTTP, "https@docker", kind, scheme, **more)


class Case(NamedTuple):
    """faults: of each domain, as words; those of its several routes apart."""

    what: str
    parts: Sequence[Part]
    expected: Sequence[ExpectedRoute]
    faults: dict[str, str]
    rows: Sequence[Container] = (ROW,)


WISH = expects(A, "a")
PLANNED = expects(A, "a", active=False)
CASES = [
    Case("as it should be", [ROUTER, SERVICE], [WISH], {A: ""}),
    Case("without settings nothing is unexpected", [ROUTER, SERVICE], [], {A: ""}),
    # missing
    Case("missing", [], [WISH], {A: "missing"}),
    Case(
        "missing, and its container is down", [], [WISH], {A: "missing"}, [container("a", state=State.EXITED)]
    ),
    Case("only a path", [router("a", "PathPrefix(`/`)"), SERVICE], [WISH], {A: "missing", "": ""}),
    Case(
        "a longer name is another",
        [router("a", f"x{A}"), SERVICE],
        [WISH],
        {A: "missing", f"x{A}": "unexpected"},
    ),
    Case("labels in vain", [], [WISH], {A: "missing"}, [container("a", "172.18.0.3", domain=A, port=80)]),
    Case(
        "labels in vain that nobody expects", [], [], {A: "missing"}, [container("a", "172.18.0.3", domain=A)]
    ),
    # refused
    Case(
        "disabled router",
        [router("a", A, condition=Condition.DISABLED), SERVICE],
        [WISH],
        {A: "refused"},
    ),
    Case(
        "disabled service",
        [ROUTER, service("a", "http://172.18.0.3", condition=Condition.DISABLED)],
        [WISH],
        {A: "refused"},
    ),
    Case("no such service", [router("a", A, condition=Condition.DISABLED)], [], {A: "refused"}),
    # no live server
    Case("all down", [ROUTER, service("a", DEAD)], [WISH], {A: "no_live_server"}),
    Case("one of two up", [ROUTER, service("a", DEAD, UP)], [WISH], {A: ""}),
    Case("no servers", [ROUTER, service("a")], [], {A: "no_live_server"}),
    Case("a kind that tells no servers", [ROUTER, service("a", kind="hrw")], [], {A: ""}),
    Case(
        "believed up, but its container is down",
        [router("a@file", A), service("a@file", "http://a:80")],
        [WISH],
        {A: "no_live_server"},
        [container("a", state=State.EXITED)],
    ),
    Case(
        "paused",
        [ROUTER, SERVICE],
        [WISH],
        {A: "no_live_server"},
        [container("a", "172.18.0.3", state=State.PAUSED)],
    ),
    Case("stopped", [], [WISH], {A: "no_live_server"}, [STOPPED]),
    Case("stopped, of no settings", [], [], {A: "no_live_server"}, [STOPPED]),
    Case("unhealthy", [], [WISH], {A: "no_live_server"}, [container("a", domain=A, health=Health.UNHEALTHY)]),
    Case(
        "stopped, and not expected",
        [],
        [expects(B, "b")],
        {A: "no_live_server unexpected", B: "missing"},
        [STOPPED],
    ),
    Case("stopped, and another one's", [], [expects(A, "b")], {A: "no_live_server wrong_service"}, [STOPPED]),
    Case("stopped, of another port", [], [expects(A, "a", 90)], {A: "no_live_server wrong_port"}, [STOPPED]),
    # wrong service
    Case("wrong service", [ROUTER, SERVICE], [expects(A, "b")], {A: "wrong_service"}),
    Case(
        "by compose service",
        [ROUTER, SERVICE],
        [expects(A, "CMS")],
        {A: ""},
        [container("x", "172.18.0.3", compose="cms")],
    ),
    Case(
        "by name in another case",
        [ROUTER, SERVICE],
        [expects(A, "B")],
        {A: ""},
        [container("b", "172.18.0.3")],
    ),
    Case(
        "by Traefik's service", [router("r@file", A, "b"), service("b@file", UP)], [expects(A, "b")], {A: ""}
    ),
    Case(
        "by a server's name",
        [router("r@file", A, "s"), service("s@file", "http://b:80")],
        [expects(A, "b")],
        {A: ""},
    ),
    Case("Traefik's own", [router("dash", A, "api@internal")], [expects(A, "traefik", 8080)], {A: ""}),
    Case(
        "Traefik's own on another port",
        [router("dash", A, "api@internal")],
        [expects(A, "Traefik")],
        {A: "wrong_port"},
    ),
    Case(
        "Traefik's own instead",
        [router("dash", A, "api@internal")],
        [expects(A, "a", 8080)],
        {A: "wrong_service"},
    ),
    Case("something instead of Traefik", [ROUTER, SERVICE], [expects(A, "traefik")], {A: "wrong_service"}),
    Case("nowhere", [router("r", A, "noop@internal")], [WISH], {A: "wrong_service wrong_port"}),
    # wrong port
    Case("wrong port", [ROUTER, SERVICE], [expects(A, "a", 8055)], {A: "wrong_port"}),
    Case("servers of two ports", [ROUTER, service("a", UP, "http://172.18.0.3:81")], [WISH], {A: ""}),
    Case(
        "published",
        [router("a@file", A), service("a@file", "http://127.0.0.1:18080")],
        [WISH],
        {A: ""},
        [container("a", "172.18.0.3", published={80: 18080})],
    ),
    # TLS and redirect
    Case("no TLS", [plain("a", A), SERVICE], [WISH], {A: "no_tls"}),
    Case("no TLS, of no settings", [plain("a", A), SERVICE], [], {A: ""}),
    Case("only the redirect is left", [plain("a", A, **SENDS), SERVICE, TO_HTTPS], [WISH], {A: "no_tls"}),
    Case("no redirect", [ROUTER, SERVICE, PLAIN], [WISH], {A: "no_redirect"}),
    Case("no redirect, of no settings", [ROUTER, SERVICE, PLAIN], [], {A: ""}),
    Case(
        "served in plain, too", [ROUTER, plain("a-http", A, "a"), SERVICE, PLAIN], [WISH], {A: "no_redirect"}
    ),
    Case(
        "redirect by a router",
        [ROUTER, plain("r", A, "a", **SENDS), SERVICE, TO_HTTPS, PLAIN],
        [WISH],
        {A: ""},
    ),
    Case(
        "redirect of another domain",
        [ROUTER, plain("r", B, "a", **SENDS), SERVICE, TO_HTTPS, PLAIN],
        [WISH],
        {A: "no_redirect", B: "unexpected"},
    ),
    Case(
        "redirect of everything",
        [ROUTER, plain("r", "PathPrefix(`/`)", "noop@internal", **SENDS), SERVICE, TO_HTTPS, PLAIN],
        [WISH],
        {A: ""},
    ),
    Case(
        "redirect by a pattern",
        [ROUTER, plain("r", DOMAIN_OF_ALL, "noop@internal", **SENDS), SERVICE, TO_HTTPS, PLAIN],
        [WISH],
        {A: ""},
    ),
    Case(
        "redirect by another pattern",
        [ROUTER, plain("r", "HostRegexp(`^b`)", "noop@internal", **SENDS), SERVICE, TO_HTTPS, PLAIN],
        [WISH],
        {A: "no_redirect"},
    ),
    Case(
        "redirect at another entry point",
        [ROUTER, plain("r", A, "a", entry_points=("alt",), **SENDS), SERVICE, TO_HTTPS, PLAIN, ALT],
        [WISH],
        {A: "no_redirect"},
    ),
    Case(
        "redirect that is refused",
        [
            ROUTER,
            plain("r", A, "noop@internal", condition=Condition.DISABLED, **SENDS),
            SERVICE,
            TO_HTTPS,
            PLAIN,
        ],
        [WISH],
        {A: "refused | no_redirect"},
    ),
    Case(
        "redirect to plain HTTP",
        [ROUTER, plain("r", A, "a", **SENDS), SERVICE, _acts("redirectscheme", "http"), PLAIN],
        [WISH],
        {A: "no_redirect"},
    ),
    Case(
        "redirect by an expression",
        [ROUTER, plain("r", A, "a", **SENDS), SERVICE, _acts("redirectregex"), PLAIN],
        [WISH],
        {A: ""},
    ),
    Case(
        "redirect over TLS",
        [ROUTER, router("r", A, "r", entry_points=("web",), **SENDS), SERVICE, TO_HTTPS, PLAIN],
        [WISH],
        {A: "no_redirect"},
    ),
    Case(
        "redirect by a middleware that is refused",
        [
            ROUTER,
            plain("r", A, "a", **SENDS),
            SERVICE,
            _acts("redirectscheme", "https", condition=Condition.DISABLED),
            PLAIN,
        ],
        [WISH],
        {A: "no_redirect"},
    ),
    Case(
        "redirect of everything at another entry point",
        [
            ROUTER,
            plain("r", "PathPrefix(`/`)", "noop@internal", entry_points=("alt",), **SENDS),
            SERVICE,
            TO_HTTPS,
            PLAIN,
            ALT,
        ],
        [WISH],
        {A: "no_redirect"},
    ),
    Case("port 80 by another name", [ROUTER, SERVICE, NO_WEB, HTTP], [WISH], {A: "no_redirect"}),
    Case(
        "redirect by a chain",
        [ROUTER, plain("r", A, "a", middlewares=("all@docker",)), SERVICE, TO_HTTPS, CHAIN, PLAIN],
        [WISH],
        {A: ""},
    ),
    Case("an entry point that sends to plain HTTP", [ROUTER, SERVICE, TO_HTTP], [WISH], {A: "no_redirect"}),
    Case("web on another port", [ROUTER, SERVICE, PLAIN_8000], [WISH], {A: "no_redirect"}),
    Case("no plain entry point", [ROUTER, SERVICE, NO_WEB], [WISH], {A: ""}),
    Case(
        "TCP needs none",
        [
            router("a", f"HostSNI(`{A}`)", protocol=Protocol.TCP, tls=None),
            service("a", "172.18.0.3:80", protocol=Protocol.TCP),
            PLAIN,
        ],
        [WISH],
        {A: ""},
    ),
    # unexpected, planned, warned
    Case("unexpected", [ROUTER, SERVICE], [expects(B, "a")], {A: "unexpected", B: "missing"}),
    Case("planned", [], [PLANNED], {A: ""}),
    Case("planned, and there are labels", [], [PLANNED], {A: ""}, [STOPPED]),
    Case("already there", [ROUTER, SERVICE], [PLANNED], {A: "already_there"}),
    Case(
        "already there, but elsewhere",
        [plain("a", A), SERVICE],
        [expects(A, "b", 9, active=False)],
        {A: "already_there"},
    ),
    Case("warned router", [router("a", A, condition=Condition.WARNING), SERVICE], [WISH], {A: "warned"}),
    Case(
        "warned middleware",
        [router("a", A, **SENDS), SERVICE, _acts("headers", condition=Condition.WARNING)],
        [],
        {A: "warned"},
    ),
    # names
    Case("in another case", [router("a", "A.Example.Org"), SERVICE], [WISH], {A: ""}),
    Case("by a pattern", [router("a", DOMAIN_OF_ALL), SERVICE], [WISH], {A: ""}),
    Case(
        "by a pattern that nobody can read",
        [router("a", "HostRegexp(`(`)"), SERVICE],
        [WISH],
        {A: "missing", "": ""},
    ),
    Case(
        "two by one pattern",
        [router("a", DOMAIN_OF_ALL), SERVICE],
        [WISH, expects(B, "b")],
        {A: "", B: "wrong_service"},
    ),
    Case("by a pattern in another case", [router("a", "HostRegexp(`^A\\.`)"), SERVICE], [WISH], {A: ""}),
    Case(
        "one of two patterns",
        [
            router("x", f"{DOMAIN_OF_ALL} && PathPrefix(`/x`)"),
            service("x", ELSE),
            router("a", DOMAIN_OF_ALL),
            SERVICE,
        ],
        [WISH],
        {A: "", "": ""},
    ),
    Case("by a wildcard", [router("a", "*.example.org"), SERVICE], [WISH], {A: ""}),
    Case(
        "a name of its own before a wildcard",
        [router("w", "*.example.org"), router("b", A), service("b", ELSE), SERVICE],
        [WISH],
        {A: "wrong_service", "*.example.org": ""},
    ),
    Case(
        "a wildcard is expected",
        [router("a", DOMAIN_OF_ALL), SERVICE],
        [expects("*.example.org", "a")],
        {"*.example.org": ""},
    ),
    Case(
        "under an expected wildcard",
        [router("a", A), SERVICE],
        [expects("*.example.org", "a")],
        {A: "", "*.example.org": "missing"},
    ),
    Case(
        "one of two paths",
        [router("x", f"Host(`{A}`) && PathPrefix(`/x`)"), service("x", ELSE), ROUTER, SERVICE],
        [WISH],
        {A: ""},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.what.replace(" ", "-") for case in CASES])
def test_faults(case: Case) -> None:
    found = routes_of(routing(*case.parts), case.rows, case.expected)
    told = {route.domain: "" for route in found}
    for route in found:
        told[route.domain] = " | ".join(filter(None, (told[route.domain], " ".join(route.faults))))
    assert told == case.faults
    for wanted in case.expected:
        assert [route.expected for route in found].count(wanted) == 1, "each expected one is there once"


def test_the_worst_first() -> None:
    told = routing(
        plain("a", A), service("a", DEAD), router("c", "c.example.org"), service("c", UP),
        router("b", B, condition=Condition.WARNING), service("b", UP),
    )  # fmt: skip
    found = routes_of(told, [ROW], [expects(A, "y", 9), expects("z.example.org", "z"), expects(B, "b")])
    assert [(route.domain, *route.faults) for route in found] == [
        ("z.example.org", "missing"),
        (A, "no_live_server", "wrong_service", "wrong_port", "no_tls"),
        ("c.example.org", "unexpected"),
        (B, "warned"),
    ]


def test_where_traefik_cannot_be_asked_nothing_is_judged() -> None:
    rows = [STOPPED, container("b"), container("c", domain="c.example.org")]
    found = unjudged("server2", containers(*rows), [WISH, expects(B, "b"), expects("d.example.org", "d")])
    told = [(route.domain, route.container.container.name if route.container else None) for route in found]
    assert told == [(A, "a"), (B, "b"), ("c.example.org", "c"), ("d.example.org", None)]
    assert [route.expected is not None for route in found] == [True, True, False, True]
    assert not any(route.faults for route in found)
