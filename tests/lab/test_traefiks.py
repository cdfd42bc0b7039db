"""Traefiks that listen on their own server alone, asked through SSH with the restricted key."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from services.domain.routing import Routing
from services.errors import (
    ApiError,
    ApiRefused,
    ApiRefusedLogin,
    ApiTimeout,
    ForwardRefused,
    HostSilent,
    NotConfigured,
    Silence,
    VakhtaError,
)
from services.fleet.engine import DockerEngine
from services.traefiks import TraefikAddress, Traefiks, open_traefiks
from tests.garbage import set_aside
from tests.lab.servers import Lab, Server
from tests.lab.traefik import TraefikServer, many_routes
from tests.lab.transport import over_ssh, until

pytestmark = pytest.mark.lab

LOGIN = ("team", "hush")


@contextlib.asynccontextmanager
async def asking(
    server: Server, traefik: TraefikServer, login: tuple[str, str] = LOGIN, *, permitted: bool = True
) -> AsyncIterator[tuple[Traefiks, DockerEngine]]:
    if permitted:
        server.permit(f"127.0.0.1:{traefik.port}")
    async with over_ssh(server) as engine:
        address = TraefikAddress(traefik.url, *login, gateway=engine)
        async with open_traefiks({server.name: address}) as traefiks:
            yield traefiks, engine


async def read(traefiks: Traefiks, server: Server, settled: Callable[[Routing], bool]) -> Routing:
    """When it has taken up its configuration."""
    found: list[Routing] = []

    async def taken_up() -> bool:
        with contextlib.suppress(ApiError):
            found[:] = [await traefiks.routing(server.name, deadline=5)]
        return bool(found) and settled(found[0])

    await until(taken_up, "Traefik knows its routes", 15)
    return found[0]


def domains(routing: Routing) -> set[str]:
    return {domain for each in routing.routers for domain in each.domains}


async def refusal(traefiks: Traefiks, host: str, deadline: float = 5) -> VakhtaError:
    with pytest.raises(VakhtaError) as raised:
        await traefiks.routing(host, deadline=deadline)
    return raised.value


async def test_with_the_restricted_key(server: Server, tmp_path: Path) -> None:
    """Behind a login, its routes from the labels of the team's containers."""
    guarded = TraefikServer(
        tmp_path, {}, inside=server.network, docker_socket=server.docker_socket, login=LOGIN
    )
    with guarded as traefik:
        async with asking(server, traefik) as (traefiks, engine):
            routing = await read(traefiks, server, lambda found: "dir.tapbot.kz" in domains(found))
            assert routing.version.startswith("3.")
            assert {"dir.tapbot.kz", "pg.tapbot.kz", "logs2.tapbot.kz"} <= domains(routing)
            assert traefiks.hosts == (server.name,)
            for login in (("team", "wrong"), ("", "")):
                address = TraefikAddress(traefik.url, *login, gateway=engine)
                async with open_traefiks({server.name: address}) as others:
                    error = await refusal(others, server.name)
                    assert isinstance(error, ApiRefusedLogin)
                    assert (error.api, error.host) == ("traefik", server.name)


async def test_what_is_not_permitted_not_there_or_switched_off(server: Server, tmp_path: Path) -> None:
    traefik = TraefikServer(tmp_path, {}, inside=server.network)
    traefik.configure({key: each for key, each in traefik._static().items() if key != "api"})
    async with asking(server, traefik, permitted=False) as (traefiks, _):
        error = await refusal(traefiks, server.name)
        assert isinstance(error, ForwardRefused)
        assert (error.address, error.forbidden) == (f"127.0.0.1:{traefik.port}", True)
    async with asking(server, traefik) as (traefiks, _):
        error = await refusal(traefiks, server.name)
        assert isinstance(error, ForwardRefused)
        assert not error.forbidden
        with traefik:
            error = await refusal(traefiks, server.name)
            assert isinstance(error, ApiRefused)
            assert (error.status, error.host) == (404, server.name)
        error = await refusal(traefiks, "server9")
        assert isinstance(error, NotConfigured)
        assert error.setting == "hosts.server9.traefik"


