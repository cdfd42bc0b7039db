"""The relay and a real Alertmanager, whose webhook comes back to a hook as the bot's own does."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from services.alertmanager import Alertmanager, fingerprint, open_alertmanager
from services.alerts.decoding import Flaw, head, reports
from services.alerts.relay import Relay
from services.domain.alerts import Matcher, Notification, Report
from services.domain.findings import SEVERITIES, Finding
from services.ports import Store
from services.store.sqlite import open_sqlite
from tests.lab.monitoring import AlertmanagerServer, PrometheusServer, free_port
from tests.lab.obtainable import obtainable

pytestmark = pytest.mark.lab


class Ahead:
    """The real time, and what a test does not care to wait for."""

    def __init__(self) -> None:
        self.by = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


@dataclass
class Rig:
    """heard: what Alertmanager's webhook told; told: what the relay told directly. deaf: the hook is broken."""

    server: AlertmanagerServer
    client: Alertmanager
    store: Store
    clock: Ahead = field(default_factory=Ahead)
    heard: list[Report] = field(default_factory=list)
    told: list[Notification] = field(default_factory=list)
    deaf: bool = False
    relay: Relay = field(init=False)

    async def hook(self, request: web.Request) -> web.Response:
        if self.deaf:
            return web.Response(status=404)
        for each in reports(head(await request.read()), self.clock.now()):
            assert not isinstance(each, Flaw)
            self.heard.append(each)
            await self.relay.heard(each)
        return web.Response()

    async def accept(self, notification: Notification) -> None:
        self.told.append(notification)

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        until = self.clock.now() + timedelta(seconds=seconds)
        while not event.is_set() and self.clock.now() < until:
            await asyncio.sleep(0.01)

    def finding(self) -> Finding:
        name = "service_down"
        return Finding(name, "server2", "directus", SEVERITIES[name], datetime.now(UTC))

    @property
    def news(self) -> list[str]:
        return [each.reports[0].status for each in self.told]


@pytest.fixture
def port() -> int:
    """Of the hook."""
    return free_port()


@pytest.fixture
def server(tmp_path: Path, port: int) -> Iterator[AlertmanagerServer]:
    made = AlertmanagerServer(tmp_path / "am", config(port))
    with obtainable():
        made.start()
    yield made
    made.kill()


def config(port: int) -> dict[str, Any]:
    return {
        "route": {
            "receiver": "vakhta",
            "group_by": ["alertname", "host", "container"],
            "group_wait": "200ms",
            "group_interval": "1s",
        },
        "receivers": [{"name": "vakhta", "webhook_configs": [{"url": f"http://127.0.0.1:{port}/"}]}],
    }


@asynccontextmanager
async def hooked(rig: Rig, port: int) -> AsyncIterator[None]:
    app = web.Application()
    app.router.add_post("/", rig.hook)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    running = asyncio.ensure_future(rig.relay.run())
    try:
        yield
    finally:
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await runner.cleanup()


@pytest.fixture
async def rig(server: AlertmanagerServer, port: int, tmp_path: Path) -> AsyncIterator[Rig]:
    async with open_alertmanager(server.url) as client:
        store = await open_sqlite(tmp_path / "vakhta.db", Ahead())
        made = Rig(server, client, store)
        made.relay = Relay(store, made.clock, made.accept, client, wait=made.wait)
        async with hooked(made, port):
            yield made
        await store.close()


async def until(fits: Callable[[], bool], seconds: float = 10) -> float:
    """How long it took."""
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while not fits():
            await asyncio.sleep(0.01)
    return time.monotonic() - began


async def statuses(rig: Rig) -> Sequence[tuple[str, bool]]:
    return [(each.fingerprint, each.suppressed) for each in await rig.client.alerts()]


async def test_its_webhook_brings_the_finding_and_its_end(rig: Rig) -> None:
    found = rig.finding()
    await rig.relay.report(found)
    assert await until(lambda: len(rig.heard) == 1) < 2.5
    assert rig.heard[0].labels == {
        "alertname": "service_down",
        "severity": "critical",
        "host": "server2",
        "container": "directus",
        "channels": "telegram",
    }
    assert rig.heard[0].fingerprint == fingerprint(rig.heard[0].labels)
    assert abs(rig.heard[0].starts - found.started) < timedelta(milliseconds=2)
    assert rig.heard[0].annotations == {"summary": "directus is down on server2"}
    await rig.relay.report(replace(found, ended=datetime.now(UTC)))
    await until(lambda: [each.status for each in rig.heard] == ["firing", "resolved"])
    rig.clock.by += timedelta(seconds=40)
    await asyncio.sleep(0.5)
    assert rig.told == []
    assert await rig.store.scan("finding/") == {}


