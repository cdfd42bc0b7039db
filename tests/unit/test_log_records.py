"""Buffers of a log, cut anywhere, and the lines that come out of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.logs import LogQuery, Stream
from services.errors import HostSilent
from services.logs.records import NoRecords, Records
from tests.unit.engine_log import EngineLog, frame, stamped
from tests.unit.test_streams import pieces

STAMP = stamped(1)
written = st.lists(st.tuples(st.sampled_from(Stream), st.binary(max_size=40)), max_size=12)
cuts = st.lists(st.integers(min_value=0), max_size=20)


@given(written, cuts)
def test_frames_cut_anywhere(said: list[tuple[Stream, bytes]], where: list[int]) -> None:
    log = EngineLog()
    for stream, data in said:
        log.write(data, stream)
    log.end()
    records = Records(tty=False)
    blocks = [records.feed(piece) for piece in pieces(log.given(LogQuery()), where)]
    assert records.complete
    lines = [line for block in [*blocks, records.rest()] for line in block.lines()]
    for stream in Stream:
        data = b"".join(part for each, part in said if each is stream)
        read = [line.text for line in lines if line.stream is stream]
        assert read == (data.removesuffix(b"\n").split(b"\n") if data else [])


def test_the_engines_own_error_is_kept_apart() -> None:
    records = Records(tty=False)
    said = frame(1, STAMP + b" a\n") + frame(3, b"disk is gone\n") + frame(2, STAMP + b" b\n")
    assert records.feed(said).text == b"a\nb\n"
    assert records.error == "disk is gone"


@pytest.mark.parametrize(
    "data", [b"plain text here", b"\x01\x00\x01\x00\x00\x00\x00\x01x", b"\x09" + b"\0" * 8]
)
def test_what_has_no_frames_is_no_stream(data: bytes) -> None:
    with pytest.raises(NoRecords):
        Records(tty=False).feed(data)


@pytest.mark.parametrize("missing", [1, 5, 9, 40])
async def test_a_stream_cut_within_a_frame(missing: int) -> None:
    class Broken(EngineLog):
        def given(self, query: LogQuery) -> bytes:
            return super().given(query)[:-missing]

    log = Broken()
    log.write(b"first\nother\n")
    read = b""
    with pytest.raises(HostSilent, match="within a record"):
        async for block in log.source().read(LogQuery(), deadline=5):
            read += block.text
    assert read == b"first\n"
