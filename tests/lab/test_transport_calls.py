"""Everything the `Engine` promises, against real engines: over SSH with the restricted key, and over the socket."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator

import pytest

from services.domain.containers import Health, State
from services.domain.logs import LogQuery
from services.errors import ContainerGone, DeadlineExceeded, EngineRefused
from services.fleet.engine import DockerEngine
from services.logs.stream.source import LogSource
from tests.lab.servers import Server
from tests.lab.transport import over_ssh, over_unix, until

pytestmark = pytest.mark.lab


@pytest.fixture(params=[over_ssh, over_unix], ids=["ssh", "unix"])
async def engine(server: Server, request: pytest.FixtureRequest) -> AsyncIterator[DockerEngine]:
    async with request.param(server) as engine:
        yield engine


async def test_list_is_what_docker_ps_says(engine: DockerEngine, server: Server) -> None:
    rows = await engine.containers(deadline=5)
    said = server.docker("ps", "--all", "--no-trunc", "--format={{.ID}} {{.Names}} {{.Image}} {{.State}}")
    assert {f"{row.id} {row.name} {row.image} {row.state}" for row in rows} == set(said.splitlines())
    (directus,) = (row for row in rows if row.name == "directus")
    assert directus.host == server.name
    assert directus.health in set(Health)
    assert (directus.project, directus.service) == ("platform", "directus")
    assert [port.private for port in directus.ports] == [80]


async def test_inspect(engine: DockerEngine, server: Server) -> None:
    identity = server.run_container(
        "stubborn", extra=["--stop-timeout=3", "--memory=64m"], restart="on-failure"
    )
    try:
        details = await engine.inspect(identity)
    finally:
        server.docker("rm", "--force", identity)
    assert details.id == identity
    assert details.state is State.RUNNING
    assert details.started is not None
    assert details.finished is None
    assert (details.stop_timeout, details.restart_policy) == (3, "on-failure")
    assert (details.memory_limit, details.tty, details.log_driver) == (64 << 20, False, "json-file")


async def test_an_exit_is_told_by_the_list(engine: DockerEngine, server: Server) -> None:
    identity = server.run_container("short", "sh", "-c", "exit 7")
    server.docker("wait", identity)
    try:
        (row,) = (row for row in await engine.containers(deadline=5) if row.id == identity)
        details = await engine.inspect(identity)
        assert await engine.usage(identity) is None
    finally:
        server.docker("rm", "--force", identity)
    assert (row.state, row.exit_code) == (State.EXITED, 7)
    assert details.exit_code == 7
    assert details.finished is not None


async def test_usage(engine: DockerEngine, server: Server) -> None:
    identity = server.run_container("busy", "sh", "-c", "while :; do :; done", extra=["--memory=64m"])
    try:
        usage = await engine.usage(identity)
    finally:
        server.docker("rm", "--force", identity)
    assert usage is not None
    assert 5 < usage.cpu_percent < 150
    assert 0 < usage.memory < (64 << 20) == usage.memory_limit


async def test_stop_start_restart(engine: DockerEngine, server: Server) -> None:
    identity = server.run_container("toy")
    try:
        await engine.stop(identity, stop_timeout=10, deadline=8)
        stopped = await engine.inspect(identity)
        await engine.start(identity, deadline=8)
        started = await engine.inspect(identity)
        await engine.restart(identity, stop_timeout=10, deadline=8)
        restarted = await engine.inspect(identity)
    finally:
        server.docker("rm", "--force", identity)
    assert stopped.state is State.EXITED
    assert stopped.exit_code == 0, "it obeyed SIGTERM: nobody killed it"
    assert started.state is restarted.state is State.RUNNING
    assert started.started is not None
    assert restarted.started is not None
    assert started.started < restarted.started


async def test_the_containers_own_stop_timeout_is_used(engine: DockerEngine, server: Server) -> None:
    deaf = server.run_container("deaf", "sh", "-c", "trap '' TERM; while :; do sleep 1; done")
    try:
        began = time.monotonic()
        await engine.stop(deaf, stop_timeout=1, deadline=8)
        assert 0.9 < time.monotonic() - began < 7
        assert (await engine.inspect(deaf)).exit_code == 137
    finally:
        server.docker("rm", "--force", deaf)


async def test_an_act_may_outlive_its_deadline_and_costs_no_contact(
    engine: DockerEngine, server: Server
) -> None:
    deaf = server.run_container("deaf", "sh", "-c", "trap '' TERM; while :; do sleep 1; done")
    try:
        before = (await engine.inspect(deaf)).started
        contact = engine._link.contact
        began = time.monotonic()
        with pytest.raises(DeadlineExceeded) as overrun:
            await engine.restart(deaf, stop_timeout=2, deadline=0.5)
        assert time.monotonic() - began < 2
        assert overrun.value.seconds == 0.5
        await engine.containers(deadline=2)

        async def restarted() -> bool:
            return (await engine.inspect(deaf)).started != before

        await until(restarted, "the restart went on and came to its end", 15)
        assert engine._link.contact == contact
    finally:
        server.docker("rm", "--force", deaf)


async def test_acts_under_way_do_not_hold_up_reads(engine: DockerEngine, server: Server) -> None:
    deaf = [
        server.run_container(f"deaf{n}", "sh", "-c", "trap '' TERM; sleep 99 & wait; wait") for n in range(4)
    ]
    try:
        async with asyncio.TaskGroup() as acts:
            for identity in deaf:
                acts.create_task(engine.stop(identity, stop_timeout=1, deadline=9))
            await asyncio.sleep(0.3)
            began = time.monotonic()
            await engine.containers(deadline=5)
            assert time.monotonic() - began < 1
    finally:
        server.docker("rm", "--force", *deaf)


async def test_what_is_not_there(engine: DockerEngine) -> None:
    nobody = "0" * 64
    with pytest.raises(ContainerGone):
        await engine.inspect(nobody)
    with pytest.raises(ContainerGone):
        await engine.restart(nobody, stop_timeout=1, deadline=5)
    with pytest.raises(ContainerGone):
        await engine.usage(nobody)
    with pytest.raises(ContainerGone):
        await anext(engine.logs(nobody, LogQuery(tail=1), deadline=5))


async def text_of(log: LogSource, query: LogQuery) -> bytes:
    return b"".join([block.text async for block in log.read(query, deadline=9)])


@pytest.mark.parametrize("tty", [False, True], ids=["frames", "tty"])
async def test_logs_are_the_bytes_written(engine: DockerEngine, server: Server, tty: bool) -> None:
    lines = [b"line %d \xf0\x9f\x98\x80 <b>&\x1b[31mred" % number for number in range(400)]
    out = b"".join(line + b"\n" for line in [*lines, b"x" * 300_000, b"last"])
    identity = server.run_logger("talker", out, tty=tty)
    end = b"\r\n" if tty else b"\n"
    log = LogSource(engine, "talker", identity, tty)
    try:
        everything = await text_of(log, LogQuery(tail=1000))
        newest = await text_of(log, LogQuery(tail=3))
    finally:
        server.docker("rm", "--force", identity)
    assert everything == out.replace(b"\n", end)
    # The engine keeps a long line in pieces of 16 kB and counts each as a line of `tail`.
    assert everything.endswith(newest)
    assert 0 < newest.count(b"x") < 3 * 16384
    assert newest.endswith(b"x" + end + b"last" + end)


async def test_logs_of_stderr_too(engine: DockerEngine, server: Server) -> None:
    identity = server.run_logger("complainer", b"fine\n", err=b"not so fine\n")
    try:
        said = await text_of(LogSource(engine, "complainer", identity, tty=False), LogQuery(tail=10))
    finally:
        server.docker("rm", "--force", identity)
    assert sorted(said.splitlines()) == [b"fine", b"not so fine"]


async def test_logs_that_are_not_kept(engine: DockerEngine, server: Server) -> None:
    identity = server.run_container("mute", extra=["--log-driver=none"])
    try:
        assert (await engine.inspect(identity)).log_driver == "none"
        with pytest.raises(EngineRefused, match="does not support reading"):
            await anext(engine.logs(identity, LogQuery(tail=1), deadline=5))
    finally:
        server.docker("rm", "--force", identity)


async def test_ping_negotiates(engine: DockerEngine, server: Server) -> None:
    info = await engine.ping(deadline=5)
    version, api_version = server.docker(
        "version", "--format={{.Server.Version}} {{.Server.APIVersion}}"
    ).split()
    assert (info.version, info.api_version) == (version, api_version)


async def test_no_stall_between_small_packets(server: Server) -> None:
    """Without a session on the connection a few lines take 46 ms instead of one."""
    async with over_ssh(server) as engine:
        identity = (await engine.containers(deadline=5))[0].id
        took = []
        for _ in range(40):
            began = time.monotonic()
            assert [data async for data in engine.logs(identity, LogQuery(tail=1), deadline=5)]
            took.append(time.monotonic() - began)
    assert statistics.median(took) < 0.03
