"""Buffers of a log, cut anywhere, and the lines that come out of them."""

import re
import tracemalloc
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.domain.logs import Block, Line, LogQuery, Stream
from services.errors import EngineRefused, HostSilent
from services.logs.stream.records import LONGEST_LINE, PIECE, NoRecords, Records
from tests.unit.engine_log import EngineLog, frame, stamped
from tests.unit.test_streams import pieces

STAMP = stamped(1)

# What a container may write in order to be taken for something else: heads of frames, moments, errors, newlines.
HOSTILE = st.sampled_from(
    [
        frame(1, STAMP + b" x\n"),
        frame(3, b"disk is gone\n"),
        b"\x01\0\0\0\0\0\0\x0a",
        b"\x02\0\0\0",
        STAMP + b" ",
        stamped(0) + b" level=info",
        b"Error grabbing logs: EOF\n",
        b"\0" * 40,
        b"\r\n",
        b"\n\n",
        b"\xf0\x9f\x98\x80",
        b"\xff\xfe",
    ]
)
# On a terminal, in a long line: see below.
AMBIGUOUS = re.compile(rb"\r\d{4}-\d\d-\d\dT")
LONG = st.sampled_from([PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 7]).map(lambda size: b"z" * size)
written = st.lists(
    st.tuples(st.sampled_from(Stream), st.one_of(st.binary(max_size=40), HOSTILE, LONG)), max_size=14
)
cuts = st.lists(st.integers(min_value=0), max_size=20)


def fed(records: Records, buffers: Iterable[bytes]) -> list[Block]:
    blocks = [records.feed(buffer) for buffer in buffers]
    assert records.complete
    return [*blocks, records.rest()]


def lines_of(blocks: Sequence[Block]) -> list[Line]:
    for block in blocks:
        assert len(block.stamps) == 30 * len(block)
        assert block.text.count(b"\n") == len(block)
    return [line for block in blocks for line in block.lines()]


@given(written, cuts, st.booleans(), st.booleans())
@settings(max_examples=200, deadline=None)
def test_each_stream_is_what_was_written(
    said: list[tuple[Stream, bytes]], where: list[int], ends: bool, local: bool
) -> None:
    log = EngineLog(local=local)
    for stream, data in said:
        log.write(data, stream)
    if ends:
        log.end()
    blocks = fed(Records(tty=False), pieces(log.given(LogQuery()), where))
    assert sum(block.records for block in blocks) == len(log.records)
    assert lines_of(blocks) == log.all_lines()
    for stream in Stream if ends else ():
        data = b"".join(part for each, part in said if each is stream)
        texts = [line.text for line in lines_of(blocks) if line.stream is stream]
        assert b"\n".join(texts).removesuffix(b".") == data.removesuffix(b"\n").removesuffix(b".")


@given(written, cuts, st.booleans())
@settings(max_examples=200, deadline=None)
def test_a_terminal_is_what_was_written(
    said: list[tuple[Stream, bytes]], where: list[int], local: bool
) -> None:
    assume(not AMBIGUOUS.search(b"".join(data for _, data in said)))
    log = EngineLog(tty=True, local=local)
    for _, data in said:
        log.write(data)
    log.end()
    blocks = fed(Records(tty=True), pieces(log.given(LogQuery()), where))
    assert sum(block.records for block in blocks) >= len(log.records)
    assert lines_of(blocks) == log.all_lines()


@given(written, st.sampled_from([300, -210, 0]), st.booleans(), cuts)
@settings(max_examples=100, deadline=None)
def test_moments_in_the_zone_of_the_host(
    said: list[tuple[Stream, bytes]], minutes: int, tty: bool, where: list[int]
) -> None:
    """As the `local` driver told them before Docker 25: they are brought to UTC."""
    assume(not AMBIGUOUS.search(b"".join(data for _, data in said)))
    log = EngineLog(tty=tty)
    for stream, data in said:
        log.write(data, Stream.STDOUT if tty else stream)
    log.end()
    expected = log.all_lines()
    log.zone = timezone(timedelta(minutes=minutes))
    blocks = fed(Records(tty=tty), pieces(log.given(LogQuery()), where))
    assert lines_of(blocks) == expected


@pytest.mark.parametrize("tty", [False, True], ids=["frames", "tty"])
@pytest.mark.parametrize("odd", [b"0000-00-00T00:00", b"2026-13-32T25:61", b"0001-01-01T00:00"])
@pytest.mark.parametrize("zone", [b"Z", b"+05:00", b"+99:00"])
def test_a_moment_of_no_calendar_spoils_no_log(tty: bool, odd: bytes, zone: bytes) -> None:
    said = odd + b":11.123456789" + zone + b" said\n"
    (line,) = lines_of(fed(Records(tty=tty), [said if tty else frame(1, said)]))
    assert (line.text, line.stamp) == (b"said", odd + b":11.123456789Z")
    assert line.at.tzinfo


