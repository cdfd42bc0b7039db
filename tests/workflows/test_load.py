"""Real load, seen by a real node-exporter, until the chat says so and shows it, somebody takes it, and it is over.

The shipped configurations of Prometheus and Alertmanager and the shipped rule, but for their times.
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from services.metrics.catalogue import Catalogue, rendered
from services.prometheus import open_prometheus
from tests.alertmanager import WEBHOOK_TOKEN
from tests.bots import OPS, Setup, running
from tests.conftest import Cast
from tests.lab.exporters import LabCpu, NodeExporter
from tests.lab.monitoring import AlertmanagerServer, PrometheusServer, free_port
from tests.lab.obtainable import obtainable
from tests.lab.servers import Lab
from tests.lab.shipped import alertmanager_config, prometheus_config, rules
from tests.workflows.test_chart import is_photo

pytestmark = pytest.mark.lab

# A minute of load becomes five seconds, and five of waiting three seconds.
QUICKER = ("[1m]", "[5s]")
PATIENCE = "3s"


def quick_rule(name: str) -> str:
    """The shipped one, in a file of its own."""
    (rule,) = (dict(each) for each in rules() if each["alert"] == name)
    assert QUICKER[0] in rule["expr"] and "for" in rule
    rule |= {"expr": rule["expr"].replace(*QUICKER), "for": PATIENCE}
    return yaml.safe_dump({"groups": [{"name": "quick", "rules": [rule]}]})


@pytest.fixture
def port() -> int:
    return free_port()


@dataclass(frozen=True)
class Monitoring:
    cpu: LabCpu
    prometheus: PrometheusServer
    alertmanager: AlertmanagerServer


@pytest.fixture
def monitoring(tmp_path: Path, port: int) -> Iterator[Monitoring]:
    """port: of the bot's hook."""
    token, directory = tmp_path / "token", tmp_path / "rules"
    token.write_text(WEBHOOK_TOKEN)
    directory.mkdir()
    (directory / "quick.yml").write_text(quick_rule("high_cpu"))
    url = f"http://127.0.0.1:{port}"
    waits = (("group_wait: 30s ", "group_wait: 1s "), ("group_interval: 5m ", "group_interval: 5s "))
    alertmanager = AlertmanagerServer(tmp_path / "alertmanager", alertmanager_config(url, token, *waits))
    cpu = LabCpu(tmp_path / "proc")
    node = NodeExporter(tmp_path / "node", cpu)
    with obtainable(), cpu, node, alertmanager:
        addresses = {
            "server1:9100": node.address,
            "alertmanager:9093": f"127.0.0.1:{alertmanager.port}",
        }
        each_second = (
            ("scrape_interval: 15s", "scrape_interval: 1s"),
            ("evaluation_interval: 15s", "evaluation_interval: 1s"),
        )
        config = prometheus_config(addresses, *each_second, rules=directory)
        with PrometheusServer(tmp_path / "prometheus", config) as prometheus:
            yield Monitoring(cpu, prometheus, alertmanager)


async def test_load_is_told_with_its_picture_taken_and_over(
    lab: Lab, cast: Cast, setup: Callable[..., Setup], monitoring: Monitoring, port: int
) -> None:
    prometheus = monitoring.prometheus.url
    more = {
        "http": {"listen": f"127.0.0.1:{port}", "metrics_listen": "off"},
        "prometheus": {"url": prometheus},
        "alertmanager": {"url": monitoring.alertmanager.url},
        "alerts": {"webhook_token": WEBHOOK_TOKEN, "chats": [{"id": OPS}], "pictures": True},
    }
    query = rendered(Catalogue().metric("cpu"), hosts=["server1"], window=timedelta(seconds=5))
    async with running(setup(lab.servers["server1"], more=more)), open_prometheus(prometheus) as source:
        async with asyncio.timeout(20):
            while [sample.value < 20 for sample in await source.query(query)] != [True]:
                await asyncio.sleep(0.1)
        with monitoring.cpu.load():
            message = await cast.telegram.next_message(cast.ops, 40)
            assert re.match(r"🔥 CPU at (8[1-9]|9\d|100) % on server1", message.text)
            (sample,) = await source.query(query)
            assert sample.value > 80
            picture = await cast.telegram.next_message(cast.ops, 20)
            assert is_photo(picture)
            assert picture.reply_to is message
            assert "CPU · server1" in picture.caption
            await cast.dias.presses(message, "Acknowledge")
            await cast.telegram.until(lambda: "👤 Acknowledged: Dias" in message.text)
        await cast.telegram.until(lambda: message.text.startswith("✅"), 40)
        assert "👤 Acknowledged: Dias" in message.text
    assert [each for each in cast.ops.sent if each.reply_to is None] == [message]
