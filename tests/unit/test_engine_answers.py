"""The engine's JSON, as engines of several ages write it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.domain.containers import Health, Port, State
from services.errors import EngineRefused
from services.fleet.answers import containers, details, moment
from services.fleet.samples import usage

ID = "5d126fd246f75d344a36503c0c6f153ed7f8b04698fc0f3066970b45d38dd222"


def row(**changes: Any) -> dict[str, Any]:
    base = {
        "Id": ID,
        "Names": ["/directus"],
        "Image": "directus/directus:11.5",
        "State": "running",
        "Status": "Up 3 days",
        "Created": 1795475508,
        "Ports": [],
        "Labels": {},
    }
    return {**base, **changes}


def test_a_row() -> None:
    (found,) = containers(
        "server2",
        [
            row(
                Labels={"com.docker.compose.project": "platform", "com.docker.compose.service": "cms"},
                Ports=[
                    {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8055, "Type": "tcp"},
                    {"PrivatePort": 53, "Type": "udp"},
                ],
            )
        ],
    )
    assert (found.host, found.id, found.name, found.image) == (
        "server2",
        ID,
        "directus",
        "directus/directus:11.5",
    )
    assert (found.state, found.health, found.exit_code) == (State.RUNNING, None, None)
    assert found.created == datetime(2026, 11, 23, 23, 11, 48, tzinfo=UTC)
    assert found.ports == (Port(80, "tcp", 8055, "0.0.0.0"), Port(53, "udp"))
    assert (found.project, found.service) == ("platform", "cms")


@pytest.mark.parametrize(
    ("status", "health", "exit_code"),
    [
        ("Up 2 hours (healthy)", Health.HEALTHY, None),
        ("Up 2 hours (unhealthy)", Health.UNHEALTHY, None),
        ("Up 3 seconds (health: starting)", Health.STARTING, None),
        ("Up 2 hours (Paused)", None, None),
        ("Exited (137) 3 minutes ago", None, 137),
        ("Exited (0) About an hour ago", None, 0),
        ("Exited (" + "9" * 5000 + ") 3 minutes ago", None, None),
        ("Exited (²) 3 minutes ago", None, None),
        ("Restarting (3) Less than a second ago", None, 3),
        ("Created", None, None),
        ("Dead", None, None),
        ("Removal In Progress", None, None),
    ],
)
def test_what_the_status_text_tells(status: str, health: Health | None, exit_code: int | None) -> None:
    (found,) = containers("h", [row(Status=status)])
    assert (found.health, found.exit_code) == (health, exit_code)


def test_the_health_field_of_newer_engines() -> None:
    newer = [row(Health={"Status": word, "FailingStreak": 0}) for word in ("unhealthy", "none", "starting")]
    assert [found.health for found in containers("h", newer)] == [Health.UNHEALTHY, None, Health.STARTING]


@pytest.mark.parametrize(
    ("networks", "addresses"),
    [
        ({"web": {"IPAddress": "172.18.0.3", "GlobalIPv6Address": ""}}, ("172.18.0.3",)),
        (
            {
                "web": {"IPAddress": "172.18.0.3", "GlobalIPv6Address": "fd00::3"},
                "db": {"IPAddress": "172.19.0.9"},
            },
            ("172.18.0.3", "fd00::3", "172.19.0.9"),
        ),
        ({"host": {"IPAddress": ""}}, ()),
        ({"web": None}, ()),
        ({"web": {"IPAddress": "here\n🟢"}}, ()),
        (None, ()),
    ],
)
def test_its_addresses(networks: Any, addresses: tuple[str, ...]) -> None:
    (found,) = containers("h", [row(NetworkSettings={"Networks": networks})])
    assert found.addresses == addresses


@pytest.mark.parametrize(
    ("names", "name"),
    [
        (["/web/database", "/postgres", "/api/db"], "postgres"),
        (["/postgres"], "postgres"),
        ([], ID[:12]),
        (["/x\n\ngood\n🟢 5 fine"], ID[:12]),
        (["/\u202eevil"], ID[:12]),
        (["/-rm"], ID[:12]),
        (["/" + "x" * 129], ID[:12]),
        (["/x\n"], ID[:12]),
        (None, ID[:12]),
    ],
)
def test_the_name_among_links(names: list[str] | None, name: str) -> None:
    (found,) = containers("h", [row(Names=names)])
    assert found.name == name


def test_what_people_are_shown_is_one_short_clean_line() -> None:
    odd = "a\nb\r\n\u202ec\x1b[31m" + "x" * 9000
    project, service = "com.docker.compose.project", "com.docker.compose.service"
    (found,) = containers("h", [row(Image=odd, Labels={project: odd, service: odd})])
    assert {found.image, found.project, found.service} == {"a b c" + "x" * 123}


def test_an_image_is_named_in_full() -> None:
    image = "registry.example:5000/team/app@sha256:" + ID
    assert containers("h", [row(Image=image)])[0].image == image


def test_only_labels_that_mean_something_are_kept() -> None:
    kept = {"vakhta.expected": "false", "com.docker.compose.container-number": "2", "traefik.enable": "true"}
    (found,) = containers("h", [row(Labels={**kept, "org.opencontainers.image.title": "x"})])
    assert found.labels == kept


def test_too_many_containers() -> None:
    assert len(containers("h", [row()] * 5000)) == 5000
    with pytest.raises(EngineRefused, match=r"too many containers \(5001\)"):
        containers("h", [row()] * 5001)


# No OSError: that means a broken contact.
ODD = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError)


@pytest.mark.parametrize(
    "changes",
    [
        {"Id": None},
        {"Id": "../x"},
        {"Names": [1]},
        {"Image": 1},
        {"State": []},
        {"Status": 1},
        {"Health": ["healthy"]},
        {"Created": 10**18},
        {"Created": "now"},
        {"Created": float("inf")},
        {"Ports": 5},
        {"Ports": [{}]},
        {"Ports": [{"PrivatePort": "80"}]},
        {"Ports": [{"PrivatePort": 80, "PublicPort": "80"}]},
        {"Ports": [{"PrivatePort": 80, "IP": "evil\nline"}]},
        {"Ports": [{"PrivatePort": 80, "Type": "evil\nline"}]},
        {"Labels": []},
        {"Labels": {"vakhta.protected": True}},
    ],
    ids=lambda changes: repr(changes)[:40],
)
def test_an_odd_row_is_not_believed(changes: dict[str, Any]) -> None:
    containers("h", [row()])
    with pytest.raises(ODD):
        containers("h", [row(**changes)])


@pytest.mark.parametrize("rows", [None, {"Id": ID}, [None], ["x"], [{}]], ids=str)
def test_what_is_no_list_of_rows(rows: Any) -> None:
    with pytest.raises(ODD):
        containers("h", rows)


def test_null_where_others_write_nothing() -> None:
    (found,) = containers("h", [row(Ports=None, Labels=None)])
    assert (found.ports, found.labels) == ((), {})


def test_a_state_from_the_future_needs_a_look() -> None:
    (found,) = containers("h", [row(State="hibernating")])
    assert found.state is State.DEAD


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23T23:11:47.850678123Z", datetime(2026, 11, 23, 23, 11, 47, 850678, UTC)),
        ("2026-11-23T23:11:47.85Z", datetime(2026, 11, 23, 23, 11, 47, 850000, UTC)),
        ("2026-11-23T23:11:47Z", datetime(2026, 11, 23, 23, 11, 47, 0, UTC)),
        ("2026-11-24T04:11:47.850678123+05:00", datetime(2026, 11, 23, 23, 11, 47, 850678, UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("", None),
        (None, None),
    ],
)
def test_moments(text: str | None, expected: datetime | None) -> None:
    assert moment(text) == expected


def inspection(**changes: Any) -> dict[str, Any]:
    return {
        "Id": ID,
        "State": {
            "Status": "exited",
            "ExitCode": 137,
            "OOMKilled": True,
            "Error": "",
            "StartedAt": "2026-11-20T10:00:00.123456789Z",
            "FinishedAt": "2026-11-23T14:02:00Z",
        },
        "RestartCount": 3,
        "Config": {"Tty": False, "Env": ["PASSWORD=hunter2"]},
        "HostConfig": {
            "RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0},
            "Memory": 536870912,
            "LogConfig": {"Type": "json-file", "Config": {}},
        },
        **changes,
    }


def test_details() -> None:
    found = details(inspection())
    assert (found.id, found.state, found.exit_code, found.oom_killed) == (ID, State.EXITED, 137, True)
    assert found.started == datetime(2026, 11, 20, 10, 0, 0, 123456, UTC)
    assert found.finished == datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
    assert (found.restart_count, found.restart_policy, found.stop_timeout) == (3, "unless-stopped", 10)
    assert (found.tty, found.log_driver, found.memory_limit) == (False, "json-file", 512 << 20)
    assert (found.health, found.probes, found.health_interval) == (None, (), timedelta(seconds=30))
    assert "hunter2" not in repr(found)
    assert found.hidden == ("hunter2",)


@pytest.mark.parametrize("environment", ["PASSWORD=hunter2", {"PASSWORD": "hunter2"}, [7]])
def test_an_environment_that_is_none(environment: object) -> None:
    with pytest.raises(TypeError):
        details(inspection(Config={"Env": environment}))


def test_details_of_one_that_never_started() -> None:
    state = {"Status": "created", "StartedAt": "0001-01-01T00:00:00Z", "FinishedAt": "0001-01-01T00:00:00Z"}
    host = {"RestartPolicy": {"Name": ""}, "Memory": 0, "LogConfig": {"Type": "none"}}
    found = details(inspection(State=state, HostConfig=host, Config={"StopTimeout": 0, "Tty": True}))
    assert (found.started, found.finished, found.memory_limit) == (None, None, None)
    assert (found.restart_policy, found.stop_timeout, found.tty) == ("no", 0, True)


def test_details_with_a_healthcheck() -> None:
    run = {
        "Start": "2026-11-23T23:14:34.338227123Z",
        "End": "2026-11-23T23:14:34.4Z",
        "ExitCode": 1,
        "Output": "refused",
    }
    state = {"Status": "running", "Health": {"Status": "unhealthy", "FailingStreak": 4, "Log": [run]}}
    found = details(inspection(State=state, Config={"Healthcheck": {"Interval": 2_000_000_000}}))
    assert (found.health, found.failing_streak) == (Health.UNHEALTHY, 4)
    assert found.health_interval == timedelta(seconds=2)
    (probe,) = found.probes
    assert (probe.at.second, probe.exit_code, probe.output) == (34, 1, "refused")


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("Config", {"StopTimeout": "x"}),
        ("Config", {"StopTimeout": 1.5}),
        ("Config", {"StopTimeout": 10**30}),
        ("Config", {"Tty": "no"}),
        ("Config", {"Healthcheck": {"Interval": "2s"}}),
        ("State", {"ExitCode": "1"}),
        ("State", {"StartedAt": "yesterday"}),
        ("State", {"StartedAt": 5}),
        ("State", {"FinishedAt": "9999-12-31T23:59:59-05:00"}),
        ("State", {"OOMKilled": "yes"}),
        ("State", {"Error": {}}),
        ("State", {"Health": {"FailingStreak": "4"}}),
        ("State", {"Health": {"Log": [{"Start": "x"}]}}),
        ("HostConfig", {"Memory": "64m"}),
        ("HostConfig", {"RestartPolicy": "no"}),
    ],
    ids=str,
)
def test_an_odd_inspection_is_not_believed(part: str, changes: dict[str, Any]) -> None:
    base = inspection()
    with pytest.raises(ODD):
        details({**base, part: {**base[part], **changes}})


def test_no_streak_reaches_beyond_the_calendar() -> None:
    """An old probe, failing for ever: since when is reckoned from it."""
    run = {"Start": "1970-01-02T00:00:00Z", "ExitCode": 1, "Output": "x" * 9000}
    health = {"Status": "unhealthy", "FailingStreak": 2**63, "Log": [run] * 1000}
    for interval in (1, 10**6, 2**63):
        state = {"Status": "running", "Health": health}
        found = details(inspection(State=state, Config={"Healthcheck": {"Interval": interval}}))
        assert found.probes[0].at - found.failing_streak * found.health_interval
        assert (len(found.probes), len(found.probes[0].output)) == (5, 4096)


@pytest.mark.parametrize(
    "odd",
    [
        {"cpu_stats": []},
        {"cpu_stats": {"system_cpu_usage": 1, "cpu_usage": {"total_usage": "1"}}},
        {"memory_stats": {"usage": "500"}},
        {"memory_stats": {"usage": 500, "limit": 1e300}},
    ],
    ids=str,
)
def test_an_odd_sample_is_not_believed(odd: dict[str, Any]) -> None:
    with pytest.raises(ODD):
        usage({**sample({}), **odd})


def sample(memory_stats: dict[str, int], **cpu: Any) -> dict[str, Any]:
    return {
        "cpu_stats": {
            "cpu_usage": {"total_usage": 3_000_000_000, "percpu_usage": [1, 2, 3, 4]},
            "system_cpu_usage": 14_000_000_000,
            **cpu,
        },
        "precpu_stats": {"cpu_usage": {"total_usage": 1_000_000_000}, "system_cpu_usage": 10_000_000_000},
        "memory_stats": {"usage": 500, "limit": 1000, "stats": memory_stats},
    }


@pytest.mark.parametrize(
    ("memory_stats", "memory"),
    [
        ({"cache": 300, "inactive_file": 90, "total_inactive_file": 100}, 400),  # cgroup v1
        ({"file": 300, "inactive_file": 120}, 380),  # cgroup v2
        ({"inactive_file": 700}, 500),  # more cache than use: a moment's disorder
        ({}, 500),
    ],
)
def test_memory_is_counted_without_the_page_cache(memory_stats: dict[str, int], memory: int) -> None:
    found = usage(sample(memory_stats, online_cpus=4))
    assert found is not None
    assert (found.memory, found.memory_limit) == (memory, 1000)


def test_cpu_in_parts_of_one_core() -> None:
    for cores, percent in ((4, 200.0), (2, 100.0), (None, 200.0)):
        found = usage(sample({}, online_cpus=cores))
        assert found is not None
        assert found.cpu_percent == percent


def test_no_usage_of_what_does_not_run() -> None:
    asleep = {"cpu_stats": {"cpu_usage": {"total_usage": 0}}, "precpu_stats": {}, "memory_stats": {}}
    assert usage(asleep) is None
