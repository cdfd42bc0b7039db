"""A page of logs: how much is read, held and cleaned at a time, what is left out, and what is told beside the lines."""

import asyncio
import threading
from collections.abc import Sequence
from datetime import timedelta

import pytest

from services.domain.access import Actor
from services.domain.containers import ContainerKey, Details
from services.domain.reports import Selection
from services.errors import HostSilent, LogsUnreadable, NoSuchContainer, NotUnderstood, Silence
from services.logs.pages import making as page_making
from services.logs.pages.making import MOST_BYTES
from services.logs.pages.page import LogPage
from services.logs.pages.questions import LogQuestion, Sieve
from services.logs.pages.reader import MOST_PAGES, LogReader
from services.logs.stream.records import LONGEST_LINE
from services.logs.text import presenter
from services.logs.text.levels import Level
from services.redaction.lines import judged_alone
from services.redaction.text import HIDDEN, MOST_JUDGEMENTS, Redacted
from tests.clock import HandClock
from tests.unit.engine_log import BEGAN, EngineLog
from tests.unit.log_fleet import ACTOR, LogFleet, container, details, reading


def wrote(raw: bytes, buffer: int = 60_000) -> EngineLog:
    log = EngineLog(buffer=buffer)
    log.write(raw)
    log.end()
    return log


def fleet(raw: bytes, buffer: int = 60_000) -> LogFleet:
    return LogFleet({"n8n": wrote(raw, buffer)})


async def newest(reader: LogReader, lines: int, *names: str, sieve: Sieve | None = None) -> LogPage:
    question = LogQuestion(names or ("n8n",), lines, step=lines, sieve=sieve or Sieve())
    return await reader.newest(question, by=ACTOR)


def texts(page: LogPage) -> list[str]:
    return [line.text for line in page.lines]


async def test_exactly_the_last_lines() -> None:
    async with reading(fleet(b"one\ntwo\nthree\n")) as reader:
        page = await newest(reader, 2)
    assert (texts(page), page.cut, page.older) == (["two", "three"], False, True)


