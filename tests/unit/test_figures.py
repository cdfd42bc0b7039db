"""Figures of now: what is trouble, what two samples tell, and what is believed of an engine and of Prometheus."""

import asyncio
import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from services.domain.access import Scope
from services.domain.containers import Container, Sample, State
from services.domain.figures import Pace, Strain, pace, strain
from services.domain.metrics import Thresholds
from services.errors import ApiRefused, ApiTimeout, EngineRefused
from services.fleet import samples
from services.metrics import sampling
from services.metrics.available import Availability
from services.metrics.catalogue import Catalogue
from services.metrics.figures import Figures
from services.metrics.sampling import Sampler, loads
from services.netdatas import Netdatas
from services.ports import Engine
from services.prometheus import Prometheus
from services.prometheus import Sample as Row
from tests.clock import HandClock

AT = datetime(2026, 11, 26, 9, tzinfo=UTC)
ODD = (TypeError, ValueError, KeyError)


@pytest.mark.parametrize(
    ("figure", "limits", "found"),
    [
        (79.9, Thresholds(80, 90), Strain.NONE),
        (80, Thresholds(80, 90), Strain.WARNING),
        (90, Thresholds(80, 90), Strain.CRITICAL),
        (99, Thresholds(warning=80), Strain.WARNING),
        (99, Thresholds(), Strain.NONE),
        (None, Thresholds(80, 90), Strain.NONE),
        (5, Thresholds(20, 7, below=True), Strain.CRITICAL),
        (30, Thresholds(20, 7, below=True), Strain.NONE),
    ],
)
def test_from_where_on_it_is_trouble(figure: float | None, limits: Thresholds, found: Strain) -> None:
    assert strain(figure, limits) is found


def sample(seconds: float, cpu: float, **more: Any) -> Sample:
    return Sample(AT + timedelta(seconds=seconds), cpu, 1000, None, **more)


def test_what_two_samples_tell() -> None:
    before = sample(0, 10, received=100, sent=0, read=None, written=5)
    after = sample(2, 11, received=300, sent=50, read=7, written=1)
    assert pace(before, after) == Pace(cpu=50, received=100, sent=25, read=None, written=None)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, None),
        (sample(0, 10), None),
        (sample(0, 10), sample(0, 11)),
        (sample(0, 10), sample(2, 3)),  # it was started anew
    ],
)
def test_what_one_sample_does_not_tell(before: Sample | None, after: Sample | None) -> None:
    assert pace(before, after).cpu is None


def test_an_old_engine_tells_of_two_moments_itself() -> None:
    assert pace(sample(0, 10, cpu_percent=7), None).cpu == 7


def stats(**more: Any) -> dict[str, Any]:
    return {
        "read": "2026-11-26T09:00:00.123456789Z",
        "cpu_stats": {"cpu_usage": {"total_usage": 3_000_000_000}, "system_cpu_usage": 14_000_000_000},
        "precpu_stats": {"cpu_usage": {"total_usage": 0}},
        "memory_stats": {"usage": 500, "limit": 1000, "stats": {"inactive_file": 100}},
        "pids_stats": {"current": 3, "limit": 2**64 - 1},
        "networks": {"eth0": {"rx_bytes": 10, "tx_bytes": 1}, "eth1": {"rx_bytes": 5, "tx_bytes": 2}},
        "blkio_stats": {
            "io_service_bytes_recursive": [
                {"op": "Read", "value": 10},
                {"op": "read", "value": 1},
                {"op": "Write", "value": 7},
                {"op": "Total", "value": 99},
            ]
        },
        **more,
    }


def test_what_an_engine_says_of_a_moment() -> None:
    assert samples.sample(stats()) == Sample(
        AT.replace(microsecond=123456), 3.0, 400, 1000, None, 15, 3, 11, 7, 3, None
    )
    bare = samples.sample(stats(networks=None, blkio_stats=None, pids_stats={"limit": 50}))
    assert bare
    assert (bare.received, bare.sent, bare.read, bare.written) == (None,) * 4
    assert (bare.processes, bare.most_processes) == (None, 50)
    assert samples.sample(stats(memory_stats={})) is None, "it does not run"


@pytest.mark.parametrize(
    "odd",
    [
        {"read": "yesterday"},
        {"read": None},
        {"networks": []},
        {"networks": {"eth0": {"rx_bytes": "10"}}},
        {"blkio_stats": {"io_service_bytes_recursive": {}}},
        {"blkio_stats": {"io_service_bytes_recursive": [{"op": 1, "value": 1}]}},
        {"pids_stats": {"limit": 1e300}},
    ],
    ids=str,
)
def test_an_odd_moment_is_not_believed(odd: dict[str, Any]) -> None:
    with pytest.raises(ODD):
        samples.sample(stats(**odd))


@dataclass
class Slow:
    """An engine that answers `told` samples of each container, then hangs; a container called `sick` is refused."""

    told: int
    host: str = "server1"
    clock: float = 0
    asked: dict[str, int] = field(default_factory=dict)

    async def sample(self, container_id: str, *, deadline: float = 5) -> Sample | None:
        if container_id == "sick":
            raise EngineRefused(self.host, 500, "no")
        count = self.asked[container_id] = self.asked.get(container_id, 0) + 1
        if count > self.told:
            await asyncio.Event().wait()
        return sample(self.clock + count, self.clock / 10 + count / 2)


