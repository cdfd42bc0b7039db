"""The simulated Prometheus and a real one, by the same tests: what the bot may rely on in a demo is true of both.

The real one has been given the simulated figures, so that the same question must have the same answer.
"""

import math
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from services.domain.scraping import EvaluatedRule
from services.errors import QueryRefused
from services.metrics.catalogue import Catalogue, rendered
from services.prometheus import Kind, open_prometheus
from tests.contract import prometheus_stages
from tests.contract.prometheus_asking import ASKED, FAILS, LAID_OUT, ODD, TEXT, WRONG
from tests.contract.prometheus_stages import Stage

KINDS = ["simulated", pytest.param("real", marks=pytest.mark.lab)]
WINDOW = timedelta(minutes=5)


@pytest.fixture(scope="module")
def real_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with prometheus_stages.real(tmp_path_factory.mktemp("prometheus")) as stage:
        yield stage


@pytest.fixture(params=KINDS)
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    if request.param == "real":
        yield request.getfixturevalue("real_stage")
        return
    async with prometheus_stages.simulated() as simulated:
        yield simulated


async def answer(stage: Stage, path: str, **asked: str | float) -> Any:
    """Status, and what was said."""
    async with aiohttp.ClientSession(stage.url) as session, session.get(path, params=asked or None) as got:
        assert got.headers["Content-Type"] == "application/json"
        return got.status, await got.json()


async def data(stage: Stage, path: str, **asked: str | float) -> Any:
    status, said = await answer(stage, path, **asked)
    assert (status, said["status"]) == (200, "success"), said
    return said["data"]


async def test_what_is_no_query_is_told_with_its_place(stage: Stage) -> None:
    said = {query: await answer(stage, "/api/v1/query", query=query) for query in WRONG}
    refused = {"status": "error", "errorType": "bad_data"}
    assert said == {
        query: (400, {**refused, "error": f'invalid parameter "query": {words}'})
        for query, words in WRONG.items()
    }
    async with open_prometheus(stage.url) as prometheus:
        with pytest.raises(QueryRefused) as none:
            await prometheus.query("sum(\n up")
    assert (none.value.line, none.value.column) == (2, 4)


async def test_what_cannot_be_carried_out(stage: Stage) -> None:
    said = {query: await answer(stage, "/api/v1/query", query=query, time=stage.now) for query in FAILS}
    assert {
        query: (status, each.get("errorType"), each.get("error", "")[: len(FAILS[query])])
        for query, (status, each) in said.items()
    } == {query: (422, "execution", words) for query, words in FAILS.items()}


async def test_odd_requests(stage: Stage) -> None:
    said = {path: await answer(stage, path) for path in ODD}
    refused = {"status": "error", "errorType": "bad_data"}
    assert said == {path: (400, {**refused, "error": words}) for path, words in ODD.items()}
    async with aiohttp.ClientSession(stage.url) as session:
        async with session.get("/api/v1/nothing") as got:
            assert (got.status, await got.text()) == (404, "404 page not found\n")
        async with session.get("/-/ready") as got:
            assert (got.status, await got.text()) == (200, "Prometheus Server is Ready.\n")
        async with session.post("/api/v1/label/job/values") as got:
            assert got.status == 405


async def test_queries_are_laid_out_to_be_read(stage: Stage) -> None:
    assert {query: await data(stage, "/api/v1/format_query", query=query) for query in LAID_OUT} == LAID_OUT


async def test_kinds_of_results(stage: Stage) -> None:
    async with open_prometheus(stage.url) as prometheus:
        at = datetime.fromtimestamp(stage.now, UTC)
        kinds = [(await prometheus.evaluate(text, at=at)).kind for text in ("1", '"a"', "up", "up[1m]")]
        assert kinds == [Kind.SCALAR, Kind.STRING, Kind.VECTOR, Kind.MATRIX]
        assert (await prometheus.evaluate('"a"')).text == "a"
        up = await prometheus.evaluate('up{job="redis"}[1m]', at=at)
    assert {at.timestamp() % 5 for at, _ in up.series[0].points} == {0}
    assert len(up.series[0].points) == 13  # both ends


async def test_names_and_values_of_labels(stage: Stage) -> None:
    hour = {"start": stage.now - 3600, "end": stage.now}
    for chosen in ({}, {"match[]": 'up{host="server2"}'}):
        jobs = await data(stage, "/api/v1/label/job/values", **hour, **chosen)
        assert {"node", "postgres", "traefik"} <= set(jobs)
        assert ("redis" in jobs) is not bool(chosen)
        assert jobs == sorted(jobs)
    assert await data(stage, "/api/v1/label/nothing/values", **hour) == []
    assert {"host", "container", "le"} <= set(await data(stage, "/api/v1/labels", **hour))
    (only,) = await data(stage, "/api/v1/series", **hour, **{"match[]": 'node_load1{host="server1"}'})
    assert only == {
        "__name__": "node_load1",
        "host": "server1",
        "instance": "server1:9100",
        "job": "node",
    }


