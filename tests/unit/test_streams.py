"""Raw answers, whatever the boundaries of the buffers."""

from itertools import pairwise

import pytest

from services.fleet.streams import ERROR_LIMIT, JSON_LIMIT, AnswerTooLarge, get


class Tape:
    """A channel that plays the given buffers and remembers what was asked."""

    ended = False

    def __init__(self, *buffers: bytes) -> None:
        self.buffers = list(buffers)
        self.written = b""
        self.closed = False

    async def read(self) -> bytes:
        return self.buffers.pop(0) if self.buffers else b""

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


async def test_a_request_and_its_answer() -> None:
    tape = Tape(b"HTTP/1.0 200 OK\r\nApi-Ver", b"sion: 1.41\r\nServer:x\r\n\r", b"\nbo", b"dy")
    answer = await get(tape, "/v1.41/containers/json")
    assert tape.written.startswith(b"GET /v1.41/containers/json HTTP/1.0\r\n")
    assert tape.written.endswith(b"\r\n\r\n")
    assert (answer.status, answer.headers) == (200, {"api-version": "1.41", "server": "x"})
    assert [data async for data in answer.body()] == [b"bo", b"dy"]


@pytest.mark.parametrize(
    "buffers",
    [
        (),
        (b"HTTP/1.0 200 OK\r\n",),
        (b"SSH-2.0-x\r\n\r\n",),
        (b"x" * 70000,),
        (b"HTTP/1.0 \xb2\xb2\xb2 OK\r\n\r\n",),  # digits to str.isdigit, not to int
        (b"HTTP/1.0 2000 OK\r\n\r\n",),
        (b"HTTP/1.0 200 OK\r\nContent-Length: \xb2\r\n\r\n",),
        (b"HTTP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n",),
        (b"HTTP/1.0 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",),
    ],
    ids=str,
)
async def test_what_is_no_answer(buffers: tuple[bytes, ...]) -> None:
    with pytest.raises(ConnectionError):
        await get(Tape(*buffers), "/_ping")


async def test_an_answer_cut_short() -> None:
    answer = await get(Tape(b"HTTP/1.0 200 OK\r\nContent-Length: 10\r\n\r\nfour"), "/_ping")
    with pytest.raises(ConnectionError, match="cut short"):
        [data async for data in answer.body()]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"message":"configured logging driver does not support reading"}', "configured logging driver"),
        (b"<html>nginx</html>", "HTTP status 502"),
        (b'["list"]', "HTTP status 502"),
        (b"[" * 100_000, "HTTP status 502"),
        (b'{"message":"' + b"x" * JSON_LIMIT + b'"}', "HTTP status 502"),
        (b"", "HTTP status 502"),
    ],
)
async def test_the_words_of_an_error(body: bytes, words: str) -> None:
    answer = await get(Tape(b"HTTP/1.0 502 Bad Gateway\r\n\r\n" + body), "/x")
    assert (await answer.error_text()).startswith(words)


async def test_long_words_of_an_error_are_cut() -> None:
    answer = await get(Tape(b'HTTP/1.0 500 X\r\n\r\n{"message":"' + b"x" * 10_000 + b'"}'), "/x")
    assert len(await answer.error_text()) == ERROR_LIMIT


async def test_json_has_an_end() -> None:
    tape = Tape(b"HTTP/1.0 200 OK\r\n\r\n", *[b" " * 65536] * 1000)
    answer = await get(tape, "/x")
    with pytest.raises(AnswerTooLarge):
        await answer.json()
    assert len(tape.buffers) > 900, "the rest is not even read"