@pytest.mark.parametrize("how", ["stopped", "hanging"])
async def test_without_it_directly_and_posted_when_it_is_back(rig: Rig, how: str) -> None:
    process = rig.server._process
    assert process
    if how == "stopped":
        rig.server.stop()
    else:
        process.send_signal(signal.SIGSTOP)
    found = rig.finding()
    await rig.relay.report(found)
    took = await until(lambda: rig.news == ["firing"])
    assert took < 3.5
    if how == "stopped":
        rig.server.start()
    else:
        process.send_signal(signal.SIGCONT)
    rig.clock.by += timedelta(seconds=60)
    await until(lambda: len(rig.heard) == 1)
    assert rig.heard[0].fingerprint == rig.told[0].reports[0].fingerprint
    await rig.relay.report(replace(found, ended=datetime.now(UTC)))
    await until(lambda: rig.news == ["firing", "resolved"])
    await until(lambda: rig.heard[-1].status == "resolved")
    assert len(rig.told) == 2


async def test_a_webhook_that_does_not_get_through(rig: Rig) -> None:
    rig.deaf = True
    await rig.relay.report(rig.finding())
    async with asyncio.timeout(5):
        while not await statuses(rig):
            await asyncio.sleep(0.05)
    assert rig.told == []
    rig.clock.by += timedelta(seconds=10)
    await until(lambda: rig.news == ["firing"])


async def test_a_silence_of_alertmanagers_rules(rig: Rig) -> None:
    now = datetime.now(UTC)
    await rig.client.silence([Matcher("host", "server2")], now, now + timedelta(hours=1), "Dias", "work")
    found = rig.finding()
    await rig.relay.report(found)
    async with asyncio.timeout(5):
        while not await statuses(rig):
            await asyncio.sleep(0.05)
    rig.clock.by += timedelta(seconds=10)
    await asyncio.sleep(0.5)
    assert [suppressed for _, suppressed in await statuses(rig)] == [True]
    await rig.relay.report(replace(found, ended=datetime.now(UTC)))
    async with asyncio.timeout(5):
        while await statuses(rig):
            await asyncio.sleep(0.05)
    rig.clock.by += timedelta(seconds=40)
    await asyncio.sleep(0.5)
    assert (rig.heard, rig.told) == ([], [])
    assert await rig.store.scan("finding/") == {}


async def test_dead_at_the_end_the_end_is_told_directly(rig: Rig) -> None:
    found = rig.finding()
    await rig.relay.report(found)
    await until(lambda: len(rig.heard) == 1)
    rig.server.kill()
    await rig.relay.report(replace(found, ended=datetime.now(UTC)))
    await asyncio.sleep(0.5)
    assert rig.told == []
    rig.clock.by += timedelta(seconds=31)
    await until(lambda: rig.news == ["resolved"])


async def test_it_is_one_alert_with_what_prometheus_says(rig: Rig, tmp_path: Path) -> None:
    labels = {"severity": "critical", "host": "server2", "container": "directus", "channels": "telegram"}
    # It finds its Alertmanager 5 s after its start, and what it told before it tells again in a minute only.
    expr = f"vector(time()) > {time.time() + 7}"
    rule = {"alert": "service_down", "expr": expr, "labels": labels}
    rules = {"groups": [{"name": "team", "rules": [rule]}]}
    with PrometheusServer(tmp_path / "p", alertmanagers=[rig.server.url], rules=rules):
        await until(lambda: len(rig.heard) == 1, 20)
        await rig.relay.report(rig.finding())
        async with asyncio.timeout(5):
            while not await rig.store.scan("finding/") or not rig.relay.is_open(rig.heard[0].fingerprint):
                await asyncio.sleep(0.05)
        await asyncio.sleep(1.5)
        assert await statuses(rig) == [(rig.heard[0].fingerprint, False)]
        assert {each.fingerprint for each in rig.heard} == {rig.heard[0].fingerprint}
