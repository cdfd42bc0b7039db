"""What probes have found over time: sums over periods of 16 minutes, of which a day has 90."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from services.domain.probes import NOT_ASKED, ProbeResult, ProbeSpec

PERIOD = timedelta(minutes=16)
PERIODS_A_DAY = 90
BARS = 90


class Reach(Enum):
    """How far a picture goes back. Each has BARS bars, of as many periods."""

    DAY = timedelta(days=1)
    WEEK = timedelta(days=7)
    MONTH = timedelta(days=30)

    @property
    def periods(self) -> int:
        return PERIODS_A_DAY * self.value.days

    @property
    def bar(self) -> timedelta:
        return self.value / BARS


@dataclass(frozen=True, slots=True)
class Tally:
    """Over some time: of the seconds that probes stand for (an interval each), how many were well.

    answers: how many were well. spent, slowest: milliseconds, together and of the slowest. Time in which nobody
    probed is in none of these.
    """

    known: int = 0
    up: int = 0
    answers: int = 0
    spent: int = 0
    slowest: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.known + other.known,
            self.up + other.up,
            self.answers + other.answers,
            self.spent + other.spent,
            max(self.slowest, other.slowest),
        )

    @property
    def share(self) -> float | None:
        """Of the known time, 0 to 1; None where nothing is known."""
        return self.up / self.known if self.known else None

    @property
    def latency(self) -> float | None:
        """Seconds, the mean of those that were well."""
        return self.spent / self.answers / 1000 if self.answers else None


def tally_of(result: ProbeResult, spec: ProbeSpec) -> Tally:
    """What one result adds. Where nobody was asked, nothing."""
    if result.fault in NOT_ASKED:
        return Tally()
    seconds = max(round(spec.interval.total_seconds()), 1)
    if not result.ok:
        return Tally(known=seconds)
    spent = round(result.latency * 1000)
    return Tally(seconds, seconds, 1, spent, spent)


def place_of(moment: datetime) -> tuple[str, int]:
    """The day (UTC, ISO 8601) and the number of the period in it."""
    at = moment.astimezone(UTC)
    return at.date().isoformat(), (at.hour * 3600 + at.minute * 60 + at.second) // int(PERIOD.total_seconds())


def last_days(now: datetime, reach: Reach) -> Sequence[str]:
    """Those that hold the last periods of `reach`, the one of `now` included, the oldest first."""
    days = reach.value.days + (1 if place_of(now)[1] < PERIODS_A_DAY - 1 else 0)
    return [place_of(now - timedelta(days=back))[0] for back in reversed(range(days))]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a probe is now. since: the first result of a row of alike ones, well or not."""

    last: ProbeResult
    since: datetime


@dataclass(frozen=True, slots=True)
class Uptime:
    """One probe. standing None: it has not been asked yet."""

    spec: ProbeSpec
    standing: Standing | None
    day: Tally
    week: Tally
    month: Tally

    @property
    def in_trouble(self) -> bool:
        return self.standing is not None and not self.standing.last.ok

    @property
    def urgency(self) -> int:
        """For a list: what is down, what cannot be asked, what is well, what has not been asked yet."""
        if self.standing is None:
            return 3
        return 2 if self.standing.last.ok else int(self.standing.last.fault in NOT_ASKED)


@dataclass(frozen=True, slots=True)
class UptimeReport:
    """Trouble first, else as in the settings."""

    at: datetime
    probes: Sequence[Uptime]


@dataclass(frozen=True, slots=True)
class History:
    """One probe in full. bars: the oldest first, the last one holds `at`. latest: newest first."""

    at: datetime
    uptime: Uptime
    reach: Reach
    bars: Sequence[Tally]
    latest: Sequence[ProbeResult]
