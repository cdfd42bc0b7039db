"""Searches on real servers find what `docker logs | grep` finds, and are kept up by nothing."""

import asyncio
import random
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.container import Services, open_services
from services.domain.access import Actor, Role, Scope
from services.errors import HostSilent
from services.logs.search.hits import Found, SearchQuestion, Stop, Watch
from services.logs.search.search import CHAT, Bounds
from tests.bots import Setup
from tests.conftest import host_settings
from tests.lab.servers import Lab, Server

pytestmark = pytest.mark.lab

BY = Actor(1, "Aigerim", Role.ADMIN, Scope.of("*/*"))
ALL = Bounds(most=10**6, room=10**9, longest=10**6, seconds=120)

Open = Callable[..., AbstractAsyncContextManager[Services]]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    """The bot's services over some servers, when all have been reached; `lanes`: with the fast lane."""

    @asynccontextmanager
    async def opened(*servers: Server, lanes: bool = False) -> AsyncIterator[Services]:
        hosts = {server.name: host_settings(server) for server in servers}
        if lanes:
            for server in servers:
                hosts[server.name]["fast_lane"] = {"identity_file": str(server.lane_identity_file)}
        async with open_services(Setup(tmp_path, "http://127.0.0.1:1", hosts).settings()) as services:
            for server in servers:
                await reached(services, server)
            yield services

    return opened


async def reached(services: Services, server: Server) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                await services.fleet.engine(server.name).containers(deadline=2)
            except HostSilent:
                await asyncio.sleep(0.1)
            else:
                return


def grep(server: Server, name: str, *options: str) -> list[bytes]:
    """The lines of `docker logs NAME 2>&1 | grep -a OPTIONS`, over SSH as an admin types it. A terminal's returns
    are taken away first.
    """
    words = " ".join(f"'{option}'" for option in options)
    pipe = f"docker logs {name} 2>&1 | sed 's/\\r$//' | LC_ALL=C.UTF-8 grep -a {words}"
    done = subprocess.run(server.admin_ssh(pipe), check=False, capture_output=True)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout.split(b"\n")[:-1]


def texts(found: Found) -> list[str]:
    """Oldest first, as grep has it."""
    return [hit.line.text for hit in reversed(found.hits)]


WORDS = (
    'ERROR refused timeout GET /items 200 ошибка Ошибка 🔥 [17] {"level":50} at net.js:10 - ok a b c 1 2 3'
)


def random_lines(chance: random.Random, count: int, *, long: bool) -> bytes:
    """`long`: some of them are such as the engine keeps in pieces."""
    lines = []
    for number in range(count):
        said = " ".join(chance.choices(WORDS.split(), k=chance.randrange(12)))
        if long and chance.random() < 0.01:
            said += " long" * chance.choice((4000, 20_000))
        lines.append(f"{said} {number}\n" if chance.random() < 0.95 else "\n")
    return "".join(lines).encode()


@pytest.mark.parametrize("kind", ["long lines", "both streams", "a terminal"])
async def test_exactly_the_lines_that_grep_finds(lab: Lab, opened: Open, kind: str) -> None:
    """Where both streams have long lines, docker writes the one's lines between the other's pieces."""
    server = lab.servers["server1"]
    chance = random.Random(7)
    out = random_lines(chance, 6000, long=kind != "both streams")
    err = random_lines(chance, 3000, long=False) if kind == "both streams" else b""
    server.run_logger("said", out, err=err, tty=kind == "a terminal")
    cases: list[tuple[SearchQuestion, Sequence[str]]] = [
        (SearchQuestion("ERROR.*timeout"), ["-E", "ERROR.*timeout"]),
        (SearchQuestion("ошибка", ignore_case=True), ["-E", "-i", "ошибка"]),
        (SearchQuestion("a|b|c|[0-9]", invert=True), ["-E", "-v", "a|b|c|[0-9]"]),
        (SearchQuestion("^$"), ["-E", "^$"]),
        (SearchQuestion(r"\b1\d7$"), ["-P", r"\b1\d7$"]),
        (SearchQuestion("🔥.🔥"), ["-E", "🔥.🔥"]),
        (SearchQuestion("(long ){3}long .*7$"), ["-E", "(long ){3}long .*7$"]),
        (SearchQuestion("nothing like it"), ["-E", "nothing like it"]),
    ]
    async with opened(server) as services:
        for question, options in cases:
            asked = replace(question, names=("said",))
            found = await services.searcher.find(asked, by=BY, bounds=ALL)
            expected = [line.decode() for line in grep(server, "said", *options)]
            assert texts(found) == expected, question
            assert (found.count, found.stop) == (len(expected), None)


async def test_the_context_that_grep_gives(lab: Lab, opened: Open) -> None:
    server = lab.servers["server1"]
    server.run_logger("said", random_lines(random.Random(3), 3000, long=True))
    async with opened(server) as services:
        for context in (1, 3, 10):
            question = SearchQuestion("refused.*refused.*200", ("said",), context=context)
            found = await services.searcher.find(question, by=BY, bounds=ALL)
            lines: dict[int, str] = {}
            for hit in found.hits:
                around = (*hit.before, hit.line, *hit.after)
                lines |= dict(enumerate((each.text for each in around), hit.number - len(hit.before)))
            told = [
                line
                for line in grep(server, "said", "-E", "-C", str(context), question.pattern)
                if line != b"--"
            ]
            assert [lines[number].encode() for number in sorted(lines)] == told


