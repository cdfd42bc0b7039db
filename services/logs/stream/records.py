"""A log as it comes from the engine, cut anywhere, into whole lines with their moments. Pure.

Without a terminal each record is a frame: one byte of kind (1 stdout, 2 stderr, 3 the engine's own error),
three zeros, four bytes of length, then a stamp, a blank, and what was written. With one there are no frames.

What was written ends in a newline, unless it is a piece of a longer line: the engine cuts after 16 kB, and all pieces
have the moment of the first (not in a journal). A shorter one without a newline is where the stream ended: the line
is over, and what comes later was written by another run; a terminal's is joined to that, for nothing tells it there.
What is no UTF-8 may have grown in the engine's hands: a byte is then the three of `\ufffd`.
"""

import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from struct import Struct

from services.domain.logs import STAMP, Block, Stream

# Of one line, in bytes; what is beyond is counted and left out.
LONGEST_LINE = 1 << 20
PIECE = 16 * 2**10  # drivers that know no such limit have longer ones
# The engine's own words about an error within the stream.
_ERROR_LIMIT = 4096
_ERROR_WORDS = b"Error grabbing logs: "
_HEAD = Struct(">BHBL")
_ERROR = 3
_PREFIX = STAMP + 1
_LONGEST_RECORD = LONGEST_LINE + _PREFIX
# Of `local` logs, engines of 23 and older tell moments in the zone of their host.
_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d\.\d{9})(Z|[+-]\d\d:\d\d) ")
_LONGEST_JOINT = len(b"\r2026-11-23T19:02:11.123456789+05:00 ")
# Before 23 they also give the last piece of a long line without its newline. On a terminal this is left to see:
_JOINT = re.compile(rb"\r(?=%b)" % _STAMP.pattern)


class NoRecords(ValueError):
    """The stream is not as an engine writes it."""


class _Begun:
    """A line whose end is still to come. prefix: what stands before each of its pieces."""

    __slots__ = ("last", "left_out", "pieces", "prefix", "stamp", "text")

    def __init__(self, record: bytes) -> None:
        if not (match := _STAMP.match(record)):
            raise NoRecords("a record has no moment")
        minute, rest, zone = match.groups()
        self.prefix, self.stamp = match[0], _in_utc(minute, zone) + rest + b"Z"
        self.text, self.left_out, self.last, self.pieces = bytearray(), 0, 0, 0

    def add(self, piece: bytes) -> None:
        self.last = len(piece)
        room = LONGEST_LINE - len(self.text)
        self.text += piece[:room]
        self.left_out += max(len(piece) - room, 0)

    def end(self) -> bytes:
        return (
            bytes(self.text) + (b" \xe2\x80\xa6 +%d bytes" % self.left_out if self.left_out else b"") + b"\n"
        )


