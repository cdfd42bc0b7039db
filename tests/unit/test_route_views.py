"""`/routes` and the card of one as they read, in both languages and within Telegram's limits."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.middlewares.locale import speaking
from handlers.outside_callbacks import RouteCard, RouteList
from handlers.views.answer import Answer
from handlers.views.card import card
from handlers.views.failures import failure
from handlers.views.route_card import route_card
from handlers.views.route_words import route_words
from handlers.views.routes import route_list
from handlers.words import LANGUAGES, catalogues
from services.domain.access import Actor, Role, Scope
from services.domain.containers import Condition, Container, Details, Diagnosis, Reason, State
from services.domain.reports import Card, Observed
from services.domain.routes import ExpectedRoute, HostRoutes, Route, RouteFault, RoutesReport, route_key
from services.domain.routing import Backend, EntryPoint, Middleware, Protocol, Router, RouterTls, Service
from services.errors import ApiRefusedLogin, HostSilent, NoSuchDomain, NoSuchProbe, NoSuchRoute, Silence
from tests.unit.test_menu_views import labels
from tests.unit.test_views import assert_fits

ALMATY = ZoneInfo("Asia/Almaty")
NOW = datetime(2026, 11, 23, 14, 6, 31, tzinfo=ALMATY)
FOUR_AGO = NOW - timedelta(minutes=4)
ADMIN, OPERATOR, VIEWER = (Actor(1, role.name, role, Scope.of("*/*")) for role in reversed(Role))
WEBSECURE = EntryPoint("websecure", ":443", Protocol.TCP, 443)
LOGIN = Middleware(Protocol.HTTP, "team@docker", "basicauth")
HERE = RouteCard(asker="3e9", host="server2", key="0" * 12)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with speaking(catalogues("en"), ALMATY):
        yield


def observed(name: str, host: str = "server2", *, down: bool = False) -> Observed:
    state = State.EXITED if down else State.RUNNING
    diagnosis = (
        Diagnosis(Condition.DOWN, Reason.EXITED, FOUR_AGO, 137)
        if down
        else Diagnosis(Condition.WELL, Reason.RUNNING, FOUR_AGO)
    )
    return Observed(Container(host, "c" * 64, name, "image:1", state, None, FOUR_AGO), diagnosis)


def route(domain: str, name: str = "", *faults: RouteFault, host: str = "server2", **more: Any) -> Route:
    """A good one unless told otherwise."""
    router = Router(
        Protocol.HTTP, f"{name}@docker", "docker", f"Host(`{domain}`)", f"{name}@docker", ("websecure",),
        tls=RouterTls("letsencrypt"),
    )  # fmt: skip
    fields = {
        "router": router, "container": observed(name, host), "port": 80, "entry_points": (WEBSECURE,),
        "up": 1, "servers": 1, **more,
    }  # fmt: skip
    return Route(host, domain, faults=faults, **fields)


def planned(domain: str, host: str = "server1", *, active: bool = False, faults: Any = ()) -> Route:
    """One that only the settings know."""
    return Route(host, domain, expected=ExpectedRoute(domain, host, "n8n", 5678, active), faults=faults)


DIRECTUS = route(
    "dir.tapbot.kz", "directus", RouteFault.NO_LIVE_SERVER, up=0, servers=2,
    service=Service(Protocol.HTTP, "directus@docker", "docker", "loadbalancer", (
        Backend("http://172.18.0.3:80", up=False), Backend("http://172.18.0.4:80", up=False))),
)  # fmt: skip
PGADMIN = route("pg.tapbot.kz", "pgadmin", RouteFault.NO_REDIRECT, middlewares=(LOGIN,))
FINE = [
    route("logs2.tapbot.kz", "dozzle", port=8080, middlewares=(LOGIN,)),
    route("portainer2.tapbot.kz", "portainer", port=9000),
    route("traefik2.tapbot.kz", "traefik", own=True, port=8080),
]
SERVER2 = HostRoutes("server2", (DIRECTUS, PGADMIN, *FINE), "3.7.1")
SERVER1 = HostRoutes("server1", tuple(map(planned, ("n8n.tapbot.kz", "redis1.tapbot.kz"))), "3.7.1")
UNREACHED = HostRoutes("server1", SERVER1.routes, trouble=ApiRefusedLogin("traefik", host="server1"))


def report(*hosts: HostRoutes) -> RoutesReport:
    return RoutesReport(hosts, NOW)


def text(answer: Answer) -> str:
    """As it is seen."""
    return answer.text.render()[0].replace("\u2060", "")


def buttons(answer: Answer) -> list[list[str]]:
    return [[each.text for each in row] for row in answer.rows if row]


def test_the_list() -> None:
    answer = route_list(report(SERVER2, SERVER1), "3e9")
    assert text(answer).splitlines() == [
        "🔴 2 of 5 routes need you",
        "",
        "server2 · 2 of 5 need you",
        "🔴 dir.tapbot.kz → directus:80 · no live server (0 of 2 up)",
        "🟡 pg.tapbot.kz → pgadmin:80 · plain HTTP is not redirected",
        "🟢 3 fine",
        "logs2.tapbot.kz → dozzle:8080 · login",
        "portainer2.tapbot.kz → portainer:9000",
        "traefik2.tapbot.kz → Traefik:8080",
        "",
        "server1",
        "⚪ 2 planned, not there yet",
        "n8n.tapbot.kz → n8n:5678",
        "redis1.tapbot.kz → n8n:5678",
        "",
        "14:06:31",
    ]
    assert buttons(answer) == [
        ["dir.tapbot.kz ▸", "pg.tapbot.kz ▸"], ["server2 ▸", "server1 ▸", "↻"],
    ]  # fmt: skip
    assert [each.type for each in answer.text.render()[1]] == [
        "bold", "bold", "expandable_blockquote", "bold", "expandable_blockquote",
    ]  # fmt: skip


def test_the_same_in_russian() -> None:
    with speaking(catalogues("ru"), ALMATY):
        lines = text(route_list(report(SERVER2, SERVER1), "3e9")).splitlines()
    assert lines[:7] == [
        "🔴 2 из 5 маршрутов требуют внимания",
        "",
        "server2 · 2 из 5 требуют внимания",
        "🔴 dir.tapbot.kz → directus:80 · нет живых бэкендов (0 из 2)",
        "🟡 pg.tapbot.kz → pgadmin:80 · HTTP не перенаправляется на HTTPS",
        "🟢 3 в порядке",
        "logs2.tapbot.kz → dozzle:8080 · нужен вход",
    ]
    assert "⚪ в планах, пока нет: 2" in lines


def test_a_host_alone_has_a_button_for_each_route_and_the_way_back() -> None:
    answer = route_list(report(SERVER2), "3e9", host="server2")
    assert text(answer).splitlines()[:3] == ["🔴 2 of 5 routes need you", "", "server2"]
    assert buttons(answer) == [
        ["dir.tapbot.kz ▸", "pg.tapbot.kz ▸"],
        ["logs2.tapbot.kz ▸"],
        ["portainer2.tapbot.kz ▸"],
        ["traefik2.tapbot.kz ▸"],
        ["‹ All hosts", "↻"],
    ]


def test_a_traefik_that_cannot_be_asked_is_never_green() -> None:
    fine = HostRoutes("server2", tuple(FINE))
    assert text(route_list(report(UNREACHED, fine), "3e9")).splitlines()[:6] == [
        "⚠️ Routes not known: server1",
        "",
        "⚠️ server1: Traefik refuses the login: an admin must mend the settings.",
        "⚠️ 2 not checked",
        "n8n.tapbot.kz → n8n:5678",
        "redis1.tapbot.kz → n8n:5678",
    ]
    silence = HostSilent("server1", Silence.UNREACHABLE, FOUR_AGO)
    silent = text(route_list(report(HostRoutes("server1", trouble=silence), SERVER2), "3e9")).splitlines()
    assert silent[0] == "🔴 2 of 5 routes need you · not known: server1"
    assert silent[2] == "⚠️ server1: no contact since 14:02"


def test_empty_states() -> None:
    assert text(route_list(report(HostRoutes("server2", tuple(FINE))), "3e9")).startswith(
        "🟢 All routes fine: 3\n"
    )
    empty = route_list(report(HostRoutes("server2")), "3e9")
    assert text(empty).splitlines() == ["No routes", "", "server2", "no routes", "", "14:06:31"]
    nothing = "No routes in your scope, or no Traefik in the settings (hosts.NAME.traefik)."
    assert text(route_list(report(), "3e9")) == nothing


EXPECTED = ExpectedRoute("dir.tapbot.kz", "server2", "pgadmin", 8080)
TOLD = {
    RouteFault.MISSING: ("no such route in Traefik", "в Traefik нет такого маршрута"),
    RouteFault.REFUSED: (
        "Traefik refuses it: no such middleware",
        "Traefik его не принимает: no such middleware",
    ),
    RouteFault.NO_LIVE_SERVER: ("no live server (0 of 1 up)", "нет живых бэкендов (0 из 1)"),
    RouteFault.WRONG_SERVICE: (
        "leads elsewhere, the settings expect pgadmin:8080",
        "ведёт не туда, по настройкам: pgadmin:8080",
    ),
    RouteFault.WRONG_PORT: ("wrong port, the settings expect 8080", "не тот порт, по настройкам: 8080"),
    RouteFault.NO_TLS: ("no TLS", "без TLS"),
    RouteFault.NO_REDIRECT: ("plain HTTP is not redirected", "HTTP не перенаправляется на HTTPS"),
    RouteFault.UNEXPECTED: ("not in the settings", "нет в настройках"),
    RouteFault.ALREADY_THERE: ("only planned, but already there", "в планах, но уже есть"),
    RouteFault.WARNED: (
        "Traefik warns of it: no such middleware",
        "Traefik предупреждает: no such middleware",
    ),
}


@pytest.mark.parametrize("fault", RouteFault)
def test_each_fault_has_its_words(fault: RouteFault) -> None:
    service = Service(Protocol.HTTP, "s", "docker", errors=("no such middleware",))
    up = 0 if fault is RouteFault.NO_LIVE_SERVER else 1
    faulty = route("dir.tapbot.kz", "directus", fault, expected=EXPECTED, service=service, up=up)
    for language, words in zip(("en", "ru"), TOLD[fault], strict=True):
        with speaking(catalogues(language), ALMATY):
            assert route_words(faulty, NOW) == words


def test_what_leads_elsewhere_is_not_told_of_its_port_too() -> None:
    faults = RouteFault.WRONG_SERVICE, RouteFault.WRONG_PORT, RouteFault.NO_TLS
    wrong = route("dir.tapbot.kz", "directus", *faults, expected=EXPECTED)
    assert route_words(wrong, NOW) == "leads elsewhere, the settings expect pgadmin:8080, no TLS"


def test_a_container_that_is_down_says_since_when() -> None:
    down = replace(DIRECTUS, container=observed("directus", down=True))
    assert route_words(down, NOW) == "no live server, its container: down since 14:02, exit 137"
    assert route_words(down, NOW, brief=True) == "no live server"


def test_a_part_of_the_servers_is_trouble_and_no_fault() -> None:
    some = route("a.kz", "a", up=2, servers=3)
    answer = text(route_list(report(HostRoutes("server2", (some,))), "3e9"))
    assert answer.startswith("🟡 1 of 1 routes needs you")
    assert "🟡 a.kz → a:80 · 2 of 3 servers up" in answer


def test_the_card() -> None:
    shown = route_card(
        replace(DIRECTUS, container=observed("directus", down=True)), ADMIN, HERE, NOW, protected=False
    )
    assert text(shown).splitlines() == [
        "🔴 dir.tapbot.kz on server2: no live server",
        "→ directus:80 · 0 of 2 servers up",
        "Down: http://172.18.0.3:80, http://172.18.0.4:80",
        "🔴 directus: down since 14:02, exit 137",
        "websecure :443 · TLS, certificate by letsencrypt",
        "Router directus@docker: Host(`dir.tapbot.kz`)",
        "14:06:31",
    ]
    assert buttons(shown) == [
        ["Logs", "Start", "directus ▸"],
        ["dir.tapbot.kz ↗", "Check"],
        ["‹ Routes", "↻"],
    ]
    assert shown.rows[1][0].url == "https://dir.tapbot.kz"
    assert shown.rows[2][0].callback_data == RouteList(asker="3e9").pack()
    with speaking(catalogues("ru"), ALMATY):
        lines = text(route_card(PGADMIN, ADMIN, HERE, NOW, protected=False)).splitlines()
    assert lines == [
        "🟡 pg.tapbot.kz · server2: HTTP не перенаправляется на HTTPS",
        "→ pgadmin:80 · живых бэкендов: 1 из 1",
        "🟢 pgadmin: работает с 14:02",
        "websecure :443 · TLS, сертификат получает letsencrypt",
        "Вход: BasicAuth",
        "Роутер pgadmin@docker: Host(`pg.tapbot.kz`)",
        "14:06:31",
    ]


@pytest.mark.parametrize(
    ("actor", "protected", "first"),
    [
        (VIEWER, False, ["Logs", "pgadmin ▸"]),
        (OPERATOR, False, ["Logs", "Restart", "pgadmin ▸"]),
        (OPERATOR, True, ["Logs", "pgadmin ▸"]),
        (ADMIN, True, ["Logs", "Restart", "pgadmin ▸"]),
    ],
)
def test_buttons_are_for_who_may(actor: Actor, *, protected: bool, first: list[str]) -> None:
    assert buttons(route_card(PGADMIN, actor, HERE, NOW, protected=protected))[0] == first


def test_the_card_of_one_that_is_only_planned() -> None:
    shown = route_card(planned("n8n.tapbot.kz"), ADMIN, HERE, NOW, protected=False)
    assert text(shown).splitlines() == [
        "⚪ n8n.tapbot.kz on server1: planned, not there yet", "→ n8n:5678", "14:06:31",
    ]  # fmt: skip
    assert buttons(shown) == [["‹ Routes", "↻"]]


def test_one_that_could_not_be_checked_is_not_called_fine() -> None:
    unknown = planned("n8n.tapbot.kz", active=True)
    shown = text(route_card(unknown, ADMIN, HERE, NOW, protected=False))
    assert shown.startswith("⚠️ n8n.tapbot.kz on server1: not known, Traefik cannot be asked now\n")
    listed = text(route_list(report(HostRoutes("server1", (unknown, FINE[0]))), "3e9")).splitlines()
    assert listed[:6] == [
        "🟢 All routes fine: 1", "", "server1", "⚠️ 1 not checked", "n8n.tapbot.kz → n8n:5678", "🟢 1 fine",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tls", "words"),
    [
        (None, "no TLS"),
        (RouterTls(), "TLS, certificate of a file or Traefik's own"),
        (RouterTls(passthrough=True), "TLS, up to the container itself"),
    ],
)
def test_kinds_of_tls(tls: RouterTls | None, words: str) -> None:
    assert PGADMIN.router
    shown = route_card(
        replace(PGADMIN, router=replace(PGADMIN.router, tls=tls)), ADMIN, HERE, NOW, protected=False
    )
    assert f"websecure :443 · {words}" in text(shown)
    assert shown.rows[1][0].url == ("https" if tls else "http") + "://pg.tapbot.kz"


def test_what_traefik_says_is_told_in_its_words() -> None:
    service = Service(Protocol.HTTP, "s", "docker", errors=('the service "x" does not exist', "b", "c", "d"))
    shown = text(route_card(replace(PGADMIN, service=service), ADMIN, HERE, NOW, protected=False))
    assert 'Traefik says: the service "x" does not exist\nTraefik says: b\nTraefik says: c\nRouter' in shown


@pytest.mark.parametrize(
    "domain", ["*.tapbot.kz", "localhost", "10.0.0.1", "-a.kz", "a..kz", "", "a" * 64 + ".kz"]
)
def test_what_no_browser_opens_has_no_button(domain: str) -> None:
    shown = route_card(route(domain, "directus"), ADMIN, HERE, NOW, protected=False)
    assert not any(each.url for row in shown.rows for each in row)


def container_card(*routes: Route) -> Answer:
    details = Details(
        "c" * 64, State.RUNNING, None, FOUR_AGO, None, 0, oom_killed=False, error="", restart_count=0,
        restart_policy="always", stop_timeout=10, tty=False, log_driver="json-file", memory_limit=None,
    )  # fmt: skip
    row = observed("directus")
    labels = {"traefik.http.routers.d.rule": "Host(`dir.tapbot.kz`)"}
    row = Observed(replace(row.container, labels=labels), row.diagnosis)
    return card(Card(row, details, None, protected=False, at=NOW), ADMIN, "3e9", routes=routes)


def test_a_containers_card_tells_how_its_routes_are() -> None:
    no_tls = route("cms.tapbot.kz", "directus", RouteFault.NO_TLS)
    fine = route("dir.tapbot.kz", "directus")
    lines = text(container_card(fine, no_tls)).splitlines()
    assert lines[-3:] == ["🟡 cms.tapbot.kz · no TLS", "🟢 dir.tapbot.kz · fine", "14:06:31"]
    assert "Domains: dir.tapbot.kz" in text(container_card())
    many = text(container_card(*(route(f"{number}.kz", "directus") for number in range(300))))
    assert "and 290 more" in many


def test_a_near_miss_has_buttons() -> None:
    near = (("server1", "a.kz", "0" * 12), ("server2", "a.kz", "1" * 12), ("server2", "b.kz", "2" * 12))
    missed = failure(NoSuchRoute("c.kz", near), "3e9", "card", NOW)
    assert text(missed) == 'No route "c.kz". Did you mean:'
    assert labels(missed) == ["server1/a.kz", "server2/a.kz", "b.kz"]
    assert (
        text(failure(NoSuchRoute("a", near, fits=True), "3e9", "card", NOW))
        == 'Several routes fit "a". Which one?'
    )
    assert labels(failure(NoSuchRoute("servr1", hosts=("server1",)), "3e9", "card", NOW)) == ["server1"]
    lost = failure(NoSuchRoute("zzz"), "3e9", "card", NOW)
    assert (text(lost), labels(lost)) == ('No route "zzz".', ["Routes"])
    assert labels(failure(NoSuchDomain("zzz"), "3e9", "card", NOW)) == ["Check a domain"]
    assert labels(failure(NoSuchProbe("zzz"), "3e9", "card", NOW)) == ["Uptime"]
    assert not labels(failure(NoSuchRoute(""), "3e9", "card", NOW)), "a button that led nowhere"


def test_the_longest_button_data_fits_in_64_bytes() -> None:
    asker, host = f"{2**52 - 1:x}", "h" * 24
    data = RouteCard(asker=asker, host=host, key="f" * 12, page=999, alone=True)
    assert len(data.pack().encode()) <= 64
    assert RouteCard.unpack(data.pack()).back == RouteList(asker=asker, host=host, page=999)
    assert len(RouteList(asker=asker, host=host, page=999).pack().encode()) <= 64


def test_five_hundred_routes_stand_on_pages_of_two_dozen_trouble_first() -> None:
    rows = [
        route(f"s{n:03}.tapbot.kz", f"s{n:03}", *([RouteFault.NO_TLS] if n % 10 == 0 else []))
        for n in range(500)
    ]
    first = route_list(report(HostRoutes("server2", tuple(rows))), "3e9")
    assert text(first).startswith("🟡 50 of 500 routes need you")
    assert [each for each in labels(first) if each.startswith("s0")][:3] == [
        "s000.tapbot.kz ▸",
        "s010.tapbot.kz ▸",
        "s020.tapbot.kz ▸",
    ]
    assert labels(first)[24:] == ["2/21 ›", "↻"]
    last = route_list(report(HostRoutes("server2", tuple(rows))), "3e9", page=999)
    assert "‹ 20/21" in labels(last)


def test_the_trouble_of_all_hosts_comes_before_the_rest() -> None:
    hosts = [
        HostRoutes(f"server{h}", (route(f"bad{h}.kz", "bad", RouteFault.MISSING, host=f"server{h}"),
            *(route(f"{h}-{n}.tapbot.kz", "x", host=f"server{h}") for n in range(200))))
        for h in range(3)
    ]  # fmt: skip
    first = text(route_list(report(*hosts), "3e9"))
    assert all(f"bad{h}.kz" in first for h in range(3))
    assert first.index("bad2.kz") < first.index("0-0.tapbot.kz")
    seen = all_pages(report(*hosts))
    assert all(f"{h}-{n}.tapbot.kz →" in seen for h in range(3) for n in range(200))


HOSTILE = st.sampled_from(
    (
        "",
        "a" * 300,
        "\u202egro.live",
        "@everyone",
        "https://evil.example",
        "/restart",
        "a\nb",
        "😀" * 200,
        "x.kz",
        "\x00",
    )
)
hostile_routes = st.builds(
    Route,
    host=st.just("server2"),
    domain=HOSTILE,
    protocol=st.sampled_from(Protocol),
    router=st.none()
    | st.builds(
        Router, st.just(Protocol.HTTP), HOSTILE, st.just("docker"), HOSTILE, HOSTILE,
        tls=st.none() | st.builds(RouterTls, HOSTILE, st.booleans()), errors=st.lists(HOSTILE, max_size=9).map(tuple),
    ),
    service=st.none()
    | st.builds(
        Service, st.just(Protocol.HTTP), HOSTILE, st.just("docker"),
        servers=st.lists(st.builds(Backend, HOSTILE, st.just(False)), max_size=9).map(tuple),
        errors=st.lists(HOSTILE, max_size=9).map(tuple),
    ),
    container=st.none() | st.builds(observed, HOSTILE, down=st.booleans()),
    port=st.none() | st.integers(1, 65535),
    middlewares=st.lists(st.builds(Middleware, st.just(Protocol.HTTP), HOSTILE, HOSTILE), max_size=9).map(tuple),
    entry_points=st.lists(
        st.builds(EntryPoint, HOSTILE, HOSTILE, st.just(Protocol.TCP), st.none() | st.just(443)), max_size=9
    ).map(tuple),
    up=st.integers(0, 2),
    servers=st.integers(0, 3),
    own=st.booleans(),
    expected=st.none() | st.builds(ExpectedRoute, HOSTILE, st.just("server2"), HOSTILE, st.just(80), st.booleans()),
    faults=st.lists(st.sampled_from(RouteFault), max_size=10, unique=True).map(tuple),
)  # fmt: skip


@settings(max_examples=60)
@given(st.lists(hostile_routes, max_size=30), st.sampled_from(LANGUAGES), st.booleans())
def test_whatever_labels_say_fits_and_is_no_link(told: list[Route], language: str, silent: bool) -> None:
    host = HostRoutes("server2", tuple(told), trouble=ApiRefusedLogin("traefik") if silent else None)
    with speaking(catalogues(language), ALMATY):
        shown = [*pages(report(host, SERVER2)), *pages(report(host))]
        shown += [route_card(each, ADMIN, HERE, NOW, protected=False) for each in told]
        shown.append(container_card(*told))
    for answer in shown:
        assert_fits(answer)
        words, entities = answer.text.render()
        quoted = {each.type for each in entities}
        assert quoted <= {"bold", "code", "expandable_blockquote"}
        assert "\u202e" not in words and "\x00" not in words
        for each in entities:
            if each.type == "code":
                words = words.replace(each.extract_from(words), "")
        assert not any(live in words for live in ("@everyone", "://evil", "/restart", "x.kz"))
        assert all(len((each.callback_data or "").encode()) <= 64 for row in answer.rows for each in row)
        assert all(each.text.strip() for row in answer.rows for each in row)


def test_a_thousand_routes_with_the_longest_names() -> None:
    rows = tuple(route("a" * 240 + f".x{n:04}.kz", "c" * 120, RouteFault.NO_TLS) for n in range(1000))
    seen = all_pages(report(HostRoutes("server2", rows)))
    assert all(f".x{n:04}.kz" in seen for n in range(1000))


def pages(told: RoutesReport) -> Iterator[Answer]:
    for page in range(1000):
        answer = route_list(told, "3e9", page=page)
        yield answer
        if not any(label.startswith(f"{page + 2}/") for label in labels(answer)):
            return


def all_pages(told: RoutesReport) -> str:
    """Each within the limits."""
    shown = list(pages(told))
    for each in shown:
        assert_fits(each)
    return "\n".join(map(text, shown))


def test_what_is_not_http_says_so_and_no_browser_opens_it() -> None:
    database = route("db.tapbot.kz", "postgres", protocol=Protocol.TCP, port=5432)
    shown = route_card(database, ADMIN, HERE, NOW, protected=False)
    assert "→ postgres:5432/tcp · 1 of 1 server up" in text(shown).splitlines()
    assert len(buttons(shown)) == 2


def test_keys_are_told_apart() -> None:
    assert len({route_key(each) for each in SERVER2.routes}) == len(SERVER2.routes)
