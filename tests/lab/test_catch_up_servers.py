"""What real servers tell about the time when the bot was away."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.alertmanager import PostedAlert, fingerprint, open_alertmanager
from services.alerts.catch_up import CatchUp, Here, Standing
from services.alerts.reconcile import Reconcile
from services.domain.alerts import Matcher, Notification, Report, Status
from services.domain.posts import Notice
from services.prometheus import Prometheus, open_prometheus
from tests.lab.monitoring import AlertmanagerServer, PrometheusServer
from tests.lab.obtainable import obtainable

pytestmark = pytest.mark.lab

BRIEF = 2.0  # seconds


class Now:
    def __init__(self) -> None:
        self.by = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


class Desk:
    def __init__(self) -> None:
        self.clock = Now()
        self.told: list[Notification] = []
        self.standing: dict[str, Standing] = {}

    async def accept(self, notification: Notification) -> None:
        self.told.append(notification)

    async def is_known(self, fingerprint: str, starts: datetime, resolved: bool) -> bool:
        return False

    async def open_alerts(self) -> dict[str, Standing]:
        return self.standing

    async def tell(self, notice: Notice) -> None:
        raise AssertionError(notice)

    @property
    def here(self) -> Here:
        return Here(self.accept, self.open_alerts, self.is_known)

    @property
    def news(self) -> dict[str, Report]:
        return {each.labels["alertname"]: each for one in self.told for each in one.reports}


def start(server: AlertmanagerServer | PrometheusServer) -> None:
    with obtainable():
        server.start()


@pytest.fixture
async def prometheus(tmp_path: Path) -> AsyncIterator[tuple[Prometheus, float]]:
    """And when its alert Brief begins, in Unix seconds, to fire for two."""
    begins = time.time() + 2
    rules = [
        {
            "alert": "Brief",
            "expr": f"vector(time()) > {begins} < {begins + BRIEF}",
            "labels": {"host": "server2"},
        },
        {"alert": "Still", "expr": "vector(1)"},
        {"alert": "Pending", "expr": "vector(1)", "for": "1h"},
        {"alert": "Watchdog", "expr": "vector(1)"},
    ]
    server = PrometheusServer(tmp_path / "prometheus", rules={"groups": [{"name": "team", "rules": rules}]})
    start(server)
    try:
        async with open_prometheus(server.url) as client:
            yield client, begins
    finally:
        server.kill()


async def test_what_fired_and_ended_meanwhile(prometheus: tuple[Prometheus, float]) -> None:
    """Shorter than any step, and yet it is found, however long the bot was away."""
    client, begins = prometheus
    await asyncio.sleep(begins + BRIEF + 2.5 - time.time())
    for away in (timedelta(seconds=20), timedelta(hours=6), timedelta(hours=40)):
        desk = Desk()
        await CatchUp(desk.clock, desk.here, None, client).run(desk.clock.now() - away)
        assert {name: report.status for name, report in desk.news.items()} == {
            "Brief": Status.RESOLVED,
            "Still": Status.FIRING,
        }
        brief = desk.news["Brief"]
        assert brief.labels == {"alertname": "Brief", "host": "server2"}
        assert brief.ends is not None
        if away < timedelta(hours=1):
            begun = datetime.fromtimestamp(begins, UTC)
            assert timedelta(seconds=-1) <= brief.starts - begun <= timedelta(seconds=7)
            assert brief.starts <= brief.ends <= begun + timedelta(seconds=BRIEF + 7)


@pytest.fixture
async def alertmanager(tmp_path: Path) -> AsyncIterator[AlertmanagerServer]:
    server = AlertmanagerServer(tmp_path / "am", CONFIG)
    start(server)
    yield server
    server.kill()


CONFIG = {
    "route": {
        "receiver": "nobody",
        "group_by": ["host"],
        "group_wait": "1h",
        "routes": [{"matchers": ['team="else"'], "receiver": "others"}],
    },
    "receivers": [{"name": "nobody"}, {"name": "others"}],
}


def posted(name: str, **labels: str) -> PostedAlert:
    return PostedAlert({"alertname": name, **labels}, {"summary": name}, datetime.now(UTC))


async def until(fits: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not fits():
            await asyncio.sleep(0.02)


async def test_what_still_fires_group_by_group(alertmanager: AlertmanagerServer) -> None:
    desk = Desk()
    async with open_alertmanager(alertmanager.url) as client:
        now = datetime.now(UTC)
        await client.silence([Matcher("alertname", "Silenced")], now, now + timedelta(hours=1), "Dias", "x")
        names = ("One", "Two", "Silenced", "Watchdog")
        await client.post([posted(name, host="server2") for name in names] + [posted("Far", host="server1")])
        await client.post([posted("Else", team="else")])
        await asyncio.sleep(0.3)
        here = Here(desk.accept, desk.open_alerts, desk.is_known, lambda: {"nobody"})
        await CatchUp(desk.clock, here, client, None).run(None)
    found = {
        tuple(one.labels.items()): {each.labels["alertname"] for each in one.reports} for one in desk.told
    }
    assert found == {(("host", "server2"),): {"One", "Two"}, (("host", "server1"),): {"Far"}}
    assert len({one.key for one in desk.told}) == 2


async def test_an_end_that_no_webhook_tells(alertmanager: AlertmanagerServer) -> None:
    desk = Desk()
    async with open_alertmanager(alertmanager.url) as client:
        await client.post([posted("Still")])
        for name in ("Still", "Gone"):
            labels = {"alertname": name}
            report = Report(fingerprint(labels), labels, {}, Status.FIRING, datetime.now(UTC))
            desk.standing[report.fingerprint] = Standing("{}:{}", report)
        made = Reconcile(desk.clock, desk.here, desk.tell, client, None)
        await made.round()
        desk.clock.by += timedelta(minutes=1)
        await made.round()
        assert desk.told == []  # Alertmanager has only just started
        desk.clock.by += timedelta(minutes=5)
        await made.round()
    assert {name: report.status for name, report in desk.news.items()} == {"Gone": Status.RESOLVED}


async def test_an_alert_whose_webhook_never_came(alertmanager: AlertmanagerServer) -> None:
    desk = Desk()
    async with open_alertmanager(alertmanager.url) as client:
        await client.post([posted("Lost", host="server2")])
        made = Reconcile(desk.clock, desk.here, desk.tell, client, None)
        await asyncio.sleep(0.3)
        await made.round()
        assert desk.told == []
        desk.clock.by += timedelta(seconds=61)
        await made.round()
    assert {name: report.status for name, report in desk.news.items()} == {"Lost": Status.FIRING}
    assert desk.told[0].labels == {"host": "server2"}
