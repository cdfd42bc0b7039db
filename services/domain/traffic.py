"""What goes through Traefik: of each of its services how much, how much of it fails, and how fast it is answered."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2s
from math import inf

from services.domain.metrics import Source
from services.errors import VakhtaError


@dataclass(frozen=True, slots=True)
class Latency:
    """seconds: of the share asked for as many are answered in so long, about. beyond: it takes longer than that, the
    longest time that Traefik tells apart."""

    seconds: float
    beyond: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """What went through one service in a time. statuses: requests by status code. buckets: requests that took so many
    seconds at most, by the seconds, with infinity for all. Both may be fractions where they are reckoned from rates.
    """

    statuses: Mapping[int, float]
    buckets: Mapping[float, float]

    @property
    def requests(self) -> float:
        return sum(self.statuses.values())

    def share(self, hundred: int) -> float:
        """0 to 1: of the requests, those answered with hundred, hundred + 1, … hundred + 99. 0 without any."""
        total = self.requests
        found = sum(count for status, count in self.statuses.items() if hundred <= status < hundred + 100)
        return found / total if total else 0.0

    def latency(self, share: float) -> Latency | None:
        """In which time so large a share is answered, as Prometheus' histogram_quantile has it; None without any."""
        bounds = sorted(self.buckets)
        total = self.buckets.get(inf, 0.0)
        if total <= 0 or len(bounds) < 2:
            return None
        rank, below, counted = share * total, 0.0, 0.0
        for bound in bounds:
            count = max(self.buckets[bound], counted)
            if count >= rank and count > 0:
                if bound == inf:
                    return Latency(below, beyond=True)
                if count == counted:
                    return Latency(bound)
                return Latency(below + (bound - below) * (rank - counted) / (count - counted))
            below, counted = bound, count
        return None


@dataclass(frozen=True, slots=True)
class ServiceTraffic:
    """service: as Traefik names it, such as directus@docker. container: behind it, "" where none is known to be.
    names: others by which a person may ask for it, in lower case. domain, route: of one that leads to it, and its
    `route_key`; "" without one."""

    host: str
    service: str
    flow: Flow
    container: str = ""
    names: frozenset[str] = frozenset()
    domain: str = ""
    route: str = ""

    @property
    def name(self) -> str:
        """Without what provides it."""
        return self.service.rpartition("@")[0] or self.service

    @property
    def is_quiet(self) -> bool:
        return self.flow.requests <= 0

    def answers_to(self, key: str) -> bool:
        """key: `word_key` of a name."""
        own = {self.service.lower(), self.name.lower(), f"{self.host}/{self.name}".lower()}
        return any(word_key(name) == key for name in own | self.names)


@dataclass(frozen=True, slots=True)
class HostTraffic:
    """Of one host. window: which the figures are of. trouble: why there are none; failure: of the better source, in
    whose stead another was asked."""

    host: str
    services: tuple[ServiceTraffic, ...] = ()
    source: Source | None = None
    window: timedelta = timedelta()
    trouble: VakhtaError | None = None
    failure: VakhtaError | None = None


@dataclass(frozen=True, slots=True)
class TrafficReport:
    """What a person may see. host, key: what it is of, "" for all; see `ServiceTraffic.answers_to`. charted: hosts that
    there are pictures of."""

    hosts: tuple[HostTraffic, ...]
    at: datetime
    host: str = ""
    key: str = ""
    charted: tuple[str, ...] = ()

    def window(self, service: ServiceTraffic) -> timedelta:
        return next(each.window for each in self.hosts if each.host == service.host)

    @property
    def busy(self) -> tuple[ServiceTraffic, ...]:
        """The worst first: by what fails, then by how long people wait."""
        return tuple(sorted((each for each in self._all() if not each.is_quiet), key=_badness, reverse=True))

    @property
    def quiet(self) -> tuple[ServiceTraffic, ...]:
        return tuple(sorted((each for each in self._all() if each.is_quiet), key=lambda each: each.name))

    def _all(self) -> Iterator[ServiceTraffic]:
        for host in self.hosts:
            yield from host.services


def word_key(word: str) -> str:
    """Twelve hex digits that stand for a name, in any case, where space is short (a button's data)."""
    return blake2s(word.lower().encode(), digest_size=6).hexdigest()


def _badness(each: ServiceTraffic) -> tuple[float, float, float]:
    slow = each.flow.latency(0.95)
    wait = (inf if slow.beyond else slow.seconds) if slow else 0.0
    return each.flow.share(500), wait, each.flow.requests