def shape(value: Any) -> Any:
    """Names and kinds of all that is in it."""
    if isinstance(value, Mapping):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return (
        "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
    )


TARGET = {
    "scrapePool": "str", "scrapeUrl": "str", "globalUrl": "str", "lastError": "str", "lastScrape": "str",
    "lastScrapeDuration": "number", "health": "str", "scrapeInterval": "str", "scrapeTimeout": "str",
}  # fmt: skip
DISCOVERED = (
    "__address__",
    "__metrics_path__",
    "__scheme__",
    "__scrape_interval__",
    "__scrape_timeout__",
    "job",
)


async def test_targets(stage: Stage) -> None:
    found = await data(stage, "/api/v1/targets")
    assert found.keys() == {"activeTargets", "droppedTargets"}
    for row in found["activeTargets"]:
        labels, discovered = shape(row.pop("labels")), shape(row.pop("discoveredLabels"))
        assert shape(row) == TARGET
        assert labels.keys() >= {"instance", "job"}
        assert discovered.keys() >= set(DISCOVERED)
    assert (await data(stage, "/api/v1/targets", state="dropped"))["activeTargets"] == []
    async with open_prometheus(stage.url) as prometheus:
        assert {each.pool for each in await prometheus.targets()}


async def test_rules_and_what_fires(stage: Stage) -> None:
    found = await data(stage, "/api/v1/rules")
    watchdog = found["groups"][0]["rules"][0]
    assert shape(found["groups"][0]) | {"rules": []} == {
        "name": "str", "file": "str", "rules": [], "interval": "number", "limit": "number",
        "evaluationTime": "number", "lastEvaluation": "str",
    }  # fmt: skip
    assert shape(watchdog) == {
        "state": "str", "name": "str", "query": "str", "duration": "number", "keepFiringFor": "number",
        "labels": {"severity": "str", "channels": "str"}, "annotations": {"summary": "str"}, "health": "str",
        "evaluationTime": "number", "lastEvaluation": "str", "type": "str",
        "alerts": [{
            "labels": {"alertname": "str", "severity": "str", "channels": "str"}, "annotations": {"summary": "str"},
            "state": "str", "activeAt": "str", "value": "str",
        }],
    }  # fmt: skip
    assert (watchdog["state"], watchdog["alerts"][0]["value"]) == ("firing", "1e+00")
    async with open_prometheus(stage.url) as prometheus:
        rules = {each.name: each for each in await prometheus.evaluated_rules()}
    assert [*rules][:2] == ["Watchdog", "target_down"]
    assert isinstance(rules["service_down"], EvaluatedRule)
    assert (await data(stage, "/api/v1/rules", type="record"))["groups"][0]["rules"] == []
    (alert,) = [
        each
        for each in (await data(stage, "/api/v1/alerts"))["alerts"]
        if each["labels"]["alertname"] == "Watchdog"
    ]
    assert alert == watchdog["alerts"][0]


async def test_it_says_what_it_is(stage: Stage) -> None:
    build = await data(stage, "/api/v1/status/buildinfo")
    assert build["version"].startswith("2.42.")
    assert build.keys() == {"version", "revision", "branch", "buildUser", "buildDate", "goVersion"}


@pytest.mark.lab
@pytest.mark.parametrize("ago", [0.0, 0.4], ids=["at a scrape", "between scrapes"])
async def test_the_same_figures(real_stage: Stage, ago: float) -> None:
    """Of the catalogue, and of all else that it knows of PromQL.

    Since Directus is back: what the real one was given cannot say that something was no longer there.
    """
    catalogue = [rendered(metric, window=WINDOW) for metric in Catalogue()]
    some = [
        rendered(metric, hosts=["server2"], containers=["directus"], window=WINDOW) for metric in Catalogue()
    ]
    end = math.floor(real_stage.now / 5) * 5 - ago
    times = ({"time": end}, {"start": end - 390, "end": end, "step": 61})
    async with prometheus_stages.simulated() as simulated:
        for query in (*ASKED, *catalogue, *some):
            for path, when in zip(("/api/v1/query", "/api/v1/query_range"), times, strict=True):
                if query != TEXT or "time" in when:
                    here, there = [
                        await data(each, path, query=query, **when) for each in (simulated, real_stage)
                    ]
                    assert here["resultType"] == there["resultType"]
                    assert flat(here) == pytest.approx(flat(there), rel=1e-6, abs=1e-9, nan_ok=True), query


def flat(found: dict[str, Any]) -> dict[Any, Any]:
    """Figures by labels and moment."""
    result = found["result"]
    if found["resultType"] == "string":
        return {}
    if found["resultType"] == "scalar":
        result = [{"metric": {}, "value": result}]
    return {
        (*sorted(row["metric"].items()), round(at, 3)): float(value)
        for row in result
        for at, value in row.get("values") or [row["value"]]
    }
