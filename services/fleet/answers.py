"""What the engine's JSON means: rows, inspections and samples become the objects of the domain.

The TypedDicts name only what is read. Every field may be missing: engines from API 1.24 on are spoken to.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict

from services.domain.containers import Container, Details, Health, Port, Probe, State, Usage
from services.logs.presentable import presentable

_HEALTH_TEXT = re.compile(r"\((?:health: )?(starting|healthy|unhealthy)\)")
_EXIT_TEXT = re.compile(r"(?:Exited|Restarting) \((-?\d+)\)")


class PortRow(TypedDict, total=False):
    IP: str
    PrivatePort: int
    PublicPort: int
    Type: str


class Row(TypedDict, total=False):
    """One row of `GET /containers/json`."""

    Id: str
    Names: list[str] | None
    Image: str
    State: str
    Status: str  # "Up 2 hours (healthy)", "Exited (137) 3 minutes ago"
    Health: Mapping[str, Any]  # newer engines only
    Created: int  # seconds since 1970
    Ports: list[PortRow] | None
    Labels: dict[str, str] | None


Inspection = Mapping[str, Any]  # `GET /containers/{id}/json`
Sample = Mapping[str, Any]  # `GET /containers/{id}/stats`


def containers(host: str, rows: Iterable[Row]) -> tuple[Container, ...]:
    return tuple(_container(host, row) for row in rows)


def _container(host: str, row: Row) -> Container:
    status = row.get("Status", "")
    health = _HEALTH_TEXT.search(status)
    exit_code = _EXIT_TEXT.match(status)
    return Container(
        host=host,
        id=row["Id"],
        name=_name(row),
        image=row.get("Image", ""),
        state=_state(row.get("State", "")),
        health=_health(row.get("Health") or {}) or (Health(health[1]) if health else None),
        created=datetime.fromtimestamp(row.get("Created", 0), UTC),
        exit_code=int(exit_code[1]) if exit_code else None,
        ports=tuple(_port(port) for port in row.get("Ports") or ()),
        labels=row.get("Labels") or {},
    )


def _name(row: Row) -> str:
    """A container linked to others carries `/other/alias` too; one being removed may carry none."""
    names = (name.removeprefix("/") for name in row.get("Names") or ())
    return next((name for name in names if "/" not in name), row["Id"][:12])


def _port(row: PortRow) -> Port:
    return Port(row["PrivatePort"], row.get("Type", "tcp"), row.get("PublicPort"), row.get("IP") or None)


def _state(word: str) -> State:
    try:
        return State(word)
    except ValueError:
        return State.DEAD  # a word newer than this code: better looked at than overlooked


def _health(health: Mapping[str, Any]) -> Health | None:
    word = health.get("Status")
    return Health(word) if word in set(Health) else None


def details(answer: Inspection) -> Details:
    state, config, host = answer["State"], answer["Config"], answer["HostConfig"]
    health = state.get("Health") or {}
    stop_timeout = config.get("StopTimeout")
    interval = (config.get("Healthcheck") or {}).get("Interval") or 0
    return Details(
        id=answer["Id"],
        state=_state(state["Status"]),
        health=_health(health),
        started=moment(state.get("StartedAt")),
        finished=moment(state.get("FinishedAt")),
        exit_code=state.get("ExitCode", 0),
        oom_killed=state.get("OOMKilled", False),
        error=presentable(state.get("Error", "")),
        restart_count=answer.get("RestartCount", 0),
        restart_policy=(host.get("RestartPolicy") or {}).get("Name") or "no",
        stop_timeout=10 if stop_timeout is None else stop_timeout,
        tty=config.get("Tty", False),
        log_driver=(host.get("LogConfig") or {}).get("Type", ""),
        memory_limit=host.get("Memory") or None,
        probes=_probes(health),
        failing_streak=health.get("FailingStreak", 0),
        health_interval=timedelta(microseconds=interval / 1000) if interval else timedelta(seconds=30),
    )


def _probes(health: Mapping[str, Any]) -> tuple[Probe, ...]:
    return tuple(
        Probe(at, run.get("ExitCode", 0), presentable(run.get("Output", "")))
        for run in health.get("Log") or ()
        if (at := moment(run.get("Start")))
    )


def moment(text: str | None) -> datetime | None:
    """RFC 3339 with up to nine digits of a second, cut to six; the engine's zero date means never."""
    if not text or text.startswith("0001-"):
        return None
    return datetime.fromisoformat(text).astimezone(UTC)


def usage(sample: Sample) -> Usage | None:
    """CPU over the second before the sample, memory at its end; None when the container does not run.

    As `docker stats` reckons: the share of the machine's time, times its cores; memory without the page
    cache that could be dropped (`inactive_file`, on cgroup v1 `total_inactive_file`). The limit is the
    engine's figure: the machine's memory where the container has no limit of its own.
    """
    cpu, before = sample.get("cpu_stats") or {}, sample.get("precpu_stats") or {}
    memory = sample.get("memory_stats") or {}
    if "system_cpu_usage" not in cpu or "system_cpu_usage" not in before or "usage" not in memory:
        return None
    worked = cpu["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
    passed = cpu["system_cpu_usage"] - before["system_cpu_usage"]
    cores = cpu.get("online_cpus") or len(cpu["cpu_usage"].get("percpu_usage") or (0,))
    kinds = memory.get("stats") or {}
    cache = kinds.get("total_inactive_file", kinds.get("inactive_file", 0))
    used = memory["usage"]
    return Usage(
        cpu_percent=max(worked / passed * cores * 100, 0.0) if passed > 0 else 0.0,
        memory=used - cache if cache < used else used,
        memory_limit=memory.get("limit") or None,
    )
