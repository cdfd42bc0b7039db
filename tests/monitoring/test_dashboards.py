"""The dashboards: as they are generated, and every query asked of the shipped Prometheus with real exporters behind."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
import yaml

from deploy.monitoring import generate
from services.domain.metrics import Level, Thresholds
from services.errors import ApiRefused
from services.metrics.catalogue import Catalogue, rendered
from services.prometheus import Prometheus, open_prometheus
from tests.lab.obtainable import obtainable
from tests.lab.shipped import MONITORING, rules
from tests.monitoring.servers import Servers, servers

CATALOGUE = tuple(Catalogue())
METRICS = (*CATALOGUE, *generate.BESIDE)
# What no machine of tests can have: what these figures come from is the team's own, or has no package.
ABSENT = re.compile(r"\b(tapbot|n8n)_\w+")
WINDOW = timedelta(seconds=10)


def dashboards() -> Mapping[str, Mapping[str, Any]]:
    files = sorted(generate.DIRECTORY.glob("*.json"))
    return {path.stem: json.loads(path.read_text()) for path in files}


def test_they_are_as_generated() -> None:
    """`python -m deploy.monitoring.generate` after a change of the catalogue."""
    made = {f"{each.uid}.json": generate.written(each) for each in generate.dashboards(CATALOGUE)}
    assert {path.name: path.read_text() for path in generate.DIRECTORY.glob("*")} == made


def test_they_are_the_four_of_the_team() -> None:
    assert {uid: each["title"] for uid, each in dashboards().items()} == {
        "vakhta-infrastructure": "Infrastructure Overview",
        "vakhta-applications": "Application Performance",
        "vakhta-business": "Business Analytics",
        "vakhta-security": "Security",
    }
    assert all(uid == each["uid"] for uid, each in dashboards().items())


def test_every_metric_is_drawn_with_its_unit_and_limits() -> None:
    panels = [
        panel for each in dashboards().values() for panel in each["panels"] if panel["type"] == "timeseries"
    ]
    drawn = {panel["targets"][0]["expr"]: panel for panel in panels}
    assert len(drawn) == len(panels) == len(METRICS)
    for metric in METRICS:
        panel = drawn[generate.query(metric)]
        assert panel["title"] == metric.title
        limits = metric.thresholds
        values = {step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]}
        assert values == {None, limits.warning, limits.critical}
        assert panel["fieldConfig"]["defaults"]["unit"]


@pytest.mark.parametrize(
    ("thresholds", "colors"),
    [
        (Thresholds(), ["green"]),
        (Thresholds(warning=80), ["green", "yellow"]),
        (Thresholds(critical=90), ["green", "red"]),
        (Thresholds(80, 90), ["green", "yellow", "red"]),
        (Thresholds(21, 7, below=True), ["red", "yellow", "green"]),
        (Thresholds(warning=21, below=True), ["yellow", "green"]),
        (Thresholds(critical=7, below=True), ["red", "green"]),
    ],
)
def test_colours_count_upwards_also_where_less_is_worse(
    thresholds: Thresholds, colors: Sequence[str]
) -> None:
    steps = generate._steps(thresholds)["steps"]
    assert [step["color"] for step in steps] == colors
    values = [step["value"] for step in steps]
    assert values[0] is None
    assert values[1:] == sorted(values[1:])


@pytest.mark.parametrize("uid", dashboards())
def test_each_has_its_variables_the_bots_marks_and_no_panel_over_another(uid: str) -> None:
    dashboard = dashboards()[uid]
    queries = {target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())}
    named = {name for query in queries for name in re.findall(r"\$([a-z_]+)", query)} - {"__rate_interval"}
    assert [each["name"] for each in dashboard["templating"]["list"]] == sorted(named, reverse=True)
    (marks,) = dashboard["annotations"]["list"]
    assert marks["target"]["tags"] == ["vakhta"]
    cells = [
        (x, y)
        for panel in dashboard["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _y in cells) < 24


def test_grafana_finds_what_the_dashboards_name() -> None:
    provisioning = MONITORING / "central/grafana/provisioning"
    sources = yaml.safe_load((provisioning / "datasources/vakhta.yaml").read_text())["datasources"]
    kinds = {source["uid"]: source["type"] for source in sources}
    named = {
        (panel["datasource"]["uid"], panel["datasource"]["type"])
        for each in dashboards().values()
        for panel in each["panels"]
        if "datasource" in panel
    }
    assert named <= set(kinds.items())
    (provider,) = yaml.safe_load((provisioning / "dashboards/vakhta.yaml").read_text())["providers"]
    volumes = yaml.safe_load((MONITORING / "central/compose.yaml").read_text())["services"]["grafana"][
        "volumes"
    ]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in volumes


# Asked of the real one


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with obtainable(), servers(tmp_path_factory.mktemp("monitoring")) as found:
        yield found


@pytest.fixture
async def prometheus(stack: Servers) -> AsyncIterator[Prometheus]:
    async with open_prometheus(stack.prometheus.url) as client:
        yield client


def queries() -> Mapping[str, str]:
    """Every one there is, as it is asked: of the catalogue by the bot, of the dashboards by Grafana, of the rules."""
    found = {f"catalogue: {metric.id}": rendered(metric, window=WINDOW) for metric in CATALOGUE}
    for uid, dashboard in dashboards().items():
        for panel in dashboard["panels"]:
            for target in panel.get("targets", ()):
                query = target["expr"].replace("$__rate_interval", "10s")
                found[f"{uid}: {panel['title']} ({panel['type']})"] = re.sub(
                    r"\$(host|container)\b", ".+", query
                )
    for rule in rules():
        found[f"rule: {rule['alert']} ({rule['labels']['severity']})"] = rule["expr"]
    return found


@pytest.mark.lab
async def test_every_query_is_understood(prometheus: Prometheus) -> None:
    for name, query in queries().items():
        assert "$" not in re.sub(r'"\$1"', "", query), name
        await prometheus.query(query)
    with pytest.raises(ApiRefused):
        await prometheus.query("sum by (host) (up")


@pytest.mark.lab
async def test_every_query_finds_figures_where_there_are_any(stack: Servers, prometheus: Prometheus) -> None:
    left = {name: query for name, query in queries().items() if not ABSENT.search(query)}
    left = {name: query for name, query in left.items() if not name.startswith("rule: ")}
    assert len(left) > 50
    deadline = time.monotonic() + 40
    while left and time.monotonic() < deadline:
        await asyncio.to_thread(stack.ask_directus)
        for name, query in list(left.items()):
            if await prometheus.query(query):
                del left[name]
        await asyncio.sleep(0.3)
    assert left == {}


@pytest.mark.lab
async def test_what_is_found_bears_the_host_and_the_container(stack: Servers, prometheus: Prometheus) -> None:
    """The names of the settings, by which the bot cuts figures to a person's scope."""
    async with asyncio.timeout(30):
        while not await prometheus.query("probe_ssl_earliest_cert_expiry"):
            await asyncio.sleep(0.3)
    for metric in METRICS:
        if metric.level is Level.TEAM:
            continue
        for sample in await prometheus.query(rendered(metric, window=WINDOW)):
            assert sample.labels.get("host") in ("server1", "server2"), metric.id
            assert (metric.level is Level.CONTAINER) == ("container" in sample.labels), metric.id
    (memory,) = await prometheus.query("container_memory_working_set_bytes")
    assert (memory.labels["host"], memory.labels["container"]) == ("server1", "directus")
    assert not {"id", "name"} & memory.labels.keys()
    assert await prometheus.query("machine_memory_bytes")
    (expiry,) = await prometheus.query("probe_ssl_earliest_cert_expiry")
    assert expiry.labels.items() >= {"host": "server2", "container": "directus"}.items()
    assert expiry.labels["domain"] == f"localhost:{stack.websecure}"
    (running,) = await prometheus.query("vakhta_container_running")
    assert running.labels["host"] == "server2"  # as the bot says, and not where the bot runs


