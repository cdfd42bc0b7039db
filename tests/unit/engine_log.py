"""A container's log as dockerd keeps it and gives it out, after its copier and its readers of log files (20.10)."""

import struct
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone

from services.domain.logs import Line, LogQuery, Stream, moment_of
from services.logs.stream.records import PIECE
from services.logs.stream.source import LogSource

BEGAN = datetime(2026, 11, 23, 14, 2, 11, tzinfo=UTC)


def stamped(nanoseconds: int) -> bytes:
    """So long after BEGAN."""
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{BEGAN + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{rest:09}Z".encode()


def in_zone(stamp: bytes, zone: timezone | None) -> bytes:
    """As Go writes a moment of no matter which zone."""
    if zone is None:
        return stamp
    there = moment_of(stamp).astimezone(zone).isoformat(timespec="seconds").encode()
    return there[:19] + stamp[19:29] + there[19:]


def frame(kind: int, payload: bytes) -> bytes:
    return struct.pack(">BxxxL", kind, len(payload)) + payload


@dataclass(frozen=True)
class Record:
    """One entry of the log file. `payload` ends in a newline unless it is a piece of a longer line."""

    stamp: bytes
    stream: Stream
    payload: bytes

    def given(self, tty: bool, zone: timezone | None) -> bytes:
        said = in_zone(self.stamp, zone) + b" " + self.payload
        return said if tty else frame(self.stream, said)


@dataclass
class _Copier:
    """Reads one stream of the container. Pieces of a line share the moment of the first."""

    held: bytes = b""
    stamp: bytes | None = None


@dataclass
class EngineLog:
    """And the engine that reads it back: what `LogSource` asks for. tick: nanoseconds from record to record."""

    tty: bool = False
    local: bool = False  # the driver `local` of 20.10: the last piece of a long line has no newline
    tick: int = 1000
    buffer: int = 60_000
    host: str = "server1"
    now: int = 0
    zone: timezone | None = None  # of the host, where the log's driver tells moments in it
    records: list[Record] = field(default_factory=list)
    queries: list[LogQuery] = field(default_factory=list)
    _copiers: dict[Stream, _Copier] = field(default_factory=lambda: {each: _Copier() for each in Stream})

    def write(self, data: bytes, stream: Stream = Stream.STDOUT) -> None:
        """By the container. What is no line yet and no whole piece the engine keeps back."""
        copier = self._copiers[stream]
        *lines, copier.held = (copier.held + (data.replace(b"\n", b"\r\n") if self.tty else data)).split(
            b"\n"
        )
        for line in lines:
            last = self._pieces(stream, line)
            self._record(stream, last if copier.stamp and self.local else last + b"\n")
            copier.stamp = None
        copier.held = self._pieces(stream, copier.held)

    def end(self) -> None:
        """The container's: what was kept back is recorded as it is; another run writes on.

        No line ends where a piece does: nobody could tell it from one that goes on.
        """
        for stream, copier in self._copiers.items():
            if copier.stamp and not copier.held:
                copier.held = b"."
            if copier.held:
                self._record(stream, copier.held)
            self._copiers[stream] = _Copier()

    def _pieces(self, stream: Stream, line: bytes) -> bytes:
        """What is left of the line when its whole pieces are recorded."""
        end = len(line) // PIECE * PIECE
        for start in range(0, end, PIECE):
            self._record(stream, line[start : start + PIECE])
        return line[end:]

    def _record(self, stream: Stream, payload: bytes) -> None:
        copier = self._copiers[stream]
        self.now += self.tick
        stamp = copier.stamp or stamped(self.now)
        if not payload.endswith(b"\n"):
            copier.stamp = stamp
        self.records.append(Record(stamp, stream, payload))

    def rotate(self, count: int) -> None:
        """The file with the oldest `count` records is removed."""
        del self.records[:count]

    def given(self, query: LogQuery) -> bytes:
        records = (
            self.records if query.tail is None else self.records[max(len(self.records) - query.tail, 0) :]
        )
        return b"".join(
            record.given(self.tty, self.zone)
            for record in records
            if query.since is None or record.stamp >= query.since
        )

    async def logs(
        self, container_id: str, query: LogQuery, *, deadline: float | None
    ) -> AsyncGenerator[bytes, None]:
        self.queries.append(query)
        data = self.given(query)
        for start in range(0, len(data), self.buffer):
            yield data[start : start + self.buffer]

    def source(self) -> LogSource:
        return LogSource(self, "n8n", "1" * 64, self.tty)  # type: ignore[arg-type]  # it reads logs and nothing else

    def lines(self) -> tuple[list[Line], list[Line]]:
        """By a slow and simple reading of all records, in the order in which they end; and those without an end."""
        begun: dict[Stream, Line] = {}
        lines: list[Line] = []
        for record in self.records:
            line = begun.pop(record.stream, Line(record.stamp, record.stream, b""))
            line = replace(line, text=line.text + record.payload)
            if record.payload.endswith(b"\n"):
                lines.append(replace(line, text=line.text[:-1]))
            elif len(record.payload) < PIECE:
                lines.append(line)
            else:
                begun[record.stream] = line
        return lines, sorted(begun.values(), key=lambda line: line.stamp)

    def all_lines(self) -> list[Line]:
        ended, unended = self.lines()
        return [*ended, *unended]
