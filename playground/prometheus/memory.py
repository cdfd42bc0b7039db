"""All series of the simulation, as they are at a moment."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from playground.engine.clock import SECOND
from playground.engine.host import Host
from playground.prometheus.chronicle import Chronicle, Story
from playground.prometheus.figures import applications, containers, probes, traffic
from playground.prometheus.figures.node import Node
from playground.prometheus.promql.matchers import fit
from playground.prometheus.promql.tree import Matcher
from playground.prometheus.series import Series
from playground.prometheus.targets import Target, scrapes, targets

Certificates = Callable[[str], Sequence[Mapping[str, Any]]]  # by host, as its Traefik tells of them


def no_certificates(_: str) -> Sequence[Mapping[str, Any]]:
    return ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Nothing of it changes any more, so that another thread may read it."""

    moment: float
    series: Sequence[Series]
    targets: Sequence[Target]

    def now(self) -> float:
        return self.moment

    def beside(self, more: Iterable[Series]) -> "Snapshot":
        """With more series."""
        return Snapshot(self.moment, [*self.series, *more], self.targets)

    def select(self, matchers: Sequence[Matcher]) -> Sequence[Series]:
        return [each for each in self.series if fit(matchers, each.labels)]


class Memory:
    """Of these hosts. Made within the event loop that they live in."""

    def __init__(self, hosts: Sequence[Host], certificates: Certificates = no_certificates) -> None:
        self._clock = hosts[0].clock
        self._chronicles = [Chronicle(host) for host in hosts]
        self._certificates = certificates
        # Since when the team has had it, as it tells.
        self.began = min(host.booted for host in hosts) / SECOND

    def now(self) -> float:
        """Seconds since 1970."""
        return self._clock.now() / SECOND

    def snapshot(self) -> Snapshot:
        servers = {each.host.name: each.stories() for each in self._chronicles}
        found = targets(servers)
        return Snapshot(self.now(), [*self._series(servers), *scrapes(found)], found)

    def _series(self, servers: Mapping[str, Sequence[Story]]) -> Iterator[Series]:
        for chronicle in self._chronicles:
            host = chronicle.host
            name, stories = host.name, servers[host.name]
            ends = {row["commonName"]: _moment(row["notAfter"]) for row in self._certificates(name)}
            yield from Node(host, stories).series()
            yield from containers.usage(name, stories)
            yield from containers.watched(name, stories)
            yield from traffic.traffic(name, stories)
            yield from traffic.certificates(name, stories, ends)
            yield from applications.of(name, stories)
            yield from probes.domains(name, stories, ends)
        yield from applications.tapbot(self._chronicles[0].host.name)
        yield from probes.distances([*servers])


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
