"""Prometheus' client against the real one, and against odd answers."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from services.alertmanager import ActiveAlert, open_alertmanager
from services.errors import (
    ApiBehindPage,
    ApiError,
    ApiNotUnderstood,
    ApiRedirects,
    ApiRefused,
    ApiRefusedLogin,
    ApiTimeout,
)
from services.prometheus import Prometheus, Rule, Sample, open_prometheus
from tests.contract.recorded import answer, answering, recorded
from tests.lab.monitoring import AlertmanagerServer, Gauge, PrometheusServer
from tests.lab.obtainable import obtainable

PAGE = recorded("login.html")
DIRECTUS = {"host": "server2", "container": "directus"}
RULES = {
    "groups": [
        {
            "name": "team",
            "rules": [
                {"record": "half", "expr": "container_running / 2"},
                {
                    "alert": "service_down",
                    "expr": "max by (host, container) (container_running) == 0",
                    "labels": {"severity": "critical"},
                    "annotations": {"summary": "{{ $labels.container }} is down"},
                },
                {"alert": "slow", "expr": "vector(1)", "for": "5m"},
            ],
        }
    ]
}


@pytest.fixture
async def gauge() -> AsyncIterator[Gauge]:
    async with Gauge() as gauge:
        gauge.set("container_running", DIRECTUS, 1)
        gauge.set("container_running", {"host": "server1", "container": 'odd "\\\n name'}, 0.5)
        yield gauge


@pytest.fixture
def start(tmp_path: Path, gauge: Gauge) -> Iterator[Callable[..., PrometheusServer]]:
    servers: list[PrometheusServer] = []

    def make(**more: Any) -> PrometheusServer:
        servers.append(
            PrometheusServer(tmp_path / f"prometheus{len(servers)}", scrape=[gauge.address], **more)
        )
        with obtainable():
            servers[-1].start()
        return servers[-1]

    yield make
    for server in servers:
        server.kill()


async def scraped(prometheus: Prometheus, promql: str, value: float) -> Sample:
    async with asyncio.timeout(15):
        while True:
            for sample in await prometheus.query(promql):
                if sample.value == value:
                    return sample
            await asyncio.sleep(0.05)


@pytest.mark.lab
async def test_figures_now_and_over_time(start: Callable[..., PrometheusServer], gauge: Gauge) -> None:
    began = datetime.now(UTC)
    async with open_prometheus(start().url) as prometheus:
        sample = await scraped(prometheus, 'container_running{container="directus"}', 1)
        assert sample.labels.items() >= {"__name__": "container_running", **DIRECTUS}.items()
        assert began <= sample.at <= datetime.now(UTC)
        (odd,) = await prometheus.query('container_running{host="server1"}')
        assert (odd.labels["container"], odd.value) == ('odd "\\\n name', 0.5)

        gauge.set("container_running", DIRECTUS, 0)
        await scraped(prometheus, 'container_running{container="directus"}', 0)
        ends = datetime.now(UTC) + timedelta(milliseconds=500)  # the step after the last figure
        query = 'container_running{container="directus"}'
        (series,) = await prometheus.range(query, began, ends, timedelta(milliseconds=500))
        values = [value for _at, value in series.points]
        assert values == sorted(values, reverse=True)
        assert set(values) == {0, 1}
        moments = [at for at, _value in series.points]
        assert {later - at for at, later in pairwise(moments)} == {timedelta(milliseconds=500)}
        (then,) = await prometheus.query(query, at=sample.at)
        assert (then.value, abs(then.at - sample.at) <= timedelta(milliseconds=1)) == (1, True)
        assert await prometheus.query(query, at=began - timedelta(hours=1)) == ()


@pytest.mark.lab
async def test_the_kinds_of_results_and_odd_values(start: Callable[..., PrometheusServer]) -> None:
    async with open_prometheus(start().url) as prometheus:
        (scalar,) = await prometheus.query("1 + 1")
        assert (scalar.labels, scalar.value) == ({}, 2)
        values = await prometheus.query(
            'label_replace(vector(0/0), "n", "0", "", "") or label_replace(vector(-1/0), "n", "1", "", "")'
        )
        assert math.isnan(values[0].value)
        assert values[1].value == -math.inf
        assert await prometheus.query("nothing_of_that_name") == ()
        for promql in ("up[5m]", '"text"'):
            with pytest.raises(ApiNotUnderstood):
                await prometheus.query(promql)
        long = "x" * 200_000
        assert (await prometheus.query(f'up{{job="{long}"}} or vector(3)'))[0].value == 3


@pytest.mark.lab
async def test_wrong_queries_are_refused_in_prometheus_words(start: Callable[..., PrometheusServer]) -> None:
    now = datetime.now(UTC)
    async with open_prometheus(start().url) as prometheus:
        with pytest.raises(ApiRefused) as refused:
            await prometheus.query("up{")
        assert (refused.value.api, refused.value.status) == ("prometheus", 400)
        assert "parse error" in refused.value.message
        with pytest.raises(ApiRefused) as refused:
            await prometheus.range("up", now - timedelta(days=365), now, timedelta(seconds=1))
        assert "11,000 points" in refused.value.message
        # Its own deadline comes first or ours does: in either case the answer is not waited for.
        with pytest.raises((ApiTimeout, ApiRefused)):
            await prometheus.range(
                "count(count_over_time((vector(1))[1d:10ms]))",
                now - timedelta(days=7),
                now,
                timedelta(minutes=1),
                deadline=0.3,
            )


@pytest.mark.lab
async def test_rules_and_what_fires_reaches_alertmanager(
    start: Callable[..., PrometheusServer], gauge: Gauge, tmp_path: Path
) -> None:
    alertmanager = AlertmanagerServer(tmp_path / "am")
    with obtainable():
        alertmanager.start()
    with alertmanager:
        server = start(rules=RULES, alertmanagers=[alertmanager.url])
        async with open_prometheus(server.url) as prometheus, open_alertmanager(alertmanager.url) as am:
            down, slow = await prometheus.rules()
            assert down == Rule(
                "service_down",
                {"severity": "critical"},
                {"summary": "{{ $labels.container }} is down"},
                down.state,
                0,
                down.query,
            )
            assert (slow.name, slow.seconds) == ("slow", 300)
            gauge.set("container_running", DIRECTUS, 0)
            async with asyncio.timeout(20):
                while not (fired := await am.alerts()):
                    await asyncio.sleep(0.1)
            (alert,) = fired
            assert isinstance(alert, ActiveAlert)
            assert alert.labels == {"alertname": "service_down", "severity": "critical", **DIRECTUS}
            assert alert.annotations == {"summary": "directus is down"}
            states = {rule.name: rule.state for rule in await prometheus.rules()}
            assert states == {"service_down": "firing", "slow": "pending"}
            await scraped(prometheus, 'ALERTS{alertname="service_down",alertstate="firing"}', 1)
            server.rule({"groups": []})
            server.reload()
            assert await prometheus.rules() == ()


# What is not of its API


async def test_a_newer_version_may_say_more() -> None:
    async with (
        answering(answer(recorded("prometheus-3-query.json"))) as standin,
        open_prometheus(standin.url) as prometheus,
    ):
        found = await prometheus.query("up")
    assert found.warnings == ("results may be truncated",)
    assert [sample.labels.get("host") for sample in found] == ["server2", "server1", "server3"]
    assert found[0].labels["имя"] == "значение"
    assert found[1].value == math.inf
    async with (
        answering(answer(recorded("prometheus-3-rules.json"))) as standin,
        open_prometheus(standin.url) as prometheus,
    ):
        (rule,) = await prometheus.rules()
    assert (rule.name, rule.state, rule.seconds) == ("high_cpu", "pending", 300)


SAMPLE = b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[%b]}]}}'
ODD = {
    "HTML": (answer(PAGE, type="text/html"), ApiBehindPage),
    "redirect": (answer(b"", "Location: /login", status="303 See Other"), ApiRedirects),
    "login": (answer(PAGE, status="401 Unauthorized"), ApiRefusedLogin),
    "empty": (answer(b""), ApiNotUnderstood),
    "truncated": (answer(recorded("prometheus-3-query.json")[:300]), ApiNotUnderstood),
    "no data": (answer(b'{"status":"success"}'), ApiNotUnderstood),
    "an error that says 200": (answer(b'{"status":"error","error":"no"}'), ApiRefused),
    "a moment beyond time": (answer(SAMPLE % b'1e300,"1"'), ApiNotUnderstood),
    "no number": (answer(SAMPLE % b'1,"one"'), ApiNotUnderstood),
    "numbers that are none": (answer(SAMPLE % b"1,1"), ApiNotUnderstood),
    "not ready": (answer(b"Service Unavailable", status="503 Service Unavailable"), ApiRefused),
}


@pytest.mark.parametrize("odd", ODD)
async def test_odd_answers_are_errors_of_the_service(odd: str) -> None:
    says, kind = ODD[odd]
    async with answering(says) as standin, open_prometheus(standin.url) as prometheus:
        with pytest.raises(ApiError) as error:
            await prometheus.query("up")
    assert type(error.value) is kind
    assert error.value.api == "prometheus"
