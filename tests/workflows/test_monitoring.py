"""With real Alertmanager and Prometheus: rules fire into the chat, our own watch joins them, nothing is double."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from playground.telegram import Message
from services.alertmanager import open_alertmanager
from services.prometheus import open_prometheus
from tests.alertmanager import WEBHOOK_TOKEN
from tests.bots import OPS, Setup, running
from tests.conftest import Cast, labels
from tests.lab.monitoring import AlertmanagerServer, Gauge, PrometheusServer, free_port
from tests.lab.servers import Lab
from tests.lab.shipped import alertmanager_config, rules

pytestmark = [pytest.mark.lab, pytest.mark.long]

Make = Callable[..., Setup]

AWAY = float(os.environ.get("AWAY", "20"))  # seconds

(SERVICE_DOWN,) = (rule for rule in rules() if rule["alert"] == "service_down")  # as it is shipped
HIGH_CPU = {
    "alert": "high_cpu",
    "expr": "cpu_usage > 80",
    "labels": {"severity": "warning"},
    "annotations": {"summary": "CPU of {{ $labels.host }} is at {{ $value }} %"},
}
RULES = {"groups": [{"name": "team", "rules": [SERVICE_DOWN, HIGH_CPU]}]}


class Monitoring:
    """The team's monitoring with the shipped configuration of Alertmanager, but for a wait of half a minute."""

    def __init__(self, home: Path, port: int, gauge: Gauge) -> None:
        self.port = port
        self.figures = free_port()  # of the bot itself
        for part in ("am", "prom"):
            (home / part).mkdir()
        token = home / "token"
        token.write_text(WEBHOOK_TOKEN)
        config = alertmanager_config(
            f"http://127.0.0.1:{port}",
            token,
            ("group_wait: 30s ", "group_wait: 1s "),
            ("group_interval: 5m ", "group_interval: 5s "),
        )
        self.alertmanager = AlertmanagerServer(home / "am", config)
        self.prometheus = PrometheusServer(
            home / "prom",
            scrape=[gauge.address, f"127.0.0.1:{self.figures}"],
            alertmanagers=[self.alertmanager.url],
            rules=RULES,
            interval=1,
        )

    def watched(self, setup: Setup, **more: object) -> Setup:
        block = {
            "http": {"listen": f"127.0.0.1:{self.port}", "metrics_listen": f"127.0.0.1:{self.figures}"},
            "alertmanager": {"url": self.alertmanager.url},
            "prometheus": {"url": self.prometheus.url},
            "alerts": {"webhook_token": WEBHOOK_TOKEN, "chats": [{"id": OPS}]},
        }
        return replace(setup, more={**block, **more})


@pytest.fixture
async def gauge() -> AsyncIterator[Gauge]:
    async with Gauge() as gauge:
        yield gauge


@pytest.fixture
def monitoring(tmp_path: Path, gauge: Gauge) -> Iterator[Monitoring]:
    found = Monitoring(tmp_path, free_port(), gauge)
    with found.alertmanager, found.prometheus:
        yield found


def living(cast: Cast) -> list[Message]:
    return [message for message in cast.ops.sent if message.reply_to is None]


async def test_a_rule_fires_is_taken_survives_a_restart_and_ends(
    cast: Cast, setup: Make, monitoring: Monitoring, gauge: Gauge
) -> None:
    made = monitoring.watched(setup())
    async with running(made):
        gauge.set("cpu_usage", {"host": "server1"}, 93)
        message = await cast.telegram.next_message(cast.ops, 30)
        assert message.text.startswith("🔥 CPU of server1 is at 93 %")
        await cast.dias.presses(message, "Acknowledge")
        await cast.telegram.until(lambda: "👤 Acknowledged: Dias" in message.text)
    async with running(made):
        gauge.set("cpu_usage", {"host": "server1"}, 12)
        await cast.telegram.until(lambda: message.text.startswith("✅"), 40)
        assert "👤 Acknowledged: Dias" in message.text
    assert living(cast) == [message]


async def test_silenced_in_alertmanager_by_name_and_undone(
    cast: Cast, setup: Make, monitoring: Monitoring, gauge: Gauge
) -> None:
    hosts = {"server1": {"address": "unix:///nowhere.sock"}}
    made = replace(monitoring.watched(setup()), hosts=hosts)
    async with running(made), open_alertmanager(monitoring.alertmanager.url) as api:
        gauge.set("cpu_usage", {"host": "server1"}, 93)
        message = await cast.telegram.next_message(cast.ops, 30)
        await cast.dias.presses(message, "Silence")
        await cast.telegram.until(lambda: "high_cpu" in labels(message))
        await cast.dias.presses(message, "high_cpu")
        await cast.telegram.until(lambda: "4 h" in labels(message))
        await cast.dias.presses(message, "4 h")
        await cast.telegram.until(lambda: "🔕 until " in message.text)
        (silence,) = await api.silences()
        assert (silence.created_by, [m.value for m in silence.matchers]) == ("Dias", ["high_cpu"])
        assert all(alert.suppressed for alert in await api.alerts())
        await cast.dias.says("/silences")
        listed = await cast.telegram.next_message(cast.dias)
        await cast.dias.presses(listed, "1 · +1 h")
        await cast.telegram.until(lambda: len(listed.edits) == 1)
        await cast.dias.presses(message, "Undo")
        await cast.telegram.until(lambda: "🔕" not in message.text)
        assert [each.state for each in await api.silences() if each.state != "expired"] == []