@given(st.binary(max_size=300), st.booleans(), cuts)
@settings(max_examples=150)
def test_whatever_comes_is_lines_or_no_records(data: bytes, tty: bool, where: list[int]) -> None:
    records = Records(tty=tty)
    with suppress(NoRecords):
        lines_of([*map(records.feed, pieces(data, where)), records.rest()])


@given(written, st.lists(st.tuples(st.integers(min_value=0), st.binary(max_size=3)), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_a_spoiled_stream_is_lines_or_no_records(
    said: list[tuple[Stream, bytes]], flaws: list[tuple[int, bytes]]
) -> None:
    log = EngineLog()
    for stream, data in said:
        log.write(data, stream)
    spoiled = bytearray(log.given(LogQuery()))
    for at, flaw in flaws:
        place = at % (len(spoiled) + 1)
        spoiled[place : place + len(flaw)] = flaw
    records = Records(tty=False)
    with suppress(NoRecords):
        lines_of([records.feed(bytes(spoiled)), records.rest()])


@pytest.mark.parametrize("tty", [False, True], ids=["frames", "tty"])
def test_what_is_beyond_the_longest_line_is_counted(tty: bool) -> None:
    log = EngineLog(tty=tty)
    for size in (LONGEST_LINE - 1, LONGEST_LINE + PIECE // 2):
        log.write(b"x" * size + b"\nnext\n")
    cuts = list(range(0, 2**21 + 2**18, 5000))
    lines = lines_of(fed(Records(tty=tty), pieces(log.given(LogQuery()), cuts)))
    whole, _, long, _ = (line.text for line in lines)
    assert whole == b"x" * (LONGEST_LINE - 1) + b"\r" * tty
    assert long == b"x" * LONGEST_LINE + b" \xe2\x80\xa6 +%d bytes" % (PIECE // 2 + tty)


@pytest.mark.parametrize("tty", [False, True])
def test_only_of_the_last_block_the_lines_have_no_end(tty: bool) -> None:
    """Also where the end of a long line comes by itself, and is no record of its own."""
    log = EngineLog(tty=tty)
    log.write(b"z" * (PIECE + 100) + b"\n" + b"y" * PIECE)
    data = log.given(LogQuery())
    at = data.index(b"\n") - 10
    records = Records(tty=tty)
    blocks = [records.feed(data[:at]), records.feed(data[at:]), records.rest()]
    assert [(len(block), block.ended) for block in blocks] == [(0, True), (1, True), (1, False)]


@pytest.mark.parametrize("tty", [False, True], ids=["frames", "tty"])
def test_a_line_without_end_takes_no_more_memory_than_the_longest(tty: bool) -> None:
    """Progress bars and dots: some containers never write a newline."""
    log = EngineLog(tty=tty)
    log.write(b"." * 64 * PIECE)
    data = log.given(LogQuery())
    records = Records(tty=tty)
    tracemalloc.start()
    try:
        for _ in range(40):
            assert not records.feed(data)
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 2 * LONGEST_LINE
    assert peak < 8 * LONGEST_LINE
    (line,) = records.rest().lines()
    assert line.text.endswith(b"+%d bytes" % (40 * 64 * PIECE - LONGEST_LINE))


def test_of_another_run_is_another_line() -> None:
    log = EngineLog()
    log.write(b"killed in the mid")
    log.end()
    log.write(b"started\n")
    assert [line.text for line in lines_of(fed(Records(tty=False), [log.given(LogQuery())]))] == [
        b"killed in the mid",
        b"started",
    ]


def test_of_another_run_on_a_terminal_is_joined_but_counted() -> None:
    """Nothing tells that it is not the text of the line. But no log may seem shorter than what was asked of it."""
    log = EngineLog(tty=True)
    log.write(b"/ # ")
    log.end()
    log.write(b"started\n")
    blocks = fed(Records(tty=True), [log.given(LogQuery())])
    assert [line.text for line in lines_of(blocks)] == [b"/ # " + stamped(2000) + b" started\r"]
    assert sum(block.records for block in blocks) == 2


def test_what_looks_like_another_record_is_text() -> None:
    """But for a carriage return and a moment within a line of more than one piece: that is how `local` ends one."""
    log = EngineLog(tty=True)
    log.write(b"\r" + STAMP + b" x\ry " + STAMP + b" z\n" + b"l" * PIECE + STAMP + b" x\n")
    assert lines_of(fed(Records(tty=True), [log.given(LogQuery())])) == log.all_lines()


def test_of_another_run_is_another_line_though_the_engine_made_it_longer() -> None:
    """A byte that is no UTF-8 is kept as three."""
    grown = b"\xef\xbf\xbd" * 8000
    data = (
        frame(1, stamped(1) + b" " + grown) + frame(2, stamped(2) + b" x\n") + frame(1, stamped(3) + b" y\n")
    )
    assert lines_of(fed(Records(tty=False), [data])) == [
        Line(stamped(2), Stream.STDERR, b"x"),
        Line(stamped(1), Stream.STDOUT, grown),
        Line(stamped(3), Stream.STDOUT, b"y"),
    ]


def test_pieces_from_a_journal_have_moments_of_their_own() -> None:
    data = b"".join(
        frame(1, stamped(number) + b" " + text)
        for number, text in enumerate([b"a" * PIECE, b"b" * PIECE, b"c\n", b"d\n"])
    )
    assert lines_of(fed(Records(tty=False), [data])) == [
        Line(stamped(0), Stream.STDOUT, b"a" * PIECE + b"b" * PIECE + b"c"),
        Line(stamped(3), Stream.STDOUT, b"d"),
    ]


def test_a_record_of_several_lines() -> None:
    """Docker writes none, but others speak its language."""
    data = frame(1, stamped(1) + b" a\n\nb\n") + frame(2, stamped(2) + b" c\n")
    assert lines_of(fed(Records(tty=False), [data])) == [
        *(Line(stamped(1), Stream.STDOUT, text) for text in (b"a", b"", b"b")),
        Line(stamped(2), Stream.STDERR, b"c"),
    ]


def test_the_engines_own_error_is_kept_apart() -> None:
    records = Records(tty=False)
    said = frame(1, STAMP + b" a\n") + frame(3, b"disk is gone\n") + frame(2, STAMP + b" b\n")
    assert records.feed(said).text == b"a\nb\n"
    assert records.error == "disk is gone"
    for _ in range(5):
        records.feed(frame(3, b"x" * 3000))
    assert len(records.error) == 4096


def test_the_engines_own_error_on_a_terminal() -> None:
    records = Records(tty=True)
    assert (
        records.feed(STAMP + b" a\nError grabbing logs: unexpected EOF\n" + STAMP + b" b\n").text == b"a\nb\n"
    )
    assert records.error == "Error grabbing logs: unexpected EOF"


@pytest.mark.parametrize(
    "data",
    [
        b"plain text here",
        b"\x01\x00\x01\x00\x00\x00\x00\x01x",
        b"\x09" + b"\0" * 8,
        frame(1, b"no moment at all, though it is long enough for one\n"),
        frame(1, STAMP + b"\n"),
        frame(1, STAMP + b"x y\n"),
        frame(1, STAMP.replace(b"Z", b"+5:00") + b" y\n"),
        frame(1, b""),
        b"\x01\0\0\0\xff\xff\xff\xff",
    ],
)
def test_what_has_no_frames_is_no_stream(data: bytes) -> None:
    with pytest.raises(NoRecords):
        Records(tty=False).feed(data)


@pytest.mark.parametrize("data", [b"no moment\n", b"\n", b"x" * 100_000, STAMP[:-1] + b"\n", STAMP + b"\n"])
def test_what_has_no_moments_is_no_terminals_log(data: bytes) -> None:
    with pytest.raises(NoRecords):
        Records(tty=True).feed(data)


class Spoiled(EngineLog):
    """spoil: what happens to its answers on the way."""

    def __init__(self, data: bytes, **how: Any) -> None:
        super().__init__(**how)
        self.data = data

    def given(self, query: LogQuery) -> bytes:
        return self.data


@pytest.mark.parametrize("missing", [1, 5, 9, 40])
async def test_a_stream_cut_within_a_frame(missing: int) -> None:
    log = Spoiled((frame(1, STAMP + b" first\n") + frame(1, STAMP + b" other\n"))[:-missing])
    read = b""
    with pytest.raises(HostSilent, match="within a record"):
        async for block in log.source().read(LogQuery(), deadline=5):
            read += block.text
    assert read == b"first\n"


async def test_a_terminals_stream_cut_within_a_moment() -> None:
    log = Spoiled(STAMP + b" first\n" + STAMP[:12], tty=True)
    with pytest.raises(HostSilent, match="within a record"):
        [block async for block in log.source().read(LogQuery(), deadline=5)]


async def test_a_log_that_is_none_is_the_engines_refusal() -> None:
    with pytest.raises(EngineRefused, match="not understood"):
        [block async for block in Spoiled(b"<html>nginx</html>").source().read(LogQuery(), deadline=5)]


async def test_the_lines_before_an_engines_error_are_given() -> None:
    log = Spoiled(frame(1, STAMP + b" first\n") + frame(3, b"Error grabbing logs: disk is gone\n"))
    read = b""
    with pytest.raises(EngineRefused, match="disk is gone"):
        async for block in log.source().read(LogQuery(), deadline=5):
            read += block.text
    assert read == b"first\n"
