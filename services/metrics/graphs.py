"""Metrics of the catalogue over time, as one person sees them: the curves of what is in that person's scope."""

import asyncio
import re
from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from hashlib import blake2s

from services.domain.access import Actor
from services.domain.containers import ContainerKey
from services.domain.metrics import Curve, Graph, Level, Metric, Reach, Source
from services.errors import ApiError, HostError, MetricTooWide, NoSource, NoSuchMetric, VakhtaError
from services.metrics.catalogue import Catalogue, rendered
from services.metrics.curves import HostNamed, Sight, drawn, in_sight
from services.metrics.marks import Marks
from services.metrics.subjects import Subject, Subjects
from services.netdatas import Netdatas
from services.ports import Clock
from services.prometheus import Prometheus, Series

SCRAPE = timedelta(seconds=15)  # how often deploy/monitoring has Prometheus look
WINDOW = 4 * SCRAPE  # of rates, at least: a scrape or two may be missed
DEADLINE = 10.0  # seconds, of a source

_KEY = re.compile(r"[A-Z2-7]{5}")


def metric_key(metric: str) -> str:
    """Five letters and digits that stand for a metric's id where space is short (a button's data); no id looks so."""
    return b32encode(blake2s(metric.encode(), digest_size=4).digest()).decode()[:5]


def is_metric_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class _Ask:
    """One question: of what, over which time, and who may see which of its curves."""

    metric: Metric
    subject: Subject
    start: datetime
    end: datetime
    step: timedelta
    sight: Sight


@dataclass(frozen=True, slots=True)
class _Said:
    """What one source answers."""

    source: Source
    curves: tuple[Curve, ...]
    more: int = 0
    warnings: tuple[str, ...] = ()
    failure: VakhtaError | None = None


