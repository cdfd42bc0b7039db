"""What probes have found, in the store.

probe/<name>             log: the results of the last 48 hours, one by one
probed/<name>            how it stands now
probed/<name>/<day>      sums of the day's 90 periods of 16 minutes, kept for a month

So 24 hours, 7 and 30 days are read, and drawn in 90 bars each, from 31 short records a probe. One bot a store.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from services.domain.probes import NOT_ASKED, ProbeFault, ProbeResult, ProbeSpec
from services.domain.uptime import Reach, Standing, Tally, last_days, place_of, tally_of
from services.errors import RecordUnreadable
from services.ports import Append, Clock, Put, Store
from services.store.records import Codec

log = logging.getLogger(__name__)

T = TypeVar("T")

KEPT = timedelta(hours=48)
KEPT_SUMS = timedelta(days=32)


@dataclass(slots=True)
class _Day:
    """Tally by tally, column by column: most of them are summed up at a stroke. Short names: it is written often."""

    k: list[int] = field(default_factory=list)
    u: list[int] = field(default_factory=list)
    a: list[int] = field(default_factory=list)
    s: list[int] = field(default_factory=list)
    m: list[int] = field(default_factory=list)

    def add(self, place: int, tally: Tally) -> None:
        for column in (self.k, self.u, self.a, self.s, self.m):
            column.extend([0] * (place + 1 - len(column)))
        summed = self.between(place, place + 1) + tally
        self.k[place], self.u[place], self.a[place] = summed.known, summed.up, summed.answers
        self.s[place], self.m[place] = summed.spent, summed.slowest

    def between(self, first: int, end: int) -> Tally:
        part = slice(max(first, 0), max(end, 0))
        return Tally(
            sum(self.k[part]),
            sum(self.u[part]),
            sum(self.a[part]),
            sum(self.s[part]),
            max(self.m[part], default=0),
        )


_days, _standings = Codec(_Day), Codec(Standing)
_rows = Codec(tuple[str, float, str])  # fault, latency, detail


class Sums:
    """Of one probe's last month. Pure."""

    def __init__(self, days: Mapping[str, _Day], now: datetime) -> None:
        self._columns = [days.get(day, _Day()) for day in last_days(now, Reach.MONTH)]
        self._end = (len(self._columns) - 1) * 90 + place_of(now)[1] + 1

    def of(self, reach: Reach) -> Tally:
        return self._between(self._end - reach.periods, self._end)

    def bars(self, reach: Reach) -> Sequence[Tally]:
        wide, first = reach.periods // 90, self._end - reach.periods
        return [self._between(first + wide * bar, first + wide * (bar + 1)) for bar in range(90)]

    def _between(self, first: int, end: int) -> Tally:
        found = Tally()
        for number in range(max(first, 0) // 90, (end - 1) // 90 + 1):
            found += self._columns[number].between(first - 90 * number, end - 90 * number)
        return found


class Results:
    """Raises StoreError throughout. One that could not be written down is written with the next, but for its row."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._today: dict[str, tuple[str, _Day]] = {}

    async def add(self, spec: ProbeSpec, result: ProbeResult, standing: Standing) -> None:
        day, place = place_of(result.at)
        key = f"probed/{spec.name}/{day}"
        if self._today.get(spec.name, ("",))[0] != day:
            self._today[spec.name] = (day, _read(_days, await self._store.get(key)) or _Day())
        sums = self._today[spec.name][1]
        sums.add(place, tally_of(result, spec))
        until = self._clock.now() + KEPT_SUMS
        await self._store.write(
            Append(f"probe/{spec.name}", _packed(result), result.at),
            Put(f"probed/{spec.name}", _standings.pack(standing), until),
            Put(key, _days.pack(sums), until),
        )

    async def standing(self, name: str) -> Standing | None:
        return _read(_standings, await self._store.get(f"probed/{name}"))

    async def of(self, names: Sequence[str]) -> Mapping[str, tuple[Standing | None, Sums]]:
        """As they are at one moment; one round trip, whatever their number."""
        now = self._clock.now()
        days = last_days(now, Reach.MONTH)
        keys = {name: [f"probed/{name}", *(f"probed/{name}/{day}" for day in days)] for name in names}
        kept = await self._store.get_many([key for each in keys.values() for key in each])
        found = {}
        for name, (standing, *dated) in keys.items():
            sums = {day: _read(_days, kept.get(key)) for day, key in zip(days, dated, strict=True)}
            known = {day: each for day, each in sums.items() if each}
            found[name] = (_read(_standings, kept.get(standing)), Sums(known, now))
            await asyncio.sleep(0)  # a month of one probe is read in about a millisecond
        return found

    async def latest(self, name: str, count: int) -> Sequence[ProbeResult]:
        """Newest first."""
        rows = await self._store.read_log(f"probe/{name}", limit=count)
        return [_unpacked(row.value, row.at) for row in rows]

    async def prune(self, names: Iterable[str]) -> int:
        """Drop results one by one that are too old; how many. The rest goes by itself."""
        before = self._clock.now() - KEPT
        kept = {key.split("/")[1] for key in await self._store.scan("probed/")}
        return sum(
            [await self._store.trim_log(f"probe/{name}", older_than=before) for name in kept | set(names)]
        )


def _packed(result: ProbeResult) -> bytes:
    return _rows.pack((result.fault or "", round(result.latency, 3), result.detail))


def _unpacked(value: bytes, at: datetime) -> ProbeResult:
    fault, latency, detail = _rows.unpack(value)
    known = fault in set(ProbeFault)  # a newer Vakhta may know others
    return ProbeResult(
        at, latency, (ProbeFault(fault) if known else ProbeFault.BODY) if fault else None, detail
    )


def _read(codec: Codec[T], value: bytes | None) -> T | None:
    """None also for what cannot be read: it stays so, and what it says is not worth a stop."""
    try:
        return codec.unpack(value) if value else None
    except RecordUnreadable:
        log.exception("a record of a probe is passed over")
        return None


def stands(before: Standing | None, result: ProbeResult, began: datetime) -> Standing:
    """began: when the first of this result's tries was. Well, not well and not asked are three different things."""
    if before is None:
        return Standing(result, began)
    same = before.last.ok == result.ok and (before.last.fault in NOT_ASKED) == (result.fault in NOT_ASKED)
    return Standing(result, before.since if same else began)
