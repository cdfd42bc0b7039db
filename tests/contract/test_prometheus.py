"""Prometheus' client against the real one, and against odd answers."""

import asyncio
import math
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from services.alertmanager import ActiveAlert, open_alertmanager
from services.domain.scraping import Health, RuleState
from services.errors import (
    ApiBehindPage,
    ApiError,
    ApiNotUnderstood,
    ApiRedirects,
    ApiRefused,
    ApiRefusedLogin,
    ApiTimeout,
    ApiUnreachable,
    QueryRefused,
)
from services.http import Raw, open_api
from services.prometheus import Kind, Prometheus, Rule, Sample, open_prometheus
from tests.contract.recorded import answer, answering, recorded
from tests.lab.monitoring import AlertmanagerServer, Gauge, PrometheusServer, free_port
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


@pytest.mark.lab
async def test_every_kind_of_result_as_it_is(start: Callable[..., PrometheusServer], gauge: Gauge) -> None:
    async with open_prometheus(start().url) as prometheus:
        scalar = await prometheus.evaluate("1 + 1")
        assert (scalar.kind, [sample.value for sample in scalar.samples]) == (Kind.SCALAR, [2])
        text = await prometheus.evaluate('"сорок два"')
        assert (text.kind, text.text) == (Kind.STRING, "сорок два")
        await scraped(prometheus, 'container_running{container="directus"}', 1)
        matrix = await prometheus.evaluate('container_running{container="directus"}[1m]')
        assert (matrix.kind, matrix.samples) == (Kind.MATRIX, ())
        (series,) = matrix.series
        assert {value for _at, value in series.points} == {1}
        empty = await prometheus.evaluate("nothing_of_that_name")
        assert (empty.kind, empty.samples) == (Kind.VECTOR, ())


@pytest.mark.lab
async def test_a_query_that_is_none_is_refused_with_the_place(start: Callable[..., PrometheusServer]) -> None:
    """Which Prometheus tells in bytes, and people count in letters."""
    now = datetime.now(UTC)
    async with open_prometheus(start().url) as prometheus:
        for query, place in {
            "up{": (1, 4),
            "sum(\n  rate(up)\n)": (2, 8),
            'up{имя="значение"} or !': (1, 4),
            'up{a="значение"} or !': (1, 21),
            'up{a="значение"}\n or "ы" !': (2, 9),
        }.items():
            with pytest.raises(QueryRefused) as refused:
                await prometheus.query(query)
            assert (refused.value.line, refused.value.column) == place, (query, refused.value.message)
            assert refused.value.query == query
            assert refused.value.reason
            assert "parse error" not in refused.value.reason
            with pytest.raises(QueryRefused) as refused:
                await prometheus.range(query, now, now, timedelta(minutes=1))
            assert (refused.value.line, refused.value.column) == place
        gone_wrong = 'label_replace(up, "x", "$1", "job", "(")'  # known only when it is carried out
        with pytest.raises(ApiRefused) as failed:
            await prometheus.query(gone_wrong)
        assert not isinstance(failed.value, QueryRefused)


@pytest.mark.lab
async def test_what_is_scraped_and_how_that_goes(
    start: Callable[..., PrometheusServer], gauge: Gauge
) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": [
            {
                "job_name": "gauge",
                "static_configs": [{"targets": [gauge.address], "labels": {"host": "server1"}}],
            },
            {"job_name": "gone", "metrics_path": "/m", "static_configs": [{"targets": [nobody]}]},
        ],
    }
    async with open_prometheus(start(config=config).url) as prometheus:
        async with asyncio.timeout(20):
            while {target.health for target in await prometheus.targets()} != {Health.WELL, Health.BROKEN}:
                await asyncio.sleep(0.1)
        well, broken = sorted(await prometheus.targets(), key=lambda target: target.pool)
        assert (well.pool, well.url, well.error) == ("gauge", f"http://{gauge.address}/metrics", "")
        assert well.labels == {"host": "server1", "instance": gauge.address, "job": "gauge"}
        assert (well.host, well.container) == ("server1", "")
        assert well.at
        assert datetime.now(UTC) - well.at < timedelta(seconds=30)
        assert timedelta(0) < well.took < timedelta(seconds=1)
        assert (broken.url, broken.host) == (f"http://{nobody}/m", "")
        assert "connection refused" in broken.error
        assert await prometheus.label_values("job", of='up{host="server1"}') == ("gauge",)
        assert "gone" in await prometheus.label_values("job")
        assert await prometheus.label_values("no_such_label") == ()
        with pytest.raises(ValueError, match="no label"):
            await prometheus.label_values("job/../../query")


