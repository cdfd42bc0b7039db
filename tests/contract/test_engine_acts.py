"""What is done to containers and what becomes of them, on the simulated engine and on a real dockerd alike."""

import asyncio
import json
import re
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from playground.engine.spec import Policy
from services.domain.containers import Health, State
from services.domain.events import Event, EventAction
from services.domain.logs import LogQuery
from services.errors import EngineRefused
from services.logs.stream.source import LogSource
from tests.contract.engine_asking import Telling, is_in, raw, row_of, status_of
from tests.contract.engine_stages import NO_COMMAND, Stage, Wanted
from tests.lab.transport import until

ALWAYS = Policy("always")
NOBODYS = quote('{"container":["nobody"]}')


CONNECTED, DISCONNECTED = "network connect", "network disconnect"


STOPPED_WELL = ["container kill signal=15", "container die exitCode=0", DISCONNECTED, "container stop"]


async def test_what_a_new_container_is_told_by(stage: Stage) -> None:
    telling = Telling(stage.engine)
    wanted = Wanted(volumes=(("data", "/data"),), labels=(("color", "red"),))
    await stage.idle("toy", wanted)
    mounted = "volume mount destination=/data"
    assert await telling("toy") == ["container create", CONNECTED, mounted, "container start"]
    assert await telling("toy", type=["container"], event=["start"]) == ["container start"]
    assert await telling("toy", label=["color=red"]) == ["container create", "container start"]
    assert await telling("toy", label=["color=blue"]) == []
    assert await telling("toy", container=["other"]) == []


async def test_stop_start_restart(stage: Stage) -> None:
    engine = stage.engine
    identity = await stage.idle("toy")
    first = await engine.inspect(identity)
    telling = Telling(engine)
    await engine.stop(identity, stop_timeout=5, deadline=8)
    stopped = await engine.inspect(identity)
    assert (stopped.state, stopped.exit_code, stopped.oom_killed) == (State.EXITED, 0, False)
    assert re.fullmatch(r"Exited \(0\) (Less than a|1|2) seconds? ago", await status_of(engine, "toy"))
    await engine.stop(identity, stop_timeout=5, deadline=8)  # 304: it is so already
    await engine.start(identity, deadline=8)
    assert re.fullmatch("Up (Less than a|1|2) seconds?", await status_of(engine, "toy"))
    started = await engine.inspect(identity)
    assert started.state is State.RUNNING
    assert first.started
    assert started.started
    assert started.finished == stopped.finished
    assert started.started > first.started
    await engine.restart(identity, stop_timeout=5, deadline=8)
    assert (await engine.inspect(identity)).restart_count == 0
    begun = [CONNECTED, "container start"]
    assert await telling("toy") == [*STOPPED_WELL, *begun, *STOPPED_WELL, *begun, "container restart"]


async def test_a_restart_of_what_does_not_run_is_a_start(stage: Stage) -> None:
    identity = await stage.short("toy", 4)
    await until(lambda: is_in(stage.engine, "toy", State.EXITED), "it has exited")
    telling = Telling(stage.engine)
    await stage.engine.restart(identity, stop_timeout=5, deadline=8)
    told = await telling("toy")
    assert told[:3] == [CONNECTED, "container start", "container restart"]


async def test_what_is_deaf_is_killed_in_its_own_time(stage: Stage) -> None:
    engine = stage.engine
    identity = await stage.deaf("deaf", Wanted(stop_timeout=1))
    telling = Telling(engine)
    began = time.monotonic()
    status, _, _ = await raw(engine, "POST /containers/deaf/stop")
    assert status == 204
    assert 0.9 < time.monotonic() - began < 5
    assert (await engine.inspect(identity)).exit_code == 137
    killed = [
        "container kill signal=15",
        "container kill signal=9",
        "container die exitCode=137",
        DISCONNECTED,
    ]
    assert await telling("deaf") == [*killed, "container stop"]
    await engine.start(identity, deadline=8)
    began = time.monotonic()
    await engine.restart(identity, stop_timeout=0, deadline=8)
    assert time.monotonic() - began < 5
    assert (await engine.inspect(identity)).state is State.RUNNING


