"""One container's log, to be read as often as one likes: blocks of whole lines from its engine."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from services.domain.containers import Details
from services.domain.logs import Block, Line, LogQuery
from services.errors import EngineRefused, HostSilent, LogsUnreadable, Silence
from services.logs.stream.records import NoRecords, Records
from services.logs.text.presentable import presentable
from services.ports import Engine

# Drivers that the engine cannot read back (Docker documents json-file, local and journald as readable).
_UNREADABLE_DRIVERS = frozenset({"none"})


@dataclass(frozen=True, slots=True)
class LogSource:
    """`name`: the container's. hidden: texts that must not be seen wherever they stand.

    Raises what the engine raises, and EngineRefused for a log that is none.
    """

    engine: Engine
    name: str
    container_id: str
    tty: bool
    hidden: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, engine: Engine, name: str, details: Details) -> "LogSource":
        """Raises LogsUnreadable."""
        if details.log_driver in _UNREADABLE_DRIVERS:
            raise LogsUnreadable(engine.host, name, details.log_driver)
        return cls(engine, name, details.id, details.tty, details.hidden)

    async def read(self, query: LogQuery, *, deadline: float | None) -> AsyncGenerator[Block, None]:
        """Blocks as they come, some of them empty. The last one, not `ended`, has the lines without a newline.

        Whoever stops early closes it: the channel goes with it. deadline: seconds for the whole read.
        """
        records = Records(tty=self.tty)
        async with aclosing(self.engine.logs(self.container_id, query, deadline=deadline)) as buffers:
            async for data in buffers:
                yield self._block(records, data)
        if not records.complete:
            raise HostSilent(self.engine.host, Silence.ENGINE, detail="the log broke off within a record")
        yield self._rest(records)
        if records.error:
            raise EngineRefused(self.engine.host, 200, presentable(records.error))

    async def first(self, tail: int, *, deadline: float) -> Line | None:
        """The oldest of the newest `tail` records, as far as it is a line; None where the log is empty.

        Cheap however large the log: the engine finds the place without reading what lies before or behind.
        """
        async with aclosing(self.read(LogQuery(tail=tail), deadline=deadline)) as blocks:
            async for block in blocks:
                if block:
                    return block.line(0)
        return None

    def _block(self, records: Records, data: bytes) -> Block:
        try:
            return records.feed(data)
        except NoRecords as exc:
            raise EngineRefused(self.engine.host, 0, f"its log was not understood: {exc}") from exc

    def _rest(self, records: Records) -> Block:
        try:
            return records.rest()
        except NoRecords as exc:
            raise EngineRefused(self.engine.host, 0, f"its log was not understood: {exc}") from exc
