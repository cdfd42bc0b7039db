"""The picture that belongs to an alert: by a button below it, and by setting at once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.alertmanager import WEBHOOK_TOKEN, Alertmanager, Fire
from tests.bots import OPS, Setup, running
from tests.conftest import Cast, labels
from tests.contract.grafana import TOKEN, DocumentedGrafana, documented_grafana
from tests.lab.monitoring import PrometheusServer, free_port
from tests.lab.obtainable import obtainable
from tests.lab.past import Past, remember
from tests.workflows.test_chart import answered, is_photo

Make = Callable[..., Setup]

HOSTS = {name: {"address": f"unix:///nowhere/{name}.sock"} for name in ("server1", "server2")}
METRICS = {
    "cpu": {
        "title": "Load of the CPU",
        "promql": 'heat{host=~"$host"}',
        "level": "host",
        "unit": "percent",
        "thresholds": {"warning": 80},
    },
    "container_memory": {
        "title": "Memory of containers",
        "promql": 'part_memory{host=~"$host",container=~"$container"}',
        "level": "container",
        "unit": "bytes",
    },
}
DIRECTUS = {"host": "server2", "container": "directus"}


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    server = PrometheusServer(tmp_path_factory.mktemp("prometheus"))
    with obtainable():
        remember(
            server,
            datetime.now(UTC),
            Past("heat", {"host": "server2"}, lambda hours: 91.0, hours=1),
            Past("part_memory", DIRECTUS, lambda hours: 2.0**28, hours=1),
        )
        server.start()
    yield server
    server.kill()


@asynccontextmanager
async def alarmed(setup: Make, prometheus: str | None, **more: Any) -> AsyncIterator[Alertmanager]:
    port = free_port()
    alerts = {"webhook_token": WEBHOOK_TOKEN, "chats": [{"id": OPS}], **more.pop("alerts", {})}
    block: dict[str, Any] = {"http": {"listen": f"127.0.0.1:{port}"}, "hosts": HOSTS, "metrics": METRICS}
    block |= {"prometheus": {"url": prometheus}} if prometheus else {}
    async with running(setup(more=block | {"alerts": alerts} | more)), Alertmanager(port) as alertmanager:
        yield alertmanager


async def test_a_button_shows_the_metric_of_the_alert(
    cast: Cast, setup: Make, prometheus: PrometheusServer
) -> None:
    async with alarmed(setup, prometheus.url) as alertmanager:
        await alertmanager.tells(Fire("high_cpu", {"host": "server2"}))
        alert = await cast.telegram.next_message(cast.ops)
        assert labels(alert) == ["Acknowledge", "Silence", "Graph"]
        await cast.dias.presses(alert, "Graph")
        picture = await answered(cast, cast.ops)
        assert is_photo(picture)
        assert picture.reply_to is alert
        assert picture.caption.startswith("🟡 Load of the CPU · server2: 91%")
        await cast.dias.presses(picture, "6 h")
        await cast.telegram.until(lambda: "✓ 6 h" in labels(picture))


async def test_who_presses_sees_his_own_scope(cast: Cast, setup: Make, prometheus: PrometheusServer) -> None:
    """The student, who may see */directus alone."""
    async with alarmed(setup, prometheus.url) as alertmanager:
        await alertmanager.tells(Fire("high_cpu", {"host": "server2"}))
        alert = await cast.telegram.next_message(cast.ops)
        await cast.student.presses(alert, "Graph")
        reply = await answered(cast, cast.ops)
        assert not is_photo(reply)
        assert "91" not in reply.text


async def test_where_no_metric_fits_or_nothing_knows_it_there_is_no_button(
    cast: Cast, setup: Make, prometheus: PrometheusServer
) -> None:
    async with alarmed(setup, prometheus.url) as alertmanager:
        await alertmanager.tells(Fire("odd", {"host": "server2"}))
        assert "Graph" not in labels(await cast.telegram.next_message(cast.ops))
        await alertmanager.tells(Fire("service_down", DIRECTUS))
        alert = await cast.telegram.next_message(cast.ops)
        assert labels(alert) == ["Acknowledge", "Silence", "Logs", "Restart", "Graph"]
    async with alarmed(setup, None) as alertmanager:
        await alertmanager.tells(Fire("high_cpu", {"host": "server1"}))
        assert "Graph" not in labels(await cast.telegram.next_message(cast.ops))


async def test_by_setting_it_comes_at_once_in_silence_and_once(
    cast: Cast, setup: Make, prometheus: PrometheusServer
) -> None:
    async with alarmed(setup, prometheus.url, alerts={"pictures": True}) as alertmanager:
        fire = Fire("service_down", DIRECTUS)
        key = await alertmanager.tells(fire)
        alert = await cast.telegram.next_message(cast.ops)
        picture = await cast.telegram.next_message(cast.ops, 15)
        assert is_photo(picture)
        assert picture.silent
        assert picture.reply_to is alert
        assert picture.caption.startswith("Memory of containers · server2/directus: 256 MiB")
        other = Fire("service_down", {"host": "server2", "container": "n8n"})
        await alertmanager.tells(fire, other, key=key)
        await cast.telegram.until(lambda: alert.text.startswith("🔥 2 containers are down"))
        await cast.telegram.silence(cast.ops, 1)
        await cast.aigerim.presses(picture, "🌙")
        assert is_photo(await answered(cast, cast.ops)), "of his own: that one is everybody's"


async def test_the_alert_comes_though_its_picture_does_not(cast: Cast, setup: Make) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    async with alarmed(setup, nowhere, alerts={"pictures": True}) as alertmanager:
        await alertmanager.tells(Fire("high_cpu", {"host": "server2"}))
        alert = await cast.telegram.next_message(cast.ops)
        await cast.telegram.silence(cast.ops, 1)
        await cast.dias.presses(alert, "Graph")
        reply = await answered(cast, cast.ops)
        assert reply.text == "Prometheus cannot be reached: is it running, and is its address right?"


@pytest.fixture
async def grafana() -> AsyncIterator[DocumentedGrafana]:
    async with documented_grafana() as grafana:
        yield grafana


async def test_an_incident_is_annotated_in_grafana(
    cast: Cast, setup: Make, grafana: DocumentedGrafana, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.annotations.EVERY", 0.1)
    more = {"grafana": {"url": grafana.url, "token": TOKEN}}
    async with alarmed(setup, None, **more) as alertmanager:
        await cast.telegram.until(lambda: not grafana.annotations)
        fire = Fire("service_down", DIRECTUS)
        key = await alertmanager.tells(fire)
        await cast.telegram.next_message(cast.ops)
        await settled(lambda: bool(grafana.annotations))
        (only,) = grafana.annotations.values()
        assert only["text"] == "service_down: server2/directus"
        fire.over()
        await alertmanager.tells(fire, key=key)
        await settled(lambda: "timeEnd" in only)


async def settled(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.05)
