"""What is typed behind `/routes` → a host's routes, one route, or what may have been meant."""

import pytest

from services.domain.access import Actor, Role, Scope
from services.domain.routes import HostRoutes, Route, RoutesReport, route_key
from services.errors import NoSuchHost, NoSuchRoute
from services.routes.names import look_up, resolve_route
from services.routes.routes import Routes
from tests.unit.test_route_views import NOW, planned, route

DIRECTUS = route("dir.tapbot.kz", "directus")
PGADMIN = route("pg.tapbot.kz", "pgadmin")
TRAEFIKS = [route(f"traefik{n}.tapbot.kz", "traefik", host=f"server{n}", own=True) for n in (1, 2)]
N8N = planned("n8n.tapbot.kz")
REPORT = RoutesReport(
    (HostRoutes("server1", (N8N, TRAEFIKS[0])), HostRoutes("server2", (DIRECTUS, PGADMIN, TRAEFIKS[1]))), NOW
)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("dir.tapbot.kz", DIRECTUS),
        ("Dir.Tapbot.KZ.", DIRECTUS),
        ("https://dir.tapbot.kz/admin/login?x=1", DIRECTUS),
        ("dir.tapbot.kz/admin", DIRECTUS),
        ("http://dir.tapbot.kz:8080", DIRECTUS),
        ("directus", DIRECTUS),
        ("server2/directus", DIRECTUS),
        ("directus@docker", DIRECTUS),
        ("pg", PGADMIN),
        ("n8n", N8N),
        ("server1/traefik", TRAEFIKS[0]),
    ],
)
def test_a_name_that_fits(typed: str, meant: Route) -> None:
    assert resolve_route(typed, REPORT) is meant


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("dr.tapbot.kz", "dir.tapbot.kz"),
        ("dir.tapbot.ky", "dir.tapbot.kz"),
        ("dri.tapbot.kz", "dir.tapbot.kz"),
        ("direktus", "dir.tapbot.kz"),
        ("вшкюефзищеюля", "dir.tapbot.kz"),
        ("tapbot.kz", None),
        ("zzzzzz.example.org", None),
        ("https://", None),
        ("/", None),
        ("..", None),
    ],
)
def test_a_near_miss_is_offered_and_noise_is_not(typed: str, first: str | None) -> None:
    with pytest.raises(NoSuchRoute) as missed:
        resolve_route(typed, REPORT)
    near = missed.value.near
    assert not missed.value.fits
    if first:
        assert near[0] == ("server2", first, route_key(DIRECTUS))
    if typed == "dr.tapbot.kz":
        assert len(near) == 1, "that all end with tapbot.kz makes none of them near"


def test_what_fits_several_is_asked_back() -> None:
    with pytest.raises(NoSuchRoute) as missed:
        resolve_route("traefik", REPORT)
    assert missed.value.fits
    assert [(host, domain) for host, domain, _key in missed.value.near] == [
        ("server1", "traefik1.tapbot.kz"),
        ("server2", "traefik2.tapbot.kz"),
    ]
    with pytest.raises(NoSuchRoute) as missed:
        resolve_route("a.kz", RoutesReport((HostRoutes("h", (route("a.kz", "x"), route("a.kz", "y"))),), NOW))
    assert [domain for _host, domain, _key in missed.value.near] == ["a.kz → x@docker", "a.kz → y@docker"]


def test_a_mistyped_host_is_offered() -> None:
    with pytest.raises(NoSuchRoute) as missed:
        resolve_route("srever1", REPORT)
    assert (missed.value.near, missed.value.hosts[0]) == ((), "server1")


class Hidden(Routes):
    """server2 is out of sight."""

    def __init__(self) -> None:  # asks nobody
        self.asked: list[str | None] = []

    async def report(self, *, by: Actor, host: str | None = None) -> RoutesReport:
        self.asked.append(host)
        if host not in (None, "server1"):
            raise NoSuchHost(host)
        return RoutesReport((REPORT.hosts[0],), NOW)


async def test_a_hidden_host_is_looked_up_as_any_word() -> None:
    actor = Actor(1, "A", Role.VIEWER, Scope.of("server1/*"))
    assert (await look_up(Hidden(), "SERVER1", by=actor)) == RoutesReport((REPORT.hosts[0],), NOW)
    for word in ("server2", "server7"):
        routes = Hidden()
        with pytest.raises(NoSuchRoute) as missed:
            await look_up(routes, word, by=actor)
        assert routes.asked == [word, None], "at once, so that it takes no longer"
        assert missed.value.hosts == ("server1",)
