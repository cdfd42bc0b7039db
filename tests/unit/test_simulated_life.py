"""Lives of simulated containers that take too long for a real engine: in a time of their own."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from playground.engine.clock import SECOND
from playground.engine.container import Status
from playground.engine.host import Host
from playground.engine.past import Past, PastRun, settle
from playground.engine.program import Ending, Probe, Program, Run, Said, lines
from playground.engine.refusal import NotModified, Refused
from playground.engine.spec import Healthcheck, Policy, Spec
from playground.engine.story import Story
from playground.engine.world import World
from tests.unit.manual_clock import ManualClock

TOY = Spec(name="toy", image="toy:1", restart=Policy("unless-stopped"))
CRASHES = replace(TOY, program=Program(ending=lambda run: Ending(after=1, exit_code=3)))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def host(clock: ManualClock) -> AsyncIterator[Host]:
    async with World(clock) as world:
        yield world.host("server1")


def told(host: Host) -> list[str]:
    """What has been told of containers, without what healthchecks run."""
    events = host.events.remembered(0, 1 << 63)
    return [
        each.action for each in events if each.kind == "container" and not each.action.startswith("exec_")
    ]


def pauses(host: Host) -> list[float]:
    """Seconds from each death to the start behind it."""
    moments = [(each.action, each.at) for each in host.events.remembered(0, 1 << 63)]
    deaths = [at for action, at in moments if action == "die"]
    starts = [at for action, at in moments if action == "start"][1:]
    return [round((start - death) / SECOND, 2) for death, start in zip(deaths, starts, strict=False)]


async def test_pauses_double_up_to_a_minute(host: Host, clock: ManualClock) -> None:
    await host.run(CRASHES)
    await clock.advance(300)
    assert pauses(host) == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 60, 60, 60]


async def test_who_ran_ten_seconds_begins_anew_with_the_shortest_pause(
    host: Host, clock: ManualClock
) -> None:
    await host.run(CRASHES)
    await clock.advance(5)
    Story(host).next_runs("toy", Ending(after=10, exit_code=3))
    await clock.advance(30)
    assert pauses(host)[:6] == [0.1, 0.2, 0.4, 0.8, 0.1, 0.2]


async def test_the_next_runs_end_as_the_story_says(host: Host, clock: ManualClock) -> None:
    container = await host.run(TOY)
    story = Story(host)
    story.next_runs("toy", Ending(after=4, oom=True, says=(b"heap is full\n",)), Ending(after=2, exit_code=9))
    story.kill("toy", oom=True, says=(b"heap is filling\n",))
    assert (container.status, container.oom_killed, container.exit_code) == (Status.RESTARTING, True, 137)
    await clock.advance(0.2)
    assert container.status is Status.RUNNING
    await clock.advance(4)
    assert (container.restart_count, container.oom_killed) == (2, True)
    await clock.advance(2.5)
    assert (container.restart_count, container.oom_killed) == (3, False)
    await clock.advance(1000)
    assert (container.status, container.restart_count) == (Status.RUNNING, 3)
    found, _ = await container.log.read(clock.now())
    assert [record.text for record in found] == [b"heap is filling\n", b"heap is full\n"]
    fall = ["oom", "die", "start"]
    assert told(host) == ["create", "start", *fall, *fall, "die", "start"]


async def test_it_stays_down_until_somebody_starts_it(host: Host, clock: ManualClock) -> None:
    container = await host.run(TOY)
    Story(host).kill("toy", exit_code=1, stays_down=True)
    await clock.advance(1000)
    assert (container.status, container.restart_count) == (Status.EXITED, 0)
    assert container.describe(clock.now())[0] == "Exited (1) 16 minutes ago"
    await host.life(container).start()
    Story(host).kill("toy")
    await clock.advance(1)
    assert (container.status, container.restart_count) == (Status.RUNNING, 1), "its policy counts again"


async def test_a_start_that_fails_ends_a_loop(host: Host, clock: ManualClock) -> None:
    container = await host.run(TOY)
    story = Story(host)
    story.next_starts_fail("toy", "no space left on device", "no space left on device")
    story.kill("toy")
    await clock.advance(1000)
    assert (container.status, container.exit_code, container.error) == (
        Status.EXITED,
        127,
        "no space left on device",
    )
    with pytest.raises(Refused, match="Cannot restart container toy: no space left on device"):
        await host.life(container).restart(1)
    await host.life(container).restart(1)
    assert (container.status, container.error) == (Status.RUNNING, "")


async def test_two_restarts_at_once_end_in_one_run_more(host: Host, clock: ManualClock) -> None:
    program = Program(stops=Ending(after=3, exit_code=0), starts_in=0.5)
    container = settle(host, replace(TOY, program=program), Past(clock.now(), clock.now()))
    life = host.life(container)
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(life.restart(10))
        await clock.advance(10)
    assert (container.status, container.runs) == (Status.RUNNING, 2)
    assert told(host)[-2:] == ["restart", "restart"]


async def test_a_stop_without_a_limit_waits(host: Host, clock: ManualClock) -> None:
    container = await host.run(replace(TOY, program=Program(stops=Ending(after=500, exit_code=0))))
    async with asyncio.TaskGroup() as group:
        stopping = group.create_task(host.life(container).stop(-1))
        await clock.advance(499)
        assert not stopping.done()
        await clock.advance(2)
        assert stopping.done()
    assert container.exit_code == 0
    with pytest.raises(NotModified):
        await host.life(container).stop(1)


async def test_it_is_killed_as_late_as_is_said(host: Host, clock: ManualClock) -> None:
    container = await host.run(replace(TOY, program=Program(stops=None), stop_timeout=60))
    async with asyncio.TaskGroup() as group:
        stopping = group.create_task(host.life(container).stop(None))
        await clock.advance(59)
        assert (stopping.done(), container.status) == (False, Status.RUNNING)
        await clock.advance(2)
    assert container.exit_code == 137
    assert told(host)[2:] == ["kill", "kill", "die", "stop"]


async def test_an_ending_of_an_earlier_run_does_not_end_a_later_one(host: Host, clock: ManualClock) -> None:
    container = await host.run(TOY)
    life = host.life(container)
    life.endings.append(Ending(after=100))
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(life.restart(1))
            await clock.advance(1)
    await clock.advance(200)
    assert (container.status, container.restart_count) == (Status.RUNNING, 0)


async def test_removed_is_gone(host: Host, clock: ManualClock) -> None:
    container = await host.run(CRASHES)
    await clock.advance(1.05)
    host.remove(container)
    await clock.advance(100)
    assert told(host)[-1] == "destroy"
    assert len(host) == 0
    with pytest.raises(Refused):
        host.find("toy")
    again = await host.run(TOY)
    assert again.id != container.id
    with pytest.raises(Refused, match='name "/toy" is already in use'):
        host.create(TOY)


CHECK = Healthcheck("true", interval=10, timeout=5, retries=2, start_period=25)


def probed(*exit_codes: int, takes: float = 0.1) -> Program:
    """Its checks end so, one after the other; the last one goes on."""
    codes = iter(exit_codes)
    last = exit_codes[-1]
    return Program(probe=lambda run, at: Probe(next(codes, last), "words", takes))


async def health_of(
    host: Host, clock: ManualClock, program: Program, *moments: float, check: Healthcheck = CHECK
) -> list[tuple[str, int]]:
    container = await host.run(replace(TOY, healthcheck=check, program=program))
    found = []
    for seconds in moments:
        await clock.advance(seconds)
        assert container.health
        found.append((container.health.status, container.health.streak))
    return found


async def test_failures_within_the_start_period_do_not_count(host: Host, clock: ManualClock) -> None:
    found = await health_of(host, clock, probed(1), 11, 10.1, 10.1, 10.1)
    assert found == [("starting", 0), ("starting", 0), ("starting", 1), ("unhealthy", 2)]
    assert told(host)[2:] == ["health_status: unhealthy"]


async def test_until_it_is_well_it_is_looked_at_more_often(host: Host, clock: ManualClock) -> None:
    check = replace(CHECK, start_interval=2)
    found = await health_of(host, clock, probed(1, 0, 1), 2.2, 2.2, 9.9, 0.2, check=check)
    assert found == [("starting", 0), ("healthy", 0), ("healthy", 0), ("healthy", 1)]


async def test_after_its_start_it_is_looked_at_as_ever(host: Host, clock: ManualClock) -> None:
    check = replace(CHECK, start_period=3, start_interval=2, retries=2)
    found = await health_of(host, clock, probed(1), 2.2, 2.2, 9.9, 0.2, check=check)
    assert found == [("starting", 0), ("starting", 1), ("starting", 1), ("unhealthy", 2)]


async def test_once_well_failures_count_at_once(host: Host, clock: ManualClock) -> None:
    found = await health_of(host, clock, probed(0, 1, 1, 0), 11, 10.1, 10.1, 10.1)
    assert found == [("healthy", 0), ("healthy", 1), ("unhealthy", 2), ("healthy", 0)]


async def test_a_check_that_takes_too_long_has_failed(host: Host, clock: ManualClock) -> None:
    await health_of(host, clock, probed(0, takes=60), 16)
    health = host.find("toy").health
    assert health
    assert (health.findings[-1].exit_code, health.findings[-1].output) == (
        -1,
        "Health check exceeded timeout (5s)",
    )


async def test_five_findings_are_kept(host: Host, clock: ManualClock) -> None:
    await health_of(host, clock, probed(0), 200)
    health = host.find("toy").health
    assert health
    assert len(health.findings) == 5


async def test_who_is_paused_is_not_checked(host: Host, clock: ManualClock) -> None:
    await health_of(host, clock, probed(0), 11)
    container = host.find("toy")
    host.life(container).pause()
    count = host.events.count
    await clock.advance(100)
    assert host.events.count == count
    assert container.health
    assert container.health.status == "unhealthy"
    host.life(container).unpause()
    await clock.advance(11)
    assert container.health.status == "healthy"


async def test_a_past(host: Host, clock: ManualClock) -> None:
    def says(run: Run) -> Iterator[Said]:
        return lines(run, [f"run {run.number}", "well"])

    now = clock.now()
    spec = replace(TOY, healthcheck=CHECK, program=replace(probed(0), says=says))
    hour = 3600 * SECOND
    first = PastRun(now - 9 * hour, now - 2 * hour, Ending(exit_code=143, says=(b"stopping\n",)))
    past = Past(now - 9 * hour, now - hour, runs=(first,))
    container = settle(host, spec, past)
    assert (container.status, container.runs, container.restart_count) == (Status.RUNNING, 2, 0)
    assert container.describe(now)[0] == "Up About an hour (healthy)"
    found, _ = await container.log.read(now)
    assert [record.text for record in found] == [b"run 1\n", b"well\n", b"stopping\n", b"run 2\n", b"well\n"]
    assert found[2].at == first.finished
    assert container.health
    assert len(container.health.findings) == 5
    assert told(host) == []
    await clock.advance(11)
    assert container.health.findings[-1].start > now
    ended = settle(host, replace(TOY, name="ended"), replace(past, started=0))
    assert ended.describe(now)[0] == "Exited (143) 2 hours ago"


async def test_an_error_leaves_a_world_as_it_is() -> None:
    with pytest.raises(KeyError):
        async with World() as world:
            await world.host("server1").run(CRASHES)
            raise KeyError


async def test_what_fails_in_the_background_is_heard_of() -> None:
    async def fail() -> None:
        raise KeyError

    with pytest.raises(ExceptionGroup):
        async with World() as world:
            world.host("server1").spawn(fail())
            await asyncio.sleep(5)
