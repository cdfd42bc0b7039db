"""`GET /containers/{id}/stats`: two samples a second apart, as cgroups count."""

from playground.engine.container import Container
from playground.engine.durations import rfc3339
from playground.engine.host import Host

_QUIET = {"periods": 0, "throttled_periods": 0, "throttled_time": 0}
NOTHING: dict[str, object] = {
    "cpu_usage": {"total_usage": 0, "usage_in_kernelmode": 0, "usage_in_usermode": 0},
    "throttling_data": _QUIET,
}


def sample(host: Host, container: Container, before: int, now: int) -> dict[str, object]:
    """Of a moment (ns since 1970) and the one before; 0: there was none.

    A container without a process has nothing but zeros.
    """
    names: dict[str, object] = {"name": f"/{container.name}", "id": container.id}
    if not container.alive:
        never = {"read": rfc3339(0), "preread": rfc3339(0), "pids_stats": {}, "num_procs": 0}
        return {**never, "cpu_stats": NOTHING, "precpu_stats": NOTHING, "memory_stats": {}, **names}
    return {
        "read": rfc3339(now),
        "preread": rfc3339(before),
        "pids_stats": {"current": 5 + int(container.id[:2], 16) % 20},
        "num_procs": 0,
        "cpu_stats": _cpu(host, container, now),
        "precpu_stats": _cpu(host, container, max(before, container.started)) if before else NOTHING,
        "memory_stats": _memory(host, container, now),
        **names,
        "networks": {"eth0": _network(container.meter.worked(now))},
    }


def _cpu(host: Host, container: Container, at: int) -> dict[str, object]:
    worked = container.meter.worked(at)
    kernel = worked // 5
    usage = {"total_usage": worked, "usage_in_kernelmode": kernel, "usage_in_usermode": worked - kernel}
    return {
        "cpu_usage": usage,
        "system_cpu_usage": (at - host.booted) * host.machine.cores,
        "online_cpus": host.machine.cores,
        "throttling_data": _QUIET,
    }


def _memory(host: Host, container: Container, at: int) -> dict[str, object]:
    limit = container.spec.memory or host.machine.memory
    used = min(container.meter.used(at), limit)
    cache = min(container.meter.load.cache, used)
    stats = {"anon": used - cache, "file": cache, "inactive_file": cache, "active_file": 0}
    return {"usage": used, "stats": stats, "limit": limit}


def _network(worked: int) -> dict[str, int]:
    """Who works much talks much: some 50 kB for a second of CPU."""
    received, sent = worked // 22_000, worked // 17_000
    return {
        "rx_bytes": received,
        "rx_packets": received // 400,
        "rx_errors": 0,
        "rx_dropped": 0,
        "tx_bytes": sent,
        "tx_packets": sent // 500,
        "tx_errors": 0,
        "tx_dropped": 0,
    }
