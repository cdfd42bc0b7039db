"""How the engine tells a duration: `go-units.HumanDuration`, and for how long the words stay the same."""

from datetime import UTC, datetime, timedelta

from playground.engine.clock import SECOND

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE, _HOUR = 60, 3600
# In hours: below so many, in units of so many.
_LONG = (
    (48, 1, "hours"),
    (2 * 7 * 24, 24, "days"),
    (2 * 30 * 24, 7 * 24, "weeks"),
    (2 * 365 * 24, 30 * 24, "months"),
)


def human(seconds: float) -> str:
    """Such as "2 hours", "About a minute". Never negative."""
    whole = max(int(seconds), 0)
    minutes, hours = whole // _MINUTE, int(max(seconds, 0) / _HOUR + 0.5)
    if whole < 1:
        return "Less than a second"
    if whole == 1:
        return "1 second"
    if whole < _MINUTE:
        return f"{whole} seconds"
    if minutes == 1:
        return "About a minute"
    if minutes < 60:
        return f"{minutes} minutes"
    if hours == 1:
        return "About an hour"
    for most, size, unit in _LONG:
        if hours < most:
            return f"{hours // size} {unit}"
    return f"{whole // _HOUR // 24 // 365} years"


def steady(seconds: float) -> float:
    """For how many more seconds `human` says the same; at least that is certain."""
    if seconds < _MINUTE:
        return 1 - seconds % 1
    if seconds < _HOUR:
        return _MINUTE - seconds % _MINUTE
    rounded = seconds + _HOUR / 2
    for most, size, _ in _LONG:
        if rounded < most * _HOUR:
            return min(size * _HOUR - rounded % (size * _HOUR), most * _HOUR - rounded)
    return _HOUR - seconds % _HOUR


def rfc3339(at: int) -> str:
    """A moment as Go prints it: nanoseconds without the zeros at their end. 0: the zero date."""
    if not at:
        return "0001-01-01T00:00:00Z"
    whole = _whole(at)
    fraction = f"{at % SECOND:09}".rstrip("0")
    return f"{whole}.{fraction}Z" if fraction else f"{whole}Z"


def stamp(at: int) -> bytes:
    """A moment before a line of a log: always nine digits."""
    return f"{_whole(at)}.{at % SECOND:09}Z".encode("ascii")


def moment(at: int) -> datetime:
    """In UTC, to the microsecond."""
    return _EPOCH + timedelta(microseconds=at // 1000)


def _whole(at: int) -> str:
    return (_EPOCH + timedelta(seconds=at // SECOND)).strftime("%Y-%m-%dT%H:%M:%S")
