"""Figures of hosts and containers now, from Prometheus and from the hosts' own Netdatas.

A source that fails is no reason to fail: what it was is told beside what it did answer.
"""

import asyncio
import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from services.domain.figures import ContainerLoad, Disk, HostFigures
from services.domain.metrics import NetdataChart
from services.errors import HostSilent, NoSuchMetric, VakhtaError
from services.metrics.catalogue import Catalogue, rendered
from services.netdata import ChartNow, Netdata
from services.netdatas import Netdatas
from services.outcomes import settled, value_of
from services.prometheus import Prometheus, Sample

# In seconds: two hosts, one of them dead, are to be told of within two.
PATIENCE = 1.4
WINDOW = timedelta(minutes=1)  # of rates: deploy/monitoring looks each 15 s, and one look may be missed

CORES = 'count by (host) (node_cpu_seconds_total{mode="idle"})'
MEMORY_SIZE = "max by (host) (node_memory_MemTotal_bytes)"
HOST_METRICS = ("cpu", "load", "memory", "disk", "network")
CONTAINER_METRICS = ("container_cpu", "container_memory")

_MIB, _KILOBIT = 1 << 20, 125  # bytes
# Not disks that fill up, as the catalogue's query of `disk` has it.
_NO_DISK = re.compile(r"/(dev|proc|sys|run|var/lib/docker)(/.*)?")

Answers = Mapping[str, Sequence[Sample]]


@dataclass(frozen=True, slots=True)
class Known:
    """What Prometheus knows, by host. containers: by host, then by name. faults: of its answers, each kind once."""

    hosts: Mapping[str, HostFigures] = field(default_factory=dict)
    containers: Mapping[str, Mapping[str, ContainerLoad]] = field(default_factory=dict)
    faults: tuple[VakhtaError, ...] = ()


class Figures:
    """Nothing is cached, and nothing is raised."""

    def __init__(self, prometheus: Prometheus | None, netdatas: Netdatas, catalogue: Catalogue) -> None:
        self._prometheus = prometheus
        self._netdatas = netdatas
        self._catalogue = catalogue

    async def of_prometheus(self, hosts: Sequence[str] = (), *, deadline: float = PATIENCE) -> Known:
        """Of these hosts, of all when empty. Figures are asked for side by side: one that is refused costs no other."""
        if self._prometheus is None:
            return Known()
        queries = {
            name: query
            for name in (*HOST_METRICS, *CONTAINER_METRICS)
            if (query := self._query(name, hosts)) is not None
        }
        queries |= {"cores": CORES, "memory_size": MEMORY_SIZE}
        ask = partial(self._prometheus.query, deadline=deadline)
        found = await asyncio.gather(*(settled(partial(ask, query)) for query in queries.values()))
        answers: dict[str, Sequence[Sample]] = {}
        faults: dict[type, VakhtaError] = {}
        for name, answer in zip(queries, found, strict=True):
            if isinstance(answer, VakhtaError):
                faults.setdefault(type(answer), answer)
            else:
                answers[name] = answer
        # Of very many series it takes some 100 ms.
        return await asyncio.to_thread(_told, answers, tuple(faults.values()))

    async def of_netdata(self, host: str, *, deadline: float = PATIENCE) -> HostFigures | VakhtaError | None:
        """None where it has none, or one that knows nothing yet."""
        if host not in self._netdatas.hosts:
            return None
        found = await settled(partial(_asked, self._netdatas.of(host), deadline))
        return found if isinstance(found, VakhtaError) or found.known else None

    def _query(self, name: str, hosts: Sequence[str]) -> str | None:
        try:
            metric = self._catalogue.metric(name)
        except NoSuchMetric:
            return None
        return rendered(metric, hosts=hosts, window=WINDOW)


def _told(answers: Answers, faults: tuple[VakhtaError, ...]) -> Known:
    return Known(_hosts(answers), _containers(answers), faults)


