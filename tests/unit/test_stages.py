"""The pipeline's stages: every decision with its reason."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.alerts.policy import Policy, QuietHours, Route
from services.alerts.stages import STAGES, Case, Scene, Silence, decide, deduplicate, match
from services.domain.alerts import Alert, Decision, Matcher, Severity, Status, Why
from services.domain.posts import Destination
from tests.alerts import NOW, OPS, alert, report

ALMATY = ZoneInfo("Asia/Almaty")
HOSTS = {"server1": ("10.0.0.1",), "server2": ("10.0.0.2", "db.example.org")}
NIGHT = QuietHours(time(23), time(7), ALMATY)


def scene(received: datetime = NOW, **more: Any) -> Scene:
    policy = Policy(hosts=HOSTS, **{"routes": (Route(OPS),), **more})
    return Scene(policy, "{}:{}", received)


def reasons(case: Case) -> list[Why]:
    return [decision.why for decision in case.trace]


@pytest.mark.parametrize(
    ("labels", "host", "container", "why"),
    [
        ({"host": "server2", "container": "directus"}, "server2", "directus", Why.ON_CONTAINER),
        ({"instance": "10.0.0.2:9100"}, "server2", "", Why.ON_HOST),
        ({"instance": "DB.example.org:9187", "name": "postgres"}, "server2", "postgres", Why.ON_CONTAINER),
        ({"instance": "server1"}, "server1", "", Why.ON_HOST),
        ({"host": "elsewhere", "instance": "10.0.0.1:1"}, "server1", "", Why.ON_HOST),
        ({"host": "server1", "service": "n8n"}, "server1", "n8n", Why.ON_CONTAINER),
        ({"container": "directus"}, "", "", Why.ON_NOTHING),
        ({"instance": "10.0.0.20:9100"}, "", "", Why.ON_NOTHING),
        ({"instance": "[::1]:9100"}, "", "", Why.ON_NOTHING),
        ({}, "", "", Why.ON_NOTHING),
    ],
)
def test_labels_lead_to_a_host_and_a_container(
    labels: dict[str, str], host: str, container: str, why: Why
) -> None:
    found = match(Case(report(labels=labels)), scene())
    assert (found.host, found.container, reasons(found)) == (host, container, [why])


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("critical", Severity.CRITICAL),
        ("PAGE", Severity.CRITICAL),
        ("warning", Severity.WARNING),
        ("strange", Severity.WARNING),
        ("", Severity.WARNING),
        ("info", Severity.INFO),
    ],
)
def test_a_severity_of_another_name_is_a_warning(word: str, severity: Severity) -> None:
    assert match(Case(report(labels={"severity": word})), scene()).severity is severity


@pytest.mark.parametrize(
    ("here", "until"),
    [("22:59", None), ("23:00", "07:00"), ("03:00", "07:00"), ("06:59", "07:00"), ("07:00", None)],
)
def test_quiet_hours_over_midnight(here: str, until: str | None) -> None:
    now = datetime.combine(NOW.date(), time.fromisoformat(here), ALMATY).astimezone(UTC)
    found = NIGHT.until(now)
    assert (found and found.strftime("%H:%M")) == until
    assert found is None or now < found < now + timedelta(hours=9)


def test_quiet_hours_hold_back_a_warning_and_never_hide_what_is_critical() -> None:
    night = datetime(2026, 11, 23, 20, tzinfo=UTC)  # 01:00 in Almaty
    held = decide(Case(report()), scene(night, quiet=NIGHT))
    assert held.muted_until == datetime(2026, 11, 24, 7, tzinfo=ALMATY)
    assert Why.QUIET_HOURS in reasons(held)
    loud = decide(Case(report(labels={"severity": "critical"})), scene(night, quiet=NIGHT))
    assert loud.muted_until is None
    assert Why.CRITICAL in reasons(loud)


@pytest.mark.parametrize(
    ("matchers", "fits"),
    [
        ([Matcher("alertname", "HighCPU")], True),
        ([Matcher("alertname", "High")], False),
        ([Matcher("alertname", "High.*", regex=True)], True),
        ([Matcher("alertname", "High", regex=True)], False),
        ([Matcher("alertname", "HighCPU"), Matcher("host", "server2")], False),
        ([Matcher("host", "server2", equal=False)], True),
    ],
)
def test_a_silence_of_ours_holds_back_what_it_fits(matchers: list[Matcher], fits: bool) -> None:
    ends = NOW + timedelta(hours=1)
    silence = Silence("1", tuple(matchers), NOW, ends, "Dias")
    found = decide(Case(report()), replace(scene(), silences=[silence]))
    assert found.muted_until == (ends if fits else None)
    assert (Decision(Why.SILENCED, "Dias") in found.trace) is fits


ENDED = alert(status=Status.RESOLVED, over=NOW, fired=NOW - timedelta(minutes=10))
LATER = timedelta(seconds=61)


@pytest.mark.parametrize(
    ("known", "status", "starts", "received", "verdict"),
    [
        (None, Status.FIRING, NOW, NOW, Why.NEW),
        (None, Status.RESOLVED, NOW, NOW, Why.RESOLVED_UNSEEN),
        (alert(), Status.FIRING, NOW, NOW + timedelta(seconds=60), Why.RETRY),
        (alert(), Status.FIRING, NOW, NOW + LATER, Why.REPEAT),
        (alert(), Status.FIRING, NOW - LATER, NOW + LATER, Why.REPEAT),
        (alert(), Status.RESOLVED, NOW, NOW + timedelta(seconds=1), Why.RESOLVED),
        (alert(), Status.RESOLVED, NOW + LATER, NOW + 2 * LATER, Why.RESOLVED),
        (ENDED, Status.RESOLVED, NOW, NOW + timedelta(seconds=59), Why.RETRY),
        (ENDED, Status.RESOLVED, NOW, NOW + LATER, Why.REPEAT),
        (ENDED, Status.RESOLVED, NOW - LATER, NOW + LATER, Why.RETRY),
        (ENDED, Status.FIRING, NOW, NOW + LATER, Why.AGAIN),
        (ENDED, Status.FIRING, NOW + LATER, NOW + LATER, Why.AGAIN),
        (ENDED, Status.RESOLVED, NOW + LATER, NOW + LATER, Why.RESOLVED_UNSEEN),
    ],
)
def test_what_is_news(
    known: Alert | None, status: Status, starts: datetime, received: datetime, verdict: Why
) -> None:
    found = deduplicate(Case(report(status=status, starts=starts), known), scene(received))
    assert found.verdict is verdict


def test_a_firing_heard_a_minute_ago_is_a_retry_even_after_its_end() -> None:
    known = replace(ENDED, fired=NOW - timedelta(seconds=30))
    assert deduplicate(Case(report(), known), scene(NOW)).verdict is Why.RETRY


DEV, ADMIN = Destination(-5, 7), Destination(1001)


@pytest.mark.parametrize(
    ("route", "takes"),
    [
        (Route(DEV), True),
        (Route(DEV, severities=("critical",)), True),
        (Route(DEV, severities=("page",)), True),
        (Route(DEV, severities=("warning",)), False),
        (Route(DEV, hosts=("server*",)), True),
        (Route(DEV, hosts=("server1",)), False),
        (Route(DEV, labels={"team": "b*"}), True),
        (Route(DEV, labels={"team": "front"}), False),
        (Route(DEV, labels={"missing": "x"}), False),
        (Route(DEV, severities=("critical",), hosts=("server1",)), False),
    ],
)
def test_a_route_takes_by_severity_label_and_host(route: Route, takes: bool) -> None:
    labels = {"severity": "page", "host": "server2", "team": "back"}
    found = decide(Case(report(labels=labels)), scene(routes=(route,)))
    assert found.destinations == ((DEV,) if takes else ())
    assert reasons(found)[-1] is (Why.ROUTED if takes else Why.NO_ROUTE)


def test_without_routes_it_goes_to_the_fallback_else_to_the_admins() -> None:
    assert decide(Case(report()), scene(routes=(), fallback=DEV)).destinations == (DEV,)
    assert decide(Case(report()), scene(routes=(), admins=(ADMIN,))).destinations == (ADMIN,)


def test_every_stage_leaves_its_reason() -> None:
    assert len(decide(Case(report()), scene()).trace) == len(STAGES)
