"""As node-exporter tells of a server."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

from playground.engine.clock import SECOND
from playground.engine.host import Host
from playground.prometheus.chronicle import Story
from playground.prometheus.figures.labelled import Labelled, Value
from playground.prometheus.rhythm import Night, Rhythm, rhythm
from playground.prometheus.series import Life, Series

_GIB = 1 << 30
_DAY, _WEEK = 86_400.0, 604_800.0
_BACKUP = Night(hour=3.2, minutes=35, height=1.5)
# Of the time in which a core does something.
_MODES = {
    "user": 0.64,
    "system": 0.23,
    "iowait": 0.08,
    "softirq": 0.03,
    "steal": 0.015,
    "nice": 0.005,
    "irq": 0.0,
}


@dataclass(frozen=True, slots=True)
class Disk:
    """size: bytes. used: share at the start of a week; grows: by this share in each, until it is tidied up."""

    mountpoint: str
    device: str
    size: int
    used: float
    grows: float
    type: str = "ext4"

    def used_at(self, moment: float) -> float:
        """Share of its size."""
        tidied = crc32(f"{self.mountpoint} {self.size}".encode()) % int(_WEEK)
        week = ((moment - tidied) % _WEEK) / _WEEK
        return self.used + self.grows * week + 0.002 * math.sin(math.tau * moment / _DAY)


@dataclass(frozen=True)
class Machine:
    """What is beside the containers of a host. busy: share of its cores. memory: bytes."""

    busy: float
    memory: int
    disks: tuple[Disk, ...]


_MACHINES = {
    "server1": Machine(0.17, int(1.45 * _GIB), (
        Disk("/", "/dev/vda1", 40 * _GIB, 0.586, 0.055),
        Disk("/run", "tmpfs", _GIB // 3, 0.01, 0.0, "tmpfs"),
    )),
    "server2": Machine(0.21, int(3.1 * _GIB), (
        Disk("/", "/dev/vda1", 80 * _GIB, 0.703, 0.062),
        Disk("/data", "/dev/vdb1", 200 * _GIB, 0.442, 0.03),
        Disk("/run", "tmpfs", _GIB // 3, 0.01, 0.0, "tmpfs"),
    )),
}  # fmt: skip
_OTHER = _MACHINES["server1"]


class Node:
    """Of one host. What its containers use is part of it."""

    def __init__(self, host: Host, stories: Sequence[Story]) -> None:
        self._host, self._stories = host, stories
        self._machine = _MACHINES.get(host.name, _OTHER)
        self._cores, self._total = host.machine.cores, host.machine.memory
        self._booted = host.booted / SECOND
        self._labelled = Labelled(host.name, "node", f"{host.name}:9100", [Life(self._booted)])
        self._busy = lru_cache(20_000)(self._busy_seconds)

    def series(self) -> Iterator[Series]:
        yield from self._processors()
        yield from self._memory()
        yield from self._disks()
        yield from self._network()
        make = self._labelled
        yield make.gauge("node_boot_time_seconds", self._booted)
        yield make.gauge("node_time_seconds", lambda at: at)
        machine = self._host.machine
        names = {
            "nodename": self._host.name,
            "release": machine.kernel,
            "sysname": "Linux",
            "machine": "x86_64",
        }
        yield make.gauge("node_uname_info", 1.0, names)

    def _processors(self) -> Iterator[Series]:
        make = self._labelled
        for cpu in range(self._cores):
            for mode, share in _MODES.items():
                yield make.counter(
                    "node_cpu_seconds_total", self._in_mode(share), {"cpu": str(cpu), "mode": mode}
                )
            yield make.counter(
                "node_cpu_seconds_total", lambda at: at - self._busy(at), {"cpu": str(cpu), "mode": "idle"}
            )
        for minutes in (1, 5, 15):
            yield make.gauge(f"node_load{minutes}", self._load(minutes))

    def _in_mode(self, share: float) -> Value:
        return lambda at: share * self._busy(at)

    def _busy_seconds(self, moment: float) -> float:
        """Of each core."""
        own = self._machine.busy * _rhythm(self._host.name, "cpu").summed(moment)
        return own + sum(each.worked(moment) for each in self._stories) / self._cores

    def _load(self, minutes: int) -> Value:
        """How many processes ran or waited, of the last minutes."""

        def at(moment: float) -> float:
            window = minutes * 60.0
            busy = (self._busy(moment) - self._busy(moment - window)) / window
            return round(self._cores * busy * 1.15, 2)

        return at

    def _memory(self) -> Iterator[Series]:
        make, total = self._labelled, float(self._total)
        swings = _rhythm(self._host.name, "memory")

        def used(moment: float) -> float:
            containers = sum(
                used - cache for used, cache in (each.memory_at(moment) for each in self._stories)
            )
            return self._machine.memory * (0.85 + 0.15 * swings.at(moment)) + containers

        def page(share: float) -> Value:
            return lambda at: float(int(share * (total - used(at))) & ~4095)

        yield make.gauge("node_memory_MemTotal_bytes", total)
        for name, share in (("MemAvailable", 1.0), ("Cached", 0.7), ("MemFree", 0.22), ("Buffers", 0.06)):
            yield make.gauge(f"node_memory_{name}_bytes", page(share))
        yield make.gauge("node_memory_SwapTotal_bytes", float(_GIB))
        yield make.gauge("node_memory_SwapFree_bytes", 0.96 * _GIB)

    def _disks(self) -> Iterator[Series]:
        make = self._labelled
        for disk in self._machine.disks:
            place = {"device": disk.device, "fstype": disk.type, "mountpoint": disk.mountpoint}
            yield make.gauge("node_filesystem_size_bytes", float(disk.size), place)
            for name, kept in (("avail", 0.0), ("free", 0.02)):
                yield make.gauge(f"node_filesystem_{name}_bytes", _left(disk, kept), place)
            yield make.gauge("node_filesystem_readonly", 0.0, place)
        reads, writes = _rhythm(self._host.name, "reads", _BACKUP), _rhythm(self._host.name, "writes")
        for name, rate, swings in (
            ("node_disk_read_bytes_total", 3.2e5, reads),
            ("node_disk_written_bytes_total", 8.5e5, writes),
            ("node_disk_io_time_seconds_total", 0.035, reads),
        ):
            yield make.counter(name, _times(rate, swings), {"device": "vda"})

    def _network(self) -> Iterator[Series]:
        make = self._labelled
        for direction, rate in (("receive", 6.5e4), ("transmit", 1.7e5)):
            swings = _rhythm(self._host.name, direction)
            for device, share in (("eth0", 1.0), ("docker0", 0.6), ("lo", 0.2)):
                yield make.counter(
                    f"node_network_{direction}_bytes_total", _times(rate * share, swings), {"device": device}
                )
            yield make.counter(f"node_network_{direction}_errs_total", 0.0, {"device": "eth0"})


def _left(disk: Disk, kept: float) -> Value:
    """kept: share that is for root alone."""
    return lambda at: float(int(disk.size * (1 - disk.used_at(at) + kept)) & ~4095)


def _times(rate: float, swings: Rhythm) -> Value:
    return lambda at: rate * swings.summed(at)


@lru_cache
def _rhythm(host: str, what: str, night: Night | None = None) -> Rhythm:
    if what == "cpu":
        return rhythm(host, what, day=0.42, restless=0.3, night=_BACKUP if host == "server2" else None)
    if what == "memory":
        return rhythm(host, what, day=0.35, restless=0.15)
    return rhythm(host, what, day=0.4, restless=0.33, night=night)
