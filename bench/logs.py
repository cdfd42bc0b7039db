"""Logs: searching, reading and following, against what an admin would type. `python -m bench.logs` alone, too."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import chain
from pathlib import Path
from statistics import median
from time import perf_counter

import aiohttp
import asyncssh

from bench.commands import ssh
from bench.figures import Series, compare
from bench.memory import Memory
from bench.stage import Stage, open_stage
from playground.telegram import Message, Person
from tests.bots import TOKEN
from tests.lab.archive import fill_log
from tests.lab.servers import Lab, LabUnavailable, Server

GIANT, HUGE, SPEAKER = "giant", "huge", "speaker"
GIANT_LINES = 780_000  # 100 MB
HUGE_LINES = 7_800_000  # 1 GB
SPEAKER_LINES = 100_000
RARE = "upstream zz[0-9]+ refused"
DENSE = "GET /items/[a-z]+"
WRITERS = tuple(f"writer-{number}" for number in range(4))
_ROUNDS = 7
_FIFTY = 25
_PATIENCE = 120.0
_BREATH = 0.05  # nobody asks the next question within the same blink
# 5,000 lines ten times a second.
_WRITER = (
    "trap 'exit 0' TERM; while :; do yes 'INFO request 12345 GET /items/bookings 200 in 31 ms' | head -n 5000;"
    " usleep 60000; done"
)


def prepare(lab: Lab) -> None:
    server = lab.servers["server2"]
    for name, count in ((GIANT, GIANT_LINES), (HUGE, HUGE_LINES)):
        server.run_container(name)
        server.docker("stop", name)
        fill_log(server.engine, name, _said(count))
        server.docker("start", name)
    server.run_container(SPEAKER)
    server.docker("stop", SPEAKER)
    fill_log(
        server.engine,
        SPEAKER,
        (
            f"INFO request {number:07} GET /items/bookings?limit=25 200 in 31 ms"
            for number in range(SPEAKER_LINES)
        ),
    )
    server.docker("start", SPEAKER)


def _said(count: int) -> Iterator[str]:
    """Some 128 bytes a line as the log has it; one in 100,000 is what is searched for."""
    for number in range(count):
        if number % 100_000 == 50_000:
            yield f"ERROR upstream zz{number} refused after 3 tries, giving up on it for now" + " " * 40
        else:
            trace = f"{number * 7919:032x}"
            yield f"INFO request {number:07} GET /items/bookings?limit=25 200 in 31 ms user=17 trace={trace} by=Mozilla"


async def logs(stage: Stage, lab: Lab) -> None:
    server = lab.servers["server2"]
    await search(stage, server, "", wanted=0.9)
    await newest(stage, server)
    await fifty(stage, server)
    await memory(stage)
    await follows(stage, server)


async def search(stage: Stage, server: Server, lane: str, *, wanted: float) -> None:
    """All of 100 MB, for what is there seven times."""
    right = _has("zz750000")
    ours, theirs = await _in_turn(stage, server, RARE, right, f"bot: /grep RARE NAME{lane}, update to reply")
    compare(f"exhaustive search of a log of 100 MB{lane}", ours, theirs, wanted)


async def newest(stage: Stage, server: Server) -> None:
    right = _has(f"{GIANT_LINES - 1:07}")
    ours, theirs = await _in_turn(stage, server, DENSE, right, "bot: /grep DENSE NAME, update to reply")
    compare("newest 50 hits of a dense pattern in the same log", ours, theirs, 80)


async def _in_turn(
    stage: Stage, server: Server, pattern: str, right: Callable[[Message], bool], name: str
) -> tuple[Series, Series]:
    """Bot, terminal, bot, terminal …"""
    pipeline = f"docker logs {GIANT} 2>&1 | grep -E '{pattern}'"
    ours, theirs = Series(name), Series("ssh HOST 'docker logs NAME 2>&1 | grep -E PATTERN'")
    for number in range(_ROUNDS + 1):
        seconds = await _until(stage, f'/grep "{pattern}" server2/{GIANT}', right)
        began = perf_counter()
        assert (await ssh(server, pipeline)).strip()
        if number:
            ours.seconds.append(seconds)
            theirs.seconds.append(perf_counter() - began)
    return ours, theirs


def _has(text: str) -> Callable[[Message], bool]:
    """Not while it is still being worked at."""

    def right(reply: Message) -> bool:
        shown = reply.text + reply.caption
        return text in shown and not shown.startswith("⏳")

    return right


async def _until(stage: Stage, command: str, right: Callable[[Message], bool]) -> float:
    """Seconds from the update to the answer, which may be an edit of what was shown meanwhile."""
    began = perf_counter()
    _, reply = await stage.ask(command, _PATIENCE)
    await stage.telegram.until(lambda: right(reply), _PATIENCE)
    return perf_counter() - began


async def fifty(stage: Stage, server: Server) -> None:
    """What fits one message, against what cannot be had cheaper: the engine's answer and one call to the stand-in."""
    ours = Series("bot: /logs NAME 50, update to reply")
    call, post = Series("the raw call through one SSH connection"), Series("one sendMessage to the stand-in")
    right = _has(f"{SPEAKER_LINES - 1:07}")
    identity = server.docker("inspect", "--format={{.Id}}", SPEAKER).strip()
    async with _connected(server) as ssh_connection, aiohttp.ClientSession() as session:
        for number in range(_FIFTY + 3):
            await asyncio.sleep(_BREATH)
            seconds = await _until(stage, f"/logs server2/{SPEAKER} 50", right)
            await asyncio.sleep(_BREATH)
            once = await _timed(lambda: _raw(ssh_connection, server, identity))
            await asyncio.sleep(_BREATH)
            said = await _timed(lambda: _say(session, stage))
            if number >= 3:
                ours.seconds.append(seconds)
                call.seconds.append(once)
                post.seconds.append(said)
    print(f"\n/logs NAME 50, medians of {_FIFTY}")
    for series in (ours, call, post):
        print(series)
    ratio = ours.median / (call.median + post.median)
    print(f"  {'ratio to both together':<52} {ratio:8.1f} ×   wanted: 3 × or less")


