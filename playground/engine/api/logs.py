"""`GET /containers/{id}/logs`: records in frames, or bare where there is a terminal."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from struct import Struct

from playground.engine.api.parameters import Query, flag, moment
from playground.engine.clock import Clock
from playground.engine.container import Container
from playground.engine.durations import stamp
from playground.engine.program import STDERR, STDOUT
from playground.engine.records import Record
from playground.engine.refusal import Refused

UNREADABLE = "configured logging driver does not support reading"
_HEAD = Struct(">BxxxL")
_AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class LogsAsked:
    """since, until: ns since 1970, 0: no bound. tail: None is all."""

    streams: frozenset[int]
    tail: int | None
    since: int
    until: int
    follow: bool
    timestamps: bool
    details: bool

    @classmethod
    def of(cls, query: Query) -> "LogsAsked":
        """Raises Refused."""
        streams = {kind for kind, name in ((STDOUT, "stdout"), (STDERR, "stderr")) if flag(query, name)}
        if not streams:
            raise Refused(400, "Bad parameters: you must choose at least one stream")
        tail = query.get("tail", "")
        return cls(
            frozenset(streams),
            int(tail) if tail.isascii() and tail.isdecimal() else None,
            moment(query, "since"),
            moment(query, "until"),
            flag(query, "follow"),
            flag(query, "timestamps"),
            flag(query, "details"),
        )


async def buffers(container: Container, asked: LogsAsked, clock: Clock) -> AsyncIterator[bytes]:
    """What is asked for, as it comes; with `follow` to the end of the present run."""
    log = container.log
    session = log.session if asked.follow else None
    now = clock.now()
    records, number = await log.read(now, tail=asked.tail, since=asked.since, until=asked.until)
    for start in range(0, len(records), _AT_A_TIME):
        yield _written(records[start : start + _AT_A_TIME], asked, tty=container.spec.tty)
    while session and (session.end is None or number < session.end):
        if session.end is None:
            await log.grown(now)
        now = clock.now()
        records, following = await log.behind(number, now)
        if session.end is not None:
            records, following = records[: max(session.end - number, 0)], max(session.end, number)
        if asked.until and records and records[-1].at > asked.until:
            session = None
            records = [record for record in records if record.at <= asked.until]
        number = following
        if data := _written(records, asked, tty=container.spec.tty):
            yield data


def _written(records: Sequence[Record], asked: LogsAsked, *, tty: bool) -> bytes:
    pieces: list[bytes] = []
    for record in records:
        if record.stream not in asked.streams:
            continue
        text = b" " + record.text if asked.details else record.text
        if asked.timestamps:
            text = stamp(record.at) + b" " + text
        if not tty:
            pieces.append(_HEAD.pack(record.stream, len(text)))
        pieces.append(text)
    return b"".join(pieces)
