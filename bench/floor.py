"""The least that a `/status` can cost: the bare libraries, with neither Telegram nor any thought."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import perf_counter

import asyncssh
import docker

from bench.figures import Series
from bench.stage import CROWD
from tests.lab.servers import Lab, Server

_ROUNDS = 50


async def floor(lab: Lab) -> None:
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(_forwarded(server)) for server in lab.servers.values()]
        one = Series(f"the list of one host with {CROWD} containers")
        both = Series("the lists of both hosts side by side")
        for _ in range(_ROUNDS):
            one.seconds.append(await _list(clients[:1]))
            both.seconds.append(await _list(clients))
    print(f"\nfloor: docker SDK on a socket forwarded by asyncssh, medians of {_ROUNDS}")
    print(one)
    print(both)


async def _list(clients: list[docker.APIClient]) -> float:
    began = perf_counter()
    lists = await asyncio.gather(*(asyncio.to_thread(client.containers, all=True) for client in clients))
    seconds = perf_counter() - began
    assert all(len(found) == CROWD for found in lists)
    return seconds


@asynccontextmanager
async def _forwarded(server: Server) -> AsyncIterator[docker.APIClient]:
    with tempfile.TemporaryDirectory() as directory:
        socket = Path(directory, "docker.sock")
        connection = asyncssh.connect(
            server.address,
            username=server.ssh_user,
            client_keys=[str(server.identity_file)],
            known_hosts=str(server.known_hosts),
            encryption_algs=["aes128-gcm@openssh.com"],
            config=None,
        )
        async with connection as ssh, ssh.forward_local_path(str(socket), server.docker_socket):
            await ssh.run("true")  # sshd sets TCP_NODELAY when a session opens
            client = await asyncio.to_thread(
                docker.APIClient, base_url=f"unix://{socket}", version="auto", timeout=10
            )
            try:
                yield client
            finally:
                client.close()
