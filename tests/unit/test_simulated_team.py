"""The simulated team: the same servers as the lab's, with logs and figures that the bot can read."""

import json
import time
from collections.abc import AsyncIterator

import pytest

from playground.engine.api.inspection import inspection
from playground.engine.api.listing import Asked, Listing
from playground.engine.api.statistics import sample
from playground.engine.clock import SECOND
from playground.engine.host import Host
from playground.engine.program import Ending
from playground.engine.programs.directus import LAST_WORDS
from playground.engine.programs.pen import ACCESS_TOKEN, BOT_TOKEN, DATABASE_PASSWORD, REDIS_PASSWORD
from playground.engine.story import Story
from playground.engine.team import open_team
from playground.engine.world import World
from services.domain.containers import Health, State
from services.fleet import answers, samples
from services.logs.text.levels import Level, level_of
from services.redaction.text import HIDDEN, redact
from tests.lab.team import TEAM_SERVER1, TEAM_SERVER2
from tests.unit.manual_clock import ManualClock

SECRETS = (BOT_TOKEN, REDIS_PASSWORD, ACCESS_TOKEN, DATABASE_PASSWORD)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def team(clock: ManualClock) -> AsyncIterator[tuple[Host, Host]]:
    async with World(clock) as world:
        yield open_team(world)


async def texts(host: Host, name: str) -> list[str]:
    found, _ = await host.find(name).log.read(host.clock.now())
    return [record.text.decode().rstrip("\n") for record in found]


async def test_they_are_the_labs_servers(team: tuple[Host, Host]) -> None:
    for host, services in zip(team, (TEAM_SERVER1, TEAM_SERVER2), strict=True):
        rows = answers.containers(host.name, json.loads(Listing(host).text(Asked(everything=True), {})))
        found = {row.name: row for row in rows}
        assert found.keys() == {service.name for service in services}
        for service in services:
            row = found[service.name]
            assert row.state is State.RUNNING
            if row.name != "dozzle":  # of which the demo has just any
                assert row.image == service.image
            spec = host.find(row.name).spec
            assert spec.labels.items() >= service.all_labels().items()
            published = {int(port.partition(":")[0]) for port in service.publishes}
            assert {port.public for port in row.ports if port.public} == published
            assert {port.private for port in row.ports if not port.public} == set(service.exposes)
            assert row.health is (Health.HEALTHY if spec.healthcheck else None)
            assert spec.healthcheck or not service.probe


async def test_it_is_there_at_once() -> None:
    async with World() as world:
        began = time.thread_time()
        open_team(world)
        assert time.thread_time() - began < 0.5


async def test_every_log_has_hours_in_it_and_no_secret_that_is_not_found(team: tuple[Host, Host]) -> None:
    for host in team:
        for container in host:
            found, _ = await container.log.read(host.clock.now())
            assert found, container.name
            moments = [record.at for record in found]
            assert moments == sorted(moments)
            assert host.clock.now() - moments[-1] < 36 * 3600 * SECOND or container.name == "portainer"
            shown = redact("".join(record.text.decode() for record in found))
            assert [secret for secret in SECRETS if secret in shown] == []


async def test_redaction_has_something_to_do(team: tuple[Host, Host]) -> None:
    everything = [line for host in team for each in host for line in await texts(host, each.name)]
    for secret in SECRETS:
        assert any(secret in line for line in everything), "said somewhere"
    assert sum(HIDDEN in redact(line) for line in everything if any(s in line for s in SECRETS)) > 10


@pytest.mark.parametrize("name", ["directus", "postgres", "traefik"])
async def test_logs_say_their_levels_and_most_is_well(team: tuple[Host, Host], name: str) -> None:
    levels = [level_of(line) for line in await texts(team[1], name)]
    told = [level for level in levels if level is not None]
    assert len(told) > 0.6 * len(levels)
    assert Level.INFO in told
    assert 0 < sum(level >= Level.WARN for level in told) < 0.25 * len(told)


async def test_a_team_is_the_same_each_time(clock: ManualClock, team: tuple[Host, Host]) -> None:
    async with World(ManualClock()) as other:
        again = open_team(other)
        assert (await texts(team[0], "n8n"))[:50] == (await texts(again[0], "n8n"))[:50]


async def test_the_directus_log_is_what_pino_writes(team: tuple[Host, Host]) -> None:
    rows = [json.loads(line) for line in await texts(team[1], "directus")]
    assert all({"level", "time", "pid", "hostname", "msg"} <= row.keys() for row in rows)
    requests = [row for row in rows if row["msg"] == "request completed"]
    assert len(requests) > 300
    assert {"req", "res", "responseTime"} <= requests[0].keys()


async def test_figures_are_plausible(team: tuple[Host, Host], clock: ManualClock) -> None:
    for host in team:
        used = 0
        for container in host:
            before = clock.now() - SECOND
            found = samples.usage(json.loads(json.dumps(sample(host, container, before, clock.now()))))
            assert found
            assert 0 < found.cpu_percent < 60
            assert (8 << 20) < found.memory < (found.memory_limit or 0)
            used += found.memory
        assert used < host.machine.memory


async def test_inspections_are_understood(team: tuple[Host, Host]) -> None:
    for host in team:
        for container in host:
            details = answers.details(json.loads(json.dumps(inspection(host, container))))
            assert details.restart_policy == "unless-stopped"
            assert details.started
            assert (details.stop_timeout == 60) is (container.name == "postgres")
    assert team[0].find("n8n").runs == 2


async def test_a_death_is_told_by_log_state_and_return(team: tuple[Host, Host], clock: ManualClock) -> None:
    """What a demo's story does: it runs out of memory, fails once more, and comes back well."""
    host = team[1]
    directus, story = host.find("directus"), Story(host)
    story.next_runs("directus", Ending(after=4, oom=True))
    story.kill("directus", oom=True, says=LAST_WORDS)
    assert (directus.oom_killed, directus.restart_count) == (True, 1)
    assert "Mark-Compact" in (await texts(host, "directus"))[-1]
    await clock.advance(60)
    assert (directus.describe(clock.now())[0], directus.restart_count) == ("Up 54 seconds (healthy)", 2)
    said = [json.loads(line)["msg"] for line in await texts(host, "directus") if line.startswith("{")]
    assert said.count("Server started at http://0.0.0.0:80") == 2
    assert "Initializing bootstrap..." in said


async def test_remarks_health_and_load_at_will(team: tuple[Host, Host], clock: ManualClock) -> None:
    host = team[1]
    story, postgres = Story(host), host.find("postgres")
    story.say("postgres", "PANIC:  could not write to file")
    assert (await texts(host, "postgres"))[-1] == "PANIC:  could not write to file"
    story.sicken("postgres", "no response\n")
    await clock.advance(100)
    assert postgres.health
    assert (postgres.health.status, postgres.health.findings[-1].output) == ("unhealthy", "no response\n")
    story.cure("postgres")
    await clock.advance(31)
    assert postgres.health.status == "healthy"
    before = postgres.meter.used(clock.now())
    story.work("postgres", host.find("directus").spec.program.load)
    assert postgres.meter.used(clock.now()) > before
