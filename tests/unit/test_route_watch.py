"""Drift becomes one finding, and never one beside what the watch over containers says already."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.domain.alerts import Severity
from services.domain.containers import Health, State
from services.domain.findings import ROUTE_DRIFT, Finding
from services.domain.routing import Routing
from services.errors import ApiTimeout, HostSilent, Silence
from services.routes.watch import RouteWatch
from tests.clock import HandClock
from tests.unit.route_hosts import HostInHand, HostsInHand
from tests.unit.route_scenery import HOST, PLAIN, container, expects, plain, router, routing, service

DIR = "dir.example.org"
SERVICE = service("directus", "http://172.18.0.3:8055")
WELL = routing(router("directus", DIR), SERVICE)
BARE = routing(plain("directus", DIR), SERVICE)
GONE = routing()


class Stage:
    def __init__(self) -> None:
        self.clock = HandClock()
        self.directus = container("directus", "172.18.0.3", domain=DIR, port=8055)
        self.here = HostInHand([self.directus], WELL)
        self.hosts = HostsInHand({HOST: self.here, "server1": HostInHand([], routing())})
        expected = [
            expects(DIR, "directus", 8055),
            expects("later.example.org", "later", active=False),
            replace(expects("other.example.org", "other"), host="bare"),
        ]
        self.watch = RouteWatch(self.hosts.surveyor(*expected), self.clock)
        self.told: list[Finding] = []
        self.rounds = self.watch.rounds(self.report, self.open_of)

    async def report(self, finding: Finding) -> None:
        self.told.append(finding)

    async def open_of(self, _names: object) -> list[Finding]:
        return []

    async def after_looks(self, count: int = 2) -> list[Finding]:
        """What they tell."""
        self.told.clear()
        for _ in range(count):
            await self.rounds.once()
            self.clock.pass_by(seconds=30)
        return list(self.told)

    def lives(self, *, since: float = 86400, health: Health | None = None) -> None:
        """The container runs since so many seconds."""
        self.here.rows = [replace(self.directus, health=health)]
        self.here.started["directus"] = self.clock.now() - timedelta(seconds=since)


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.mark.parametrize(
    ("told", "faults", "severity"),
    [
        (BARE, "no_tls", Severity.WARNING),
        (routing(router("directus", DIR), SERVICE, PLAIN), "no_redirect", Severity.WARNING),
        (routing(router("a", DIR), service("a", "http://172.18.0.3:1")), "wrong_port", Severity.WARNING),
        (
            routing(plain("a", DIR), service("a", "http://203.0.113.7:1")),
            "wrong_service,wrong_port,no_tls",
            Severity.WARNING,
        ),
        (routing(plain("directus", DIR), service("directus")), "no_live_server,no_tls", Severity.CRITICAL),
        (GONE, "missing", Severity.CRITICAL),
    ],
)
async def test_drift_is_told_from_its_start_to_its_end(
    stage: Stage, told: Routing, faults: str, severity: Severity
) -> None:
    stage.here.routing = told
    began = stage.clock.now()
    (found,) = await stage.after_looks(3)
    assert found == Finding(
        ROUTE_DRIFT, HOST, "directus", severity, began, subject=DIR, notes={"faults": faults}
    )
    stage.here.routing = WELL
    (over,) = await stage.after_looks(1)
    assert (over.key, over.ended is not None) == (found.key, True)


async def test_what_is_well_planned_or_without_a_traefik_is_not_told(stage: Stage) -> None:
    assert await stage.after_looks(4) == []


async def test_what_is_only_noted_is_not_told(stage: Stage) -> None:
    stage.here.routing = routing(
        *WELL.routers,
        SERVICE,
        router("x", "x.example.org"),
        router("later", "later.example.org"),
        service("later"),
    )
    assert await stage.after_looks(3) == []


@pytest.mark.parametrize("state", [state for state in State if state is not State.RUNNING])
async def test_a_container_that_does_not_run_is_no_drift(stage: Stage, state: State) -> None:
    stage.here.routing = GONE
    stage.here.stop("directus", state)
    assert await stage.after_looks(5) == []


async def test_nor_is_it_while_it_starts(stage: Stage) -> None:
    stage.here.routing = GONE
    stage.lives(since=0)
    assert await stage.after_looks(2) == []
    stage.lives(health=Health.STARTING)
    assert await stage.after_looks(3) == []
    stage.lives()
    assert len(await stage.after_looks(2)) == 1, "now it has no excuse"


async def test_a_stop_between_two_questions_is_seen(stage: Stage) -> None:
    """The list says that it runs, Traefik has dropped it already, the inspect says that it does not run."""
    stage.here.routing = GONE
    running = list(stage.here.rows)

    async def listed_before(*, deadline: float) -> list[object]:
        stage.here.stop("directus")
        return list(running)

    engine = stage.hosts.engine(HOST)
    engine.containers = listed_before  # type: ignore[method-assign, assignment]
    stage.watch._surveyor.engine = lambda _host: engine
    assert await stage.after_looks(4) == []


async def test_after_a_stop_and_a_start_nothing_was_told(stage: Stage) -> None:
    stage.here.stop("directus")
    stage.here.routing = GONE
    told = await stage.after_looks(3)
    stage.lives(since=1)
    told += await stage.after_looks(1)
    stage.here.routing = WELL
    assert told + await stage.after_looks(4) == []


async def test_what_cannot_be_asked_stays_as_it_is(stage: Stage) -> None:
    stage.here.routing = BARE
    (found,) = await stage.after_looks(2)
    stage.here.trouble = ApiTimeout("traefik", 5)
    assert await stage.after_looks(2) == []
    stage.here.trouble, stage.here.silence = None, HostSilent(HOST, Silence.UNREACHABLE)
    stage.here.routing = WELL
    assert await stage.after_looks(2) == []
    stage.here.silence, stage.hosts.store_is_away = None, True
    stage.here.routing = BARE
    assert await stage.after_looks(2) == []
    stage.hosts.store_is_away = False
    stage.here.stop("directus")
    assert await stage.after_looks(2) == []
    stage.lives()
    stage.here.routing = WELL
    (over,) = await stage.after_looks(1)
    assert (over.key, over.started) == (found.key, found.started)


async def test_more_of_it_is_news_and_worse_is_another(stage: Stage) -> None:
    stage.here.routing = BARE
    await stage.after_looks(2)
    stage.here.routing = routing(plain("directus", DIR), service("directus", "http://172.18.0.3:1"))
    (news,) = await stage.after_looks(2)
    assert (news.notes["faults"], news.severity) == ("wrong_port,no_tls", Severity.WARNING)
    stage.here.routing = GONE
    worse, over = await stage.after_looks(2)
    assert (over.key, worse.severity) == (news.key, Severity.CRITICAL)
    assert over.ended


async def test_a_finding_keeps_its_containers_name_when_that_is_removed(stage: Stage) -> None:
    stage.here.routing = GONE
    (found,) = await stage.after_looks(2)
    stage.here.rows = []
    assert await stage.after_looks(3) == []
    assert found.container == "directus"
