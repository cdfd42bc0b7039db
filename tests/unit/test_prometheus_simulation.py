"""What is true of the simulated Prometheus alone: its figures are invented, and fit what the servers go through."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from playground.engine.host import Host
from playground.engine.load import MIB, Load
from playground.engine.story import Story
from playground.engine.team import open_team
from playground.engine.world import World
from playground.prometheus.memory import Memory
from playground.prometheus.server import PrometheusServer
from services.domain.metrics import Reach
from services.domain.scraping import Health, RuleState
from services.errors import ApiRefused
from services.metrics.catalogue import Catalogue, rendered
from services.prometheus import Prometheus, open_prometheus
from tests.unit.manual_clock import ManualClock

MEMORY = 'container_memory_usage_bytes{container="directus"}'


@dataclass
class Stage:
    prometheus: Prometheus
    server2: Host
    clock: ManualClock

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now() / 1e9, UTC)

    async def value(self, promql: str, at: datetime | None = None) -> float | None:
        """Of the one series that there is, if any."""
        found = await self.prometheus.query(promql, at=at)
        assert len(found) < 2, found
        return found[0].value if found else None


@asynccontextmanager
async def opened() -> AsyncIterator[Stage]:
    clock = ManualClock()
    async with World(clock) as world:
        _, server2 = hosts = open_team(world)
        async with (
            PrometheusServer(Memory(hosts, certificates)) as server,
            open_prometheus(server.url) as prometheus,
        ):
            yield Stage(prometheus, server2, clock)


def certificates(_: str) -> list[dict[str, str]]:
    return [{"commonName": "dir.tapbot.kz", "notAfter": "2027-01-15T12:00:00Z"}]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with opened() as stage:
        yield stage


@pytest.mark.parametrize("reach", Reach)
async def test_every_metric_of_the_catalogue_has_figures(stage: Stage, reach: Reach) -> None:
    window = max(4 * reach.step, timedelta(minutes=1))
    for metric in Catalogue():
        query = rendered(metric, window=window)
        found = await stage.prometheus.range(query, stage.now - reach.value, stage.now, reach.step)
        assert found, metric.id
        assert not any(math.isnan(value) for each in found for _, value in each.points), metric.id
        assert any(len(each.points) > 200 for each in found), metric.id


async def test_they_are_within_limits_and_change_with_the_hours(stage: Stage) -> None:
    cpu = Catalogue().metric("cpu")
    query = rendered(cpu, hosts=["server2"], window=timedelta(minutes=20))
    (days,) = await stage.prometheus.range(
        query, stage.now - timedelta(days=7), stage.now, timedelta(minutes=28)
    )
    values = [value for _, value in days.points]
    assert 5 < min(values) < max(values) < 80
    hours: dict[int, list[float]] = {}
    for at, value in days.points:
        hours.setdefault(at.astimezone().hour, []).append(value)
    assert sum(hours[15]) / len(hours[15]) > 1.4 * sum(hours[6]) / len(hours[6])


async def test_who_looks_again_sees_the_same(stage: Stage) -> None:
    query = (
        "sum by (host, container) (rate(container_cpu_usage_seconds_total[2m])) or node_memory_MemFree_bytes"
    )
    span = (stage.now - timedelta(hours=2), stage.now - timedelta(minutes=1), timedelta(minutes=1))
    before = await stage.prometheus.range(query, *span)
    await stage.clock.advance(30)
    Story(stage.server2).kill("directus", oom=True, stays_down=True)
    await stage.clock.advance(400)
    assert await stage.prometheus.range(query, *span) == before
    async with opened() as another:
        assert await another.prometheus.range(query, *span) == before


async def test_a_fall_shows_in_the_curve(stage: Stage) -> None:
    story, began = Story(stage.server2), stage.now
    used = await stage.value(MEMORY)
    assert used
    story.work("directus", Load(memory=700 * MIB, growth=60_000 * MIB, most=1020 * MIB))
    await stage.clock.advance(15)
    grown = await stage.value(MEMORY)
    assert grown
    assert grown > used + 200 * MIB
    await stage.clock.advance(1)
    story.kill("directus", oom=True, stays_down=True)
    await stage.clock.advance(10)
    assert await stage.value(MEMORY) is None
    assert await stage.value('vakhta_container_running{container="directus"}') == 0
    assert await stage.value('probe_success{container="directus"}') == 0
    (curve,) = await stage.prometheus.range(MEMORY, began, stage.now, timedelta(seconds=5))
    assert max(value for _, value in curve.points) == grown
    assert all(after > before for (_, before), (_, after) in pairwise(curve.points[-3:]))


async def test_a_second_life_is_another_run_of_the_same_curve(stage: Stage) -> None:
    seconds = 'container_cpu_usage_seconds_total{container="dozzle"}'
    before = await stage.value(seconds)
    assert before
    Story(stage.server2).kill("dozzle")  # and it comes back
    await stage.clock.advance(60)
    after = await stage.value(seconds)
    assert after
    assert after < 2 < before
    assert await stage.value('vakhta_container_restarts_total{container="dozzle"}') == 1
    risen = await stage.value('increase(container_cpu_usage_seconds_total{container="dozzle"}[5m])')
    assert risen
    assert 0 < risen < 60


async def states(stage: Stage) -> dict[str, RuleState]:
    return {each.name: each.state for each in await stage.prometheus.evaluated_rules()}


async def test_rules_fire_when_it_is_so(stage: Stage) -> None:
    calm = await states(stage)
    assert calm.pop("Watchdog") is RuleState.FIRING
    assert set(calm.values()) == {RuleState.INACTIVE}
    assert await stage.value('ALERTS{alertname!="Watchdog"}') is None
    Story(stage.server2).kill("directus", oom=True, stays_down=True)
    await stage.clock.advance(10)
    assert (await states(stage))["service_down"] is RuleState.FIRING
    firing = 'ALERTS{alertname="service_down",container="directus",host="server2",alertstate="firing"}'
    await stage.clock.advance(10)
    assert await stage.value(firing) == 1
    fell = stage.now
    starting = stage.server2.spawn(stage.server2.life(stage.server2.find("directus")).start())
    await stage.clock.advance(10)
    await starting
    assert (await states(stage))["service_down"] is RuleState.INACTIVE
    await stage.clock.advance(10)
    assert await stage.value(firing) is None
    assert await stage.value(firing, at=fell) == 1, "it is remembered"


async def test_who_stops_something_hears_no_alarm_and_what_it_scraped_is_down(stage: Stage) -> None:
    stopping = stage.server2.spawn(stage.server2.life(stage.server2.find("traefik")).stop(1))
    await stage.clock.advance(10)
    await stopping
    assert (await states(stage))["service_down"] is RuleState.INACTIVE
    down = [each for each in await stage.prometheus.targets() if each.health is Health.BROKEN]
    assert [(each.pool, each.host) for each in down] == [("traefik", "server2")]
    assert "connection refused" in down[0].error
    assert (await states(stage))["target_down"] is RuleState.PENDING
    await stage.clock.advance(200)
    assert (await states(stage))["target_down"] is RuleState.FIRING


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("max_over_time(rate(up[1m])[1h:1m])", "subqueries"),
        ("up[1h:]", "subqueries"),
        ("up @ 5", "the modifier @"),
        ("hour()", "the function hour"),
    ],
)
async def test_what_it_does_not_know_it_says(stage: Stage, query: str, what: str) -> None:
    with pytest.raises(ApiRefused) as refused:
        await stage.prometheus.query(query)
    assert refused.value.status == 422
    assert refused.value.message == (
        f"this is the demo's simulated Prometheus, which knows only a part of PromQL: not {what}"
    )


async def test_a_question_that_would_take_too_long_is_refused(stage: Stage) -> None:
    with pytest.raises(ApiRefused) as refused:
        await stage.prometheus.range(
            'max_over_time({__name__=~".+"}[30d])',
            stage.now - timedelta(days=1),
            stage.now,
            timedelta(minutes=1),
        )
    assert "too many samples" in refused.value.message