@asynccontextmanager
async def _connected(server: Server) -> AsyncIterator[asyncssh.SSHClientConnection]:
    connection = asyncssh.connect(
        server.address,
        username=server.ssh_user,
        client_keys=[str(server.identity_file)],
        known_hosts=str(server.known_hosts),
        encryption_algs=["aes128-gcm@openssh.com"],
        config=None,
    )
    async with connection as ssh_connection:
        await ssh_connection.run("true")  # sshd sets TCP_NODELAY when a session opens
        yield ssh_connection


async def _raw(connection: asyncssh.SSHClientConnection, server: Server, identity: str) -> None:
    reader, writer = await connection.open_unix_connection(server.docker_socket, encoding=None)
    path = f"/v1.41/containers/{identity}/logs?stdout=1&stderr=1&timestamps=1&tail=50"
    writer.write(f"GET {path} HTTP/1.0\r\nHost: docker\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    assert answer.count(b"INFO request") == 50


async def _say(session: aiohttp.ClientSession, stage: Stage) -> None:
    person = next(stage.people)
    url = f"{stage.telegram.url}/bot{TOKEN}/sendMessage"
    async with session.post(url, data={"chat_id": person.id, "text": "x" * 4000}) as answer:
        assert answer.status == 200
        await answer.read()


async def _timed(work: Callable[[], Awaitable[None]]) -> float:
    began = perf_counter()
    await work()
    return perf_counter() - began


async def memory(stage: Stage) -> None:
    """Searching 1 GB; what the time limit leaves is gone on with."""
    held, person = Memory(stage.bot.pid), next(stage.people)
    stage.longest_hold()
    async with held.watched():
        began = perf_counter()
        _, reply = await stage.ask(f'/grep "nowhere[0-9]+" server2/{HUGE}', _PATIENCE, person=person)
        await stage.telegram.until(lambda: _is_settled(reply), _PATIENCE)
        while labels := [label for row in reply.buttons for label in row if "Go on" in label]:
            await _presses(stage, person, reply, labels[0])
        took = perf_counter() - began
    print(f"\nsearching a log of 1 GB, {took:.0f} s: {reply.text.splitlines()[0]}")
    print(f"  {'memory above idle, at the most':<52} {held.peak - held.idle:8.1f} MB  wanted: 25 MB or less")
    print(f"  {'longest hold of the event loop':<52} {stage.longest_hold():8.1f} ms  wanted: 50 ms or less")


async def _presses(stage: Stage, person: Person, reply: Message, label: str) -> None:
    seen = len(reply.edits)
    await person.presses(reply, label)
    await stage.telegram.until(lambda: len(reply.edits) > seen and _is_settled(reply), _PATIENCE)


def _is_settled(reply: Message) -> bool:
    """Not being worked at, which a button says where the text stays."""
    return not any(shown.startswith("⏳") for shown in (reply.text, *chain(*reply.buttons)))


async def follows(stage: Stage, server: Server) -> None:
    """Four people follow a container each, all of which write 50,000 lines a second."""
    for name in WRITERS:
        server.run_container(name, "sh", "-c", _WRITER)
    await asyncio.sleep(2)
    stage.longest_hold()
    held = Memory(stage.bot.pid)
    async with held.watched():
        followers = [next(stage.people) for _ in WRITERS]
        for person, name in zip(followers, WRITERS, strict=True):
            await person.says(f"/follow server2/{name}")
        await asyncio.sleep(5)
        took = []
        for _ in range(40):
            await asyncio.sleep(_BREATH)  # of all chats together Telegram takes 30 messages a second
            took.append((await stage.ask("/status"))[0])
        await asyncio.sleep(10)
        for person in followers:
            await person.says("/stop_follow")
        await asyncio.sleep(2)
    print("\nfour follows of containers that write 50,000 lines/s each")
    print(f"  {'memory above idle, at the most':<52} {held.peak - held.idle:8.1f} MB  wanted: 100 MB or less")
    print(f"  {'/status meanwhile, median of 40':<52} {median(took) * 1000:8.1f} ms  wanted: 300 ms or less")
    print(f"  {'/status meanwhile, longest':<52} {max(took) * 1000:8.1f} ms")
    print(f"  {'longest hold of the event loop':<52} {stage.longest_hold():8.1f} ms  wanted: 50 ms or less")
    for name in WRITERS:
        server.docker("rm", "--force", name)


async def _main(lab: Lab) -> None:
    async with open_stage(lab) as stage:
        await logs(stage, lab)
    async with open_stage(lab, fast_lane=True) as stage:
        await search(stage, lab.servers["server2"], " with the fast lane", wanted=10)


def main() -> int:
    try:
        with tempfile.TemporaryDirectory() as directory, Lab.build(Path(directory)) as lab:
            prepare(lab)
            asyncio.run(_main(lab))
    except LabUnavailable as missing:
        print(f"No bench here: {missing}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