async def test_kill(stage: Stage) -> None:
    engine = stage.engine
    identity = await stage.idle("toy", Wanted(restart=ALWAYS))
    telling = Telling(engine)
    assert (await raw(engine, "POST /containers/toy/kill?signal=HUP"))[0] == 204
    assert (await engine.inspect(identity)).state is State.RUNNING, "a shell without a trap does not hear it"
    assert (await raw(engine, "POST /containers/toy/kill"))[0] == 204
    killed = await engine.inspect(identity)
    assert (killed.state, killed.exit_code, killed.restart_count) == (State.EXITED, 137, 0), "it stays down"
    died = ["container kill signal=9", "container die exitCode=137", DISCONNECTED]
    assert await telling("toy") == ["container kill signal=1", *died]


async def test_pause(stage: Stage) -> None:
    engine = stage.engine
    await stage.idle("toy")
    telling = Telling(engine)
    assert (await raw(engine, "POST /containers/toy/pause"))[0] == 204
    assert await is_in(engine, "toy", State.PAUSED)
    assert re.fullmatch(r"Up (Less than a|1|2) seconds? \(Paused\)", await status_of(engine, "toy"))
    assert (await raw(engine, "POST /containers/toy/pause"))[0] == 409
    status, _, body = await raw(engine, "POST /containers/toy/start")
    assert (status, json.loads(body)["message"]) == (
        409,
        "cannot start a paused container, try unpause instead",
    )
    assert (await raw(engine, "POST /containers/toy/stop?t=5"))[0] == 204
    kill, *rest = STOPPED_WELL
    assert await telling("toy") == ["container pause", kill, "container unpause", *rest]


async def test_what_crashes_comes_back(stage: Stage) -> None:
    engine = stage.engine
    identity = await stage.idle("toy", Wanted(restart=Policy("unless-stopped")))
    telling = Telling(engine)
    await stage.crash("toy")

    async def came_back() -> bool:
        details = await engine.inspect(identity)
        return details.restart_count == 1 and details.state is State.RUNNING

    await until(came_back, "it has been brought back")
    told = ["container die exitCode=137", DISCONNECTED, CONNECTED, "container start"]
    assert await telling("toy") == told


async def test_a_limit_to_its_restarts(stage: Stage) -> None:
    engine = stage.engine
    telling = Telling(engine)
    identity = await stage.short("loop", 3, wanted=Wanted(restart=Policy("on-failure", 2)))

    async def given_up() -> bool:
        details = await engine.inspect(identity)
        return details.state is State.EXITED and details.restart_count == 2

    await until(given_up, "it has been given up")
    run = [CONNECTED, "container start", "container die exitCode=3", DISCONNECTED]
    assert await telling("loop") == ["container create", *run, *run, *run]
    assert (await engine.inspect(identity)).exit_code == 3
    well = await stage.short("well", 0, wanted=Wanted(restart=Policy("on-failure")))
    await until(lambda: is_in(engine, "well", State.EXITED), "it has ended")
    assert (await engine.inspect(well)).restart_count == 0


async def test_a_loop_pauses_longer_and_longer_and_can_be_stopped(stage: Stage) -> None:
    engine = stage.engine
    identity = await stage.short("loop", 3, wanted=Wanted(restart=ALWAYS))

    async def waits() -> bool:
        details = await engine.inspect(identity)
        return details.restart_count >= 4 and details.state is State.RESTARTING

    await until(waits, "it waits for its fourth restart or a later one")
    row = await row_of(engine, "loop")
    assert (row.state, row.exit_code) == (State.RESTARTING, 3)
    assert re.fullmatch(r"Restarting \(3\) (Less than a|1|2) seconds? ago", await status_of(engine, "loop"))
    logs = [
        block.text
        async for block in LogSource(engine, "loop", identity, tty=False).read(LogQuery(), deadline=5)
    ]
    assert b"".join(logs) == b"begun\n" * 4, "one log through all its runs"
    telling = Telling(engine)
    await engine.stop(identity, stop_timeout=5, deadline=8)
    assert await telling("loop") == ["container stop"]
    assert await is_in(engine, "loop", State.EXITED)
    await engine.start(identity, deadline=8)
    await until(waits, "it loops again, from its first restart on")
    assert (await engine.inspect(identity)).restart_count == 4


async def test_a_process_that_takes_too_much_memory(stage: Stage) -> None:
    engine = stage.engine
    telling = Telling(engine)
    identity = await stage.hog("hog", Wanted(memory=8 << 20))
    await until(lambda: is_in(engine, "hog", State.EXITED), "it was killed")
    details = await engine.inspect(identity)
    assert (details.exit_code, details.oom_killed) == (137, True)
    told = await telling("hog")
    assert told[-3:] == ["container oom", "container die exitCode=137", DISCONNECTED]
    await engine.start(identity, deadline=8)
    assert (await engine.inspect(identity)).oom_killed, "that is how its last run ended"
    assert (await raw(engine, "POST /containers/hog/kill"))[0] == 204
    assert not (await engine.inspect(identity)).oom_killed


