"""Every rule fires when, and only when, it says: promtool turns the clock, a figure every 15 seconds."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.alert_stack import CHANNELS
from services.alerts.relay_words import labels_of
from services.domain.alerts import Severity
from services.domain.certificates import SOON
from services.domain.findings import (
    CERTIFICATE_PROBLEM,
    CRASH_LOOP,
    OOM_KILLED,
    SERVICE_DOWN,
    SEVERITIES,
    Finding,
)
from services.metrics.catalogue import Catalogue
from services.metrics.own import FAMILIES
from tests.lab.shipped import PROMETHEUS, RULES, rules
from tests.monitoring.cases import CASES, DIRECTUS, DOMAIN, GRAVE, Case, Labels
from tests.monitoring.tools import promtool


def own(name: str) -> Labels:
    """The labels that it gives; the first one's of two rules of this name."""
    labels: Labels = next(rule["labels"] for rule in rules() if rule["alert"] == name)
    return labels


def test_every_rule_has_a_case_for_either_side() -> None:
    wanted = {(rule["alert"], rule["labels"]["severity"]) for rule in rules()}
    fires, rests = set[tuple[str, str]](), set[tuple[str, str]]()
    for case in CASES:
        for alerts in case.expected.values():
            found = {(case.rule, {**own(case.rule), **alert}["severity"]) for alert in alerts}
            fires |= found
            rests |= {each for each in wanted if each[0] == case.rule} - found
    assert fires == wanted
    assert rests == wanted - {("Watchdog", "none")}


def _bare(tmp_path: Path) -> Sequence[Path]:
    """The rules without their words: promtool would compare these, too."""
    bare = []
    for path in RULES:
        content = yaml.safe_load(path.read_text())
        for group in content["groups"]:
            for rule in group["rules"]:
                del rule["annotations"]
        bare.append(tmp_path / path.name)
        bare[-1].write_text(yaml.safe_dump(content))
    return bare


def played(case: Case, name: str, checks: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    series = [{"series": selector, "values": values} for selector, values in case.series.items()]
    return {"interval": "15s", "name": name, "input_series": series, "alert_rule_test": checks}


def play(tmp_path: Path, files: Sequence[Path], tests: Sequence[Mapping[str, Any]]) -> None:
    content = {"rule_files": [str(path) for path in files], "evaluation_interval": "15s", "tests": tests}
    (tmp_path / "test.yml").write_text(yaml.safe_dump(content))
    assert "SUCCESS" in promtool("test", "rules", tmp_path / "test.yml")


@pytest.mark.lab
def test_each_fires_when_and_only_when_it_says(tmp_path: Path) -> None:
    tests = []
    for case in CASES:
        labels = own(case.rule)
        checks = [
            {
                "eval_time": moment,
                "alertname": case.rule,
                "exp_alerts": [{"exp_labels": {**labels, **alert}} for alert in alerts],
            }
            for moment, alerts in case.expected.items()
        ]
        tests.append(played(case, f"{case.rule}: {case.about}", checks))
    play(tmp_path, _bare(tmp_path), tests)


# What people read of each, from the first case in which it fires.
SUMMARIES = {
    "Watchdog": "The alert path works",
    "bot_down": "The bot is down, alerts come by mail alone",
    "high_cpu": "CPU at 80 % on server1",
    "service_down": "directus is down on server2",
    "database_connections": "PostgreSQL has 81 connections on server2",
    "api_errors": "6 % errors from directus on server2",
    "high_memory": "Memory at 85 % on server1",
    "disk_full": "/ is 90 % full on server1",
    "target_down": "node of server2 tells nothing",
    "crash_loop": "directus keeps crashing on server2",
    "oom_killed": "directus ran out of memory on server2",
    "host_oom": "server1 ran out of memory",
    "disk_filling": "/ will be full within a day on server1",
    "certificate_problem": "The certificate of dir.tapbot.kz needs attention",
}
EXPIRES = datetime.fromtimestamp(SOON.total_seconds(), UTC)


def first(rule: str) -> tuple[Case, str, Labels]:
    """The first case and moment in which it fires, and for what."""
    return next(
        (case, moment, alerts[0])
        for case in CASES
        if case.rule == rule
        for moment, alerts in case.expected.items()
        if alerts
    )


def words(rule: Mapping[str, Any], labels: Labels) -> Mapping[str, str]:
    annotations = {
        key: re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda name: labels[name[1]], text)
        for key, text in rule["annotations"].items()
    }
    annotations["summary"] = SUMMARIES[rule["alert"]]
    if rule["alert"] == CERTIFICATE_PROBLEM:
        moment = f"{EXPIRES:%Y-%m-%d %H:%M:%S} +0000 UTC"
        annotations["description"] = f"It is good until {moment}, and was not renewed in time."
        annotations["expires"] = EXPIRES.isoformat()
    return annotations


