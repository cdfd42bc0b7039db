"""Probes through a real server's SSH connection, with the restricted key: of what listens there on 127.0.0.1."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from playground.telegram import Message
from tests.bots import OPS, Setup, running
from tests.conftest import Cast, next_answer
from tests.lab.monitoring import free_port
from tests.lab.server import Server
from tests.lab.servers import Lab

pytestmark = [pytest.mark.lab, pytest.mark.long]

Make = Callable[..., Setup]


@pytest.fixture
def server(lab: Lab) -> Server:
    return lab.servers["server2"]


@pytest.fixture
def port(server: Server) -> Iterator[int]:
    """Of a container `shop` on the server."""
    port = free_port()
    server.run_container(
        "shop", "httpd", "-f", "-h", "/", "-p", f"127.0.0.1:{port}", extra=["--network=host"]
    )
    yield port


def shop(port: int, **more: Any) -> dict[str, Any]:
    made = {
        "name": "shop",
        "url": f"http://127.0.0.1:{port}/etc/passwd",
        "body": "root:",
        "via": "server2",
        "host": "server2",
        "container": "shop",
        "interval": "2s",
        "timeout": "1s",
        "retries": 1,
    }
    return {"probes": [made | more], "alerts": {"chats": [{"id": OPS}]}}


async def line(cast: Cast, wanted: str) -> str:
    for _ in range(100):
        await cast.aigerim.says("/uptime")
        reply = await next_answer(cast, cast.aigerim)
        found = next(each for each in reply.text.splitlines() if "shop" in each)
        if wanted in found:
            return found
        await asyncio.sleep(0.2)
    raise AssertionError(reply.text)


def over(message: Message) -> bool:
    return message.text.startswith("✅")


async def test_a_container_that_dies_is_one_incident_though_its_probe_fails_too(
    cast: Cast, setup: Make, server: Server, port: int
) -> None:
    server.permit(f"127.0.0.1:{port}")
    # The probe gives the watch time to be first, on a busy machine, too.
    async with running(setup(server, more=shop(port, retries=2))):
        await line(cast, "🟢 shop: 100 % in 24 h")
        await cast.aigerim.says("/uptime server2/shop")
        assert (await next_answer(cast, cast.aigerim)).caption.startswith("🟢 shop: answers since ")
        server.docker("kill", "shop")
        alert = await cast.telegram.next_message(cast.ops, 15)
        assert alert.text.startswith("🔥 shop is down on server2")
        await line(cast, "🔴 shop: no answer since")
        await cast.telegram.silence(cast.ops, 8)
        server.docker("start", "shop")
        await cast.telegram.until(partial(over, alert), 20)
        await line(cast, "🟢 shop: ")
        await cast.telegram.silence(cast.ops, 8)
        assert len(cast.ops.sent) == 1


async def test_a_service_that_hangs_while_its_container_runs_is_told(
    cast: Cast, setup: Make, server: Server, port: int
) -> None:
    server.permit(f"127.0.0.1:{port}")
    async with running(setup(server, more=shop(port))):
        await line(cast, "🟢 shop: ")
        server.docker("kill", "--signal=STOP", "shop")
        assert (await line(cast, "🔴 shop: no answer")).endswith("(timeout after 1 s)")
        alert = await cast.telegram.next_message(cast.ops, 15)
        assert "critical · probe_failed · since " in alert.text
        server.docker("kill", "--signal=CONT", "shop")
        await cast.telegram.until(partial(over, alert), 20)


async def test_a_key_that_does_not_permit_it_is_said_so(
    cast: Cast, setup: Make, server: Server, port: int
) -> None:
    async with running(setup(server, more=shop(port))):
        told = await line(cast, "not asked since")
        assert told.startswith("⚠️ shop: ")
        assert told.endswith(f"(the SSH key does not permit 127.0.0.1:{port})")


async def test_a_pulled_cable_says_nothing_of_what_is_behind_it(
    cast: Cast, setup: Make, server: Server, port: int
) -> None:
    server.permit(f"127.0.0.1:{port}")
    async with running(setup(server, more=shop(port, interval="5s", timeout="4s"))):
        await line(cast, "🟢 shop: 100 %")
        server.pull_cable()
        assert (await line(cast, "not asked since")).endswith("(no contact with server2)")
        alert = await cast.telegram.next_message(cast.ops, 60)
        assert alert.text.startswith("🔥 server2 does not answer")
        server.plug_cable()
        await line(cast, "🟢 shop: 100 %")
        assert len(cast.ops.sent) == 1
