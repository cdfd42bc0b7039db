"""As the exporters of PostgreSQL and Redis tell, n8n, and the team's own program."""

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache

from playground.prometheus.chronicle import Story
from playground.prometheus.figures.labelled import Labelled, Value, summed
from playground.prometheus.rhythm import Rhythm, rhythm
from playground.prometheus.series import Series

_MIB = 1 << 20
_STATES = {"active": 1.6, "idle": 11.0, "idle in transaction": 0.7}
_DATABASES = {"directus": 1.0, "postgres": 0.15}
_WORKFLOWS = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, math.inf)
_QUICK, _SLOW = 0.9, 9.0  # seconds that a workflow takes on average
_REGIONS = {"Almaty": 1840, "Astana": 920, "Shymkent": 410, "Karaganda": 265, "other": 330}
_LIMITS = {"telegram": 0.34, "openai": 0.52, "2gis": 0.21}
_DAY = 86_400.0


def postgres(host: str, story: Story) -> Iterator[Series]:
    make = Labelled(host, "postgres", f"{host}:9187", story.lives)
    yield Labelled(host, "postgres", f"{host}:9187").gauge("pg_up", story.up)
    yield make.gauge("pg_settings_max_connections", 100.0)
    for database, share in _DATABASES.items():
        for state, mean in _STATES.items():
            about = {"datname": database, "state": state}
            yield make.gauge("pg_stat_activity_count", _rounded(mean * share, host, database, state), about)
            longest = 0.0 if state == "idle" else 0.9 * share
            yield make.gauge(
                "pg_stat_activity_max_tx_duration", _times(longest, host, database, state, "tx"), about
            )
        named = {"datname": database}
        size = (340.0 if database == "directus" else 7.6) * _MIB
        yield make.gauge("pg_database_size_bytes", _growing(size, 0.004), named)
        yield make.counter(
            "pg_stat_database_xact_commit", _summed(14 * share, host, database), named, whole=True
        )
        yield make.counter(
            "pg_stat_database_xact_rollback", _summed(0.05 * share, host, database), named, whole=True
        )


def redis(host: str, story: Story) -> Iterator[Series]:
    make = Labelled(host, "redis", f"{host}:9121", story.lives)
    yield Labelled(host, "redis", f"{host}:9121").gauge("redis_up", story.up)
    yield make.gauge("redis_memory_used_bytes", lambda at: sum(story.memory_at(at)) * 0.6)
    yield make.gauge("redis_connected_clients", _rounded(6, host, "clients"))
    yield make.counter("redis_commands_processed_total", _summed(38, host, "commands"), whole=True)


def n8n(host: str, story: Story) -> Iterator[Series]:
    make = Labelled(host, "n8n", "n8n:5678", story.lives)
    name = "n8n_workflow_execution_duration_seconds"
    quick, slow = _summed(0.021, host, "workflows"), _summed(0.006, host, "long workflows")
    for bound in _WORKFLOWS:
        le = "+Inf" if math.isinf(bound) else f"{bound:g}"
        yield make.counter(f"{name}_bucket", _below(bound, quick, slow), {"le": le})
    yield make.counter(f"{name}_count", summed([quick, slow]))
    yield make.counter(f"{name}_sum", lambda at: _QUICK * quick(at) + _SLOW * slow(at))


def _below(bound: float, quick: Value, slow: Value) -> Value:
    """How many took at most so long."""
    one, other = (1 - math.exp(-bound / mean) for mean in (_QUICK, _SLOW))
    return lambda at: one * quick(at) + other * slow(at)


def tapbot(host: str) -> Iterator[Series]:
    """What the team's own program would export, as the catalogue names it."""
    make = Labelled(host, "tapbot", "tapbot:8000")
    for name, rate in (
        ("tapbot_messages_total", 0.061),
        ("tapbot_registrations_total", 0.00042),
        ("tapbot_bookings_started_total", 0.0011),
    ):
        yield make.counter(name, _summed(rate, "tapbot", name), whole=True)
    completed = rhythm("tapbot", "completed", day=0.4, restless=0.3)
    yield make.counter(
        "tapbot_bookings_completed_total", lambda at: 0.00063 * completed.summed(at), whole=True
    )
    for region, users in _REGIONS.items():
        yield make.gauge("tapbot_users", _growing(float(users), 0.003, whole=True), {"region": region})
    for api, share in _LIMITS.items():
        yield make.gauge("tapbot_external_api_limit_used_ratio", _ratio(share, api), {"api": api})


def of(host: str, stories: Sequence[Story]) -> Iterator[Series]:
    for story in stories:
        if make := {"postgres": postgres, "redis": redis, "n8n": n8n}.get(story.name):
            yield from make(host, story)


def _times(mean: float, *seed: str) -> Value:
    return lambda at: round(mean * _rhythm(*seed).at(at), 3)


def _rounded(mean: float, *seed: str) -> Value:
    return lambda at: float(round(mean * _rhythm(*seed).at(at)))


def _summed(rate: float, *seed: str) -> Value:
    return lambda at: rate * _rhythm(*seed).summed(at)


def _growing(size: float, share: float, *, whole: bool = False) -> Value:
    """By that share a day, and it began long ago."""

    def at(moment: float) -> float:
        grown = size * (1 + share * (moment / _DAY - 20_700))
        return float(int(grown)) if whole else grown

    return at


def _ratio(share: float, api: str) -> Value:
    return lambda at: round(min(share * _rhythm("limits", api).at(at), 1.0), 4)


@lru_cache
def _rhythm(*seed: str) -> Rhythm:
    return rhythm(*seed, day=0.42, restless=0.3)