class Records:
    """Feed it buffers as they come. Each line is complete when its end is there; after the last buffer, `rest`
    has those that are without one.
    """

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
        """Whether the last record ended where the last buffer did, as far as one can tell with a terminal."""
        return not self._data or (self._tty and bool(self._begun or _STAMP.match(self._data)))

    def feed(self, data: bytes) -> Block:
        """The lines that are whole now. Raises NoRecords."""
        data = self._data + data
        self._data = self._bare(data) if self._tty else data[self._framed(data) :]
        return self._taken()

    def rest(self) -> Block:
        """The lines that have no end, by their moments: not `ended`. Nothing is fed any more."""
        if self._tty and self._data:
            self._bare(self._data + b"\n")
            self._data = b""
        for kind, begun in sorted(self._begun.items(), key=lambda item: item[1].stamp):
            self._add(kind, begun.stamp, begun.end())
        self._begun.clear()
        return replace(self._taken(), ended=False)

    def _taken(self) -> Block:
        text = b"".join(self._texts)
        if text.count(b"\n") != len(self._kinds):
            self._share_moments()
        stamps = b"".join(self._stamps)
        if stamps.translate(None, b"0123456789") != b"--T::.Z" * len(self._kinds):
            raise NoRecords("a record has no moment")
        block = Block(text, stamps, bytes(self._kinds), self._records)
        self._texts, self._stamps, self._kinds, self._records = [], [], bytearray(), 0
        return block

    def _share_moments(self) -> None:
        """Not as Docker writes it: a record may have several lines."""
        counts = [text.count(b"\n") for text in self._texts]
        self._stamps = [
            stamp for stamp, count in zip(self._stamps, counts, strict=True) for _ in range(count)
        ]
        self._kinds = bytearray(
            kind for kind, count in zip(self._kinds, counts, strict=True) for _ in range(count)
        )

    def _add(self, kind: int, stamp: bytes, text: bytes) -> None:
        self._texts.append(text)
        self._stamps.append(stamp)
        self._kinds.append(kind)

    def _framed(self, data: bytes) -> int:
        """How far it has got. The loop is the price of every line read, so it is spelled out."""
        at, size = 0, len(data)
        head, begun = _HEAD.unpack_from, self._begun
        texts, stamps, kinds = self._texts, self._stamps, self._kinds
        while (start := at + _HEAD.size) <= size:
            kind, zeros, zero, length = head(data, at)
            if kind > _ERROR or zeros or zero or length > _LONGEST_RECORD:
                raise NoRecords("the stream has no frames where frames should be")
            end = start + length
            if end > size:
                break
            text = start + _PREFIX
            # A blank where one is when the zone is Z.
            if (
                end > text
                and data[end - 1] == 10
                and data[text - 1] == 32
                and 0 < kind < _ERROR
                and not begun
            ):
                texts.append(data[text:end])
                stamps.append(data[start : text - 1])
                kinds.append(kind)
                self._records += 1
            elif kind == _ERROR:
                self._complain(data[start:end])
            else:
                self._piece(kind or Stream.STDOUT, data[start:end])
            at = end
        return at

    def _piece(self, kind: int, record: bytes) -> None:
        """Any record: what is not an ordinary whole line, or comes while another one is begun."""
        self._records += 1
        this = _Begun(record)
        text = record[len(this.prefix) :]
        begun = self._begun.setdefault(kind, this)
        if begun.stamp != this.stamp and begun.last != PIECE:
            self._add(kind, begun.stamp, begun.end())
            begun = self._begun[kind] = this
        begun.add(text.removesuffix(b"\n"))
        if len(text) < PIECE or text.endswith(b"\n"):
            del self._begun[kind]
            self._add(kind, begun.stamp, begun.end())

    def _complain(self, words: bytes) -> None:
        self._error += words[: _ERROR_LIMIT - len(self._error)]

    def _bare(self, data: bytes) -> bytes:
        """What is left of a terminal's data. Only the moments tell where a record begins."""
        while begun := self._begun.get(Stream.STDOUT):
            data = self._follow(begun, data)
            if self._begun.get(Stream.STDOUT) is begun:
                return data
        end = data.rfind(b"\n") + 1
        for line in data[:end].split(b"\n")[:-1]:
            if len(line) <= PIECE and line[STAMP - 1 : _PREFIX] == b"Z " and line.find(b"Z ", _PREFIX) < 0:
                self._records += 1
                self._add(Stream.STDOUT, line[:STAMP], line[_PREFIX:] + b"\n")
            elif line.startswith(_ERROR_WORDS):
                self._complain(line)
            else:
                self._begin(line)
                self._bare(line + b"\n")
        data = data[end:]
        if len(data) <= PIECE + 2 * _LONGEST_JOINT:
            return data
        self._begin(data)
        return self._bare(data)

    def _begin(self, line: bytes) -> None:
        self._begun[Stream.STDOUT] = _Begun(line)

    def _follow(self, begun: _Begun, data: bytes) -> bytes:
        """What is left when the line that is begun has been taken as far as it goes."""
        text, newline, rest = data.partition(b"\n")
        begun.pieces += text.count(begun.prefix)
        self._records += text.count(begun.prefix)
        text = text.replace(begun.prefix, b"")
        if joint := _JOINT.search(text) if begun.pieces > 1 else None:
            text, rest = text[: joint.end()], text[joint.end() :] + newline + rest
        elif not newline:  # half a moment may stand at the end
            text, rest = text[:-_LONGEST_JOINT], text[-_LONGEST_JOINT:]
        begun.add(text)
        # Another run's record may be joined to it; rather one too many, for whoever counts them to find the oldest.
        self._records += len(_STAMP.findall(text))
        if joint or newline:
            del self._begun[Stream.STDOUT]
            self._add(Stream.STDOUT, begun.stamp, begun.end())
        if joint:
            self._begin(rest)
        return rest


@lru_cache(16)
def _in_utc(minute: bytes, zone: bytes) -> bytes:
    """Zones differ by whole minutes. What is no moment stays as it is."""
    if zone == b"Z":
        return minute
    try:
        moment = datetime.fromisoformat((minute + zone).decode("ascii")).astimezone(UTC)
    except (ValueError, OverflowError):
        return minute
    return moment.isoformat()[: len(minute)].encode("ascii")