@pytest.mark.lab
def test_its_words_name_what_and_where(tmp_path: Path) -> None:
    tests = []
    for name in SUMMARIES:
        case, moment, labels = first(name)
        rule = next(each for each in rules() if each["alert"] == name)
        expected = {"exp_labels": {**rule["labels"], **labels}, "exp_annotations": words(rule, labels)}
        check = {"eval_time": moment, "alertname": name, "exp_alerts": [expected]}
        tests.append(played(case, name, [check]))
    play(tmp_path, RULES, tests)
    assert SUMMARIES.keys() == {rule["alert"] for rule in rules()}


def test_every_rule_says_how_grave_it_is_whom_it_is_for_and_what_to_do() -> None:
    told = {(rule["alert"], *(rule["labels"][key] for key in ("severity", "channels"))) for rule in rules()}
    assert told == {
        ("high_cpu", "warning", "telegram,email"),
        ("service_down", "critical", "telegram,sms,email"),
        ("database_connections", "warning", "email"),
        ("api_errors", "critical", "telegram,email"),
        ("high_memory", "warning", "telegram,email"),
        ("disk_full", "critical", "telegram,email"),
        ("disk_filling", "warning", "telegram,email"),
        ("certificate_problem", "warning", "telegram,sms,email"),
        ("certificate_problem", "critical", "telegram,sms,email"),
        ("target_down", "warning", "telegram,email"),
        ("bot_down", "critical", "email"),
        ("crash_loop", "critical", "telegram,sms,email"),
        ("oom_killed", "warning", "telegram,sms,email"),
        ("host_oom", "warning", "telegram,email"),
        ("Watchdog", "none", "telegram"),
    }
    catalogue = {metric.id for metric in Catalogue()}
    for rule in rules():
        annotations: Mapping[str, Any] = rule["annotations"]
        assert {"summary", "description", "runbook"} <= set(annotations), rule["alert"]
        assert annotations.get("metric", "cpu") in catalogue, rule["alert"]
    drawn = {rule["alert"] for rule in rules() if "metric" in rule["annotations"]}
    assert {rule["alert"] for rule in rules()} - drawn == {"Watchdog", "bot_down", "target_down"}


def finding(name: str, severity: Severity, subject: str = "") -> Finding:
    return Finding(name, "server2", "directus", severity, datetime.now(UTC), subject=subject)


@pytest.mark.parametrize(
    ("found", "more"),
    [
        *((finding(name, SEVERITIES[name]), DIRECTUS) for name in (SERVICE_DOWN, CRASH_LOOP, OOM_KILLED)),
        (finding(CERTIFICATE_PROBLEM, Severity.WARNING, "dir.tapbot.kz"), DOMAIN),
        (finding(CERTIFICATE_PROBLEM, Severity.CRITICAL, "dir.tapbot.kz"), GRAVE),
    ],
    ids=lambda value: value.key if isinstance(value, Finding) else "",
)
def test_what_the_bot_finds_too_is_the_same_alert(found: Finding, more: Labels) -> None:
    """Equal labels are one alert to Alertmanager; the cases above show that a rule's are exactly these."""
    assert {"alertname": found.name, **own(found.name), **more} == labels_of(found, CHANNELS)
    mine = [case for case in CASES if case.rule == found.name]
    assert any(list(alerts) == [more] for case in mine for alerts in case.expected.values())


def test_what_it_asks_of_the_bot_the_bot_tells() -> None:
    known = {family.name for family in FAMILIES}
    asked = {name for rule in rules() for name in re.findall(r"vakhta_\w+", rule["expr"])}
    assert asked
    assert asked <= known


@pytest.mark.lab
def test_the_shipped_files_are_right() -> None:
    assert f"{len(RULES)} rule files found" in promtool("check", "config", PROMETHEUS)
    promtool("check", "rules", *RULES)
    assert "external_labels" not in yaml.safe_load(PROMETHEUS.read_text())["global"]
