"""Moments as the whole numbers that both engines keep and compare."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def stamp(moment: datetime) -> int:
    """Microseconds since 1970; a naive moment is a TypeError."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment(stamp: int) -> datetime:
    return EPOCH + timedelta(microseconds=stamp)
