"""The catalogue of metrics: what can be asked for by name, and the queries that come of it."""

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from bot.values import metric_id
from services.domain.metrics import Group, Level, Thresholds
from services.errors import NoSuchMetric
from services.metrics.catalogue import Catalogue, column_as_written, rendered
from services.metrics.shipped import SHIPPED
from tests.lab.network import LabUnavailable
from tests.lab.obtainable import obtainable

MINUTE = timedelta(minutes=1)


def test_ids_in_any_case_and_near_misses() -> None:
    catalogue = Catalogue()
    assert catalogue.metric("CPU").id == "cpu"
    with pytest.raises(NoSuchMetric) as missed:
        catalogue.metric("memry")
    assert missed.value.near[0] == "memory"


def test_what_the_settings_name_comes_in_the_place_of_ours() -> None:
    own = replace(Catalogue().metric("cpu"), title="Load", own=False)
    catalogue = Catalogue([own])
    assert catalogue.metric("cpu") is own
    assert [metric.id for metric in catalogue] == [metric.id for metric in Catalogue()]


def test_names_are_put_in_as_they_are() -> None:
    metric = replace(
        Catalogue().metric("cpu"),
        promql='rate(x{host=~"$host",c=~"$container"}[$window])',
        level=Level.CONTAINER,
    )
    assert rendered(metric, window=MINUTE) == 'rate(x{host=~".+",c=~".+"}[60s])'
    asked = rendered(metric, hosts=["a.b", 'c"d'], containers=["x"], window=MINUTE)
    assert asked == 'rate(x{host=~"a\\\\.b|c\\"d",c=~"x"}[60s])'


# What is shipped

# As the team's document lists them, each with what it says of it.
DOCUMENT = {
    "cpu": Thresholds(warning=80),
    "memory": Thresholds(warning=85),
    "disk": Thresholds(critical=90),
    "network": Thresholds(),
    "latency": Thresholds(),
    "health": Thresholds(),
    "postgres_connections": Thresholds(warning=80),
    "postgres_queries": Thresholds(),
    "n8n_workflows": Thresholds(),
    "directus_response": Thresholds(),
    "api_errors": Thresholds(critical=5),
    "external_api_limits": Thresholds(),
    "bot_messages": Thresholds(),
    "registrations": Thresholds(),
    "booking_conversion": Thresholds(),
    "geography": Thresholds(),
}


def test_every_metric_of_the_teams_document_is_there_with_its_threshold() -> None:
    found = {metric.id: metric.thresholds for metric in SHIPPED}
    assert found.items() >= DOCUMENT.items()
    assert len(found) == len(SHIPPED), "no id twice"
    assert {metric.group for metric in SHIPPED} == set(Group)
    for metric in SHIPPED:
        assert metric_id(metric.id) == metric.id
        assert metric.source, "what must be scraped for it is said when nothing comes"


def test_a_query_asks_for_no_more_than_is_put_in() -> None:
    """A host's metric knows its hosts, a container's both, a team's neither: else a scope would not narrow it."""
    wanted = {
        Level.HOST: {"host"},
        Level.CONTAINER: {"host", "container"},
        Level.TEAM: set(),
    }
    for metric in SHIPPED:
        assert set(re.findall(r"\$(\w+)", metric.promql)) - {"window", "1"} == wanted[metric.level], metric.id
        # A Netdata's chart is one host's: of containers none would ever be drawn, though it was offered.
        assert metric.netdata is None or metric.level is Level.HOST, metric.id


@pytest.mark.lab
def test_every_query_is_one(tmp_path: Path) -> None:
    """By promtool, with names that need care put in."""
    with obtainable():
        if not shutil.which("promtool"):
            raise LabUnavailable("promtool is missing (Debian package prometheus)")
    rules = [
        {
            "record": f"{metric.id}:{number}",
            "expr": rendered(metric, hosts=hosts, containers=hosts, window=MINUTE),
        }
        for metric in SHIPPED
        for number, hosts in enumerate(([], ["server1", 'a.b"c\\']))
    ]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "shipped", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", file], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules)} rules found" in done.stdout


@pytest.mark.parametrize(
    "line", ["rate(x[$window]) + ?", '{a=~"$host", b=~"$container"} ?', "? $host", "a ?"]
)
def test_a_place_is_told_as_the_settings_have_it(line: str) -> None:
    for promql, number in ((line, 1), (f"1 +\n{line}", 2)):
        metric = replace(SHIPPED[0], promql=promql)
        query = rendered(metric, window=MINUTE).split("\n")[number - 1]
        found = column_as_written(metric, number, query.index("?") + 1, window=MINUTE)
        assert found == line.index("?") + 1


def test_a_place_within_what_was_put_in_is_told_as_its_beginning() -> None:
    metric = replace(SHIPPED[0], promql="rate(x[$window])")
    assert column_as_written(metric, 1, 9, window=MINUTE) == 8
