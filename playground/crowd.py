"""Very many simulated servers in a process of their own: `python -m playground.crowd DIRECTORY HOSTS CONTAINERS DOWN`.

DIRECTORY: for keys and sockets; its path must be short. DOWN: of each host, how many containers are down.

The first line on stdout is JSON: by a host's name, how it stands in the bot's settings. What it is told on stdin is
a line each, `silence HOST` (it answers nothing any more) or `speak HOST`; it is done with it when it has said the
line back. It ends with its stdin.
"""

import argparse
import asyncio
import gc
import json
import sys
from pathlib import Path

from playground.engine.api.server import Sockets
from playground.engine.crowd import crowd
from playground.engine.world import World
from playground.ssh import SshServer


async def serve(directory: Path, hosts: int, containers: int, down: int) -> None:
    async with World() as world, Sockets(directory) as sockets:
        made = crowd(world, hosts, containers, troubled=down)
        gc.freeze()  # what has been made stays: no collection needs to go through it
        users = {host.name: await sockets.open(host) for host in made}
        async with SshServer(directory, users) as ssh:
            _tell(json.dumps({name: ssh.settings(name) for name in users}))
            await _obey(world)


async def _obey(world: World) -> None:
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin.buffer
    )
    while line := (await lines.readline()).decode():
        what, name = line.split()
        host = world.hosts[name]
        if what == "silence":
            host.fall_silent()
        else:
            host.speak()
        _tell(line.strip())


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="playground.crowd", description=__doc__)
    parser.add_argument("directory", type=Path)
    for name in ("hosts", "containers", "down"):
        parser.add_argument(name, type=int)
    asyncio.run(serve(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
