"""Records of the engine's json-file as `vakhta-grep` prints them, into blocks of lines. Pure.

They come the newest first, in groups of neighbours: "--" parts two groups, "next" stands behind each file and
"end" behind the last; where two files meet, the byte 1 stands in both, and a group goes on there. Everything else is
a record. One that cannot be read, such as the half of one that was just being written, is left out.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from struct import Struct

import msgspec

from services.domain.logs import STAMP, Block, Stream, joined
from services.logs.stream.records import NoRecords, Records

# Bytes of one group that are held to keep it together.
MOST_HELD = 256 * 2**10

_MOST_OF_A_LINE = 8 * MOST_HELD  # with all its pieces

_PART, _NEXT, _END = _CONTROL = b"--", b"next", b"end"
_EDGE = b"\x01"
_OPENING = b'{"log":"'
_WHOLE_LINE = b'\\n","stream":"'  # in every record but the pieces of a longer line, of which it ends the last
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)
_FRAME = Struct(">B3xL")


@dataclass(frozen=True, slots=True)
class Candidates:
    """Lines that may match, and their neighbours, in the order of the log.

    groups: the numbers of the lines, the first among them, that do not follow upon the one before. A group that
    MOST_HELD bytes do not hold goes on in the next candidates. goes_on: the last line of these stands right before the
    first one of those that came before.
    """

    block: Block
    groups: tuple[int, ...]
    goes_on: bool = False

    def parted(self) -> list[Block]:
        """Each group by itself, in order. `Block.part` would look through the whole block for each."""
        texts = self.block.text.split(b"\n")[:-1]
        return [
            Block(
                b"".join([text + b"\n" for text in texts[start:end]]),
                self.block.stamps[start * STAMP : end * STAMP],
                self.block.kinds[start:end],
            )
            for start, end in pairwise((*self.groups, len(texts)))
        ]


class _Record(msgspec.Struct):
    log: str = ""
    stream: str = ""
    time: str = ""


_DECODER = msgspec.json.Decoder(_Record)


class NewestFirst:
    """Feed it buffers as they come, cut anywhere. ended: all was looked at, nothing more comes.

    A file that is rotated meanwhile may turn up once more, further back: what it has brought is not told again.
    """

    def __init__(self) -> None:
        self.ended = False
        self._data = b"\n"
        self._newest: bytes | None = None  # record of this file
        self._known: dict[bytes, None] = {}  # the newest one of each file before
        self._repeats = False  # the rest of this file has been here
        self._open = False  # the latest group may go on
        self._at_edge = False  # of a file
        self._meets = False  # the file before has ended at its edge, and nothing of this one has come

    def feed(self, data: bytes) -> Candidates:
        """What is whole now, perhaps nothing; older than all before. Raises NoRecords."""
        data = self._data + data
        end = _end_of_groups(data)
        self._data = data[end:]
        was_open = self._open
        groups = self._groups(data[1:end].split(b"\n"))
        self._open = bool(groups[-1]) or (was_open and len(groups) == 1)
        return _candidates([group for group in groups if group], goes_on=was_open and bool(groups[0]))

    def _groups(self, lines: Iterable[bytes]) -> list[list[bytes]]:
        """Still the newest first; some may be empty."""
        groups: list[list[bytes]] = [[]]
        for line in lines:
            if line == _EDGE:
                self._at_edge = True
            if line in (_EDGE, b""):
                continue
            if line in _CONTROL:
                self.ended = line == _END
                if line == _NEXT:
                    self._next_file()
                if not (self._repeats or self._meets):
                    groups.append([])
                continue
            if self._meets and not (self._at_edge and self._is_older(line)):
                groups.append([])
            self._at_edge = self._meets = False
            if self._repeats or line in self._known:
                self._repeats = True
            else:
                groups[-1].append(line)
                if self._newest is None and _WHOLE_LINE in line:
                    self._newest = line
        return groups

    def _next_file(self) -> None:
        if self._newest is not None:
            self._known.setdefault(self._newest)
        self._newest, self._repeats = None, False
        self._meets, self._at_edge = self._at_edge, False

    def _is_older(self, record: bytes) -> bool:
        """Than the newest of all: what was written meanwhile stands before what has been here."""
        return not self._known or _time_of(record) <= _time_of(next(iter(self._known)))


def _time_of(record: bytes) -> bytes:
    """To be compared with others."""
    return record.rpartition(b'"time":"')[2].rstrip(b'Z"}')


def _end_of_groups(data: bytes) -> int:
    """How far `data` holds whole groups, or a part of one that is too large; never between the pieces of a line.

    The newline there begins what is left, so that each control line has one before it.
    """
    ends = [at + len(part) + 1 for part in _CONTROL if (at := data.rfind(b"\n%b\n" % part)) >= 0]
    if ends or len(data) <= MOST_HELD:
        return max(ends, default=0)
    line = data.rfind(b"\n", 0, max(data.rfind(_WHOLE_LINE), 0))
    if line > 0 or len(data) <= _MOST_OF_A_LINE:
        return max(line, 0)
    if (piece := data.rfind(b"\n")) > 0:
        return piece
    raise NoRecords("a record has no end")


def _candidates(groups: Sequence[Sequence[bytes]], *, goes_on: bool) -> Candidates:
    """Both the groups and their records are the newest first."""
    blocks: list[Block] = []
    starts, lines, count = [], 0, 0
    for group in reversed(groups):
        records = Records(tty=False)  # as what the engine itself would have told of it
        parts = [records.feed(b"".join(_frames(group[::-1]))), records.rest()]
        if count := sum(map(len, parts)):
            blocks += parts
            starts.append(lines)
            lines += count
    return Candidates(joined(*blocks), tuple(starts), goes_on and count > 0)


def _frames(lines: Sequence[bytes]) -> Iterator[bytes]:
    try:
        records = _DECODER.decode_lines(b"\n".join(lines))
    except ValueError:  # of msgspec, and of UTF-8
        records = [record for line in lines if (record := _readable(line))]
    for record in records:
        if stamp := _stamp(record.time):
            text = record.log.removesuffix("\n")
            end = "\n" if len(text) < len(record.log) else ""
            said = f"{stamp} {text.replace(chr(10), ' ')}{end}".encode(errors="replace")
            yield _FRAME.pack(Stream.STDERR if record.stream == "stderr" else Stream.STDOUT, len(said)) + said


def _readable(line: bytes) -> _Record | None:
    """The record that ends the line: a half-written one, or zeros after a crash, may stand before it."""
    with suppress(ValueError):
        return _DECODER.decode(line[max(line.rfind(_OPENING), 0) :])
    return None


def _stamp(time: str) -> str:
    """With the zeros that the engine has cut off at its end; "" where it is no moment."""
    found = _MOMENT.fullmatch(time)
    return f"{found[1]}.{(found[2] or '').ljust(9, '0')}Z" if found else ""