@pytest.mark.lab
async def test_the_lists_to_choose_from_have_what_is_there(prometheus: Prometheus) -> None:
    for dashboard in dashboards().values():
        for variable in dashboard["templating"]["list"]:
            selector, label = re.fullmatch(
                r"label_values\((.+), (\w+)\)", variable["query"]["query"]
            ).groups()  # type: ignore[union-attr]
            assert label == variable["name"]
            found = await prometheus.query(f"count by ({label}) ({selector.replace('$host', '.+')})")
            assert {sample.labels[label] for sample in found} <= {"server1", "server2", "directus"}
            assert found


@pytest.mark.lab
async def test_the_figure_is_what_postgresql_counts_itself(stack: Servers, prometheus: Prometheus) -> None:
    query = rendered(Catalogue().metric("postgres_connections"), window=WINDOW)
    with stack.sessions(3):
        assert stack.count_sessions() >= 3
        async with asyncio.timeout(20):  # its own helpers and the exporter come and go
            while [sample.value for sample in await prometheus.query(query)] != [stack.count_sessions()]:
                await asyncio.sleep(0.2)


def test_rules_and_catalogue_speak_of_the_same_limits() -> None:
    """What a rule names as its `metric` has the rule's limit."""
    limits = {"high_cpu": 80, "database_connections": 80, "high_memory": 85, "disk_full": 90, "api_errors": 5}
    by_id = {metric.id: metric for metric in CATALOGUE}
    for rule in rules():
        if rule["alert"] in limits:
            assert float(rule["expr"].rpartition("> ")[2]) == limits[rule["alert"]]
            thresholds = by_id[rule["annotations"]["metric"]].thresholds
            assert getattr(thresholds, rule["labels"]["severity"]) == limits[rule["alert"]]
