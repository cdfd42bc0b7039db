"""Pages of real logs on two servers, while they grow, against what `docker logs` gives out."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from services.domain.access import Actor, Role, Scope
from services.domain.containers import ContainerKey
from services.domain.logs import Stream, moment_of
from services.domain.reports import Selection
from services.domain.spans import TimeSpan
from services.fleet.engine import DockerEngine
from services.fleet.fleet import Fleet
from services.logs.pages.bookmarks import Bookmarks
from services.logs.pages.page import LogPage
from services.logs.pages.questions import ALL, ALWAYS, LogQuestion, Sieve
from services.logs.pages.reader import LogReader
from services.logs.text.levels import Level, inherited
from services.logs.text.presenter import Presenter
from services.store import open_store
from tests.clock import HandClock
from tests.lab.servers import Lab, Server
from tests.lab.transport import over_ssh

pytestmark = pytest.mark.lab

DIAS = Actor(1, "dias", Role.VIEWER, Scope.of("*/*"))
NAMES = {"api": "server1", "worker": "server1", "db": "server2"}
_WORDS = ("INFO ready", "WARN slow", "ERROR refused", "    at Socket.on", "plain", "FATAL gone")
_CHATTER = """
n=0
while [ ! -e /tmp/stop ]; do
  n=$((n + 1)); echo "{name} INFO $n"
  [ $((n % 3)) = 0 ] && echo "{name} ERROR $n" >&2
  [ $((n % {pace})) = 0 ] && sleep 0.01
done
"""

Lines = list[tuple[bytes, str, str]]  # stamp, container, text


class Servers:
    """As much of a fleet as reading needs, with the lab's real engines."""

    def __init__(self, engines: dict[str, DockerEngine]) -> None:
        self._engines = engines

    def engine(self, host: str) -> DockerEngine:
        return self._engines[host]

    async def select(self, words: Sequence[str], *, by: Actor) -> Selection:
        rows = [row for engine in self._engines.values() for row in await engine.containers(deadline=10)]
        return Selection(tuple(row for row in rows if row.name in words or row.full_name in words))

    async def find(self, what: str | ContainerKey, *, by: Actor) -> None:
        raise NotImplementedError


@pytest.fixture
async def reader(lab: Lab, tmp_path: Path) -> AsyncIterator[LogReader]:
    clock = HandClock()
    presenter = Presenter()
    async with AsyncExitStack() as stack:
        stack.callback(presenter.close)
        engines = {
            name: await stack.enter_async_context(over_ssh(server)) for name, server in lab.servers.items()
        }
        store = await stack.enter_async_context(open_store(f"sqlite://{tmp_path}/store.db", clock))
        fleet = cast(Fleet, Servers(engines))
        yield LogReader(fleet, presenter, Bookmarks(store, clock), clock)


def told(lab: Lab, names: Iterable[str] = NAMES) -> Lines:
    """What `docker logs` gives out of stdout, in order of time."""
    rows: Lines = []
    for name in names:
        for row in lab.servers[NAMES[name]].docker("logs", "--timestamps", name).splitlines():
            stamp, _, text = row.partition(" ")
            rows.append((stamp.encode(), name, text))
    return sorted(rows)


def shown(page: LogPage) -> Lines:
    return [(line.stamp, line.name, line.text) for line in page.lines]


def question(lines: int, sieve: Sieve = ALL, span: TimeSpan = ALWAYS) -> LogQuestion:
    return LogQuestion(tuple(NAMES), lines, step=lines, sieve=sieve, span=span)


async def back(reader: LogReader, page: LogPage) -> Lines:
    lines = shown(page)
    while page.older:
        page = await reader.older(page.token or "", by=DIAS)
        lines = shown(page) + lines
    return lines


async def onward(reader: LogReader, page: LogPage) -> Lines:
    lines: Lines = []
    while (page := await reader.newer(page.token or "", by=DIAS)).lines:
        lines += shown(page)
    return lines


