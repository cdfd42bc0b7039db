"""Logs of the simulated engine and of a real dockerd, to the byte."""

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from struct import Struct

import pytest

from services.domain.containers import State
from services.domain.logs import Line, LogQuery, stamp_of, unix_time
from services.errors import ContainerGone, EngineRefused
from services.fleet.engine import DockerEngine
from services.logs.stream.source import LogSource
from services.logs.stream.windows import Backwards
from tests.contract.engine_asking import is_in, raw
from tests.contract.engine_stages import Stage, Wanted
from tests.lab.transport import until

HEAD = Struct(">BxxxL")
PIECE = 16384
SHAPES = {
    "nothing": b"",
    "one line": b"hello\n",
    "empty lines": b"\n\nhello\n\n",
    "no end yet": b"hello\nworld",
    "escapes": b"\x00\t\x1b[31mred \xf0\x9f\x98\x80 <b>&\x7f\n",
    "long lines": b"x" * 40_000 + b"\nshort\n" + b"y" * PIECE + b"\n" + b"z" * (PIECE - 1) + b"\nend\n",
    "many": b"".join(b"line %d\n" % number for number in range(3000)),
}


async def lines_of(log: LogSource, query: LogQuery) -> list[Line]:
    return [line async for block in log.read(query, deadline=9) for line in block.lines()]


def frames(body: bytes) -> list[tuple[int, bytes]]:
    """The kind of each record and what it holds."""
    found = []
    while body:
        kind, length = HEAD.unpack_from(body)
        found.append((kind, body[HEAD.size : HEAD.size + length]))
        body = body[HEAD.size + length :]
    return found


