"""Which picture belongs to an alert, and that it follows the alert at most once, and never holds anything up."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from services.alerts.charts import AlertCharts
from services.alerts.pictures import LATE, AlertPictures
from services.domain.access import Actor
from services.domain.metrics import Curve, Graph, Metric, Reach, Source
from services.domain.posts import AlertChart, Destination
from services.errors import ApiUnreachable, NotDelivered, VakhtaError
from services.metrics.catalogue import Catalogue
from services.metrics.graphs import Graphs
from services.metrics.subjects import Subject
from services.ports import Sent, Store
from services.store import open_store
from tests.alerts import NOW, OPS, alert, post
from tests.clock import HandClock

METRICS = {metric.id: metric for metric in Catalogue()}
KNOWING = AlertCharts(METRICS, prometheus=True)
DIRECTUS: dict[str, Any] = {"host": "server2", "container": "directus"}


@pytest.mark.parametrize(
    ("name", "fields", "chart"),
    [
        ("high_cpu", {"host": "server1"}, AlertChart("cpu", "server1")),
        ("HighCPU", {"host": "server1"}, AlertChart("cpu", "server1")),
        ("high_memory", {"host": "server1"}, AlertChart("memory", "server1")),
        ("memory", {"host": "server1"}, AlertChart("memory", "server1")),
        ("disk_full", {"host": "server1"}, AlertChart("disk", "server1")),
        ("DiskFilling", {"host": "server1"}, AlertChart("disk", "server1")),
        ("database_connections", DIRECTUS, AlertChart("postgres_connections", "server2")),
        ("api_errors", {"host": "server1"}, AlertChart("api_errors", "server1")),
        ("service_down", DIRECTUS, AlertChart("container_memory", "server2", "directus")),
        ("odd", {"host": "server1"}, None),
        ("odd", {}, None),
        ("odd", {"labels": {"metric": "Load"}, "host": "server1"}, AlertChart("load", "server1")),
        ("high_cpu", {"annotations": {"metric": "registrations"}, **DIRECTUS}, AlertChart("registrations")),
        ("high_cpu", {"annotations": {"metric": "nothing"}, "host": "server1"}, None),
        ("cpu", {"annotations": {"metric": "cpu"}, **DIRECTUS}, AlertChart("cpu", "server2")),
    ],
)
def test_which_picture_belongs_to_an_alert(
    name: str, fields: Mapping[str, Any], chart: AlertChart | None
) -> None:
    assert KNOWING.of([alert(name, **fields)]) == chart


def test_of_several_it_is_of_what_they_share() -> None:
    one, other = alert("service_down", **DIRECTUS), alert("service_down", host="server2", container="n8n")
    elsewhere = alert("service_down", host="server1", container="directus")
    assert KNOWING.of([one, other]) == AlertChart("container_memory", "server2")
    assert KNOWING.of([one, elsewhere]) == AlertChart("container_memory")
    assert KNOWING.of([]) is None


def test_there_is_none_where_no_source_knows_it() -> None:
    assert AlertCharts(METRICS).of([alert("high_cpu", host="server1")]) is None
    netdata = AlertCharts(METRICS, netdatas=frozenset({"server1"}))
    assert netdata.of([alert("high_cpu", host="server1")]) == AlertChart("cpu", "server1")
    assert netdata.of([alert("high_cpu", host="server2")]) is None
    assert netdata.of([alert("service_down", **DIRECTUS)]) is None


@dataclass
class Standin:
    """In place of Graphs and of Telegram. failure: what is raised instead."""

    shown: list[tuple[str, int]] = field(default_factory=list)
    asked: list[Actor] = field(default_factory=list)
    failure: BaseException | None = None
    refusal: VakhtaError | None = None
    empty: bool = False

    def metric(self, name: str) -> Metric:
        return METRICS[name]

    async def of(self, metric: Metric, reach: Reach, subject: Subject, *, by: Actor) -> Graph:
        self.asked.append(by)
        if self.failure:
            raise self.failure
        curves = () if self.empty else (Curve("directus", ((NOW, 1.0),)),)
        start = NOW - reach.value
        return Graph(metric, reach, start, NOW, reach.step, curves, Source.PROMETHEUS, str(subject))

    async def illustrate(self, graph: Graph, to: Destination, message: Sent) -> None:
        if self.refusal:
            raise self.refusal
        self.shown.append((graph.subject, message.message))


CHART = AlertChart("container_memory", "server2", "directus")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(f"sqlite://{tmp_path}/store.db", HandClock()) as store:
        yield store


@asynccontextmanager
async def at_work(pictures: AlertPictures) -> AsyncIterator[None]:
    task = asyncio.create_task(pictures.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def made(store: Store, source: Standin, clock: HandClock | None = None, most: int = 16) -> AlertPictures:
    return AlertPictures(store, cast(Graphs, source), source, clock or HandClock(), most=most)


async def until(holds: Any) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.01)


async def test_it_comes_once_for_an_incident_in_a_chat(store: Store) -> None:
    source = Standin()
    pictures = made(store, source)
    async with at_work(pictures):
        pictures.posted(post(chat=OPS.chat, message=7), CHART)
        await until(lambda: source.shown)
        pictures.posted(post(chat=OPS.chat, message=8), CHART)
        elsewhere = post(to=Destination(1001), chat=1001, message=9)
        pictures.posted(elsewhere, CHART)
        await until(lambda: len(source.shown) == 2)
    assert source.shown == [("server2/directus", 7), ("server2/directus", 9)]
    assert not source.asked[0].scope.covers("server2", "postgres"), "of nothing but what the alert names"
    again = made(store, source)
    async with at_work(again):
        again.posted(post(chat=OPS.chat, message=10), CHART)
        await until(lambda: len(source.asked) == 4)
    assert len(source.shown) == 2, "nor after a restart"


@pytest.mark.parametrize("chart", [None, AlertChart("cpu")])
async def test_there_is_none_of_nothing_and_of_several_hosts(store: Store, chart: AlertChart | None) -> None:
    source = Standin()
    pictures = made(store, source)
    async with at_work(pictures):
        pictures.posted(post(chat=OPS.chat, message=7), chart)
        pictures.posted(post(chat=OPS.chat, message=8), CHART)
        await until(lambda: source.shown)
    assert source.shown == [("server2/directus", 8)]


async def test_what_fails_is_left_out_and_ends_nothing(store: Store) -> None:
    source = Standin(failure=ApiUnreachable("prometheus", "refused"))
    pictures = made(store, source)
    async with at_work(pictures):
        pictures.posted(post(id="a", incidents=("a",), chat=OPS.chat, message=1), CHART)
        await until(lambda: len(source.asked) == 1)
        source.failure, source.refusal = None, NotDelivered("flood", 9)
        pictures.posted(post(id="b", incidents=("b",), chat=OPS.chat, message=2), CHART)
        await until(lambda: len(source.asked) == 2)
        source.empty = True
        pictures.posted(post(id="c", incidents=("c",), chat=OPS.chat, message=3), CHART)
        await until(lambda: len(source.asked) == 3)
        source.refusal, source.empty = None, False
        pictures.posted(post(id="d", incidents=("d",), chat=OPS.chat, message=4), CHART)
        await until(lambda: source.shown)
    assert source.shown == [("server2/directus", 4)]


async def test_in_a_storm_no_more_wait_than_there_is_room_for(store: Store) -> None:
    source, clock = Standin(), HandClock()
    pictures = made(store, source, clock, most=2)
    for number in range(5):
        pictures.posted(post(incidents=(f"{number}",), chat=OPS.chat, message=number + 1), CHART)
    async with at_work(pictures):
        await until(lambda: len(source.shown) == 2)
        clock.time += LATE + timedelta(seconds=1)
    assert source.shown == [("server2/directus", 1), ("server2/directus", 2)]


async def test_what_would_be_late_does_not_come(store: Store) -> None:
    source, clock = Standin(), HandClock()
    pictures = made(store, source, clock)
    pictures.posted(post(incidents=("1",), chat=OPS.chat, message=1), CHART)
    clock.time += LATE + timedelta(seconds=1)
    pictures.posted(post(incidents=("2",), chat=OPS.chat, message=2), CHART)
    async with at_work(pictures):
        await until(lambda: source.shown)
    assert source.shown == [("server2/directus", 2)]
