"""Netdatas that listen on their own server alone, asked through SSH with the restricted key."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.domain.metrics import NetdataChart
from services.errors import ApiTimeout, ForwardRefused, HostSilent, VakhtaError
from services.netdatas import NetdataAddress, Netdatas, open_netdatas
from tests.lab.netdata import NetdataServer
from tests.lab.obtainable import obtainable
from tests.lab.servers import Server
from tests.lab.transport import over_ssh, until

pytestmark = pytest.mark.lab

CPU = NetdataChart("system.cpu")


@contextlib.asynccontextmanager
async def asking(server: Server, netdata: NetdataServer) -> AsyncIterator[Netdatas]:
    async with over_ssh(server) as engine:
        address = NetdataAddress(netdata.url, gateway=engine)
        async with open_netdatas({server.name: address}) as netdatas:
            yield netdatas


async def refusal(netdatas: Netdatas, server: Server, deadline: float = 5) -> VakhtaError:
    with pytest.raises(VakhtaError) as raised:
        await netdatas.of(server.name).info(deadline=deadline)
    return raised.value


async def test_with_the_restricted_key(server: Server, tmp_path: Path) -> None:
    netdata = NetdataServer(tmp_path, figures=True, inside=server.network)
    with obtainable():
        netdata.start()
    try:
        async with asking(server, netdata) as netdatas:
            error = await refusal(netdatas, server)
            assert isinstance(error, ForwardRefused)
            assert error.forbidden
        server.permit(f"127.0.0.1:{netdata.port}")
        async with asking(server, netdata) as netdatas:
            assert (await netdatas.of(server.name).info()).version.startswith("v1.")

            async def busy() -> bool:
                return await netdatas.of(server.name).value(CPU) is not None

            await until(busy, "it has its first figures", 20)
    finally:
        netdata.kill()


async def test_a_cable_pulled(server: Server, tmp_path: Path) -> None:
    netdata = NetdataServer(tmp_path, inside=server.network)
    with obtainable():
        netdata.start()
    try:
        server.permit(f"127.0.0.1:{netdata.port}")
        async with asking(server, netdata) as netdatas:
            await netdatas.of(server.name).info()
            server.pull_cable()
            error = await refusal(netdatas, server, deadline=0.5)
            assert isinstance(error, ApiTimeout | HostSilent)

            async def known() -> bool:
                return isinstance(await refusal(netdatas, server, deadline=0.5), HostSilent)

            await until(known, "the contact is known to be lost", 10)
            server.plug_cable()
    finally:
        netdata.kill()
