"""A host whose filter lets nobody inspect is not said to be out of contact."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.middlewares.locale import speaking
from handlers.views import standards as views
from handlers.words import catalogues
from services.domain.access import Actor, Role, Scope
from services.domain.containers import Container
from services.domain.reports import FleetReport
from services.domain.standards import Norms, StandardsReport
from services.errors import EngineRefused, HostError, HostSilent, NoSuchContainer, Silence
from services.fleet.inventory import Inventory
from services.standards.standards import Standards, unknown
from services.store import open_store
from tests.clock import HandClock

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def told(why: HostError) -> list[str]:
    report = StandardsReport((unknown("server1", NOW, why),), NOW)
    with speaking(catalogues("en"), ZoneInfo("UTC"), "en"):
        text: str = views.overview(report, "1").text.as_kwargs()["text"]
    return text.splitlines()


def test_a_filter_that_forbids_to_inspect_is_told_as_what_it_is() -> None:
    lines = told(EngineRefused("server1", 403, "Forbidden"))
    assert lines[0] == "⚠️ Nothing could be looked at"
    assert "⚠️ server1: no right to inspect there" in lines
    assert "contact" not in "".join(lines)


def test_silence_is_told_as_before() -> None:
    lines = told(HostSilent("server1", Silence.UNREACHABLE))
    assert lines[0] == "⚠️ Not known: no contact with server1"
    assert "⚠️ server1: no contact" in lines


def test_what_the_engine_refuses_otherwise_is_no_ban() -> None:
    assert not unknown("server1", NOW, EngineRefused("server1", 500, "no")).barred


async def test_a_host_of_which_somebody_sees_nothing_is_not_asked_for_him(tmp_path: Path) -> None:
    asked: list[str] = []

    class Deaf:
        def __init__(self, host: str) -> None:
            self.host = host

        async def inventory(self, *, deadline: float) -> Inventory:
            asked.append(self.host)
            raise HostSilent(self.host, Silence.UNREACHABLE)

    class Nobody:
        async def look_up(self, what: str | None, *, by: Actor) -> FleetReport | Container:
            raise NoSuchContainer(what or "")

    engines = {host: Deaf(host) for host in ("server1", "server2")}
    clock = HandClock()
    async with open_store(f"sqlite://{tmp_path}/store.db", clock) as store:
        standards = Standards(Nobody(), engines, Norms(), store, clock)
        viewer = Actor(1003, "Student", Role.VIEWER, Scope.of("server2/directus"))
        assert (await standards.report(by=viewer)).hosts == ()
    assert asked == ["server2"]