@pytest.mark.parametrize("shape", SHAPES)
async def test_records_are_cut_as_dockerd_cuts_them(stage: Stage, shape: str) -> None:
    out = SHAPES[shape]
    await stage.logger("talker", out)
    _, _, body = await raw(stage.engine, "GET /containers/talker/logs?stdout=1&stderr=1")
    whole = [
        piece for line in out.splitlines(keepends=True) if line.endswith(b"\n") for piece in pieces(line)
    ]
    assert [text for _, text in frames(body)] == whole
    assert {kind for kind, _ in frames(body)} <= {1}
    _, _, body = await raw(stage.engine, "GET /containers/talker/logs?stdout=1&tail=2&timestamps=1")
    stamped = [text.split(b" ", 1) for _, text in frames(body)]
    assert [text for _, text in stamped] == whole[-2:]
    assert all(re.fullmatch(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", stamp) for stamp, _ in stamped)


def pieces(line: bytes) -> list[bytes]:
    return [line[start : start + PIECE] for start in range(0, len(line), PIECE)]


@pytest.mark.parametrize(
    ("odd", "kept"),
    [
        (b"\xff", 1),
        (b"\xe2\x82", 2),
        (b"\xf0\x9f\x98", 3),
        (b"\xed\xa0\x80", 3),
        (b"\xc0\xaf", 2),
        (b"\xe2\x82\xac", 0),
    ],
)
async def test_what_is_no_utf_8(stage: Stage, odd: bytes, kept: int) -> None:
    await stage.logger("talker", b"a" + odd + b"b\n")
    _, _, body = await raw(stage.engine, "GET /containers/talker/logs?stdout=1")
    assert frames(body) == [(1, b"a" + (b"\xef\xbf\xbd" * kept or odd) + b"b\n")]


async def test_pieces_of_a_line_have_one_moment(stage: Stage) -> None:
    await stage.logger("talker", SHAPES["long lines"])
    _, _, body = await raw(stage.engine, "GET /containers/talker/logs?stdout=1&timestamps=1")
    stamps = [text.split(b" ", 1)[0] for _, text in frames(body)]
    assert stamps[0] == stamps[1] == stamps[2]
    assert stamps[4] == stamps[5]
    assert stamps == sorted(stamps)


async def test_a_terminal(stage: Stage) -> None:
    identity = await stage.logger("talker", b"one\n" + b"x" * 40_000 + b"\n", err=b"two\n", tty=True)
    assert (await stage.engine.inspect(identity)).tty
    path = "GET /containers/talker/logs?stdout=1&stderr=1"
    _, _, body = await raw(stage.engine, path)
    assert body == b"one\r\n" + b"x" * 40_000 + b"\r\ntwo\r\n", "no frames"
    _, _, body = await raw(stage.engine, f"{path}&timestamps=1")
    assert len(re.findall(rb"\d{4}-\d\d-\d\dT\S{18}Z ", body)) == 5, "one for each record"
    assert (await raw(stage.engine, "GET /containers/talker/logs?stderr=1"))[2] == b"", "all is stdout"
    lines = await lines_of(LogSource(stage.engine, "talker", identity, tty=True), LogQuery())
    assert [line.text for line in lines] == [b"one\r", b"x" * 40_000 + b"\r", b"two\r"]


async def test_both_streams_and_how_many(stage: Stage) -> None:
    await stage.logger("talker", b"a\nb\n", err=b"c\n")
    for question, found in {
        "stdout=1&stderr=1": [(1, b"a\n"), (1, b"b\n"), (2, b"c\n")],
        "stdout=true": [(1, b"a\n"), (1, b"b\n")],
        "stderr=yes": [(2, b"c\n")],
        "stdout=1&stderr=1&tail=2": [(1, b"b\n"), (2, b"c\n")],
        "stdout=1&tail=1": [],  # the newest record is of the other stream
        "stdout=1&stderr=1&tail=0": [],
        "stdout=1&stderr=1&tail=all": [(1, b"a\n"), (1, b"b\n"), (2, b"c\n")],
        "stderr=1&tail=x": [(2, b"c\n")],
        "stderr=1&tail=-3": [(2, b"c\n")],
        "stderr=1&details=1": [(2, b" c\n")],
        "stderr=1&since=0&until=0": [(2, b"c\n")],
    }.items():
        _, _, body = await raw(stage.engine, f"GET /containers/talker/logs?{question}")
        assert (question, frames(body)) == (question, found)


async def test_since_and_until(stage: Stage) -> None:
    identity = await stage.ticker("talker")
    log = LogSource(stage.engine, "talker", identity, tty=False)

    async def has_said_enough() -> bool:
        return len(await lines_of(log, LogQuery())) >= 4

    await until(has_said_enough, "four lines")
    first, second, third, fourth, *_ = await lines_of(log, LogQuery())
    assert (await lines_of(log, LogQuery(since=second.stamp)))[:3] == [second, third, fourth]
    path = f"GET /containers/talker/logs?stdout=1&until={unix_time(second.stamp)}"
    assert [text for _, text in frames((await raw(stage.engine, path))[2])] == [b"tick 1\n", b"tick 2\n"]
    assert (await raw(stage.engine, f"{path}&tail=1"))[2] == b"", "the tail is taken first"
    later = stamp_of(datetime.now(UTC) + timedelta(hours=1))
    assert await lines_of(log, LogQuery(since=later)) == []
    assert first.text == b"tick 1"


async def test_bounds_and_tail_and_stamps_together(stage: Stage) -> None:
    """The newest so many of all records are taken, then those within the bounds."""
    identity = await stage.ticker("talker")
    log = LogSource(stage.engine, "talker", identity, tty=False)

    async def has_said_enough() -> bool:
        return len(await lines_of(log, LogQuery())) >= 6

    await until(has_said_enough, "six lines")
    await stage.engine.stop(identity, stop_timeout=5, deadline=8)
    *lines, bye = await lines_of(log, LogQuery())
    assert bye.text == b"bye"
    second, third, fourth = lines[1:4]
    path = "GET /containers/talker/logs?stdout=1&stderr=1&timestamps=1"
    bounds = f"since={unix_time(second.stamp)}&until={unix_time(fourth.stamp)}"
    within = [line.stamp + b" " + line.text + b"\n" for line in (second, third, fourth)]
    for tail, found in {
        "": within,
        "&tail=all": within,
        f"&tail={len(lines) + 1}": within,
        f"&tail={len(lines) - 1}": within[1:],
        "&tail=1": [],
    }.items():
        _, _, body = await raw(stage.engine, f"{path}&{bounds}{tail}")
        assert (tail, [text for _, text in frames(body)]) == (tail, found)


async def test_a_log_is_followed_to_the_end_of_its_run(stage: Stage) -> None:
    identity = await stage.ticker("talker", Wanted())
    log = LogSource(stage.engine, "talker", identity, tty=False)
    heard: list[tuple[float, bytes]] = []

    async def follow() -> None:
        async for block in log.read(LogQuery(tail=1, follow=True), deadline=None):
            heard.extend((time.monotonic(), line.text) for line in block.lines())

    async with asyncio.TaskGroup() as group:
        following = group.create_task(follow())
        await until(lambda: _at_least(heard, 4), "it hears what is said")
        await stage.engine.restart(identity, stop_timeout=5, deadline=8)
        async with asyncio.timeout(15):
            await following
    words = [words for _, words in heard]
    assert words[-1] == b"bye"
    assert all(int(b.split()[1]) == int(a.split()[1]) + 1 for a, b in pairwise(words[:-1]))
    assert heard[2][0] - heard[0][0] > 0.15, "as it is said"
    everything = [line.text for line in await lines_of(log, LogQuery())]
    assert everything[: everything.index(b"bye") + 1][-3:] == words[-3:]

    async def goes_on() -> bool:
        said = [line.text for line in await lines_of(log, LogQuery())]
        return said[said.index(b"bye") + 1 :][:1] == [b"tick 1"]

    await until(goes_on, "the log goes on over the restart")


async def _at_least(heard: list[tuple[float, bytes]], count: int) -> bool:
    return len(heard) >= count


async def test_what_does_not_run_is_not_followed(stage: Stage) -> None:
    await stage.short("short", 0)
    await stage.created("new")
    await until(lambda: is_in(stage.engine, "short", State.EXITED), "it has ended")
    for name, said in {"short": [(1, b"begun\n")], "new": []}.items():
        async with asyncio.timeout(15):
            _, _, body = await raw(stage.engine, f"GET /containers/{name}/logs?stdout=1&follow=1")
        assert frames(body) == said


async def test_what_a_run_left_without_an_end_is_written_at_its_end(stage: Stage) -> None:
    identity = await stage.logger("talker", b"hello\nworld")
    await stage.engine.stop(identity, stop_timeout=5, deadline=8)
    _, _, body = await raw(stage.engine, "GET /containers/talker/logs?stdout=1&tail=2")
    assert frames(body) == [(1, b"hello\n"), (1, b"world")]


async def test_logs_that_are_not_there(stage: Stage) -> None:
    identity = await stage.idle("mute", Wanted(log_driver="none"))
    assert (await stage.engine.inspect(identity)).log_driver == "none"
    with pytest.raises(EngineRefused, match="does not support reading"):
        await anext(stage.engine.logs(identity, LogQuery(tail=1), deadline=5))
    with pytest.raises(ContainerGone):
        await anext(stage.engine.logs("0" * 64, LogQuery(tail=1), deadline=5))


async def test_a_log_walked_backwards_as_the_bot_does(stage: Stage) -> None:
    out = b"".join(b"line %d %s\n" % (number, b"x" * (number % 7) * 5000) for number in range(400))
    identity = await stage.logger("talker", out)
    walk = Backwards(LogSource(stage.engine, "talker", identity, tty=False))
    found = b""
    while not walk.exhausted:
        found = b"".join([block.text async for block in walk.window(100, deadline=9)]) + found
    assert found == out


async def test_without_chunks_for_a_client_of_http_1_0_and_with_them_for_others(stage: Stage) -> None:
    await stage.logger("talker", b"hello\n")
    assert frames((await raw(stage.engine, "GET /containers/talker/logs?stdout=1"))[2]) == [(1, b"hello\n")]
    answer = await _asked_as_1_1(stage.engine, "/containers/talker/logs?stdout=1")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head.lower()
    assert body.endswith(b"\r\n0\r\n\r\n")
    assert b"hello\n" in body


async def _asked_as_1_1(engine: DockerEngine, path: str) -> bytes:
    channel = await engine._link.open()
    try:
        channel.write(f"GET {path} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while data := await channel.read():
            answer += data
        return answer
    finally:
        channel.close()