def write(server: Server, name: str, seed: int) -> None:
    draw = random.Random(seed)
    texts = [f"{draw.choice(_WORDS)} {number}" for number in range(draw.randrange(200, 600))]
    server.run_logger(name, "\n".join(texts).encode() + b"\n", err=b"WARN on stderr\n" * 20)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_lines_of_three_containers_once_and_in_one_order(
    lab: Lab, reader: LogReader, seed: int
) -> None:
    for name, host in NAMES.items():
        write(lab.servers[host], name, seed)
    expected = told(lab)
    only_out = Sieve(stream=Stream.STDOUT)
    for size in (1000, 73):
        page = await reader.newest(question(size, only_out), by=DIAS)
        assert shown(page) == expected[-size:]
        assert await back(reader, page) == expected


@pytest.mark.parametrize("sieve", [Sieve(Level.WARN), Sieve(Level.ERROR, Level.ERROR)])
async def test_levels(lab: Lab, reader: LogReader, sieve: Sieve) -> None:
    levels: dict[tuple[bytes, str, str], Level | None] = {}
    for name, host in NAMES.items():
        write(lab.servers[host], name, 4)
        rows = told(lab, [name])
        levels.update(zip(rows, inherited([text for _stamp, _name, text in rows]), strict=True))
    expected = [row for row in told(lab) if sieve.takes(levels[row])]
    assert len(expected) > 50
    page = await reader.newest(question(40, Sieve(sieve.least, sieve.most, Stream.STDOUT)), by=DIAS)
    assert shown(page) == expected[-40:]
    assert await back(reader, page) == expected


async def test_a_stretch_of_time(lab: Lab, reader: LogReader) -> None:
    for name, host in NAMES.items():
        write(lab.servers[host], name, 5)
    expected = told(lab)
    first, last = expected[len(expected) // 3], expected[2 * len(expected) // 3]
    span = TimeSpan(_up(first[0]), moment_of(last[0]))
    within = [row for row in expected if span.since and span.until and _in(row[0], span.since, span.until)]
    only_out = Sieve(stream=Stream.STDOUT)
    page = await reader.newest(question(5000, only_out, span), by=DIAS)
    assert shown(page) == within and len(within) > 100
    assert await back(reader, page) == expected[: expected.index(within[-1]) + 1]
    assert await onward(reader, page) == expected[expected.index(within[-1]) + 1 :]


def _up(stamp: bytes) -> datetime:
    return moment_of(stamp) + timedelta(microseconds=1)


def _in(stamp: bytes, since: datetime, until: datetime) -> bool:
    return since <= moment_of(stamp) and stamp <= until.strftime("%Y-%m-%dT%H:%M:%S.%f000Z").encode()


async def test_while_they_are_written(lab: Lab, reader: LogReader) -> None:
    """Back to the beginning and on to the end from pages that were read while lines kept coming."""
    for pace, (name, host) in enumerate(NAMES.items(), 1):
        server = lab.servers[host]
        server.run_container(name, "sh", "-c", _CHATTER.format(name=name, pace=3 * pace))
    await asyncio.sleep(1)
    only_out = Sieve(stream=Stream.STDOUT)
    page = await reader.newest(question(50, only_out), by=DIAS)
    parts: list[Lines] = [shown(page)]
    older = page
    for _ in range(6):
        older = await reader.older(older.token or "", by=DIAS)
        parts.insert(0, shown(older))
        await asyncio.sleep(0.05)
    newer = page
    for _ in range(6):
        newer = await reader.newer(newer.token or "", by=DIAS)
        parts.append(shown(newer))
    for name, host in NAMES.items():
        lab.servers[host].docker("exec", name, "touch", "/tmp/stop")
    await asyncio.sleep(0.5)
    rest = await onward(reader, newer)
    expected = told(lab)
    middle = [row for part in parts for row in part]
    # An engine writes down a line a little later than its moment says: at the newest end orders may differ.
    assert sorted(middle + rest) == expected[expected.index(min(middle)) :]
    for name in NAMES:
        own = [row for row in middle + rest if row[1] == name]
        assert own == [row for row in told(lab, [name]) if row >= own[0]]
    assert sorted(await back(reader, older)) == expected[: expected.index(max(parts[0])) + 1]