def _hosts(answers: Answers) -> dict[str, HostFigures]:
    """What has no label `host` is about no host of ours."""
    one = {name: _by_host(samples) for name, samples in answers.items()}
    disks: dict[str, Disk] = {}
    for sample in _known(answers.get("disk", ())):
        host = sample.labels.get("host", "")
        disk = Disk(sample.labels.get("mountpoint", ""), sample.value)
        if host not in disks or disk.used > disks[host].used:
            disks[host] = disk
    ways: dict[str, dict[str, float]] = defaultdict(dict)
    for sample in _known(answers.get("network", ())):
        ways[sample.labels.get("direction", "")][sample.labels.get("host", "")] = sample.value
    names = {host for name in HOST_METRICS for host in one.get(name, {})}
    made = {}
    for host in names - {""}:
        cores = one.get("cores", {}).get(host)
        made[host] = HostFigures(
            cpu=one.get("cpu", {}).get(host),
            load=one.get("load", {}).get(host),
            cores=round(cores) if cores else None,
            memory=one.get("memory", {}).get(host),
            memory_size=one.get("memory_size", {}).get(host),
            disk=disks.get(host),
            received=ways["in"].get(host),
            sent=ways["out"].get(host),
        )
    return {host: figures for host, figures in made.items() if figures.known}


def _containers(answers: Answers) -> dict[str, dict[str, ContainerLoad]]:
    figures: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for metric in CONTAINER_METRICS:
        for sample in _known(answers.get(metric, ())):
            host, name = sample.labels.get("host", ""), sample.labels.get("container", "")
            if host and name:
                figures[host, name][metric] = sample.value
    found: dict[str, dict[str, ContainerLoad]] = defaultdict(dict)
    for (host, name), each in figures.items():
        cpu, memory = (each.get(metric) for metric in CONTAINER_METRICS)
        found[host][name] = ContainerLoad(host, name, cpu, memory)
    return found


def _by_host(samples: Sequence[Sample]) -> dict[str, float]:
    return {sample.labels.get("host", ""): sample.value for sample in _known(samples)}


def _known(samples: Sequence[Sample]) -> list[Sample]:
    return [sample for sample in samples if math.isfinite(sample.value)]


async def _asked(netdata: Netdata, deadline: float) -> HostFigures:
    value = partial(netdata.value, deadline=deadline)
    patterns = ("system.load", "system.ram", "mem.available", "disk_space.*")
    found, *figures = await asyncio.gather(
        settled(partial(netdata.charts, *patterns, deadline=deadline)),
        settled(partial(value, NetdataChart("system.cpu"))),
        settled(partial(value, NetdataChart("system.net", ("received",), _KILOBIT))),
        settled(partial(value, NetdataChart("system.net", ("sent",), _KILOBIT))),
    )
    charts, (cpu, received, sent) = value_of(found), map(value_of, figures)
    by_id = {chart.id: chart for chart in charts}
    ram, available = _values(by_id, "system.ram"), _values(by_id, "mem.available")
    # By name and by id each figure is there twice where the two differ; these four are the same.
    size = sum(ram.get(name, 0) for name in ("free", "used", "cached", "buffers")) * _MIB
    free = available.get("avail", available.get("MemAvailable"))
    used = None if free is None or not size else 100 * (1 - free * _MIB / size)
    return HostFigures(
        cpu=cpu,
        load=_values(by_id, "system.load").get("load1"),
        memory=used,
        memory_size=size or None,
        disk=_fullest([chart for chart in charts if chart.id.startswith("disk_space.")]),
        received=received,
        sent=sent,
    )


def _values(charts: Mapping[str, ChartNow], name: str) -> Mapping[str, float]:
    return charts[name].values if name in charts else {}


def _fullest(charts: Sequence[ChartNow]) -> Disk | None:
    """What is reserved for root counts as used, as in the catalogue's query."""
    disks = []
    for chart in charts:
        values = chart.values
        free, used = values.get("avail", 0), values.get("used", 0)
        whole = free + used + values.get("reserved_for_root", values.get("reserved for root", 0))
        if whole > 0 and not _NO_DISK.fullmatch(chart.family):
            disks.append(Disk(chart.family, 100 * (1 - free / whole)))
    return max(disks, key=lambda disk: disk.used, default=None)


def is_about(fault: VakhtaError, silence: HostSilent | None) -> bool:
    """Whether the silence of the host itself says as much: its Netdata is asked through the same connection."""
    return silence is not None and isinstance(fault, HostSilent)
