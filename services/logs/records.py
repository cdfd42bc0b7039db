"""A log as it comes from the engine, cut anywhere, into whole lines with their moments. Pure.

Without a terminal each record is a frame: one byte of kind (1 stdout, 2 stderr, 3 the engine's own error),
three zeros, four bytes of length, then a stamp, a blank, and what was written. With one there are no frames.
What was written ends in a newline unless it is a piece of a longer line: the engine stores 16 kB at most.
"""

import re
from struct import Struct

from services.domain.logs import STAMP, Block, Stream

# Of one line, in bytes; what is beyond is counted and left out.
LONGEST_LINE = 1 << 20
PIECE = 16 * 2**10
# The engine's own words about an error within the stream.
_ERROR_LIMIT = 4096
_LONGEST_RECORD = 1 << 24
_HEAD = Struct(">B3sL")
_ERROR = 3
_ZEROS = b"\0\0\0"
_PREFIX = STAMP + 1
_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z ")


class NoRecords(ValueError):
    """The stream is not as an engine writes it."""


class _Begun:
    """A line whose end is still to come."""

    __slots__ = ("left_out", "stamp", "text")

    def __init__(self, stamp: bytes) -> None:
        self.stamp, self.text, self.left_out = stamp, bytearray(), 0

    def add(self, piece: bytes) -> None:
        room = LONGEST_LINE - len(self.text)
        self.text += piece[:room]
        self.left_out += max(len(piece) - room, 0)

    def end(self) -> bytes:
        return (
            bytes(self.text) + (b" \xe2\x80\xa6 +%d bytes" % self.left_out if self.left_out else b"") + b"\n"
        )


class Records:
    """Feed it buffers as they come. Each line is complete when its newline is; at the end, `rest` has what had none."""

    def __init__(self, *, tty: bool) -> None:
        self._tty = tty
        self._data = b""
        self._begun: dict[int, _Begun] = {}
        self._error = bytearray()
        self._texts: list[bytes] = []
        self._stamps: list[bytes] = []
        self._kinds = bytearray()
        self._records = 0

    @property
    def error(self) -> str:
        """What the engine reported in the stream itself."""
        return self._error.decode(errors="replace").strip()

    @property
    def complete(self) -> bool:
        """Whether the last record ended where the last buffer did."""
        return not self._data

    def feed(self, data: bytes) -> Block:
        """The lines that are whole now. Raises NoRecords."""
        data = self._data + data
        self._data = data[self._bare(data) if self._tty else self._framed(data) :]
        if len(self._data) > _LONGEST_RECORD:
            raise NoRecords("a record has no end")
        return self._taken()

    def rest(self) -> Block:
        """The lines without a newline at the stream's end, which they are given here."""
        if self._tty and self._data:
            self._line(self._data)
            self._data = b""
        for kind, begun in sorted(self._begun.items(), key=lambda item: item[1].stamp):
            self._add(kind, begun.stamp, begun.end())
        self._begun.clear()
        return self._taken()

    def _taken(self) -> Block:
        stamps = b"".join(self._stamps)
        if stamps.translate(None, b"0123456789") != b"--T::.Z" * len(self._kinds):
            raise NoRecords("a record has no moment")
        block = Block(b"".join(self._texts), stamps, bytes(self._kinds), self._records)
        self._texts, self._stamps, self._kinds, self._records = [], [], bytearray(), 0
        return block

    def _add(self, kind: int, stamp: bytes, text: bytes) -> None:
        self._texts.append(text)
        self._stamps.append(stamp)
        self._kinds.append(kind)

    def _framed(self, data: bytes) -> int:
        """How far it has got. The loop is the price of every line read, so it is spelled out."""
        at, size = 0, len(data)
        head, begun = _HEAD.unpack_from, self._begun
        texts, stamps, kinds = self._texts, self._stamps, self._kinds
        while size - at >= _HEAD.size:
            kind, zeros, length = head(data, at)
            if kind > _ERROR or zeros != _ZEROS:
                raise NoRecords("the stream has no frames where frames should be")
            start = at + _HEAD.size
            end = start + length
            if end > size:
                break
            at = end
            if kind == _ERROR:
                self._error += data[start : min(end, start + _ERROR_LIMIT - len(self._error))]
                continue
            self._records += 1
            text = start + _PREFIX
            if end > text and data[end - 1] == 10 and not begun:
                texts.append(data[text:end])
                stamps.append(data[start : start + STAMP])
                kinds.append(kind or Stream.STDOUT)
            else:
                self._piece(kind or Stream.STDOUT, data[start:end])
        return at

    def _piece(self, kind: int, record: bytes) -> None:
        """One that is not a whole line, or follows such a one."""
        if not _STAMP.match(record):
            raise NoRecords("a record has no moment")
        begun = self._begun.setdefault(kind, _Begun(record[:STAMP]))
        if record.endswith(b"\n"):
            begun.add(record[_PREFIX:-1])
            del self._begun[kind]
            self._add(kind, begun.stamp, begun.end())
        else:
            begun.add(record[_PREFIX:])

    def _bare(self, data: bytes) -> int:
        end = data.rfind(b"\n") + 1
        for line in data[:end].split(b"\n")[:-1]:
            self._line(line)
        return end

    def _line(self, line: bytes) -> None:
        """Of a terminal; a long one has a moment before each piece."""
        if not _STAMP.match(line):
            raise NoRecords("a record has no moment")
        begun = _Begun(line[:STAMP])
        while _STAMP.match(line, _PREFIX + PIECE):
            begun.add(line[_PREFIX : _PREFIX + PIECE])
            line = line[_PREFIX + PIECE :]
            self._records += 1
        begun.add(line[_PREFIX:])
        self._records += 1
        self._add(Stream.STDOUT, begun.stamp, begun.end())
