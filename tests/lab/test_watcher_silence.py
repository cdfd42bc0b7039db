"""The watch over a host that falls silent, hangs or reboots: one finding, and nothing missed afterwards."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from services.alerts.watching import Rules
from services.domain.alerts import Severity
from tests.lab.server import Server
from tests.lab.watching import Notebook, watched

pytestmark = [pytest.mark.lab, pytest.mark.long]

QUICK = Rules(silence=timedelta(seconds=2), grace=timedelta(seconds=6))


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


async def test_a_reboot_with_forty_containers_is_about_the_host_alone(
    server: Server, notebook: Notebook
) -> None:
    await asyncio.to_thread(server.crowd, 40)
    # Half of the crowd is to come back with the engine, and one was not meant to end.
    back = [f"worker-{number:02}" for number in range(0, 34, 2)]
    await asyncio.to_thread(server.docker, "update", "--restart=always", *back)
    server.run_container("cache", "sleep", "9999")
    patient = replace(QUICK, grace=timedelta(seconds=12))  # a busy machine starts seventeen in more than six
    async with watched(server, notebook, patient):
        await asyncio.to_thread(server.stop_docker)
        down = await notebook.found("host_unreachable/", 15)
        assert down.severity is Severity.CRITICAL
        await asyncio.to_thread(server.start_docker)
        over = await notebook.over("host_unreachable/", 15)
        assert over.ended is not None and over.started == down.started < over.ended
        await asyncio.sleep(14)  # longer than the grace
    assert notebook.keys == {"host_unreachable/", "service_down/cache"}, "policy no, and it was killed"
    assert {each.name for each in notebook.open.values()} == {"service_down"}


async def test_what_fell_with_the_host_is_told_of_as_one(server: Server, notebook: Notebook) -> None:
    for name in ("one", "two", "three", "four"):
        server.run_container(name, "sleep", "9999")  # no policy, and no good end
    async with watched(server, notebook, QUICK):
        await asyncio.to_thread(server.stop_docker)
        await notebook.found("host_unreachable/", 15)
        await asyncio.to_thread(server.start_docker)
        fall = await notebook.found("service_down/", 15)
        assert fall.containers == ("four", "one", "three", "two")
        await asyncio.to_thread(server.docker, "start", *fall.containers)
        await notebook.over("service_down/")
    assert notebook.keys == {"host_unreachable/", "service_down/"}


async def test_a_restart_of_the_engine_in_between_is_nothing(server: Server, notebook: Notebook) -> None:
    async with watched(server, notebook, replace(QUICK, silence=timedelta(seconds=20))):
        await asyncio.to_thread(server.stop_docker)
        await asyncio.to_thread(server.start_docker)
        await asyncio.sleep(8)
    assert notebook.told == []


async def test_what_happened_while_the_cable_was_pulled(server: Server, notebook: Notebook) -> None:
    """The engine went on and remembers it: no grace for what died, no end missed, once there is contact again."""
    async with watched(server, notebook, replace(QUICK, grace=timedelta(seconds=60))):
        await asyncio.to_thread(server.docker, "kill", "pgadmin")
        await notebook.found("service_down/pgadmin")
        server.pull_cable()
        await asyncio.to_thread(server.docker, "kill", "directus")
        await asyncio.to_thread(server.docker, "start", "pgadmin")
        await notebook.found("host_unreachable/", 20)
        assert {each.container for each in notebook.open.values()} == {"", "pgadmin"}, (
            "nothing ends in silence"
        )
        server.plug_cable()
        await notebook.over("host_unreachable/", 30)
        await notebook.over("service_down/pgadmin", 5)
        await notebook.found("service_down/directus", 5)


async def test_an_engine_that_hangs(server: Server, notebook: Notebook) -> None:
    async with watched(server, notebook, QUICK):
        server.pause_docker()
        await notebook.found("host_unreachable/", 20)
        server.resume_docker()
        await notebook.over("host_unreachable/", 20)
    assert notebook.keys == {"host_unreachable/"}


async def test_a_host_that_is_not_there_at_the_start(server: Server, notebook: Notebook) -> None:
    server.stop_sshd()
    reader_down = replace(QUICK, silence=timedelta(seconds=1))
    async with asyncio.TaskGroup() as group:
        watch = group.create_task(_watch(server, notebook, reader_down))
        await notebook.found("host_unreachable/", 10)
        await asyncio.to_thread(server.docker, "kill", "directus")
        server.start_sshd()
        await notebook.over("host_unreachable/", 10)
        await notebook.found("service_down/directus", 5)
        watch.cancel()


async def _watch(server: Server, notebook: Notebook, rules: Rules) -> None:
    async with watched(server, notebook, rules):
        await asyncio.Event().wait()
