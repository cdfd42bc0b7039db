"""The watch over real containers: what is trouble, what was meant, and how soon it is told."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from subprocess import CalledProcessError

import pytest

from services.alerts.watching import Rules
from services.domain.alerts import Severity
from services.domain.containers import Details, Stop
from services.domain.findings import Finding
from services.ports import Engine
from tests.lab.server import Server
from tests.lab.watching import Books, Notebook, watched

pytestmark = pytest.mark.lab

QUICK = Rules(crash_over=timedelta(seconds=3), oom_over=timedelta(seconds=4), refresh=timedelta(seconds=1))


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


@pytest.fixture
async def watch(server: Server, notebook: Notebook) -> AsyncIterator[None]:
    async with watched(server, notebook, QUICK):
        assert notebook.told == [], "all is well at first"
        yield


async def docker(server: Server, *args: str) -> float:
    """By the admin's hand; when it was done, by `time.monotonic`."""
    await asyncio.to_thread(server.docker, *args)
    return time.monotonic()


@pytest.mark.usefixtures("watch")
async def test_killed_found_with_its_evidence_and_ended_by_a_start(
    server: Server, notebook: Notebook
) -> None:
    done = await docker(server, "kill", "directus")
    down = await notebook.found("service_down/directus")
    took = notebook.when("service_down/directus") - done
    assert took < 2, "a second of it is collecting"
    assert (down.host, down.severity, down.containers) == ("server2", Severity.CRITICAL, ())
    assert abs(down.started - datetime.now(UTC)) < timedelta(seconds=3)
    assert down.evidence is not None
    assert (down.evidence.exit_code, down.evidence.out_of_memory) == (137, False)
    await notebook.until(lambda: "Server started" in str(notebook.open[down.key]))
    done = await docker(server, "start", "directus")
    over = await notebook.over("service_down/directus")
    assert over.ended is not None and over.started < over.ended <= datetime.now(UTC)
    assert notebook.keys == {"service_down/directus"}


async def test_what_docker_brings_back_and_what_was_meant_is_no_trouble(
    server: Server, notebook: Notebook
) -> None:
    patient = replace(QUICK, collect=timedelta(seconds=3))  # a busy engine takes its time to bring back
    async with watched(server, notebook, patient):
        await docker(server, "restart", "pgadmin")
        with suppress(CalledProcessError):  # the command dies with the container
            await docker(server, "exec", "dozzle", "kill", "1")  # exits 0; Docker starts it again
        server.run_container("job", "true")
        server.run_container("spare", "false", labels={"vakhta.expected": "false"})
        server.docker("create", "--name=unused", "busybox:lab", "true")
        server.run_container("gone", "sleep", "99", extra=["--rm"])
        await docker(server, "kill", "gone")
        await asyncio.sleep(4.5)
        assert notebook.told == []


async def test_what_the_bot_does_is_no_trouble(server: Server, notebook: Notebook) -> None:
    books = Books(acting={"pgadmin"})
    async with watched(server, notebook, QUICK, books):
        await docker(server, "stop", "pgadmin")
        await asyncio.sleep(1.5)
        books.stops["pgadmin"] = Stop("Aigerim", datetime.now(UTC))
        books.acting.clear()
        await asyncio.sleep(2)
        assert notebook.told == []
        await docker(server, "start", "pgadmin")
        await docker(server, "kill", "pgadmin")
        await notebook.found("service_down/pgadmin")  # that was somebody else
        books.acting.add("pgadmin")
        await docker(server, "start", "pgadmin")
        await notebook.over("service_down/pgadmin")


@pytest.mark.usefixtures("watch")
async def test_stopped_by_hand_is_down_and_removed_is_over(server: Server, notebook: Notebook) -> None:
    server.run_container("shop", restart="unless-stopped")
    await docker(server, "stop", "shop")
    await notebook.found("service_down/shop")
    await docker(server, "rename", "shop", "store")
    await notebook.over("service_down/shop")
    await notebook.found("service_down/store")
    await docker(server, "rm", "store")
    await notebook.over("service_down/store")
    assert notebook.open == {}