async def test_what_cannot_be_started(stage: Stage) -> None:
    engine = stage.engine
    telling = Telling(engine)
    identity = await stage.broken("bad")
    assert await telling("bad") == ["container create", CONNECTED, DISCONNECTED]
    details = await engine.inspect(identity)
    assert (details.state, details.exit_code, details.error) == (State.CREATED, 127, NO_COMMAND)
    with pytest.raises(EngineRefused) as refused:
        await engine.start(identity, deadline=8)
    assert (refused.value.status, refused.value.message) == (400, NO_COMMAND)
    status, _, body = await raw(engine, "POST /containers/bad/restart")
    assert (status, json.loads(body)["message"]) == (500, f"Cannot restart container bad: {NO_COMMAND}")


async def test_health(stage: Stage) -> None:
    engine = stage.engine
    telling = Telling(engine)
    identity = await stage.idle("toy", Wanted(probe=0.5, retries=2))
    assert (await row_of(engine, "toy")).health is Health.STARTING
    assert re.fullmatch(r"Up (Less than a|1|2) seconds? \(health: starting\)", await status_of(engine, "toy"))

    async def becomes(health: Health) -> None:
        async def is_so() -> bool:
            return (await engine.inspect(identity)).health is health

        await until(is_so, f"it is {health}")

    await becomes(Health.HEALTHY)
    assert (await status_of(engine, "toy")).endswith("(healthy)")
    await stage.set_health("toy", good=False)
    await becomes(Health.UNHEALTHY)
    details = await engine.inspect(identity)
    assert details.failing_streak >= 2
    assert details.health_interval == timedelta(seconds=0.5)
    assert (details.probes[-1].exit_code, details.probes[-1].output) == (1, "sick")
    assert [probe.exit_code for probe in details.probes[-2:]] == [1, 1]
    await stage.set_health("toy", good=True)
    await becomes(Health.HEALTHY)
    await engine.restart(identity, stop_timeout=5, deadline=8)
    assert (await engine.inspect(identity)).health is Health.STARTING
    await becomes(Health.HEALTHY)
    await engine.stop(identity, stop_timeout=5, deadline=8)
    ended = await engine.inspect(identity)
    assert (ended.state, ended.health) == (State.EXITED, Health.UNHEALTHY), "and nobody is told of it"
    well, unwell = "container health_status: healthy", "container health_status: unhealthy"
    begun = [CONNECTED, "container start"]
    told = ["container create", *begun, well, unwell, well, *STOPPED_WELL, *begun, "container restart", well]
    assert await telling("toy") == [*told, *STOPPED_WELL]
    assert set(await telling("toy", event=["health_status"])) == {well, unwell}


async def test_events_as_they_happen(stage: Stage) -> None:
    heard: list[Event] = []
    began = datetime.now(UTC)

    async def listen() -> None:
        async for event in stage.engine.events(since=began):
            heard.append(event)
            if event.action is EventAction.RESTART:
                return

    async with asyncio.TaskGroup() as group:
        group.create_task(listen())
        identity = await stage.idle("toy", Wanted(labels=(("com.docker.compose.project", "p"),)))
        await stage.engine.restart(identity, stop_timeout=5, deadline=8)
    ours = [event for event in heard if event.container_id == identity]
    assert [event.action for event in ours] == [
        *(EventAction.CREATE, EventAction.START, EventAction.KILL, EventAction.DIE, EventAction.STOP),
        *(EventAction.START, EventAction.RESTART),
    ]
    assert {(event.name, event.labels["com.docker.compose.project"]) for event in ours} == {("toy", "p")}
    assert [event.at for event in ours] == sorted(event.at for event in ours)
    assert (ours[2].signal, ours[3].exit_code) == (15, 0)


async def test_events_until_a_moment_to_come_end_then(stage: Stage) -> None:
    began = time.time()
    status, _, body = await raw(
        stage.engine, f"GET /events?since={began:.3f}&until={began + 0.7:.3f}&filters={NOBODYS}"
    )
    assert (status, body.strip()) == (200, b"")
    assert 0.5 < time.time() - began < 3