@pytest.mark.parametrize("buffer", [1000, 60_000, MOST_BYTES // 3 - 7])
async def test_of_too_much_the_oldest_is_left_out_and_no_broken_line_is_shown(buffer: int) -> None:
    """A line cut in two would show the end of a secret without its name. What is left out comes with the next page."""
    line = b"password=" + b"s3cret" * 300 + b"\n"
    count = MOST_BYTES // len(line) + 10
    async with reading(fleet(line * count, buffer)) as reader:
        page = await newest(reader, count)
        assert page.cut
        assert set(texts(page)) == {f"password={HIDDEN}"}
        assert len(page.lines) in range(MOST_BYTES // len(line) - 5, MOST_BYTES // len(line) + 5)
        before = await reader.older(page.token or "", by=ACTOR)
        assert len(before.lines) == count - len(page.lines)


async def test_a_line_longer_than_any_is_cut_and_says_so() -> None:
    async with reading(fleet(b"a" * (LONGEST_LINE + 7) + b"\none\n")) as reader:
        page = await newest(reader, 2)
    assert texts(page) == ["a" * LONGEST_LINE + " … +7 bytes", "one"]


async def test_what_could_not_be_judged_is_withheld_and_the_page_says_so() -> None:
    line = b"pwd=hunter2 " * 100 + b"\n"
    async with reading(fleet(line * (MOST_JUDGEMENTS // 50))) as reader:
        page = await newest(reader, 5000)
    assert page.cut
    assert texts(page)[0] == HIDDEN
    assert set(texts(page)[1:]) == {f"pwd={HIDDEN} " * 100}


async def test_so_many_pages_are_read_at_a_time_and_the_others_wait() -> None:
    logs = fleet(b"one\n")
    async with reading(logs) as reader:
        logs.gate.clear()
        async with asyncio.TaskGroup() as group:
            pages = [group.create_task(newest(reader, 1)) for _ in range(6)]
            while logs.reading < MOST_PAGES:
                await asyncio.sleep(0)
            for _ in range(20):
                await asyncio.sleep(0)
            logs.gate.set()
    assert logs.most_reading == MOST_PAGES
    assert [texts(page.result()) for page in pages] == [["one"]] * 6


async def test_a_long_look_holds_up_no_page() -> None:
    logs = fleet(b"one\n")
    async with reading(logs) as reader:
        logs.gate.clear()
        async with asyncio.TaskGroup() as group:
            looks = [
                group.create_task(newest(reader, 1, sieve=Sieve(Level.WARN))) for _ in range(MOST_PAGES + 1)
            ]
            while logs.reading < MOST_PAGES:
                await asyncio.sleep(0)
            page = group.create_task(newest(reader, 1))
            while logs.reading == MOST_PAGES:
                await asyncio.sleep(0)
            logs.gate.set()
        assert texts(page.result()) == ["one"]
        assert all(not look.result().lines for look in looks)


async def test_pages_are_cleaned_in_a_thread_and_the_loop_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, threads = threading.Event(), set[str]()
    whole = judged_alone

    def stuck(lines: Sequence[str], hidden: Sequence[str]) -> Redacted:
        threads.add(threading.current_thread().name)
        go_on.wait(10)
        return whole(lines, hidden)

    monkeypatch.setattr(presenter, "judged_alone", stuck)
    long = b"x" * 20_000 + b"\n"  # a short one is not worth a thread
    async with reading(fleet(long)) as reader, asyncio.TaskGroup() as group:
        pages = [group.create_task(newest(reader, 1)) for _ in range(40)]
        for _ in range(50):
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            elsewhere = await asyncio.to_thread(lambda: threading.current_thread().name)
        assert not any(page.done() for page in pages)
        go_on.set()
    assert len(threads) == 1 and elsewhere not in threads


async def test_what_an_inspect_tells_for_good_is_asked_once_before_a_read() -> None:
    """Later ones go on beside it: the gate lets the read through only once both have begun."""
    logs = fleet(b"one\n")
    async with reading(logs) as reader:
        await newest(reader, 1)
        logs.gate.clear()
        before = logs.inspects
        async with asyncio.TaskGroup() as group:
            page = group.create_task(newest(reader, 1))
            async with asyncio.timeout(5):
                while not (logs.reading and logs.inspects > before):
                    await asyncio.sleep(0)
            logs.gate.set()
        assert texts(page.result()) == ["one"]


async def test_a_container_without_a_log_alone_and_among_others() -> None:
    logs = LogFleet({"n8n": wrote(b"one\n"), "redis": wrote(b"two\n")}, told={"log_driver": "none"})
    async with reading(logs) as reader:
        with pytest.raises(LogsUnreadable):
            await newest(reader, 5, "n8n")
        with pytest.raises(LogsUnreadable):
            await newest(reader, 5, "*")


async def test_one_that_cannot_be_read_does_not_hide_the_others() -> None:
    class HalfDeaf(LogFleet):
        async def inspect(self, container_id: str, *, deadline: float = 5) -> Details:
            if container_id == container("redis").id:
                raise HostSilent("server1", Silence.TIMEOUT)
            return await super().inspect(container_id, deadline=deadline)

    async with reading(HalfDeaf({"n8n": wrote(b"one\n"), "redis": wrote(b"two\n")})) as reader:
        page = await newest(reader, 5, "*")
        assert texts(page) == ["one"]
        assert [error.host for error in page.silent] == ["server1"]
        with pytest.raises(HostSilent):
            await newest(reader, 5, "redis")


async def test_one_that_was_silent_joins_where_the_page_ended() -> None:
    """Neither its whole log comes with the newer lines, nor what is newer than the page with the older ones."""
    n8n, redis = EngineLog(tick=10**9), EngineLog(tick=10**9)
    logs = LogFleet({"n8n": n8n})
    clock = HandClock()
    n8n.write(b"a1\na2\na3\n")
    redis.write(b"b1\nb2\nb3\n")
    clock.time = BEGAN + timedelta(seconds=3.5)
    async with reading(logs, clock) as reader:
        page = await newest(reader, 2, "*")
        logs.logs_of["redis"] = redis
        n8n.write(b"a4\n")
        redis.write(b"b4\n")
        newer = await reader.newer(page.token or "", by=ACTOR)
        assert sorted(texts(newer)) == ["a4", "b4"]
        older = await reader.older(page.token or "", by=ACTOR)
        assert texts(older) == ["a1", "b1"] or texts(older) == ["b1", "b2"]


async def test_looking_ends_after_a_while_and_says_how_far_back_it_got(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page_making, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(page_making, "_RARE", 10)
    log = EngineLog(tick=10**9)
    log.write(b"".join(b"%s line %d\n" % (b"ERROR" if n < 5 else b"INFO", n) for n in range(1000)))
    async with reading(LogFleet({"n8n": log})) as reader:
        page = await newest(reader, 3, sieve=Sieve(Level.ERROR))
        assert not page.lines and page.back_to is not None
        assert BEGAN + timedelta(seconds=900) < page.back_to < BEGAN + timedelta(seconds=1000)
        monkeypatch.setattr(page_making, "LOOK_SECONDS", 10.0)
        page = await reader.older(page.token or "", by=ACTOR)
        assert texts(page) == ["ERROR line 2", "ERROR line 3", "ERROR line 4"]
        assert page.back_to is None


async def test_words_that_may_be_names() -> None:
    class Strict(LogFleet):
        async def select(self, words: Sequence[str] | ContainerKey, *, by: Actor) -> Selection:
            assert not isinstance(words, ContainerKey)
            raise NoSuchContainer(words[0], self.near)

        near: tuple[tuple[str, str], ...] = ()

    logs = Strict({"n8n": wrote(b"one\n")})
    async with reading(logs) as reader:
        question = LogQuestion(("n8n",), 5, doubtful=("many",))
        with pytest.raises(NotUnderstood, match="many"):
            await reader.newest(question, by=ACTOR)
        logs.near = (("server1", "manny"),)
        with pytest.raises(NoSuchContainer):
            await reader.newest(question, by=ACTOR)


async def test_the_seam_of_a_restart_and_the_page_before_it() -> None:
    log = EngineLog(tick=10**9)
    log.write(b"old 1\nold 2\n")
    log.now += 10 * 10**9
    log.write(b"new 1\nnew 2\n")
    finished, started = BEGAN + timedelta(seconds=3), BEGAN + timedelta(seconds=12)
    logs = LogFleet({"n8n": log}, told={"finished": finished, "started": started})
    async with reading(logs) as reader:
        page = await newest(reader, 10)
        (restart,) = page.restarts
        assert restart.place_in(page.lines, newest=True) == 2
        page = await newest(reader, 1)
        assert page.restarts and page.restarts[0].place_in(page.lines, newest=True) is None
        before = await reader.before_restart(page.token or "", by=ACTOR)
        assert texts(before) == ["old 2"]


async def test_an_excerpt_is_the_newest_lines_redacted() -> None:
    logs = fleet(b"one\ntwo\npassword=hunter2hunter2\n")
    async with reading(logs) as reader:
        of_log = details(container("n8n"))
        lines = await reader.excerpt(logs, of_log, 2)  # type: ignore[arg-type]  # an engine with a log
        assert lines == ("two", f"password={HIDDEN}")
        unreadable = details(container("n8n"), log_driver="none")
        assert await reader.excerpt(logs, unreadable, 2) == ()  # type: ignore[arg-type]