async def test_page_after_page_while_it_grows(lab: Lab, opened: Open) -> None:
    server = lab.servers["server1"]
    say = 'i=0; while :; do i=$((i+1)); echo "item $i"; [ $i -gt 20000 ] && usleep 500; done'
    server.run_container("growing", "sh", "-c", say)
    async with opened(server) as services:
        while len(server.docker("logs", "--tail=20100", "growing").splitlines()) < 20_100:
            await asyncio.sleep(0.2)
        onward: SearchQuestion | None = SearchQuestion("item [0-9]*7$", ("growing",))
        numbers: list[int] = []
        while onward is not None:
            found = await services.searcher.find(onward, by=BY, bounds=replace(ALL, most=400))
            numbers += [int(hit.line.text.split()[1]) for hit in found.hits]
            onward = found.onward(len(found.hits))
    assert numbers[0] > 20_000
    assert numbers == list(range(numbers[0], 0, -10))


async def test_a_dead_host_is_one_line_and_delays_nobody(lab: Lab, opened: Open) -> None:
    first, second = lab.servers["server1"], lab.servers["server2"]
    first.run_logger("api", b"ERROR refused\n" * 10)
    async with opened(first, second) as services:
        await services.searcher.find(SearchQuestion("ERROR"), by=BY)
        second.pull_cable()
        began = time.monotonic()
        found = await services.searcher.find(SearchQuestion("refused"), by=BY)
        took = time.monotonic() - began
    assert found.count == 10
    assert [failure.host for failure in found.failures] == ["server2"]
    assert took < 2


async def test_it_is_cancelled_though_a_host_dies_under_it(lab: Lab, opened: Open) -> None:
    """And what the others have said is told."""
    first, second = lab.servers["server1"], lab.servers["server2"]
    first.run_logger("api", b"ERROR refused\n" * 10)
    second.run_logger("big", b"INFO nothing to see here, move on\n" * 400_000)
    async with opened(first, second) as services:
        searcher, watch, over = services.searcher, Watch(), asyncio.Event()

        async def cut() -> None:
            while watch.progress().bytes < 2_000_000:
                await asyncio.sleep(0.005)
            second.pull_cable()
            await asyncio.sleep(0.5)
            searcher.cancel(watch.token, by=BY)
            over.set()

        async with asyncio.TaskGroup() as group:
            group.create_task(cut())
            found = await searcher.find(SearchQuestion("refused", ("api", "big")), by=BY, watch=watch)
            took = time.monotonic()
            await over.wait()
        assert time.monotonic() - took < 1
    assert (found.count, found.stop) == (10, Stop.CANCELLED)
    onward = found.onward(10)
    assert onward is not None
    assert [place.host for place in onward.places or ()] == ["server2"]


async def test_what_is_out_of_scope_is_neither_searched_nor_counted(lab: Lab, opened: Open) -> None:
    server = lab.servers["server2"]
    server.run_logger("secretive", b"ERROR refused\n" * 10)
    student = Actor(3, "Student", Role.VIEWER, Scope.of("*/directus"))
    async with opened(server) as services:
        found = await services.searcher.find(SearchQuestion("ERROR|INFO"), by=student)
        assert [tally.name for tally in found.tallies] == ["directus"]
        whole = await services.searcher.find(
            SearchQuestion("ERROR|INFO"), by=BY, bounds=replace(CHAT, most=1)
        )
        onward = whole.onward(1)
        assert onward is not None
        further = await services.searcher.find(onward, by=student)
        assert {tally.name for tally in further.tallies} <= {"directus"}


async def test_the_fast_lane_finds_the_same_in_rotated_files_too(lab: Lab, opened: Open) -> None:
    server = lab.servers["server2"]
    say = (
        'i=0; while [ $i -lt 30000 ]; do i=$((i+1)); echo "GET item $i <ok> waiting";'
        '[ $((i % 999)) = 0 ] && echo "DELETE item $i" >&2; done'
    )
    options = [f"--log-opt={option}" for option in ("max-size=500k", "max-file=9", "compress=true")]
    server.run_container("rotating", "sh", "-c", say, extra=options)
    server.docker("wait", "rotating")
    await asyncio.sleep(1)
    question = SearchQuestion("DELETE item [0-9]+$|item 1234 ", ("rotating",), context=2)
    long_watch, short_watch = Watch(), Watch()
    async with opened(server) as services:
        long = await services.searcher.find(question, by=BY, bounds=ALL, watch=long_watch)
    async with opened(server, lanes=True) as services:
        short = await services.searcher.find(question, by=BY, bounds=ALL, watch=short_watch)
    assert [(hit.line, hit.before, hit.after) for hit in short.hits] == [
        (hit.line, hit.before, hit.after) for hit in long.hits
    ]
    assert short.count == long.count == 31
    assert short_watch.progress().bytes < long_watch.progress().bytes / 2
