"""A clock that a test turns by hand."""

from datetime import UTC, datetime, timedelta


class HandClock:
    """Implements `services.ports.Clock`; stands still unless turned."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 14, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def pass_by(self, **time: float) -> None:
        """Forward, in `timedelta`'s own words: `pass_by(minutes=2)`."""
        self.time += timedelta(**time)