def containers(*names: str) -> Sequence[Container]:
    return [Container("server1", name, name, "image", State.RUNNING, None, AT) for name in names]


async def sampled(sampler: Sampler, engine: Slow, *names: str) -> dict[str, float | None]:
    until = asyncio.get_running_loop().time() + 0.2
    found = await sampler.sampled(cast(Engine, engine), containers(*names), until=until)
    return {load.name: load.cpu for load in loads(found)}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "APART", 0.0)


async def test_what_comes_too_late_is_left_out() -> None:
    """And one that fails costs the others nothing."""
    assert await sampled(Sampler(), Slow(2), "a", "b", "sick") == {"a": 50, "b": 50}
    assert await sampled(Sampler(), Slow(1), "a") == {"a": None}
    assert await sampled(Sampler(), Slow(0), "a") == {}


async def test_the_next_question_goes_on_from_the_last_one() -> None:
    sampler, engine = Sampler(), Slow(1)
    assert await sampled(sampler, engine, "a") == {"a": None}
    engine.asked.clear()
    engine.clock = 10
    assert await sampled(sampler, engine, "a") == {"a": 10}
    assert engine.asked == {"a": 1}, "one is enough"
    assert await sampled(sampler, replace(engine, told=0, asked={}), "b") == {}
    later = replace(engine, clock=10 + sampling.REMEMBERED.total_seconds() + 1, asked={})
    assert await sampled(sampler, later, "a") == {"a": None}, "too long ago"


@dataclass
class Telling:
    """A Prometheus; answers by a word of the query, an error is raised."""

    answers: dict[str, Sequence[Row] | Exception]

    async def query(self, promql: str, *, deadline: float = 5) -> Sequence[Row]:
        for word, found in self.answers.items():
            if word in promql:
                if isinstance(found, Exception):
                    raise found
                return found
        return ()


def row(value: float, **labels: str) -> Row:
    return Row(labels, value, AT)


def figures(answers: dict[str, Sequence[Row] | Exception]) -> Figures:
    return Figures(cast(Prometheus, Telling(answers)), Netdatas({}), Catalogue())


async def test_what_prometheus_knows_by_host() -> None:
    """The fullest disk; what is no number, or about no host, is not known."""
    known = await figures(
        {
            "node_filesystem": [
                row(40, host="server1", mountpoint="/"),
                row(93, host="server1", mountpoint="/data"),
                row(99),
            ],
            "node_load1": [row(1.5, host="server1"), row(math.nan, host="server2")],
            "node_network": [
                row(10, host="server1", direction="in"),
                row(4, host="server1", direction="out"),
            ],
            "count by": [row(2, host="server1")],
            "container_memory": [row(5, host="server1", container="a"), row(6, host="server1", container="")],
        }
    ).of_prometheus()
    assert set(known.hosts) == {"server1"}
    found = known.hosts["server1"]
    assert found.disk and (found.disk.mountpoint, found.disk.used) == ("/data", 93)
    assert (found.load, found.cores, found.cpu) == (1.5, 2, None)
    assert (found.received, found.sent) == (10, 4)
    assert {name: load.memory for name, load in known.containers["server1"].items()} == {"a": 5}
    assert known.faults == ()


async def test_one_query_that_is_refused_costs_no_other() -> None:
    """And of what is wrong with many of them one is told."""
    refused, late = ApiRefused("prometheus", 422, "no"), ApiTimeout("prometheus", 1.4)
    known = await figures(
        {
            "node_load1": [row(1, host="server1")],
            "node_cpu": refused,
            "node_memory": late,
            "node_filesystem": late,
        }
    ).of_prometheus()
    assert known.hosts["server1"].load == 1
    assert sorted(type(fault).__name__ for fault in known.faults) == ["ApiRefused", "ApiTimeout"]


async def test_without_a_prometheus_nothing_is_known_and_nothing_wrong() -> None:
    known = await Figures(None, Netdatas({}), Catalogue()).of_prometheus()
    assert (known.hosts, known.faults) == ({}, ())


class Elsewhere(Mapping[str, str]):
    """Labels that note which thread looks at them."""

    def __init__(self, **labels: str) -> None:
        self._labels, self.looked = labels, set[threading.Thread]()

    def __getitem__(self, name: str) -> str:
        self.looked.add(threading.current_thread())
        return self._labels[name]

    def __iter__(self) -> Iterator[str]:
        self.looked.add(threading.current_thread())
        return iter(self._labels)

    def __len__(self) -> int:
        return len(self._labels)


async def test_very_many_series_are_not_gone_through_in_the_event_loop() -> None:
    labels = Elsewhere(host="server1", container="a")
    answers: dict[str, Sequence[Row] | Exception] = {"": [Row(labels, 1, AT)]}
    assert (await figures(answers).of_prometheus()).hosts
    assert labels.looked
    availability = Availability(
        Catalogue(), cast(Prometheus, Telling(answers)), Netdatas({}), lambda name: name, HandClock()
    )
    assert (await availability.of(Scope.of("*/a"))).known
    assert threading.main_thread() not in labels.looked
