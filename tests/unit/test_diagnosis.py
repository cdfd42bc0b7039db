"""How a container is doing, judged from what the engine says about it."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.domain.containers import (
    Condition,
    Container,
    Details,
    Diagnosis,
    Health,
    Probe,
    Reason,
    State,
    Stop,
    diagnose,
    key_of,
    needs_details,
)

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
STARTED, FINISHED = NOON - timedelta(days=3), NOON - timedelta(hours=1)


def row(state: State, health: Health | None = None, **labels: str) -> Container:
    marked = {name.replace("__", "."): value for name, value in labels.items()}
    return Container("server2", "c" * 64, "directus", "directus:11", state, health, STARTED, labels=marked)


def details(state: State, **known: object) -> Details:
    plain = Details(
        id="c" * 64,
        state=state,
        health=None,
        started=STARTED,
        finished=FINISHED,
        exit_code=1,
        oom_killed=False,
        error="",
        restart_count=0,
        restart_policy="unless-stopped",
        stop_timeout=10,
        tty=False,
        log_driver="json-file",
        memory_limit=None,
    )
    return replace(plain, **known)  # type: ignore[arg-type]


def test_every_state_has_a_diagnosis() -> None:
    for state in State:
        for known in (None, details(state)):
            assert isinstance(diagnose(row(state), known), Diagnosis)


@pytest.mark.parametrize(
    ("health", "reason"),
    [(None, Reason.RUNNING), (Health.HEALTHY, Reason.RUNNING), (Health.STARTING, Reason.STARTING)],
)
def test_what_runs_is_well(health: Health | None, reason: Reason) -> None:
    container = row(State.RUNNING, health)
    assert diagnose(container) == Diagnosis(Condition.WELL, reason)
    assert diagnose(container, details(State.RUNNING)) == Diagnosis(Condition.WELL, reason, STARTED)


def _probes(*exit_codes: int) -> tuple[Probe, ...]:
    """One a minute, the last at noon."""
    count = len(exit_codes)
    return tuple(
        Probe(NOON - timedelta(minutes=count - 1 - place), code, "") for place, code in enumerate(exit_codes)
    )


@pytest.mark.parametrize(
    ("streak", "probes", "since"),
    [
        (3, _probes(0, 0, 1, 1, 1), NOON - timedelta(minutes=2)),
        (5, _probes(1, 1, 1, 1, 1), NOON - timedelta(minutes=4)),
        (60, _probes(1, 1, 1, 1, 1), NOON - timedelta(minutes=4 + 55)),
        (0, _probes(0, 1), NOON),
        (7, (), None),
    ],
)
def test_unhealthy_since_the_first_failed_probe(
    streak: int, probes: tuple[Probe, ...], since: datetime | None
) -> None:
    """The engine keeps five probes: an older beginning is reckoned from the interval."""
    known = details(State.RUNNING, failing_streak=streak, probes=probes, health_interval=timedelta(minutes=1))
    expected = Diagnosis(Condition.UNWELL, Reason.UNHEALTHY, since)
    assert diagnose(row(State.RUNNING, Health.UNHEALTHY), known) == expected


def test_paused_restarting_dead_and_removing() -> None:
    assert diagnose(row(State.PAUSED)) == Diagnosis(Condition.UNWELL, Reason.PAUSED)
    looping = details(State.RESTARTING, exit_code=127)
    expected = Diagnosis(Condition.DOWN, Reason.RESTARTING, FINISHED, 127)
    assert diagnose(row(State.RESTARTING), looping) == expected
    assert diagnose(row(State.DEAD), details(State.DEAD)) == Diagnosis(Condition.DOWN, Reason.DEAD, FINISHED)
    assert diagnose(row(State.REMOVING)) == Diagnosis(Condition.STOPPED, Reason.REMOVING)


def test_an_exit_is_trouble_with_its_code() -> None:
    expected = Diagnosis(Condition.DOWN, Reason.EXITED, FINISHED, 1)
    assert diagnose(row(State.EXITED), details(State.EXITED)) == expected


def test_exit_137_alone_is_not_out_of_memory() -> None:
    killed = details(State.EXITED, exit_code=137)
    assert diagnose(row(State.EXITED), killed).reason is Reason.EXITED
    starved = replace(killed, oom_killed=True)
    expected = Diagnosis(Condition.DOWN, Reason.OUT_OF_MEMORY, FINISHED, 137)
    assert diagnose(row(State.EXITED), starved) == expected


def test_a_row_without_details_is_judged_by_the_list_alone() -> None:
    container = replace(row(State.EXITED), exit_code=2)
    assert diagnose(container) == Diagnosis(Condition.DOWN, Reason.EXITED, None, 2)


@pytest.mark.parametrize(
    ("policy", "code", "reason"),
    [
        ("no", 0, Reason.FINISHED),
        ("", 0, Reason.FINISHED),
        ("no", 1, Reason.EXITED),
        ("always", 0, Reason.EXITED),
        ("unless-stopped", 0, Reason.EXITED),
        ("on-failure", 0, Reason.EXITED),
    ],
)
def test_a_job_that_ended_well_is_finished(policy: str, code: int, reason: Reason) -> None:
    known = details(State.EXITED, exit_code=code, restart_policy=policy)
    found = diagnose(row(State.EXITED), known)
    assert found.reason is reason
    assert found.condition is (Condition.STOPPED if reason is Reason.FINISHED else Condition.DOWN)


def test_created_never_ran_or_could_not_be_started() -> None:
    fresh = details(State.CREATED, started=None, finished=None, exit_code=0)
    assert diagnose(row(State.CREATED), fresh) == Diagnosis(Condition.STOPPED, Reason.NEVER_STARTED)
    failed = replace(fresh, error="port is already allocated", exit_code=128)
    assert diagnose(row(State.CREATED), failed).reason is Reason.START_FAILED
    assert diagnose(row(State.CREATED), failed).condition is Condition.DOWN


def test_an_absence_that_is_expected_by_label() -> None:
    container = row(State.EXITED, vakhta__expected="False")
    expected = Diagnosis(Condition.STOPPED, Reason.NOT_EXPECTED, FINISHED, 1)
    assert diagnose(container, details(State.EXITED)) == expected
    assert diagnose(row(State.EXITED, vakhta__expected="true"), details(State.EXITED)).reason is Reason.EXITED


def test_a_stop_through_the_bot_is_on_purpose() -> None:
    stop = Stop("Dias", FINISHED)
    expected = Diagnosis(Condition.STOPPED, Reason.STOPPED_BY, FINISHED, 137, "Dias")
    known = details(State.EXITED, exit_code=137, oom_killed=True)
    assert diagnose(row(State.EXITED), known, stop) == expected
    assert diagnose(row(State.EXITED), None, stop).reason is Reason.STOPPED_BY


def test_a_stop_is_over_once_it_was_started_past_the_bot() -> None:
    """Somebody started it by hand, and then it died: nobody stopped it this time."""
    stop = Stop("Dias", NOON - timedelta(days=1))
    known = details(State.EXITED, started=NOON - timedelta(hours=2), finished=FINISHED)
    assert diagnose(row(State.EXITED), known, stop) == Diagnosis(Condition.DOWN, Reason.EXITED, FINISHED, 1)


def test_a_stop_says_nothing_about_what_runs() -> None:
    assert diagnose(row(State.RUNNING), None, Stop("Dias", NOON)).reason is Reason.RUNNING


def test_details_are_needed_for_all_but_the_plainly_well() -> None:
    assert not needs_details(row(State.RUNNING))
    assert not needs_details(row(State.RUNNING, Health.HEALTHY))
    assert needs_details(row(State.RUNNING, Health.UNHEALTHY))
    assert all(needs_details(row(state)) for state in State if state is not State.RUNNING)


def test_a_key_is_short_stable_and_of_its_host() -> None:
    assert row(State.RUNNING).key == key_of("server2", "directus")
    assert len(key_of("server2", "directus")) == 12
    assert key_of("server1", "directus") != key_of("server2", "directus")


def test_compose_labels_and_traefik_rules() -> None:
    container = row(
        State.RUNNING,
        com__docker__compose__project="team",
        com__docker__compose__service="directus",
        traefik__http__routers__a__rule="Host(`dir.tapbot.kz`) && PathPrefix(`/x`) || Host(`a.kz`, `b.kz`)",
        traefik__http__routers__b__rule='Host("dir.tapbot.kz")',
        traefik__http__services__a__rule="Host(`not.a.router`)",
    )
    assert (container.project, container.service) == ("team", "directus")
    assert container.domains == ("dir.tapbot.kz", "a.kz", "b.kz")
    assert (row(State.RUNNING).project, row(State.RUNNING).service) == (None, None)


def domains_of(*rules: str) -> tuple[str, ...]:
    labels = {f"traefik__http__routers__r{number}__rule": rule for number, rule in enumerate(rules)}
    return row(State.RUNNING, None, **labels).domains


def test_domains_are_domains() -> None:
    odd = ("evil\nline", "\u202ekz.evil", "a" * 254, "две.точки", "a b")
    assert domains_of(*(f"Host(`{name}`)" for name in odd)) == ()
    assert domains_of("Host(`*.tapbot.kz`)") == ("*.tapbot.kz",)


def test_domains_are_few_and_cost_little() -> None:
    assert len(domains_of(*(f"Host(`{number}.kz`)" for number in range(50)))) == 20
    assert domains_of("Host(`a.kz`)" + " " * 5000) == (), "no rule is that long"
    began = time.process_time()
    domains_of("Host(" * 50_000, *["Host(" * 800] * 200)
    assert time.process_time() - began < 1, "half a minute when the search is quadratic"
