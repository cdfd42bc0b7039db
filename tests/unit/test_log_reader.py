"""A page of a log: how much is read, held and cleaned at a time, and what of it is left out."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from datetime import UTC, datetime
from typing import cast

import pytest

from services.domain.access import Actor, Role, Scope
from services.domain.containers import Container, ContainerKey, Details, State
from services.domain.logs import LogQuery
from services.fleet.fleet import Fleet
from services.logs import reader as module
from services.logs.presentable import presentable_lines
from services.logs.reader import MOST_BYTES, MOST_PAGES, LogReader
from services.logs.records import LONGEST_LINE
from services.logs.redaction import HIDDEN, MOST_JUDGEMENTS
from tests.clock import HandClock
from tests.unit.engine_log import EngineLog

ACTOR = Actor(1, "dias", Role.VIEWER, Scope(()))


class Log:
    """A fleet of one container, and its engine: what is asked for, in buffers of any size."""

    host = "server1"

    def __init__(self, raw: bytes, buffer: int = 60_000) -> None:
        self._log = EngineLog(buffer=buffer)
        self._log.write(raw)
        self._log.end()
        self.open = asyncio.Event()
        self.open.set()
        self.reading = self.most_reading = 0

    async def find(self, what: str | ContainerKey, *, by: Actor) -> Container:
        at = datetime(2026, 11, 23, tzinfo=UTC)
        return Container(self.host, "1" * 64, "n8n", "image", State.RUNNING, None, at)

    def engine(self, host: str) -> "Log":
        return self

    async def inspect(self, container_id: str) -> Details:
        return cast(Details, _Details())

    async def logs(
        self, container_id: str, query: LogQuery, *, deadline: float | None
    ) -> AsyncGenerator[bytes, None]:
        self.reading += 1
        self.most_reading = max(self.most_reading, self.reading)
        await self.open.wait()
        async for data in self._log.logs(container_id, query, deadline=deadline):
            yield data
        self.reading -= 1


class _Details:
    id = "1" * 64
    log_driver = "json-file"
    tty = False
    hidden = ()


Open = Callable[[Log], LogReader]


@pytest.fixture
def read() -> Iterator[Open]:
    readers: list[LogReader] = []

    def opened(log: Log) -> LogReader:
        readers.append(LogReader(cast(Fleet, log), HandClock()))
        return readers[-1]

    yield opened
    for reader in readers:
        reader.close()


async def test_exactly_the_last_lines(read: Open) -> None:
    page = await read(Log(b"one\ntwo\nthree\n")).tail("n8n", 2, by=ACTOR)
    assert (page.lines, page.cut) == (("two", "three"), False)


@pytest.mark.parametrize("buffer", [1000, 60_000, MOST_BYTES // 3 - 7])
async def test_of_too_much_the_oldest_is_left_out_and_no_broken_line_is_shown(
    read: Open, buffer: int
) -> None:
    """A line cut in two would show the end of a secret without its name."""
    line = b"password=" + b"s3cret" * 300 + b"\n"
    count = MOST_BYTES // len(line) + 10
    page = await read(Log(line * count, buffer)).tail("n8n", count, by=ACTOR)
    assert page.cut
    assert set(page.lines) == {f"password={HIDDEN}"}
    assert len(page.lines) == MOST_BYTES // len(line)


async def test_one_line_that_is_too_long_by_itself_is_cut_short_and_its_secret_hidden(read: Open) -> None:
    secret = b"s3cret" * MOST_BYTES
    page = await read(Log(b"password=" + secret)).tail("n8n", 1, by=ACTOR)
    left_out = len(b"password=" + secret) - LONGEST_LINE
    assert page.lines == (f"password={HIDDEN} … +{left_out} bytes",)


async def test_whole_lines_behind_one_that_is_too_long_are_all_there(read: Open) -> None:
    page = await read(Log(b"a" * (MOST_BYTES + 1) + b"\none\ntwo\n")).tail("n8n", 2, by=ACTOR)
    assert (page.lines, page.cut) == (("one", "two"), False)


async def test_what_could_not_be_judged_is_withheld_and_the_page_says_so(read: Open) -> None:
    line = b"pwd=hunter2 " * 100 + b"\n"
    page = await read(Log(line * (MOST_JUDGEMENTS // 50))).tail("n8n", 5000, by=ACTOR)
    assert page.cut
    assert page.lines[0] == HIDDEN
    assert set(page.lines[1:]) == {f"pwd={HIDDEN} " * 100}


async def test_so_many_pages_are_read_at_a_time_and_the_others_wait(read: Open) -> None:
    log = Log(b"one\n")
    reader = read(log)
    log.open.clear()
    async with asyncio.TaskGroup() as group:
        pages = [group.create_task(reader.tail("n8n", 1, by=ACTOR)) for _ in range(6)]
        while log.reading < MOST_PAGES:
            await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0)
        log.open.set()
    assert log.most_reading == MOST_PAGES
    assert [page.result().lines for page in pages] == [("one",)] * 6


async def test_pages_are_cleaned_one_by_one_and_leave_the_common_threads_alone(
    read: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While pages are stuck in cleaning, the event loop turns and `asyncio.to_thread` is as free as ever."""
    go_on, threads = threading.Event(), set[str]()

    def stuck(raw: bytes, count: int) -> tuple[tuple[str, ...], bool]:
        threads.add(threading.current_thread().name)
        go_on.wait(10)
        return presentable_lines(raw, count)

    monkeypatch.setattr(module, "presentable_lines", stuck)
    reader = read(Log(b"one\n"))
    async with asyncio.TaskGroup() as group:
        pages = [group.create_task(reader.tail("n8n", 1, by=ACTOR)) for _ in range(40)]
        for _ in range(50):
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            elsewhere = await asyncio.to_thread(lambda: threading.current_thread().name)
        assert not any(page.done() for page in pages)
        go_on.set()
    assert len(threads) == 1 and elsewhere not in threads


async def test_closing_waits_for_nothing_and_ends_the_thread(read: Open) -> None:
    before = set(threading.enumerate())
    reader = read(Log(b"one\n"))
    await reader.tail("n8n", 1, by=ACTOR)
    (worker,) = {thread for thread in threading.enumerate() if thread.name.startswith("logs")} - before
    reader.close()
    worker.join(5)
    assert not worker.is_alive()
