"""JSON that is not quite JSON: bare control characters, halves of surrogate pairs, NaN, or bytes of Latin-1.

Some senders write such, and the alerts in it are to be told all the same.
"""

import asyncio
import codecs
import json
import re
from collections.abc import Iterator
from typing import Any

# The parser holds the event loop, and every thread, 50 ms for each MiB.
AT_ONCE = 1 << 20  # bytes; in a body that is longer, each alert
_BLANKS = re.compile(r"[ \t\n\r]*")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PATIENT = json.JSONDecoder(strict=False, parse_int=str, parse_float=str, parse_constant=str)


def clean(text: str) -> str:
    """Halves of surrogate pairs are no text to UTF-8."""
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def mended(body: bytes) -> bytes:
    """As JSON by the book, in one go. Raises ValueError, RecursionError."""
    return _by_the_book(_PATIENT.decode(body.decode(errors="replace")))


async def mended_in_parts(body: bytes) -> bytes:
    """A notification as JSON by the book, value by value in a thread. Raises ValueError, RecursionError."""
    return await asyncio.to_thread(lambda: b"".join(_parts(_Reader(body))))


def _by_the_book(value: Any) -> bytes:
    return clean(json.dumps(value, ensure_ascii=False)).encode()


def _parts(reader: "_Reader") -> Iterator[bytes]:
    """The object of `reader`, of whose members "alerts" is written element by element."""
    reader.expect("{")
    yield b"{"
    between = b""
    while not reader.takes("}"):
        if between:
            reader.expect(",")
        name = reader.name()
        reader.expect(":")
        yield between + _by_the_book(name) + b":"
        between = b","
        if name == "alerts" and reader.takes("["):
            yield b"["
            yield from _elements(reader)
            yield b"]"
        else:
            yield _by_the_book(reader.value())
    yield b"}"
    if not reader.ended:
        raise ValueError("there is more after the object")


def _elements(reader: "_Reader") -> Iterator[bytes]:
    if reader.takes("]"):
        return
    yield _by_the_book(reader.value())
    while not reader.takes("]"):
        reader.expect(",")
        yield b"," + _by_the_book(reader.value())


class _Reader:
    """Values off a long text, of which it shows the parser no more than it may parse at once."""

    def __init__(self, body: bytes) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        # By parts, as odd bytes cost a thousand times what good ones do, and the thread gives way between them.
        parts = [decoder.decode(body[at : at + (64 << 10)]) for at in range(0, len(body), 64 << 10)]
        self._text = "".join((*parts, decoder.decode(b"", final=True)))
        self._next = 0  # where the window ends in the text
        self._window = ""
        self._at = 0

    def value(self) -> Any:
        self._skip()
        try:
            value, end = _PATIENT.raw_decode(self._window, self._at)
        except ValueError:
            if not self._at:
                raise
            self._slide()  # it may only have been cut
            value, end = _PATIENT.raw_decode(self._window)
        if len(self._window) - end < 3 and self._at:  # so may a number: "-12" of "-12.5", "1" of "1e+5"
            self._slide()
            value, end = _PATIENT.raw_decode(self._window)
        self._at = end
        return value

    def name(self) -> str:
        if not self._comes('"'):
            raise ValueError(f"a name is expected at {self._place}")
        return str(self.value())

    def takes(self, mark: str) -> bool:
        """Whether `mark`, a single character, comes next; it is read then."""
        if not self._comes(mark):
            return False
        self._at += 1
        return True

    def expect(self, mark: str) -> None:
        if not self.takes(mark):
            raise ValueError(f"{mark} is expected at {self._place}")

    @property
    def ended(self) -> bool:
        self._skip()
        return self._at == len(self._window)

    @property
    def _place(self) -> int:
        return self._next - len(self._window) + self._at

    def _comes(self, mark: str) -> bool:
        self._skip()
        return self._window.startswith(mark, self._at)

    def _skip(self) -> None:
        while True:
            blanks = _BLANKS.match(self._window, self._at)
            self._at = blanks.end() if blanks else self._at
            if self._at < len(self._window) or self._next == len(self._text):
                return
            self._slide()

    def _slide(self) -> None:
        start = self._place
        self._window = self._text[start : start + AT_ONCE]
        self._next = start + len(self._window)
        self._at = 0
