"""A log's records as the engine tells them: which are asked for, their moments, and lines.

A moment of a record is a *stamp*: 30 bytes of RFC 3339 with nanoseconds in UTC, such as
`2026-11-23T14:02:11.123456789Z`. Stamps are compared as they stand.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum

STAMP = 30  # bytes

_SECONDS = len("2026-11-23T14:02:11")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Stream(IntEnum):
    """As the engine numbers them. A container with a terminal has STDOUT alone."""

    STDOUT = 1
    STDERR = 2


@dataclass(frozen=True, slots=True)
class LogQuery:
    """What of a log is read. tail: so many of the newest records, a line longer than 16 kB being several; None: all.

    since: a stamp, nothing older. follow: what comes later, too, for as long as the container lives.
    """

    tail: int | None = None
    since: bytes | None = None
    follow: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """`text`: as it was written, without its newline."""

    stamp: bytes
    stream: Stream
    text: bytes

    @property
    def at(self) -> datetime:
        return moment_of(self.stamp)


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines in the order of the log. text: each with its newline; stamps, kinds: 30 bytes and one byte for each.

    A kind is the number of a `Stream`. records: how many of the engine's have been used up for them, or begun.
    ended: each line had a newline; else it stands here without one, for nothing more comes.
    """

    text: bytes = b""
    stamps: bytes = b""
    kinds: bytes = b""
    records: int = 0
    ended: bool = True

    def __len__(self) -> int:
        return len(self.kinds)

    def stamp(self, number: int) -> bytes:
        return self.stamps[number * STAMP : (number + 1) * STAMP]

    def line(self, number: int) -> Line:
        text = self.text.split(b"\n", number + 1)[number]
        return Line(self.stamp(number), Stream(self.kinds[number]), text)

    def lines(self) -> list[Line]:
        texts = self.text.split(b"\n")
        return [Line(self.stamp(n), Stream(kind), texts[n]) for n, kind in enumerate(self.kinds)]

    def part(self, start: int, end: int | None = None) -> "Block":
        """Some of the lines, numbered from 0; `records` stays with none of them."""
        end = len(self) if end is None else end
        texts = self.text.split(b"\n")[start:end]
        text = b"\n".join(texts) + b"\n" if texts else b""
        return Block(text, self.stamps[start * STAMP : end * STAMP], self.kinds[start:end])


def block_of(lines: Iterable[Line]) -> Block:
    """The lines must hold no newline."""
    kept = list(lines)
    return Block(
        b"".join(line.text + b"\n" for line in kept),
        b"".join(line.stamp for line in kept),
        bytes(line.stream for line in kept),
    )


def joined(*blocks: Block) -> Block:
    """One after the other."""
    return Block(
        b"".join([block.text for block in blocks]),
        b"".join([block.stamps for block in blocks]),
        b"".join([block.kinds for block in blocks]),
        sum([block.records for block in blocks]),
    )


def stamp_of(moment: datetime) -> bytes:
    """`moment` must be aware."""
    return f"{moment.astimezone(UTC).isoformat(timespec='microseconds')[:26]}000Z".encode()


def moment_of(stamp: bytes) -> datetime:
    """To the microsecond. What is no moment of any calendar reads as 1970: an engine may say odd things."""
    try:
        return datetime.fromisoformat(f"{stamp[:26].decode('ascii')}+00:00")
    except ValueError:
        return _EPOCH


def unix_time(stamp: bytes) -> str:
    """Seconds since 1970 with nine digits behind the point, as the engine takes them."""
    seconds = (moment_of(stamp) - _EPOCH) // timedelta(seconds=1)
    return f"{seconds}.{stamp[_SECONDS + 1 : -1].decode('ascii')}"
