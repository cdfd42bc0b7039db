"""The bot's own /metrics, from what happens to what Prometheus makes of it."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.metrics_core import Metric

from bot import web
from bot.gauges import Gauges
from bot.values import Listen
from playground.telegram import Message
from services.metrics import own
from services.prometheus import Prometheus, open_prometheus
from tests.alertmanager import WEBHOOK_TOKEN
from tests.bots import AIGERIM, DIAS, OPS, STUDENT, TOKEN, Setup, running
from tests.conftest import Cast
from tests.lab.monitoring import PrometheusServer, free_port
from tests.lab.servers import Lab
from tests.scraping import OPENMETRICS, scrape, until

Make = Callable[..., Setup]

ROOT = Path(__file__).parents[2]


@pytest.fixture
def port() -> int:
    return free_port()


def listening(port: int, **more: Any) -> dict[str, Any]:
    return {"http": {"metrics_listen": f"127.0.0.1:{port}"}, **more}


async def test_commands_are_told_by_name_and_outcome_and_strangers_words_are_not(
    cast: Cast, setup: Make, port: int
) -> None:
    async with running(setup(more=listening(port))):
        for words in ("/help", "/HELP", "/nonsense-4711 with words", "/logs nowhere-4712"):
            await cast.aigerim.says(words)
            await cast.telegram.next_message(cast.aigerim)
        await cast.student.says("/audit")
        await cast.telegram.next_message(cast.student)
        await cast.stranger.says("/help")
        found = await until(
            port, lambda s: s.value("vakhta_commands_total", command="audit", outcome="denied") == 1
        )
    assert found.value("vakhta_commands_total", command="help", outcome="done") == 2
    assert found.value("vakhta_commands_total", command="logs", outcome="failed") == 1
    assert found.value("vakhta_commands_total", command="other", outcome="done") == 1
    assert found.value("vakhta_command_duration_seconds_count", command="help") == 2
    assert (found.value("vakhta_updates_total", kind="message") or 0) >= 5
    assert (found.value("vakhta_telegram_call_duration_seconds_count", method="sendMessage") or 0) >= 5
    said = found.text
    for secret in (
        TOKEN.partition(":")[2],
        str(AIGERIM),
        str(DIAS),
        str(STUDENT),
        str(OPS),
        "471",
        "Aigerim",
    ):
        assert not any(secret in value for value in found.label_values), (secret, said)


async def test_all_that_is_promised_is_there_in_every_format(cast: Cast, setup: Make, port: int) -> None:
    async with running(setup(more=listening(port))):
        await cast.aigerim.says("/help")
        await cast.telegram.next_message(cast.aigerim)
        modern = await until(port, lambda s: bool(s.of("vakhta_commands_total")))
        old = await scrape(port, accept="text/plain")
        odd = await scrape(port, accept=f"{OPENMETRICS}; version=newest")
    assert modern.content_type.startswith(OPENMETRICS)
    assert old.content_type.startswith("text/plain")
    for found in (modern, old, odd):
        for family in own.FAMILIES:
            name = family.name.removesuffix("_total")
            assert found.families.get(name) == family.kind, family
            assert f"# HELP {name}" in found.text
    assert {name for name in modern.families if name.startswith("vakhta_")} == {
        family.name.removesuffix("_total") for family in own.FAMILIES
    }, "nothing beside what is documented"
    assert {"process_cpu_seconds", "process_resident_memory_bytes", "python_info"} <= modern.families.keys()
    assert not any(name.endswith("_created") for name, _labels in modern.samples)


async def test_it_has_a_listener_of_its_own(cast: Cast, setup: Make, port: int) -> None:
    other = free_port()
    http = {"metrics_listen": f"127.0.0.1:{port}", "listen": f"127.0.0.1:{other}"}
    async with running(setup(more={"http": http})), httpx.AsyncClient(trust_env=False) as client:
        await until(port, lambda s: bool(s.samples))
        assert (await client.get(f"http://127.0.0.1:{other}/metrics")).status_code == 404
        for path in ("/healthz", "/readyz", "/hooks/alertmanager"):
            assert (await client.get(f"http://127.0.0.1:{port}{path}")).status_code == 404


async def test_a_scrape_that_takes_its_time_is_not_cut_off(
    monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    """Connections are closed when they are old; very many containers on a busy machine take longer than that."""
    monkeypatch.setattr(web, "LIFETIME", 0.1)
    gauges = Gauges()
    gauges.crowds.append(_slow)
    async with web.serve_metrics(Listen("127.0.0.1", port), gauges):
        found = await scrape(port)
    assert "vakhta_build_info" in found.families


def _slow() -> Iterator[Metric]:
    time.sleep(1)  # in a thread, as all that goes through very many things
    yield from ()


async def test_alerts_are_counted_from_the_hook_to_the_chat(cast: Cast, setup: Make, port: int) -> None:
    hook = free_port()
    alert = {"status": "firing", "labels": {"alertname": "Storm"}, "startsAt": "2026-01-01T00:00:00Z"}
    body = {"version": "4", "groupKey": "g", "receiver": "r", "status": "firing", "alerts": [alert]}
    more = {
        "http": {"metrics_listen": f"127.0.0.1:{port}", "listen": f"127.0.0.1:{hook}"},
        "alerts": {"webhook_token": WEBHOOK_TOKEN, "chats": [{"id": OPS}]},
    }
    async with running(setup(more=more)), httpx.AsyncClient(trust_env=False) as client:
        await until(port, lambda s: bool(s.of("vakhta_inbox_entries")))
        cast.telegram.fail_next("sendMessage", "500")
        told = await client.post(
            f"http://127.0.0.1:{hook}/hooks/alertmanager",
            json=body,
            headers={"Authorization": f"Bearer {WEBHOOK_TOKEN}"},
        )
        assert told.status_code == 200
        await cast.telegram.next_message(cast.ops, 20)
        found = await until(
            port,
            lambda s: (
                s.value("vakhta_deliveries_total", outcome="made") == 1
                and s.value("vakhta_delivery_waiting") == 0
            ),
        )
    assert found.value("vakhta_notifications_received_total", origin="alertmanager") == 1
    assert found.value("vakhta_alerts_received_total", origin="alertmanager", status="firing") == 1
    assert found.value("vakhta_telegram_errors_total", method="sendMessage", kind="server") == 1
    assert found.value("vakhta_delivery_oldest_seconds") == 0
    assert found.value("vakhta_deliveries_total", outcome="refused") == 0, "there before it happens"
    assert found.value("vakhta_inbox_entries") == 0


@pytest.mark.lab
async def test_how_containers_are(lab: Lab, cast: Cast, setup: Make, port: int) -> None:
    server = lab.servers["server2"]
    both = setup(*lab.servers.values(), more=listening(port))
    async with running(both):

        def figures(name: str) -> dict[str, str]:
            return {"host": "server2", "container": name}

        found = await until(port, lambda s: len(s.of("vakhta_container_running")) == 11)
        assert found.value("vakhta_container_running", **figures("directus")) == 1
        assert found.value("vakhta_container_expected_down", **figures("directus")) == 0
        assert found.value("vakhta_container_state", state="running", **figures("directus")) == 1
        assert [found.value("vakhta_host_up", host=host) for host in lab.servers] == [1, 1]
        assert found.value("vakhta_ssh_connections_total", host="server2") == 1

        await cast.dias.says("/stop pgadmin")
        question = await cast.telegram.next_message(cast.dias)
        await cast.dias.presses(question, "Yes, stop")
        await cast.telegram.until(lambda: question.text.startswith("✅"), 30)
        await asyncio.to_thread(server.docker, "kill", "directus")
        found = await until(  # the watch gives what dies a second before it judges
            port,
            lambda s: (
                s.value("vakhta_container_running", **figures("directus")) == 0
                and s.value("vakhta_container_expected_down", **figures("directus")) == 0
            ),
        )
        assert found.value("vakhta_container_expected_down", **figures("pgadmin")) == 1
        assert found.value("vakhta_container_state", state="exited", **figures("pgadmin")) == 1
        assert found.value("vakhta_container_state", state="running", **figures("pgadmin")) is None

        await asyncio.to_thread(server.docker, "restart", "-t", "0", "dozzle")
        found = await until(
            port, lambda s: s.value("vakhta_container_restarts_total", **figures("dozzle")) == 1
        )
        assert found.value("vakhta_container_restarts_total", **figures("portainer")) == 0
        assert any(value.startswith("button:") for value in found.label_values)


@pytest.mark.lab
async def test_a_dead_host_is_told_of_and_waited_for_by_nobody(
    lab: Lab, cast: Cast, setup: Make, port: int
) -> None:
    server = lab.servers["server1"]
    async with running(setup(*lab.servers.values(), more=listening(port))):
        await until(port, lambda s: len(s.of("vakhta_container_running")) == 11)
        await asyncio.to_thread(server.pull_cable)
        found = await until(port, lambda s: s.value("vakhta_host_up", host="server1") == 0, 30)
        assert {labels["host"] for labels in found.of("vakhta_container_running")} == {"server2"}
        async with asyncio.timeout(2):  # each question to the dead one would take as long
            for _ in range(10):
                await scrape(port)
        await asyncio.to_thread(server.plug_cable)
        found = await until(port, lambda s: s.value("vakhta_host_up", host="server1") == 1, 60)
        assert found.value("vakhta_ssh_reconnects_total", host="server1") == 1


def documented_rule() -> str:
    """`service_down` as docs/metrics.md has it."""
    text = (ROOT / "docs/metrics.md").read_text()
    found = re.search(r"^```\n(vakhta_container_running == 0 .+)\n```$", text, re.MULTILINE)
    assert found
    return found[1]


@pytest.mark.lab
async def test_service_down_fires_for_what_was_killed_and_not_for_what_a_person_stopped(
    tmp_path: Path, lab: Lab, cast: Cast, setup: Make, port: int
) -> None:
    """A real Prometheus scrapes the bot with what docs/metrics.md says."""
    (configuration,) = re.findall(r"```yaml\n(.+?)```", (ROOT / "docs/metrics.md").read_text(), re.DOTALL)
    config = yaml.safe_load(configuration.replace("127.0.0.1:9464", f"127.0.0.1:{port}"))
    config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = ["rules.yml"]
    rule = {"alert": "service_down", "expr": documented_rule()}
    rules = {"groups": [{"name": "own", "rules": [rule]}]}
    server = lab.servers["server2"]
    async with running(setup(server, more=listening(port))):
        with PrometheusServer(tmp_path / "prom", config, rules=rules) as prometheus:
            async with open_prometheus(prometheus.url) as api:
                ours = "vakhta_container_expected_down"
                team = {"directus", "dozzle", "pgadmin", "portainer", "postgres", "traefik"}
                await _until_found(api, f"{ours} == 0", team)  # so it has been scraped before
                await cast.dias.says("/stop pgadmin")
                question = await cast.telegram.next_message(cast.dias)
                await cast.dias.presses(question, "Yes, stop")
                await cast.telegram.until(lambda: _done(question), 30)
                await asyncio.to_thread(server.docker, "kill", "directus")
                fires = 'ALERTS{alertname="service_down", alertstate="firing"}'
                await _until_found(api, fires, {"directus"})
                await _until_found(api, f"{ours} == 1", {"pgadmin"})
                assert await _containers(api, "max_over_time(ALERTS[1m])") == {"directus"}, "for no moment"


async def _containers(api: Prometheus, promql: str) -> set[str]:
    found = await api.query(promql)
    assert {sample.labels["host"] for sample in found} <= {"server2"}
    return {sample.labels["container"] for sample in found}


async def _until_found(api: Prometheus, promql: str, containers: set[str]) -> None:
    async with asyncio.timeout(30):
        while await _containers(api, promql) != containers:
            await asyncio.sleep(0.2)


def _done(question: Message) -> bool:
    return question.text.startswith("✅")