async def test_a_killed_container_is_one_message_with_the_rule_of_prometheus_firing_too(
    lab: Lab, cast: Cast, setup: Make, monitoring: Monitoring
) -> None:
    server = lab.servers["server2"]
    made = monitoring.watched(setup(server))
    async with running(made), open_prometheus(monitoring.prometheus.url) as prometheus:
        await cast.dias.says("/status")
        await cast.telegram.next_message(cast.dias, 20)
        async with asyncio.timeout(20):
            while not await prometheus.query('vakhta_container_running{container="directus"} == 1'):
                await asyncio.sleep(0.1)
        began = time.monotonic()
        server.docker("kill", "directus")
        message = await cast.telegram.next_message(cast.ops, 10)
        took = time.monotonic() - began
        await cast.telegram.until(lambda: "exit 137" in message.text)
        assert message.text.startswith("🔥 directus is down on server2")
        assert took < 3
        async with asyncio.timeout(90):
            while not await prometheus.query('ALERTS{alertname="service_down",alertstate="firing"}'):
                await asyncio.sleep(0.1)
        await asyncio.sleep(8)  # Alertmanager has looked at the group
        assert living(cast) == [message]
        server.docker("start", "directus")
        await cast.telegram.until(lambda: message.text.startswith("✅ directus is back"), 40)
        assert living(cast) == [message]


async def test_what_was_stopped_on_purpose_fires_no_rule(
    lab: Lab, cast: Cast, setup: Make, monitoring: Monitoring
) -> None:
    server = lab.servers["server2"]
    made = monitoring.watched(setup(server))
    async with running(made), open_prometheus(monitoring.prometheus.url) as prometheus:
        await cast.dias.says("/stop directus")
        asked = await cast.telegram.next_message(cast.dias, 20)
        await cast.dias.presses(asked, "Yes, stop")
        async with asyncio.timeout(60):
            while not await prometheus.query('vakhta_container_running{container="directus"} == 0'):
                await asyncio.sleep(0.1)
        await asyncio.sleep(5)  # Prometheus has evaluated its rule some times
        assert await prometheus.query('vakhta_container_expected_down{container="directus"} == 1')
        assert await prometheus.query('ALERTS{alertname="service_down"}') == ()
        assert living(cast) == []


async def test_without_alertmanager_the_same_directly_and_no_double_when_it_is_back(
    lab: Lab, cast: Cast, setup: Make, monitoring: Monitoring
) -> None:
    server = lab.servers["server2"]
    made = monitoring.watched(setup(server))
    monitoring.alertmanager.stop()
    async with running(made):
        await cast.dias.says("/status")
        await cast.telegram.next_message(cast.dias, 20)
        await asyncio.sleep(2)
        server.docker("kill", "directus")
        message = await cast.telegram.next_message(cast.ops, 10)
        assert message.text.startswith("🔥 directus is down on server2")
        monitoring.alertmanager.start()
        async with open_alertmanager(monitoring.alertmanager.url) as api:
            async with asyncio.timeout(90):
                while not await api.alerts():  # the hand-over is tried again each minute
                    await asyncio.sleep(0.5)
        await asyncio.sleep(5)
        assert living(cast) == [message]
        server.docker("start", "directus")
        await cast.telegram.until(lambda: message.text.startswith("✅ directus is back"), 40)
        assert living(cast) == [message]


async def test_what_fired_and_ended_while_the_bot_was_down_is_told_at_its_start(
    cast: Cast, setup: Make, monitoring: Monitoring, gauge: Gauge
) -> None:
    made = monitoring.watched(setup())
    async with running(made):
        await cast.dias.says("/alerts")
        await cast.telegram.next_message(cast.dias)
        await asyncio.sleep(7)  # Prometheus has found what it scrapes
    gone = time.monotonic()
    gauge.set("cpu_usage", {"host": "server1"}, 97)
    await asyncio.sleep(6)
    gauge.set("cpu_usage", {"host": "server1"}, 12)
    await asyncio.sleep(AWAY - (time.monotonic() - gone))
    began = time.monotonic()
    async with running(made):
        message = await cast.telegram.next_message(cast.ops, 30)
        assert time.monotonic() - began < 30
        assert message.text.startswith("✅ resolved: ")
        assert "high_cpu" in message.text or "high cpu" in message.text
        assert "while I was away" in message.text
        await cast.telegram.silence(cast.ops, 3)