async def test_a_cable_pulled(server: Server, tmp_path: Path) -> None:
    with TraefikServer(tmp_path, {}, inside=server.network) as traefik:
        async with asking(server, traefik) as (traefiks, _):
            await traefiks.routing(server.name, deadline=5)
            server.pull_cable()
            assert isinstance(await refusal(traefiks, server.name, deadline=0.5), ApiTimeout)

            async def known() -> bool:  # the overrun itself has raised the doubt
                return isinstance(await refusal(traefiks, server.name, deadline=0.5), HostSilent)

            await until(known, "the contact is known to be lost", 10)
            async with asyncio.timeout(30):  # what is known needs none of its own time
                error = await refusal(traefiks, server.name, deadline=600)
            assert isinstance(error, HostSilent)
            assert error.reason is Silence.TIMEOUT
            server.plug_cable()

            async def back() -> bool:
                with contextlib.suppress(VakhtaError):
                    await traefiks.routing(server.name)
                    return True
                return False

            await until(back, "it answers again")


async def test_a_connection_that_breaks_is_the_hosts_silence(server: Server, tmp_path: Path) -> None:
    """And not merely an API that cannot be reached."""
    with TraefikServer(tmp_path, {}, inside=server.network) as traefik:
        async with asking(server, traefik) as (traefiks, _):
            await traefiks.routing(server.name, deadline=5)
            traefik._process.send_signal(19)  # type: ignore[union-attr]  # it hangs
            asked = asyncio.ensure_future(refusal(traefiks, server.name))
            await asyncio.sleep(0.3)
            server.stop_sshd()
            assert isinstance(await asked, HostSilent)


async def test_one_dead_host_holds_up_no_other(lab: Lab, tmp_path: Path) -> None:
    server1, server2 = lab.servers.values()
    with (
        TraefikServer(tmp_path / "1", {}, inside=server1.network) as first,
        TraefikServer(tmp_path / "2", {}, inside=server2.network) as second,
    ):
        server1.permit(f"127.0.0.1:{first.port}")
        server2.permit(f"127.0.0.1:{second.port}")
        async with over_ssh(server1) as one, over_ssh(server2) as two:
            addresses = {
                server1.name: TraefikAddress(first.url, gateway=one),
                server2.name: TraefikAddress(second.url, gateway=two),
            }
            async with open_traefiks(addresses) as traefiks:
                await asyncio.gather(*(traefiks.routing(host, deadline=5) for host in addresses))
                server1.pull_cable()
                dead = asyncio.ensure_future(refusal(traefiks, server1.name, deadline=5))
                assert isinstance(await traefiks.routing(server2.name, deadline=5), Routing)
                assert not dead.done(), "the other one is still waited for"
                assert isinstance(await dead, ApiTimeout | HostSilent)


async def test_five_hundred_routers(server: Server, tmp_path: Path) -> None:
    """Over connections that are kept, and nobody else waits meanwhile; bench/routes.py tells how long it takes."""
    with TraefikServer(tmp_path, many_routes(500), inside=server.network) as traefik:
        async with asking(server, traefik) as (traefiks, _):
            await read(traefiks, server, lambda found: len(found.routers) >= 500)
            opened = server.sshd_descriptors()
            longest = 0.0

            async def watch() -> None:
                nonlocal longest
                while True:
                    began = time.thread_time()  # what else runs on the machine is no fault of ours
                    await asyncio.sleep(0.001)
                    longest = max(longest, time.thread_time() - began)

            with set_aside():
                async with asyncio.TaskGroup() as group:
                    watcher = group.create_task(watch())
                    for _ in range(9):
                        routing = await traefiks.routing(server.name)
                    watcher.cancel()
            assert len([each for each in routing.routers if each.provider == "file"]) == 500
            assert longest < 0.1  # 0.005 as a rule
            assert server.sshd_descriptors() <= opened
