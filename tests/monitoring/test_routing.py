"""Who is told of what: amtool asks the shipped routes, and a real Alertmanager sends letters where the bot is away."""

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.alert_stack import CHANNELS
from services.alertmanager import PostedAlert, open_alertmanager
from services.alerts.relay_words import labels_of
from services.domain.alerts import Severity
from services.domain.findings import SEVERITIES, SUBJECTS, Finding
from tests.lab.mailbox import Mailbox
from tests.lab.monitoring import AlertmanagerServer
from tests.lab.obtainable import obtainable
from tests.lab.shipped import ALERTMANAGER, NOBODY, alertmanager_config, rules
from tests.monitoring.cases import CASES
from tests.monitoring.tools import amtool

pytestmark = pytest.mark.lab


def receivers(labels: Mapping[str, str]) -> list[str]:
    pairs = [f"{name}={value}" for name, value in labels.items()]
    said = amtool("config", "routes", "test", f"--config.file={ALERTMANAGER}", *pairs)
    return said.strip().split(",")


def fired() -> Mapping[str, Mapping[str, str]]:
    """Each rule's labels as it fires, by a name of its own."""
    found = {}
    for rule in rules():
        labels = rule["labels"]
        more = next(
            alert
            for case in CASES
            if case.rule == rule["alert"]
            for alerts in case.expected.values()
            for alert in alerts
            if {**labels, **alert}["severity"] == labels["severity"]
        )
        found[f"{rule['alert']}-{labels['severity']}"] = {"alertname": rule["alert"], **labels, **more}
    return found


FIRED = fired()


@pytest.mark.parametrize("labels", FIRED.values(), ids=list(FIRED))
def test_each_rule_goes_where_its_channels_say(labels: Mapping[str, str]) -> None:
    """sms: there is no way out for it yet, so nothing may pretend to be one."""
    ways = {"telegram": "vakhta", "email": "email"}
    wanted = {ways[channel] for channel in labels["channels"].split(",") if channel != "sms"}
    assert set(receivers(labels)) == wanted


def test_what_the_bot_finds_comes_back_to_it_and_by_mail_where_it_is_critical() -> None:
    now = datetime.now(UTC)
    severities = {**SEVERITIES, **dict.fromkeys(SUBJECTS, Severity.WARNING)}
    for name, severity in severities.items():
        labels = labels_of(Finding(name, "server2", "directus", severity, now, subject="x"), CHANNELS)
        assert receivers(labels) == ["email", "vakhta"], name
        plain = {**labels, "channels": "telegram"}
        wanted = ["email", "vakhta"] if severity is Severity.CRITICAL else ["vakhta"]
        assert receivers(plain) == wanted, name


def test_a_rule_that_says_nothing_of_channels_goes_to_the_bot() -> None:
    assert receivers({"alertname": "x", "severity": "warning"}) == ["vakhta"]
    assert receivers({"alertname": "x"}) == ["vakhta"]
    assert receivers({"alertname": "x", "channels": "telegram-email"}) == ["email", "vakhta"]
    assert receivers({"alertname": "x", "channels": "emails"}) == ["vakhta"]


def test_the_shipped_configuration_is_one() -> None:
    assert "SUCCESS" in amtool("check-config", ALERTMANAGER)
    text = ALERTMANAGER.read_text()
    assert set(re.findall(r"_file: (\S+)", text)) == {
        "/run/secrets/webhook_token",
        "/run/secrets/smtp_password",
    }
    assert not re.search(r"^\s*(credentials|\w*password|\w*token): ", text, re.MULTILINE)


async def test_mail_comes_while_the_bot_does_not(tmp_path: Path) -> None:
    """Nobody listens where the bot should."""
    token = tmp_path / "token"
    token.write_text("s3cret")
    quicker = (
        ("group_wait: 1m ", "group_wait: 1s "),
        ("group_wait: 5m", "group_wait: 1s"),
        ("group_wait: 30s ", "group_wait: 1s "),
    )
    async with Mailbox() as mailbox:
        config = alertmanager_config(
            f"http://{NOBODY}", token, *quicker, mail=mailbox.address, password=token
        )
        with obtainable():
            alertmanager = AlertmanagerServer(tmp_path / "am", config)
            alertmanager.start()
        with alertmanager:
            async with open_alertmanager(alertmanager.url) as api:
                now = datetime.now(UTC)
                told = (
                    "service_down-critical",
                    "high_cpu-warning",
                    "database_connections-warning",
                    "bot_down-critical",
                )
                await api.post([PostedAlert(FIRED[name], {"summary": name}, now) for name in told])
                await api.post([PostedAlert({**FIRED["high_cpu-warning"], "channels": "telegram"}, {}, now)])
                async with asyncio.timeout(20):
                    while len(mailbox.letters) < len(told):
                        await asyncio.sleep(0.05)
                await asyncio.sleep(1)
    subjects = sorted(letter["Subject"] for letter in mailbox.letters)
    assert len(subjects) == len(told)
    assert [next(name for name in told if name.split("-")[0] in subject) for subject in subjects] == sorted(
        told
    )
    assert {letter["To"] for letter in mailbox.letters} == {"admin@tapbot.kz"}


SPOKEN_FOR = (
    # what says it all, and what then needs no saying
    ("host_unreachable", {"host": "server2"}, "target_down", {"host": "server2", "job": "node"}),
    ("oom_killed", {"host": "server3", "container": "n8n"}, "host_oom", {"host": "server3"}),
    (
        "disk_full",
        {"host": "server4", "mountpoint": "/"},
        "disk_filling",
        {"host": "server4", "mountpoint": "/"},
    ),
)


async def test_what_another_alert_says_too_is_held_back_and_nothing_else(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret")
    with obtainable():
        alertmanager = AlertmanagerServer(tmp_path / "am", alertmanager_config(f"http://{NOBODY}", token))
        alertmanager.start()
    now = datetime.now(UTC)
    posted = [alert for strong, its, weak, own in SPOKEN_FOR for alert in ((strong, its), (weak, own))]
    elsewhere = [(weak, {**own, "host": "server1"}) for _strong, _its, weak, own in SPOKEN_FOR]
    with alertmanager:
        async with open_alertmanager(alertmanager.url) as api:
            await api.post(
                [
                    PostedAlert({"alertname": name, **labels}, {}, now)
                    for name, labels in (*posted, *elsewhere)
                ]
            )
            held: set[tuple[str, str]] = set()
            async with asyncio.timeout(10):
                while len(held) < len(SPOKEN_FOR):
                    alerts = await api.alerts()
                    held = {
                        (each.labels["alertname"], each.labels["host"])
                        for each in alerts
                        if each.inhibited_by
                    }
                    await asyncio.sleep(0.05)
    assert len(alerts) == len(posted) + len(elsewhere)
    assert held == {(weak, own["host"]) for _strong, _its, weak, own in SPOKEN_FOR}
