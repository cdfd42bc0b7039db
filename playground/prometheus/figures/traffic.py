"""As a Traefik tells of what it is asked for: requests, how long they took, and its certificates."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from playground.prometheus.chronicle import Story
from playground.prometheus.figures.labelled import Labelled, Value, since, summed
from playground.prometheus.rhythm import Night, Rhythm, rhythm
from playground.prometheus.series import Series

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, math.inf)
_ROUTER = re.compile(r"traefik\.http\.routers\.([^.]+)\.rule")


@dataclass(frozen=True, slots=True)
class Demand:
    """A service's. rate: requests a second on average. quick, slow: seconds that half of either kind take at most;
    share: how many are slow. codes: of the answers.
    """

    rate: float
    quick: float
    slow: float
    share: float
    codes: Mapping[str, float]


_PAGES = {"200": 0.93, "304": 0.045, "404": 0.022, "500": 0.003}
_GUARDED = {"200": 0.86, "401": 0.13, "404": 0.01}
_DEMANDS = {
    "directus": Demand(
        3.1, 0.045, 0.42, 0.09, {"200": 0.9, "304": 0.05, "403": 0.013, "404": 0.034, "500": 0.003}
    ),
    "n8n": Demand(1.4, 0.08, 0.9, 0.07, {"200": 0.963, "404": 0.028, "429": 0.006, "500": 0.003}),
    "pgadmin": Demand(0.06, 0.07, 0.6, 0.1, _PAGES),
    "dozzle": Demand(0.11, 0.012, 0.09, 0.05, _GUARDED),
    "portainer": Demand(0.05, 0.02, 0.2, 0.06, _PAGES),
    "dashboard": Demand(0.03, 0.004, 0.02, 0.02, _GUARDED),
}
_UNKNOWN = Demand(0.02, 0.03, 0.3, 0.05, _PAGES)
_ERRORS = Night(hour=14.2, minutes=25, height=2.0)  # an hour of the day at which more goes wrong
_SPREAD = 0.8  # of the logarithm of how long it takes


def traffic(host: str, stories: Sequence[Story]) -> Iterator[Series]:
    """While Traefik runs; what is behind it is asked while it runs itself."""
    own = next((each for each in stories if each.name == "traefik"), None)
    if own is None:
        return
    make = Labelled(host, "traefik", f"{host}:8082", own.lives)
    codes: dict[str, list[Value]] = {}
    for story in stories:
        for label in story.labels:
            if found := _ROUTER.fullmatch(label):
                yield from _service(make, host, found[1], story, codes)
    codes.setdefault("404", []).append(lambda at: 0.018 * _rhythm(host, "scanners").summed(at))
    for code, counts in codes.items():
        about = {"code": code, "entrypoint": "websecure", "method": "GET", "protocol": "http"}
        yield make.counter("traefik_entrypoint_requests_total", summed(counts), about, whole=True)
    yield make.gauge("traefik_config_last_reload_success", lambda at: at - at % 86_400)
    for name in ("web", "websecure"):
        yield make.gauge(
            "traefik_entrypoint_open_connections", lambda at: 2.0 + int(at / 60) % 5, {"entrypoint": name}
        )


def certificates(host: str, stories: Sequence[Story], ends: Mapping[str, float]) -> Iterator[Series]:
    """ends: when each is over, by domain."""
    own = next((each for each in stories if each.name == "traefik"), None)
    make = Labelled(host, "traefik", f"{host}:8082", own.lives if own else ())
    for domain, end in ends.items():
        yield make.gauge("traefik_tls_certs_not_after", end, {"cn": domain, "sans": domain})


def _service(
    make: Labelled, host: str, name: str, story: Story, codes: dict[str, list[Value]]
) -> Iterator[Series]:
    demand = _DEMANDS.get(name, _UNKNOWN)
    begun = story.lives[0].start if story.lives else math.inf  # nobody has asked for it before
    make = Labelled(make.host, make.job, make.instance, since(make.lives, begun))
    for code, share in demand.codes.items():
        failed = code.startswith("5")
        quick, slow = _both(host, name, demand, share, story, failed=failed)
        count = summed([quick, slow])
        codes.setdefault(code, []).append(count)
        about = {"code": code, "method": "GET", "protocol": "http", "service": f"{name}@docker"}
        yield make.counter("traefik_service_requests_total", count, about, whole=True)
        prefix = "traefik_service_request_duration_seconds"
        # Not rounded: the parts of a histogram would no longer fit each other.
        for bound in BUCKETS:
            le = "+Inf" if math.isinf(bound) else f"{bound:g}"
            below = _below(quick, slow, demand, bound)
            yield make.counter(f"{prefix}_bucket", below, about | {"le": le})
        yield make.counter(f"{prefix}_count", count, about)
        yield make.counter(f"{prefix}_sum", _lasted(quick, slow, demand), about)


def _both(
    host: str, name: str, demand: Demand, share: float, story: Story, *, failed: bool
) -> tuple[Value, Value]:
    """How many requests there have been that are quick, and slow: while the service ran."""
    asked = _rhythm(host, f"{name} fails" if failed else name)
    slowly = _rhythm(host, f"{name} slowly")
    rate = demand.rate * share

    def counted(rate: float, swings: Rhythm) -> Value:
        @lru_cache(1024)  # asked for each bucket
        def at(moment: float) -> float:
            return rate * sum(
                swings.summed(min(moment, life.end)) - swings.summed(life.start)
                for life in story.lives
                if life.start < moment
            )

        return at

    return counted(rate * (1 - demand.share), asked), counted(rate * demand.share, slowly)


def _below(quick: Value, slow: Value, demand: Demand, bound: float) -> Value:
    """How many took at most so long."""
    one, other = _share_below(bound, demand.quick), _share_below(bound, demand.slow)
    return lambda at: one * quick(at) + other * slow(at)


def _lasted(quick: Value, slow: Value, demand: Demand) -> Value:
    mean = math.exp(_SPREAD**2 / 2)
    return lambda at: mean * (demand.quick * quick(at) + demand.slow * slow(at))


def _share_below(bound: float, half: float) -> float:
    """Of what is log-normal."""
    if math.isinf(bound):
        return 1.0
    return 0.5 * (1 + math.erf(math.log(bound / half) / (_SPREAD * math.sqrt(2))))


@lru_cache
def _rhythm(host: str, what: str) -> Rhythm:
    if what.endswith("fails"):
        return rhythm(host, what, day=0.35, restless=0.38, night=_ERRORS)
    return rhythm(host, what, day=0.45, restless=0.28)
