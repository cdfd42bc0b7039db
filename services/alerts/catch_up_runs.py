"""From what Prometheus remembers to when each alert has been firing. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from services.prometheus import Series

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Identity = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Run:
    """One firing without a gap, seen a step late at most. `ends`: when it was last seen; None: it still fires.

    cut: it began before the time that was looked at.
    """

    labels: Mapping[str, str]
    starts: datetime
    ends: datetime | None
    cut: bool = False


def runs(series: Sequence[Series], firing: Collection[Identity], now: datetime, step: timedelta) -> list[Run]:
    """By their start. `firing`: what does so still; `step`: of the range that was asked for."""
    moments: dict[Identity, set[datetime]] = {}
    for each in series:
        moments.setdefault(identity_of(each.labels), set()).update(min(at, now) for at, _ in each.points)
    found = [Run(dict(labels), now, None) for labels in firing if not moments.get(labels)]
    for labels, times in moments.items():
        own = [Run(dict(labels), *span) for span in _unbroken(sorted(times), step * 1.5)]
        if own and labels in firing:
            own[-1] = replace(own[-1], ends=None)
        found += own
    return sorted(found, key=lambda run: run.starts)


def identity_of(labels: Mapping[str, str]) -> Identity:
    """Without what Prometheus adds to tell its own series apart."""
    return frozenset(
        (name, value) for name, value in labels.items() if name not in ("__name__", "alertstate")
    )


def floor(moment: datetime, step: timedelta) -> datetime:
    return moment - (moment - EPOCH) % step


def _unbroken(times: Sequence[datetime], gap: timedelta) -> Iterator[tuple[datetime, datetime]]:
    first = last = None
    for time in times:
        if first is None or last is None:
            first = time
        elif time - last > gap:
            yield first, last
            first = time
        last = time
    if first and last:
        yield first, last