@pytest.mark.lab
async def test_all_rules_and_how_they_stand(start: Callable[..., PrometheusServer], gauge: Gauge) -> None:
    rules = {
        "groups": [
            *RULES["groups"],
            {
                "name": "watch",
                "rules": [
                    {"alert": "broken", "expr": "container_running * on () container_running"},
                    {"alert": "calm", "expr": "vector(1) > 2", "for": "10m", "labels": {"host": "server1"}},
                ],
            },
        ]
    }
    gauge.set("container_running", DIRECTUS, 0)
    async with open_prometheus(start(rules=rules).url) as prometheus:
        async with asyncio.timeout(30):
            while True:
                found = {rule.name: rule for rule in await prometheus.evaluated_rules()}
                if found["service_down"].alerts and found["broken"].health is Health.BROKEN:
                    break
                await asyncio.sleep(0.1)
        assert list(found) == ["half", "service_down", "slow", "broken", "calm"]
        half, down, slow, broken, calm = found.values()
        assert (half.records, half.state, half.query, half.group) == (
            True,
            RuleState.INACTIVE,
            "container_running / 2",
            "team",
        )
        (alert,) = down.alerts
        assert (down.state, alert.state, alert.value) == (RuleState.FIRING, RuleState.FIRING, 0)
        assert (alert.host, alert.container) == ("server2", "directus")
        assert alert.labels["severity"] == "critical"
        assert alert.since
        assert datetime.now(UTC) - alert.since < timedelta(minutes=1)
        (waiting,) = slow.alerts
        assert (slow.state, waiting.state, slow.patience) == (
            RuleState.PENDING,
            RuleState.PENDING,
            timedelta(minutes=5),
        )
        assert "many-to-many" in broken.error
        assert (calm.health, calm.error, calm.alerts, calm.labels, calm.group) == (
            Health.WELL,
            "",
            (),
            {"host": "server1"},
            "watch",
        )


@pytest.mark.lab
async def test_one_that_is_down_or_deaf(start: Callable[..., PrometheusServer]) -> None:
    server = start()
    now = datetime.now(UTC)
    async with open_prometheus(server.url) as prometheus:
        assert await prometheus.query("vector(1)")
        asking: dict[str, Callable[[], Awaitable[object]]] = {
            "query": lambda: prometheus.query("vector(1)", deadline=0.2),
            "range": lambda: prometheus.range("vector(1)", now, now, timedelta(minutes=1), deadline=0.2),
            "rules": lambda: prometheus.evaluated_rules(deadline=0.2),
            "targets": lambda: prometheus.targets(deadline=0.2),
            "labels": lambda: prometheus.label_values("job", deadline=0.2),
        }
        with server.hanging():
            for ask in asking.values():
                with pytest.raises(ApiTimeout) as late:
                    await ask()
                assert late.value.seconds == 0.2
        assert await prometheus.query("vector(1)"), "it has come to itself"
        server.kill()
        for ask in asking.values():
            with pytest.raises(ApiUnreachable):
                await ask()


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


async def test_what_is_no_figure_is_left_out_and_told() -> None:
    rows = (
        b'{"metric":{"a":"1"},"value":[1,"2"]},'
        b'{"metric":{"a":"2"},"histogram":[1,{"count":"1","sum":"2","buckets":[]}]}'
    )
    body = (
        b'{"status":"success","data":{"resultType":"vector","result":[%b]},'
        b'"warnings":["W"],"infos":["a note"]}' % rows
    )
    async with answering(answer(body)) as standin, open_prometheus(standin.url) as prometheus:
        found = await prometheus.evaluate("x")
    assert [sample.value for sample in found.samples] == [2]
    assert (found.left_out, found.warnings, found.notes) == (1, ("W",), ("a note",))


