"""A container's log as dockerd keeps it and gives it out, after its copier and its readers of log files (20.10)."""

import struct
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from services.domain.logs import LogQuery, Stream
from services.logs.records import PIECE
from services.logs.source import LogSource

BEGAN = datetime(2026, 11, 23, 14, 2, 11, tzinfo=UTC)


def stamped(nanoseconds: int) -> bytes:
    """So long after BEGAN."""
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{BEGAN + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{rest:09}Z".encode()


def frame(kind: int, payload: bytes) -> bytes:
    return struct.pack(">BxxxL", kind, len(payload)) + payload


@dataclass(frozen=True)
class Record:
    """One entry of the log file. `payload` ends in a newline unless it is a piece of a longer line."""

    stamp: bytes
    stream: Stream
    payload: bytes

    def given(self, tty: bool) -> bytes:
        said = self.stamp + b" " + self.payload
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
    tick: int = 1000
    buffer: int = 60_000
    host: str = "server1"
    now: int = 0
    records: list[Record] = field(default_factory=list)
    queries: list[LogQuery] = field(default_factory=list)
    _copiers: dict[Stream, _Copier] = field(default_factory=lambda: {each: _Copier() for each in Stream})

    def write(self, data: bytes, stream: Stream = Stream.STDOUT) -> None:
        """By the container. What is no line yet and no whole piece the engine keeps back."""
        copier = self._copiers[stream]
        *lines, copier.held = (copier.held + data).split(b"\n")
        for line in lines:
            self._record(stream, self._pieces(stream, line) + b"\n")
            copier.stamp = None
        copier.held = self._pieces(stream, copier.held)

    def end(self) -> None:
        """The container's: what was kept back is recorded as it is; another run writes on."""
        for stream, copier in self._copiers.items():
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
            record.given(self.tty) for record in records if query.since is None or record.stamp >= query.since
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

    def lines(self) -> list[tuple[Stream, bytes]]:
        """By a slow and simple reading of all records, in the order in which lines end; then what has no end yet."""
        begun: dict[Stream, bytes] = {}
        lines: list[tuple[Stream, bytes]] = []
        for record in self.records:
            text = begun.pop(record.stream, b"") + record.payload
            if text.endswith(b"\n"):
                lines.append((record.stream, text[:-1]))
            elif len(record.payload) < PIECE:
                lines.append((record.stream, text))
            else:
                begun[record.stream] = text
        return lines + list(begun.items())