@pytest.mark.usefixtures("watch")
async def test_out_of_memory_and_down(server: Server, notebook: Notebook) -> None:
    eats = "sleep 1; x=a; while :; do x=$x$x; done"  # at once would be before the engine listens for it
    server.run_container("fat", "sh", "-c", eats, extra=["--memory=8m"])
    down = await notebook.found("service_down/fat")
    assert down.evidence is not None
    assert (down.evidence.exit_code, down.evidence.out_of_memory) == (137, True)
    await docker(server, "rm", "fat")
    await notebook.over("service_down/fat")
    assert notebook.keys == {"service_down/fat"}


@pytest.mark.usefixtures("watch")
async def test_out_of_memory_and_up_again(server: Server, notebook: Notebook) -> None:
    once = "test -e /tmp/once && exec sleep 99; touch /tmp/once; sleep 1; x=a; while :; do x=$x$x; done"
    server.run_container("fat", "sh", "-c", once, extra=["--memory=8m"], restart="always")
    found = await notebook.found("oom_killed/fat")
    assert found.severity is Severity.WARNING
    assert found.evidence is not None
    assert (found.evidence.exit_code, found.evidence.out_of_memory) == (137, True)
    await notebook.over("oom_killed/fat")
    assert notebook.keys == {"oom_killed/fat"}


@pytest.mark.usefixtures("watch")
async def test_a_start_that_fails(server: Server, notebook: Notebook) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        server.run_container("bad", "/nonexistent", restart="always")
    found = await notebook.found("service_down/bad")
    assert found.evidence is not None
    assert "/nonexistent: no such file" in found.evidence.error
    assert found.evidence.exit_code == 127


@pytest.mark.usefixtures("watch")
async def test_three_at_once_are_one(server: Server, notebook: Notebook) -> None:
    await docker(server, "kill", "directus", "pgadmin", "dozzle")
    fall = await notebook.found("service_down/")
    assert fall.containers == ("directus", "dozzle", "pgadmin")
    await docker(server, "kill", "portainer")
    await notebook.until(lambda: notebook.open[fall.key].containers[-1] == "portainer")
    await docker(server, "start", "directus", "pgadmin", "dozzle")
    await asyncio.sleep(0.5)
    assert list(notebook.open) == [fall.key]
    await docker(server, "start", "portainer")
    await notebook.over("service_down/")
    assert notebook.keys == {"service_down/"}


@pytest.mark.usefixtures("watch")
async def test_a_crash_loop(server: Server, notebook: Notebook) -> None:
    server.run_container(
        "loop", "sh", "-c", "echo no database; test -e /tmp/n2 && exec sleep 99; "
        "test -e /tmp/n1 && touch /tmp/n2; test -e /tmp/n0 && touch /tmp/n1; touch /tmp/n0; exit 3",
        restart="always",
    )  # fmt: skip
    loop = await notebook.found("crash_loop/loop")
    assert loop.severity is Severity.CRITICAL
    assert loop.evidence is not None
    assert (loop.evidence.exit_code, loop.evidence.deaths) == (3, 3)
    assert loop.evidence.within == timedelta(minutes=10)
    assert set(loop.evidence.lines) == {"no database"}
    assert notebook.keys == {"crash_loop/loop"}


async def test_a_crash_loop_ends_when_it_runs_and_gives_way_when_it_is_down(
    server: Server, notebook: Notebook
) -> None:
    rules = replace(QUICK, crash_within=timedelta(seconds=5))
    async with watched(server, notebook, rules):
        server.run_container(
            "loop", "sh", "-c", "test -e /tmp/well && exec sleep 99; exit 3", restart="always"
        )
        loop = await notebook.found("crash_loop/loop")
        await docker(server, "stop", "loop")
        await notebook.over("crash_loop/loop")
        await notebook.found("service_down/loop")
        assert loop.key not in notebook.open
        server.docker("rm", "loop")
        await notebook.over("service_down/loop")
        flaky = "for i in 1 2 3; do test -e /tmp/$i || { touch /tmp/$i; exit 1; }; done; exec sleep 99"
        server.run_container("flaky", "sh", "-c", flaky, restart="always")
        await notebook.found("crash_loop/flaky")
        await notebook.over("crash_loop/flaky")
        assert not any(key.startswith("service_down/flaky") for key in notebook.keys)


