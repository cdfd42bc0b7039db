"""A command in the chat against what an admin would type in a terminal, in turn, in one run."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter

from bench.figures import Series, compare
from bench.stage import CROWD, SPEAKER, Stage
from playground.telegram import Message
from tests.lab.servers import Lab, Server

_ROUNDS = 25
_WARM_UP = 3


async def status(stage: Stage, lab: Lab) -> None:
    servers = list(lab.servers.values())

    async def typed() -> None:
        for server in servers:
            assert (await ssh(server, "docker", "ps", "-a")).count(b"\n") == CROWD + 1

    def right(reply: Message) -> bool:
        return str(CROWD * len(servers)) in reply.text.splitlines()[0]

    ours, theirs = await _in_turn(
        stage, "/status", right, typed, "ssh HOST docker ps -a, one host after the other"
    )
    compare(f"/status of {len(servers)} SSH hosts with {CROWD} containers each", ours, theirs, wanted=20)


async def logs(stage: Stage, lab: Lab, count: int, *, wanted: float) -> None:
    """Until the reply: a message, or a file when the lines fill more."""
    server = lab.servers["server2"]
    tail = ("docker", "logs", "--tail", str(count), SPEAKER)
    last = (await ssh(server, *tail)).splitlines()[-1]

    async def typed() -> None:
        assert (await ssh(server, *tail)).count(b"\n") == count

    def right(reply: Message) -> bool:
        shown = reply.document.content if reply.document else reply.text.encode()
        return last in shown and shown.count(b"INFO request") >= count

    command = f"/logs {SPEAKER} {count}"
    ours, theirs = await _in_turn(stage, command, right, typed, f"ssh HOST {' '.join(tail)}")
    compare(f"/logs NAME {count}", ours, theirs, wanted)


async def much(stage: Stage) -> None:
    """How long the event loop is held by the heaviest of what people ask, all at once."""
    asked = [stage.ask(command, 30) for command in ("/status", f"/logs {SPEAKER} 5000") for _ in range(10)]
    await asyncio.gather(*asked)
    print("\n10 × /status and 10 × /logs NAME 5000 at once")
    print(f"  {'longest hold of the event loop':<52} {stage.longest_hold():8.1f} ms  wanted: 50 ms or less")


async def _in_turn(
    stage: Stage,
    command: str,
    right: Callable[[Message], bool],
    typed: Callable[[], Awaitable[None]],
    name: str,
) -> Sequence[Series]:
    """Bot, terminal, bot, terminal …: what else the machine does meets both alike. A wrong answer ends the bench."""
    ours, theirs = Series(f"bot: {command}, update to reply"), Series(name)
    for number in range(_WARM_UP + _ROUNDS):
        seconds, reply = await stage.ask(command)
        assert right(reply), f"{command} was answered by {reply.text[:300]!r}"
        began = perf_counter()
        await typed()
        if number >= _WARM_UP:
            ours.seconds.append(seconds)
            theirs.seconds.append(perf_counter() - began)
    return ours, theirs


async def ssh(server: Server, *command: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *server.admin_ssh(*command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output
