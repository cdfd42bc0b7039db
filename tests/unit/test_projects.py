"""Compose projects: what waits for what, what is restarted, and when it counts as up."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.access import Action
from services.domain.containers import Condition, Container, Diagnosis, Health, Reason, State, diagnose
from services.domain.plans import Outcome, Phase, Plan
from services.domain.projects import (
    Member,
    Stand,
    in_order,
    members_of,
    needs_of,
    projects_of,
    stand_of,
)
from services.domain.reports import Observed

AT = datetime(2026, 11, 26, 14, tzinfo=UTC)
COMPOSED = "com.docker.compose."


def row(
    name: str, service: str = "", *, state: State = State.RUNNING, number: str = "1", **labels: str
) -> Observed:
    made = {COMPOSED + key: value for key, value in labels.items()}
    made |= {
        COMPOSED + "container-number": number,
        COMPOSED + "project": "app",
        COMPOSED + "service": service or name,
    }
    container = Container(
        "server2", name.encode().hex().ljust(64, "0"), name, "i", state, None, AT, exit_code=1, labels=made
    )
    return Observed(container, diagnose(container))


NAMES = st.sampled_from("abcdefgh")
NEEDS = st.dictionaries(NAMES, st.sets(NAMES))


def reaches(needs: dict[str, set[str]], start: str, wanted: str) -> bool:
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead += needs.get(name, ())
            if wanted in needs.get(name, ()):
                return True
    return False


@given(NEEDS)
def test_what_is_needed_comes_first_unless_it_needs_the_other_itself(needs: dict[str, set[str]]) -> None:
    order = in_order(needs)
    assert sorted(order) == sorted(needs)
    for name, needed in needs.items():
        for each in needed & needs.keys():
            assert order.index(each) <= order.index(name) or reaches(needs, each, name)


@given(NEEDS)
def test_the_order_is_always_the_same(needs: dict[str, set[str]]) -> None:
    assert in_order(needs) == in_order(dict(reversed(needs.items())))


def test_a_long_chain_is_no_trouble() -> None:
    chain = {f"{number:05}": [f"{number + 1:05}"] for number in range(5000)}
    assert in_order(chain)[0] == "04999"


@pytest.mark.parametrize(
    ("label", "needs"),
    [
        ("", {}),
        (
            "postgres:service_healthy:false,redis:service_started:false",
            {"postgres": "service_healthy", "redis": "service_started"},
        ),
        ("postgres,redis", {"postgres": "", "redis": ""}),
    ],
)
def test_what_the_label_says(label: str, needs: dict[str, str]) -> None:
    assert needs_of(row("n8n", depends_on=label).container) == needs


def test_a_project_in_its_order_with_what_was_run_once_apart() -> None:
    rows = [
        row("app-worker-10", "worker", number="10", depends_on="db:service_healthy:false"),
        row("app-worker-2", "worker", number="2", depends_on="db:service_healthy:false"),
        row("app-db-run-1", "db", oneoff="True", state=State.EXITED),
        row("database", "db"),
        row("alone", "alone", depends_on="gone:service_started:false"),
    ]
    (found,) = projects_of("server2", rows)
    assert [each.container.name for each in found.containers] == [
        "alone", "database", "app-worker-2", "app-worker-10",
    ]  # fmt: skip
    assert [each.container.name for each in found.once] == ["app-db-run-1"]
    assert [found.labels[each.container.id] for each in found.containers[1:3]] == ["db", "app-worker-2"]
    assert (found.running, found.condition) == (4, Condition.WELL)


def test_what_is_stopped_on_purpose_is_left_and_what_others_wait_for_may_end() -> None:
    rows = [
        row("migrate", state=State.EXITED),
        row("web", depends_on="migrate:service_completed_successfully:false"),
        row("idle", state=State.CREATED),
    ]
    (found,) = projects_of("server2", rows)
    assert [(each.name, each.ends) for each in members_of(found)] == [("migrate", True), ("web", False)]
    assert found.condition is Condition.DOWN


def outcome(phase: Phase, now: Diagnosis | None = None) -> Outcome:
    plan = Plan("t", Action.RESTART, "server2", "0", "web", 1, "Dias", AT)
    return Outcome(plan, phase, AT, now=now)


@pytest.mark.parametrize(
    ("phase", "reason", "ends", "stand"),
    [
        (Phase.RUNNING, None, False, Stand.WAITING),
        (Phase.SETTLING, Reason.STARTING, False, Stand.WAITING),
        (Phase.DONE, None, False, Stand.WAITING),
        (Phase.DONE, Reason.STARTING, False, Stand.WAITING),
        (Phase.DONE, Reason.RUNNING, False, Stand.UP),
        (Phase.DONE, Reason.RUNNING, True, Stand.WAITING),
        (Phase.DONE, Reason.FINISHED, True, Stand.UP),
        (Phase.DONE, Reason.FINISHED, False, Stand.DOWN),
        (Phase.DONE, Reason.UNHEALTHY, False, Stand.DOWN),
        (Phase.DONE, Reason.EXITED, True, Stand.DOWN),
        (Phase.DONE, Reason.RESTARTING, False, Stand.DOWN),
        (Phase.FAILED, Reason.RUNNING, False, Stand.DOWN),
        (Phase.UNCONFIRMED, None, False, Stand.UNKNOWN),
        (Phase.CHECKED, Reason.RUNNING, False, Stand.UNKNOWN),
    ],
)
def test_when_a_container_is_up(phase: Phase, reason: Reason | None, ends: bool, stand: Stand) -> None:
    good = reason in (Reason.RUNNING, Reason.STARTING)
    now = Diagnosis(Condition.WELL if good else Condition.DOWN, reason) if reason else None
    assert stand_of(Member("0", "web", "web", ends), outcome(phase, now)) is stand


def test_an_unhealthy_one_is_what_the_project_is() -> None:
    sick = row("web").container
    sick = Container(
        sick.host, sick.id, sick.name, "i", State.RUNNING, Health.UNHEALTHY, AT, labels=sick.labels
    )
    (found,) = projects_of("server2", [row("db"), Observed(sick, diagnose(sick))])
    assert (found.running, found.condition) == (2, Condition.UNWELL)