@pytest.mark.usefixtures("watch")
async def test_unhealthy_until_healthy(server: Server, notebook: Notebook) -> None:
    await asyncio.to_thread(server.wait_health, "directus", "healthy")
    server.set_health("directus", good=False)
    found = await notebook.found("unhealthy/directus")
    assert (found.severity, notebook.keys) == (Severity.WARNING, {"unhealthy/directus"})
    server.set_health("directus", good=True)
    await notebook.over("unhealthy/directus")


async def test_a_new_watcher_takes_over_what_is_open(server: Server, notebook: Notebook) -> None:
    async with watched(server, notebook, QUICK):
        await docker(server, "kill", "directus")
        await docker(server, "kill", "dozzle")
        await notebook.found("service_down/directus")
        await notebook.found("service_down/dozzle")
        told = len(notebook.told)
    await docker(server, "start", "directus")
    await docker(server, "kill", "pgadmin")
    async with watched(server, notebook, QUICK):
        over = await notebook.over("service_down/directus")
        assert over.ended is not None and over.ended < datetime.now(UTC)
        await notebook.found("service_down/pgadmin")
        await asyncio.sleep(1.5)
        assert len(notebook.told) <= told + 3, "dozzle is down still, and nobody is told again"
        assert {each.container for each in notebook.open.values()} == {"dozzle", "pgadmin"}


@pytest.mark.usefixtures("watch")
async def test_a_container_that_flaps_opens_and_ends_each_time(server: Server, notebook: Notebook) -> None:
    ends: list[Finding] = []
    for _ in range(3):
        await docker(server, "kill", "dozzle")
        await notebook.found("service_down/dozzle")
        await docker(server, "start", "dozzle")
        await notebook.until(lambda: not notebook.open)
        ends.append(notebook.told[-1][1])
    assert notebook.keys == {"service_down/dozzle"}
    assert len({each.started for each in ends}) == 3


class SlowLog:
    """A log that takes its time."""

    async def excerpt(self, engine: Engine, details: Details, lines: int) -> tuple[str, ...]:
        await asyncio.sleep(1.5)
        return ("the last line", "x" * 5000)


async def test_a_slow_log_delays_nothing_and_follows(server: Server, notebook: Notebook) -> None:
    async with watched(server, notebook, QUICK, excerpts=SlowLog()):
        done = await docker(server, "kill", "directus")
        down = await notebook.found("service_down/directus")
        assert notebook.when("service_down/directus") - done < 2
        assert down.evidence is not None and down.evidence.lines == ()
        await docker(server, "kill", "dozzle")
        await notebook.until(lambda: "the last line" in str(notebook.open[down.key]))
        assert notebook.open[down.key].started == down.started
        evidence = notebook.open[down.key].evidence
        assert evidence is not None and len(evidence.lines[1]) == 1000
        await notebook.found("service_down/dozzle")
        await docker(server, "start", "dozzle")
        await notebook.over("service_down/dozzle")
        await asyncio.sleep(1.7)
        assert list(notebook.open) == [down.key], "lines that come after the end are nobody's"


async def test_a_report_that_fails_is_made_again(server: Server, notebook: Notebook) -> None:
    async with watched(server, notebook, QUICK):
        notebook.refusals = 1
        await docker(server, "kill", "directus")
        await notebook.found("service_down/directus")
        notebook.refusals = 1
        await docker(server, "start", "directus")
        await notebook.over("service_down/directus")