VECTOR = b'{"metric":{"host":"server1","number":"0"},"value":[1795678568.123,"1.5"]}'
POINTS = b",".join(b'[%d,"1.5"]' % (1795678568 + 15 * number) for number in range(360))
MATRIX = b'{"metric":{"host":"server1"},"values":[%b]}' % POINTS


@pytest.mark.parametrize("row", [VECTOR, MATRIX], ids=["short rows", "long rows"])
async def test_ten_megabytes_of_rows_leave_turns_to_others(row: bytes) -> None:
    """Between two turns stand 256 KiB at most and a row more, however many rows those are."""
    rows = [Raw(row)] * (10_000_000 // len(row))
    turns = read = most = since = 0

    def size(one: Raw) -> int:
        nonlocal read, most, since
        if since != turns:
            read, since = 0, turns
        read += len(row)
        most = max(most, read)
        return len(row)

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with open_api("prometheus", "http://127.0.0.1:9") as api, asyncio.TaskGroup() as group:
        beside = group.create_task(others())
        found = await api.each(rows, size)
        beside.cancel()
    assert len(found) == len(rows)
    assert most < (256 << 10) + len(row)


@pytest.mark.parametrize("row", [VECTOR, MATRIX], ids=["vector", "matrix"])
async def test_an_answer_of_ten_megabytes_is_read_whole(row: bytes) -> None:
    kind, count = ("vector" if row is VECTOR else "matrix"), 10_000_000 // len(row)
    data = b'{"resultType":"%b","result":[%b]}' % (kind.encode(), b",".join([row] * count))
    said = answer(b'{"status":"success","data":%b}' % data)
    async with answering(said) as standin, open_prometheus(standin.url) as prometheus:
        found = await prometheus.evaluate("x")
    assert len(found.samples) + len(found.series) == count


async def test_a_series_of_weeks_is_read_beside_the_event_loop() -> None:
    """And one that would hold everything up even so is not read at all."""
    readers: list[threading.Thread] = []

    def read(row: Raw) -> int:
        readers.append(threading.current_thread())
        return memoryview(row).nbytes

    sizes = [10, 300 << 10, 20, 9 << 20]
    rows = [Raw(b"0" * size) for size in sizes]
    async with open_api("prometheus", "http://127.0.0.1:1") as api:
        assert list(await api.each(rows[:3], read)) == sizes[:3]
        with pytest.raises(ApiNotUnderstood, match="a row of more than 8 MiB"):
            await api.each(rows, read)
    assert threading.main_thread() not in readers[:2]
    assert readers[2] is threading.main_thread()


async def test_more_than_can_be_kept_is_not_read() -> None:
    body = b'{"status":"success","data":"' + b"x" * (33 << 20) + b'"}'
    async with answering(answer(body)) as standin, open_prometheus(standin.url) as prometheus:
        with pytest.raises(ApiNotUnderstood, match="more than 32 MiB"):
            await prometheus.query("up")


def error(status: str, kind: str, words: str) -> bytes:
    said = f'{{"status":"error","errorType":"{kind}","error":"{words}"}}'.encode()
    return answer(said, status=status)


TROUBLE = {
    "not ready": (answer(b"Service Unavailable", status="503 Service Unavailable"), ApiRefused),
    "too slow for itself": (
        error("503 Service Unavailable", "timeout", "query timed out in expression evaluation"),
        ApiTimeout,
    ),
    "cannot be carried out": (
        error("422 Unprocessable Entity", "execution", "many-to-many matching not allowed"),
        ApiRefused,
    ),
    "HTML with an error": (answer(PAGE, status="502 Bad Gateway", type="text/html"), ApiRefused),
    "a place beyond the query": (
        error("400 Bad Request", "bad_data", "9:9: parse error: strange"),
        QueryRefused,
    ),
}


@pytest.mark.parametrize("trouble", TROUBLE)
async def test_errors_are_told_apart(trouble: str) -> None:
    says, kind = TROUBLE[trouble]
    async with answering(says) as standin, open_prometheus(standin.url) as prometheus:
        with pytest.raises(ApiError) as failed:
            await prometheus.query("up")
    assert type(failed.value) is kind


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