class Graphs:
    """Nothing is cached: each question asks Prometheus, or the Netdatas of the hosts where Prometheus cannot tell.

    host_named: see `HostNamed`.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        subjects: Subjects,
        prometheus: Prometheus | None,
        netdatas: Netdatas,
        marks: Marks,
        host_named: HostNamed,
        clock: Clock,
    ) -> None:
        self._catalogue = catalogue
        self._subjects = subjects
        self._prometheus = prometheus
        self._netdatas = netdatas
        self._marks = marks
        self._host_named = host_named
        self._clock = clock

    @property
    def metrics(self) -> Sequence[Metric]:
        """In the catalogue's order."""
        return tuple(self._catalogue)

    def metric(self, name: str) -> Metric:
        """name: an id, in any case, or its `metric_key`. Raises NoSuchMetric, whose name is "" for a key."""
        if not is_metric_key(name):
            return self._catalogue.metric(name)
        for metric in self._catalogue:
            if metric_key(metric.id) == name:
                return metric
        if name.lower() != name:  # somebody who types in capitals
            return self._catalogue.metric(name)
        raise NoSuchMetric("")

    async def graph(self, metric: str, reach: Reach, name: str | ContainerKey | None, *, by: Actor) -> Graph:
        """metric: an id, in any case, or its `metric_key`. name: a host's or a container's as a person types it, or
        a button's (its `key` "" for the host); None: all in scope.

        A metric of hosts that is asked of a container, or by one who may see no host as a whole, is that of containers
        with the same name, if there is one.
        Raises NoSuchMetric, MetricTooWide; what `Fleet.look_up` raises; NoSource; ApiError where no source answers.
        """
        wanted = self.metric(metric)
        subject = await self._subjects.find(name, by=by)
        graph = await self.of(self._fitting(wanted, subject, by), reach, subject, by=by)
        if subject.unnamed is None:
            return graph
        if not graph.curves:
            raise subject.unnamed.why
        return replace(graph, subject=f"{subject.host}/{graph.curves[0].labels['container']}")

    async def subject(self, name: str | ContainerKey | None, *, by: Actor) -> Subject:
        """As `Subjects.find`."""
        return await self._subjects.find(name, by=by)

    async def of(self, metric: Metric, reach: Reach, subject: Subject, *, by: Actor) -> Graph:
        """As `graph`, of what has been found. Raises NoSource, ApiError."""
        end = self._clock.now()
        ask = _Ask(
            metric, subject, end - reach.value, end, reach.step,
            Sight(by.scope, subject, cache(self._host_named)),
        )  # fmt: skip
        query = _query(ask)
        said, marks = await asyncio.gather(
            self._said(ask, query), self._marks.between(ask.start, end, subject, by.scope)
        )
        return Graph(
            metric, reach, ask.start, end, reach.step, said.curves, said.source, str(subject), marks,
            said.more, said.warnings, said.failure, query, not by.scope.covers_everything(),
        )  # fmt: skip

    def _fitting(self, metric: Metric, subject: Subject, by: Actor) -> Metric:
        if metric.level is Level.HOST and subject.is_container:
            narrower = self._of_containers(metric)
            if narrower is None:
                raise MetricTooWide(metric.id, hosts=True)
            return narrower
        if metric.level is Level.HOST and not self._subjects.has_a_host(subject, by=by):
            return self._of_containers(metric) or metric
        about_less = re.search(r"\$(host|container)\b", metric.promql)
        if metric.level is Level.TEAM and subject.host and not about_less:
            raise MetricTooWide(metric.id, hosts=False)
        return metric

    def _of_containers(self, metric: Metric) -> Metric | None:
        name = f"container_{metric.id}"
        return next(
            (each for each in self._catalogue if (each.id, each.level) == (name, Level.CONTAINER)), None
        )

    async def _said(self, ask: _Ask, query: str) -> _Said:
        try:
            said = await self._prometheus_says(ask, query)
        except (ApiError, NoSource) as failure:
            instead = await self._netdata_says(ask)
            told = in_sight(failure, ask.sight.scope)
            if instead is None:
                raise told from failure.__cause__
            why = None if isinstance(failure, NoSource) else told
            return replace(instead, failure=why or instead.failure)
        if said.curves:
            return said
        instead = await self._netdata_says(ask, quietly=True)
        return instead if instead and instead.curves else said

    async def _prometheus_says(self, ask: _Ask, query: str) -> _Said:
        if self._prometheus is None:
            raise NoSource(ask.metric.id, ask.metric.source)
        found = await self._prometheus.range(query, ask.start, ask.end, ask.step, deadline=DEADLINE)
        curves, more = await asyncio.to_thread(drawn, found, ask.metric, ask.sight)
        return _Said(Source.PROMETHEUS, curves, more, found.warnings)

    async def _netdata_says(self, ask: _Ask, *, quietly: bool = False) -> _Said | None:
        """None where no Netdata can tell. Raises the first host's error where all fail; quietly: None, too."""
        hosts = self._netdata_hosts(ask)
        if not hosts:
            return None
        answers = await asyncio.gather(*(self._netdata_series(host, ask) for host in hosts))
        found = [each for each in answers if isinstance(each, Series)]
        failures = [each for each in answers if not isinstance(each, Series)]
        if failures and not found:
            if quietly:
                return None
            raise failures[0]
        curves, more = await asyncio.to_thread(drawn, found, ask.metric, ask.sight)
        return _Said(Source.NETDATA, curves, more, failure=failures[0] if failures else None)

    def _netdata_hosts(self, ask: _Ask) -> Sequence[str]:
        if ask.metric.netdata is None or ask.subject.is_container:
            return ()
        scope, subject = ask.sight.scope, ask.subject
        return [
            host for host in self._netdatas.hosts if scope.covers_host(host) and subject.host in ("", host)
        ]

    async def _netdata_series(self, host: str, ask: _Ask) -> Series | ApiError | HostError:
        chart = ask.metric.netdata
        assert chart is not None
        points = round((ask.end - ask.start) / ask.step)
        try:
            found = await self._netdatas.of(host).data(chart, ask.start, ask.end, points, deadline=DEADLINE)
        except (ApiError, HostError) as failure:
            return failure
        return Series({"host": host}, found)


def _query(ask: _Ask) -> str:
    subject = ask.subject
    hosts = [subject.host] if subject.host else []
    containers = [subject.container] if subject.container else []
    return rendered(ask.metric, hosts=hosts, containers=containers, window=max(WINDOW, ask.step))
