"""What an engine's JSON tells of the resources that containers use, believed as in `answers`."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from services.domain.containers import Machine, Sample, Usage
from services.fleet.believing import mapping, text, whole

_NANOSECONDS = 1e9
_MOST_DEVICES, _MOST_CARDS = 1000, 64
_NO_LIMIT = 1 << 62  # of processes: above it the kernel's own word for none

Answer = Mapping[str, Any]


def usage(sample: Answer) -> Usage | None:
    """`GET /containers/{id}/stats`: CPU over the second before, memory at its end; None when it does not run.

    As `docker stats` reckons: the share of the machine's time, times its cores; memory without the page
    cache that could be dropped (`inactive_file`, on cgroup v1 `total_inactive_file`). The limit is the
    engine's figure: the machine's memory where the container has no limit of its own.
    """
    cpu, before = mapping(sample.get("cpu_stats")), mapping(sample.get("precpu_stats"))
    memory = mapping(sample.get("memory_stats"))
    if "system_cpu_usage" not in cpu or "system_cpu_usage" not in before or "usage" not in memory:
        return None
    worked = whole(cpu["cpu_usage"]["total_usage"]) - whole(before["cpu_usage"]["total_usage"])
    passed = whole(cpu["system_cpu_usage"]) - whole(before["system_cpu_usage"])
    cores = whole(cpu.get("online_cpus")) or len(cpu["cpu_usage"].get("percpu_usage") or (0,))
    return Usage(
        cpu_percent=max(worked / passed * cores * 100, 0.0) if passed > 0 else 0.0,
        memory=_used(memory),
        memory_limit=whole(memory.get("limit")) or None,
    )


def sample(answer: Answer) -> Sample | None:
    """The same answer, as what was used until then; None when it does not run."""
    cpu, memory = mapping(answer.get("cpu_stats")), mapping(answer.get("memory_stats"))
    if "system_cpu_usage" not in cpu or "usage" not in memory:
        return None
    before, pids = usage(answer), mapping(answer.get("pids_stats"))
    most = whole(pids.get("limit"))
    received, sent = _network(mapping(answer.get("networks")))
    read, written = _devices(mapping(answer.get("blkio_stats")).get("io_service_bytes_recursive"))
    return Sample(
        at=datetime.fromisoformat(text(answer["read"])[:40]).astimezone(UTC),
        cpu=whole(mapping(cpu.get("cpu_usage")).get("total_usage")) / _NANOSECONDS,
        memory=_used(memory),
        memory_limit=whole(memory.get("limit")) or None,
        cpu_percent=before.cpu_percent if before else None,
        received=received,
        sent=sent,
        read=read,
        written=written,
        processes=whole(pids.get("current")) or None,
        most_processes=most if 0 < most < _NO_LIMIT else None,
    )


def machine(answer: Answer) -> Machine:
    """`GET /info`."""
    return Machine(max(whole(answer.get("NCPU")), 0), max(whole(answer.get("MemTotal")), 0))


def _used(memory: Answer) -> int:
    kinds = mapping(memory.get("stats"))
    cache = whole(kinds.get("total_inactive_file", kinds.get("inactive_file")))
    used = whole(memory["usage"])
    return used - cache if cache < used else used


def _network(cards: Answer) -> tuple[int | None, int | None]:
    if not cards:
        return None, None
    shown = [mapping(card) for card in list(cards.values())[:_MOST_CARDS]]
    return sum(whole(card.get("rx_bytes")) for card in shown), sum(
        whole(card.get("tx_bytes")) for card in shown
    )


def _devices(rows: object) -> tuple[int | None, int | None]:
    """Of each device a row for each kind of operation, `Read` or, on cgroup v2, `read`. No row: not a byte yet."""
    if rows is None:
        return None, None
    if not isinstance(rows, list):
        raise TypeError("no list")
    return _operations(rows, "read"), _operations(rows, "write")


def _operations(rows: Sequence[object], kind: str) -> int:
    shown = map(mapping, rows[:_MOST_DEVICES])
    return sum(whole(row.get("value")) for row in shown if text(row.get("op")).lower() == kind)
